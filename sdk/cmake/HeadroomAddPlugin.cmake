# headroom_add_plugin(NAME sources... [LINKS targets...] [OUTPUT_DIRECTORY folder])
#
# Builds NAME.so, a plugin for Headroom, from C or C++ sources. The target is headroom_plugin_NAME. It goes to
# OUTPUT_DIRECTORY, or to HEADROOM_PLUGIN_OUTPUT_DIRECTORY where that is defined, or to the current build folder.
# The library exports headroom_plugin_entry only, has every symbol resolved at link time, and carries no run path (the
# worker opens a sealed copy of the file, so a path relative to it would lead nowhere). Shared libraries of LINKS that are
# no part of the system are copied beside it under their SONAME: the folder with both is then the plugin (headroom run
# --embedding NAME=FOLDER), and the worker opens them from there. One that is given by its path in place of a target is
# refused.

# Whether a file belongs to the system, where a confined worker reads libraries as well.
function(_headroom_is_of_system result path)
  if(path MATCHES "^(/usr)?/lib(64|32)?/" OR path MATCHES "^/usr/local/lib/")
    set(${result} TRUE PARENT_SCOPE)
  else()
    set(${result} FALSE PARENT_SCOPE)
  endif()
endfunction()

# Copies the shared library behind `link` beside the plugin, if there is one that does not come with the system.
function(_headroom_bundle target link)
  if(NOT TARGET "${link}")
    if(link MATCHES "[.]so([.][0-9]+)*$")
      _headroom_is_of_system(is_of_system "${link}")
      if(NOT is_of_system)
        message(FATAL_ERROR "headroom_add_plugin: ${target} links to ${link}, which a confined worker would not find; "
                            "link it statically, or make it an imported target (add_library(... SHARED IMPORTED)), "
                            "which is copied beside the plugin")
      endif()
    endif()
    return()
  endif()
  get_target_property(type "${link}" TYPE)
  if(NOT type STREQUAL "SHARED_LIBRARY")
    return()
  endif()
  get_target_property(is_imported "${link}" IMPORTED)
  if(is_imported)
    get_target_property(location "${link}" LOCATION)
    _headroom_is_of_system(is_of_system "${location}")
    if(is_of_system)
      return()
    endif()
  endif()
  message(STATUS "${target}: ${link} is copied beside it; the folder with both is the plugin")
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND "${CMAKE_COMMAND}" -E copy_if_different "$<TARGET_FILE:${link}>"
            "$<TARGET_FILE_DIR:${target}>/$<TARGET_SONAME_FILE_NAME:${link}>" VERBATIM)
endfunction()

function(headroom_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "OUTPUT_DIRECTORY" "LINKS")
  if(NOT arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "headroom_add_plugin(${name}): no source files")
  endif()
  set(target headroom_plugin_${name})
  set(version_script "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/headroom_plugin.map")
  add_library(${target} MODULE ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${target} PRIVATE headroom::sdk ${arg_LINKS})
  foreach(link IN LISTS arg_LINKS)
    _headroom_bundle(${target} "${link}")
  endforeach()
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if("CXX" IN_LIST languages)
    target_compile_features(${target} PRIVATE cxx_std_17)
  endif()
  if("C" IN_LIST languages)
    target_compile_features(${target} PRIVATE c_std_11)
  endif()
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME "${name}" SUFFIX ".so"
    POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    SKIP_BUILD_RPATH ON INSTALL_RPATH "" INSTALL_RPATH_USE_LINK_PATH OFF
    LINK_DEPENDS "${version_script}")
  target_link_options(${target} PRIVATE "LINKER:--version-script=${version_script}")
  # A sanitizer's run time is in the program that loads the plugin, not in the plugin.
  if(NOT HEADROOM_SANITIZE AND NOT "${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS}" MATCHES "-fsanitize=")
    target_link_options(${target} PRIVATE "LINKER:--no-undefined")
  endif()
  if(arg_OUTPUT_DIRECTORY)
    set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${arg_OUTPUT_DIRECTORY}")
  elseif(DEFINED HEADROOM_PLUGIN_OUTPUT_DIRECTORY)
    set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${HEADROOM_PLUGIN_OUTPUT_DIRECTORY}")
  endif()
endfunction()
