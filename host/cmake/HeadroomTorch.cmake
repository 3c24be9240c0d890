# Debian's libtorch, if it is there: headroom::torch, an interface library of its headers and of the two shared libraries
# that carry the C++ API, and TARGET headroom::torch tells whether it was found. In a function, and by file names instead
# of Torch's own targets: those define macros, ask for another standard of C++, set the flags of the ABI and link
# whatever libtorch itself was built with, none of which may reach a target that does not use it.
function(headroom_find_torch)
  # Its configuration files end CMake with an error where the headers of these are missing, and say much.
  find_path(HEADROOM_TORCH_GFLAGS gflags/gflags.h)
  find_path(HEADROOM_TORCH_GLOG glog/logging.h)
  mark_as_advanced(HEADROOM_TORCH_GFLAGS HEADROOM_TORCH_GLOG)
  if(NOT HEADROOM_TORCH_GFLAGS OR NOT HEADROOM_TORCH_GLOG)
    return()
  endif()
  set(FPHSA_NAME_MISMATCHED ON)
  set(CMAKE_MESSAGE_LOG_LEVEL WARNING)
  find_package(Torch 1.13 QUIET)
  set(CMAKE_MESSAGE_LOG_LEVEL STATUS)
  if(NOT Torch_FOUND)
    return()
  endif()
  find_library(HEADROOM_TORCH_CPU torch_cpu)
  find_library(HEADROOM_TORCH_C10 c10)
  mark_as_advanced(HEADROOM_TORCH_CPU HEADROOM_TORCH_C10)
  if(NOT HEADROOM_TORCH_CPU OR NOT HEADROOM_TORCH_C10)
    return()
  endif()
  message(STATUS "Found libtorch: ${HEADROOM_TORCH_CPU}")
  add_library(headroom_torch INTERFACE)
  target_include_directories(headroom_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
  target_link_libraries(headroom_torch INTERFACE "${HEADROOM_TORCH_CPU}" "${HEADROOM_TORCH_C10}")
  add_library(headroom::torch ALIAS headroom_torch)
endfunction()

headroom_find_torch()
