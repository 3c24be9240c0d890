# `cpack -G DEB` (or ninja package) in the build folder: Debian packages, one per install component.
#   headroom      (host)  the programs, the worker and the shipped plugins
#   headroom-sdk  (sdk)   what plugins build against; of any architecture
# and where what they need was found:
#   headroom-attention  (attention)  the fusion on libtorch
#   headroom-python     (python)     the runner of models in Python
# Included last, when every install rule is known.

set(CPACK_PACKAGE_NAME "headroom")
set(CPACK_PACKAGE_VENDOR "Headroom")
set(CPACK_PACKAGE_CONTACT "Headroom maintainers <maintainers@headroom.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each package has a first line of its own
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_PACKAGING_INSTALL_PREFIX "/usr")
set(CPACK_GENERATOR "DEB")
set(CPACK_VERBATIM_VARIABLES ON)
# The host knows the shipped plugins by the hash of their bytes, so nothing may strip them.
set(CPACK_STRIP_FILES OFF)

set(CPACK_COMPONENTS_ALL host sdk)
if(TARGET headroom::torch)
  list(APPEND CPACK_COMPONENTS_ALL attention)
endif()
if(HEADROOM_HAS_PYTHON)
  list(APPEND CPACK_COMPONENTS_ALL python)
endif()
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)

set(CPACK_DEBIAN_HOST_PACKAGE_NAME "headroom")
set(CPACK_DEBIAN_HOST_PACKAGE_SECTION "science")
set(CPACK_COMPONENT_HOST_DESCRIPTION "${PROJECT_DESCRIPTION}
Places a predictor of perturbation responses between the best null and the tightest ceiling, and runs submitted plugins
in a sandbox.")
# The pthread build of OpenBLAS by name: the loader would be content with any variant, and the serial one is not safe.
set(CPACK_DEBIAN_HOST_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_HOST_PACKAGE_DEPENDS "libopenblas0-pthread")
set(CPACK_DEBIAN_HOST_PACKAGE_SUGGESTS "headroom-sdk, headroom-attention, headroom-python")

set(CPACK_DEBIAN_PYTHON_PACKAGE_NAME "headroom-python")
set(CPACK_DEBIAN_PYTHON_PACKAGE_SECTION "science")
set(CPACK_COMPONENT_PYTHON_DESCRIPTION "Models in Python for Headroom
Runs model.py as an embedding or a predictor, confined like every plugin.")
set(CPACK_DEBIAN_PYTHON_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS "headroom (= ${PROJECT_VERSION}-1), python3-numpy")

set(CPACK_DEBIAN_SDK_PACKAGE_NAME "headroom-sdk")
set(CPACK_DEBIAN_SDK_PACKAGE_SECTION "libdevel")
set(CPACK_DEBIAN_SDK_PACKAGE_ARCHITECTURE "all")
set(CPACK_COMPONENT_SDK_DESCRIPTION "Headers and CMake package for Headroom plugins
The C headers need nothing; the C++ layer needs Eigen.")
set(CPACK_DEBIAN_SDK_PACKAGE_RECOMMENDS "cmake, libeigen3-dev")
set(CPACK_DEBIAN_SDK_PACKAGE_SUGGESTS "headroom")

set(CPACK_DEBIAN_ATTENTION_PACKAGE_NAME "headroom-attention")
set(CPACK_DEBIAN_ATTENTION_PACKAGE_SECTION "science")
set(CPACK_COMPONENT_ATTENTION_DESCRIPTION "Transformer over several embeddings for Headroom
The fusion predictor `attention`, on libtorch.")
set(CPACK_DEBIAN_ATTENTION_PACKAGE_SHLIBDEPS ON)
# The very version: the host knows the plugin by the hash of its bytes.
set(CPACK_DEBIAN_ATTENTION_PACKAGE_DEPENDS "headroom (= ${PROJECT_VERSION}-1)")

include(CPack)
