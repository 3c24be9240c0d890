# Compiler settings of every target, where binaries go, and headroom_component(), which declares one host library.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# The installed plugins must be the very bytes whose hash the host knows: no run path is written, so none is rewritten.
set(CMAKE_SKIP_RPATH ON)

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(HEADROOM_PLUGIN_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib/headroom")

find_program(HEADROOM_CCACHE ccache)
mark_as_advanced(HEADROOM_CCACHE)
if(HEADROOM_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${HEADROOM_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${HEADROOM_CCACHE}")
endif()

if(HEADROOM_SANITIZE)
  add_compile_options(-fsanitize=${HEADROOM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${HEADROOM_SANITIZE})
endif()

# The files of a library share most of what they include: read a dozen at a time, all of them compile in a third of the
# time. For builds from scratch; who works on a file builds faster without.
option(HEADROOM_UNITY_BUILD "Compile the files of each host library and test program a dozen at a time" OFF)
function(headroom_build_in_batches target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${HEADROOM_UNITY_BUILD} UNITY_BUILD_BATCH_SIZE 12)
endfunction()

add_library(headroom_warnings INTERFACE)
target_compile_options(headroom_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow
                       $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>)

# headroom_component(NAME [SEPARATE] SOURCES files... LINKS targets...)
# A static library headroom_NAME, alias headroom::NAME, whose headers are included as "NAME/header.hpp" (include root: host/).
# Without SOURCES it is a header-only component. SEPARATE: files are never compiled together, so that a plugin which needs
# one of them does not drag in what the others link to.
function(headroom_component name)
  cmake_parse_arguments(arg "SEPARATE" "" "SOURCES;LINKS" ${ARGN})
  if(arg_SOURCES)
    add_library(headroom_${name} STATIC ${arg_SOURCES})
    if(NOT arg_SEPARATE)
      headroom_build_in_batches(headroom_${name})
    endif()
    target_include_directories(headroom_${name} PUBLIC "${PROJECT_SOURCE_DIR}/host")
    target_link_libraries(headroom_${name} PUBLIC ${arg_LINKS} PRIVATE headroom_warnings)
  else()
    add_library(headroom_${name} INTERFACE)
    target_include_directories(headroom_${name} INTERFACE "${PROJECT_SOURCE_DIR}/host")
    target_link_libraries(headroom_${name} INTERFACE ${arg_LINKS})
  endif()
  add_library(headroom::${name} ALIAS headroom_${name})
endfunction()
