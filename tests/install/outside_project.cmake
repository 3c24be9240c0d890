# Installs the SDK alone, writes the project that `headroom new` writes, builds it against the installed tree, and lets
# a small host run it.
# cmake -D BUILD=.. -D FOLDER=.. -D NAME=.. -D KIND=.. -D LANGUAGE=.. -D WRITER=.. -D HOST=.. -D NM=..
#       -D GENERATOR=.. -P outside_project.cmake
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(failed)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "failed (${failed}): ${command}\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE "${FOLDER}")
run("${CMAKE_COMMAND}" --install "${BUILD}" --component sdk --prefix "${FOLDER}/prefix")
run("${WRITER}" "${FOLDER}/project" "${NAME}" "${KIND}" "${LANGUAGE}")
run("${CMAKE_COMMAND}" -S "${FOLDER}/project" -B "${FOLDER}/build" -G "${GENERATOR}"
    "-DCMAKE_PREFIX_PATH=${FOLDER}/prefix" -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF
    -DCMAKE_C_FLAGS=-Werror -DCMAKE_CXX_FLAGS=-Werror)
run("${CMAKE_COMMAND}" --build "${FOLDER}/build")

file(STRINGS "${FOLDER}/build/CMakeCache.txt" found REGEX "^headroom-sdk_DIR:")
if(NOT found MATCHES "${FOLDER}/prefix/")
  message(FATAL_ERROR "another SDK than the installed one was found: ${found}")
endif()

set(plugin "${FOLDER}/build/${NAME}.so")
execute_process(COMMAND "${NM}" -D --defined-only --format=just-symbols "${plugin}" OUTPUT_VARIABLE symbols)
if(NOT symbols STREQUAL "headroom_plugin_entry\n")
  message(FATAL_ERROR "${plugin} exports other symbols than its entry: ${symbols}")
endif()
run("${HOST}" "${plugin}" "${NAME}")
