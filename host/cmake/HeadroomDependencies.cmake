# Every package that Headroom builds with, all from Debian. host/packages lists their names for the package manager.

find_package(Threads REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(Protobuf REQUIRED MODULE)
set(HDF5_PREFER_PARALLEL OFF)
find_package(HDF5 REQUIRED COMPONENTS C HL)
find_package(ZLIB REQUIRED)
find_package(fmt REQUIRED)
find_package(tl-expected REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)

# The pthread build of OpenBLAS carries BLAS, CBLAS and LAPACK under one name. It is asked for by its own file: the
# alternatives system may point libblas.so at another variant (the serial one is not safe with concurrent callers).
find_path(OPENBLAS_INCLUDE_DIR NAMES cblas.h PATH_SUFFIXES openblas-pthread
          PATHS /usr/include/${CMAKE_LIBRARY_ARCHITECTURE} REQUIRED)
find_library(OPENBLAS_LIBRARY NAMES openblas PATH_SUFFIXES openblas-pthread
             PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE} REQUIRED)
add_library(headroom_openblas INTERFACE)
target_include_directories(headroom_openblas SYSTEM INTERFACE "${OPENBLAS_INCLUDE_DIR}")
target_link_libraries(headroom_openblas INTERFACE "${OPENBLAS_LIBRARY}")
add_library(headroom::openblas ALIAS headroom_openblas)

include(HeadroomTorch)

add_library(headroom_hdf5 INTERFACE)
target_include_directories(headroom_hdf5 SYSTEM INTERFACE ${HDF5_C_INCLUDE_DIRS})
target_compile_definitions(headroom_hdf5 INTERFACE ${HDF5_C_DEFINITIONS})
target_link_libraries(headroom_hdf5 INTERFACE ${HDF5_C_LIBRARIES})
add_library(headroom::hdf5 ALIAS headroom_hdf5)
