# headroom_add_plugin(NAME sources... [LINKS targets...] [OUTPUT_DIRECTORY folder])
#
# Builds NAME.so, a plugin for Headroom, from C or C++ sources. The target is headroom_plugin_NAME. It goes to
# OUTPUT_DIRECTORY, or to HEADROOM_PLUGIN_OUTPUT_DIRECTORY where that is defined, or to the current build folder.
# The library exports headroom_plugin_entry only, has every symbol resolved at link time, and carries no run path (the
# worker opens a sealed copy of the file, so a path relative to it would lead nowhere): link what is not part of the
# system statically.

function(headroom_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "OUTPUT_DIRECTORY" "LINKS")
  if(NOT arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "headroom_add_plugin(${name}): no source files")
  endif()
  set(target headroom_plugin_${name})
  set(version_script "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/headroom_plugin.map")
  add_library(${target} MODULE ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${target} PRIVATE headroom::sdk ${arg_LINKS})
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
