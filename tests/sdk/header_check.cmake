# Compiles every public header on its own, as its first include and once more (include guards), without a warning.
# cmake -D COMPILER=cc -D LANGUAGE=c -D STANDARD=c11 -D HEADERS=a.h,b.h -D SDK=include -D EIGEN=include 
#       -D FOLDER=. -P header_check.cmake
string(REPLACE "," ";" HEADERS "${HEADERS}")
foreach(header IN LISTS HEADERS)
  string(MAKE_C_IDENTIFIER "${STANDARD}_${header}" source)
  set(source "${FOLDER}/${source}.txt")
  file(WRITE "${source}" "#include <headroom/${header}>\n#include <headroom/${header}>\n")
  execute_process(COMMAND "${COMPILER}" -x ${LANGUAGE} -std=${STANDARD} -Wall -Wextra -Wpedantic -Wshadow -Werror
                          -fsyntax-only -I "${SDK}" -isystem "${EIGEN}" "${source}"
                  RESULT_VARIABLE failed ERROR_VARIABLE messages)
  if(failed)
    message(FATAL_ERROR "${header} does not compile alone as ${STANDARD} with ${COMPILER}:\n${messages}")
  endif()
endforeach()
