# Installs the SDK from a source tree of which nothing is built, with every library of Headroom out of reach; then builds
# plugins against it: one with a shared library of its own, which is copied beside it, and one that names such a library
# by its path, which is refused.
# cmake -D SOURCE=.. -D FOLDER=.. -D GENERATOR=.. -P sdk_alone.cmake
cmake_minimum_required(VERSION 3.25)
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(failed)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "failed (${failed}): ${command}\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE "${FOLDER}")
set(prefix "${FOLDER}/prefix")
set(out_of_reach "")
foreach(package IN ITEMS Boost Eigen3 Protobuf HDF5 ZLIB fmt tl-expected CLI11 nlohmann_json GTest Threads PkgConfig
        OpenSSL SQLite3 Torch BLAS LAPACK benchmark)
  list(APPEND out_of_reach "-DCMAKE_DISABLE_FIND_PACKAGE_${package}=ON")
endforeach()
run("${CMAKE_COMMAND}" -S "${SOURCE}" -B "${FOLDER}/build" -G "${GENERATOR}" -DHEADROOM_SDK_ONLY=ON ${out_of_reach})
run("${CMAKE_COMMAND}" --install "${FOLDER}/build" --component sdk --prefix "${prefix}")

file(GLOB_RECURSE installed RELATIVE "${prefix}" "${prefix}/*")
foreach(file IN ITEMS include/headroom/plugin.h include/headroom/embedding.hpp share/doc/headroom-sdk/README.md
        share/doc/headroom-sdk/CHANGELOG.md share/doc/headroom-sdk/LICENSE share/doc/headroom-sdk/examples/letters.c
        share/doc/headroom-sdk/examples/python/ridge.py)
  if(NOT file IN_LIST installed)
    message(FATAL_ERROR "${file} is not installed: ${installed}")
  endif()
endforeach()
list(FILTER installed EXCLUDE REGEX "^(include/headroom|lib/.*cmake/headroom-sdk|share/doc/headroom-sdk)/")
if(installed)
  message(FATAL_ERROR "more than the SDK is installed: ${installed}")
endif()

# A plugin in C, from the installed example, whose library is no part of the system.
set(project "${FOLDER}/project")
file(MAKE_DIRECTORY "${project}")
file(COPY "${prefix}/share/doc/headroom-sdk/examples/letters.c" DESTINATION "${project}")
file(WRITE "${project}/answer.c" "int answer(void) { return 42; }\n")
set(start "cmake_minimum_required(VERSION 3.25)\nproject(outside LANGUAGES C)\nfind_package(headroom-sdk REQUIRED)\n")
file(WRITE "${project}/CMakeLists.txt" "${start}
add_library(answer SHARED answer.c)
set_target_properties(answer PROPERTIES VERSION 3.1 SOVERSION 3 LIBRARY_OUTPUT_DIRECTORY elsewhere)
headroom_add_plugin(letters letters.c LINKS answer OUTPUT_DIRECTORY \${CMAKE_BINARY_DIR}/letters)
")
set(outside "${CMAKE_COMMAND}" -S "${project}" -B "${FOLDER}/outside" -G "${GENERATOR}" "-DCMAKE_PREFIX_PATH=${prefix}"
    -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF)
run(${outside})
run("${CMAKE_COMMAND}" --build "${FOLDER}/outside")
foreach(file IN ITEMS letters.so libanswer.so.3)
  if(NOT EXISTS "${FOLDER}/outside/letters/${file}")
    message(FATAL_ERROR "${file} does not lie in the plugin's folder")
  endif()
endforeach()

file(WRITE "${project}/CMakeLists.txt" "${start}
headroom_add_plugin(letters letters.c LINKS ${FOLDER}/outside/elsewhere/libanswer.so)
")
execute_process(COMMAND ${outside} RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
string(REGEX REPLACE "[ \n]+" " " output "${output}")
if(NOT failed OR NOT output MATCHES "which a confined worker would not find; link it statically")
  message(FATAL_ERROR "a library outside of the system and of the plugin's folder was accepted: ${output}")
endif()
