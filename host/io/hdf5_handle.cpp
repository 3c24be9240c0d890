#include "io/hdf5_handle.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace headroom::hdf5 {
namespace {

// The C signature of H5Ewalk2; the walk goes from the innermost function outwards and stops at the first entry.
herr_t keep_first_message(unsigned, const H5E_error2_t* entry, void* message) {
  if (entry->desc != nullptr) *static_cast<std::string*>(message) = entry->desc;
  return 1;
}

// The C signature of H5L_elink_traverse_t.
herr_t refuse_to_leave(const char*, const char*, const char*, const char*, unsigned*, hid_t, void*) { return -1; }

// HDF5 asks for the real path of a file, which an anonymous memory file (opened as /proc/self/fd/N, as a worker is
// given its data) does not have. Such a file is opened from a copy of its content.
Id open_image(const std::filesystem::path& path, std::uint64_t size_bytes, hid_t access) {
  std::string image(size_bytes, '\0');
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return {};
  std::size_t done = 0;
  while (done < image.size()) {
    const ssize_t n = ::read(descriptor, image.data() + done, image.size() - done);
    if (n <= 0) break;
    done += static_cast<std::size_t>(n);
  }
  ::close(descriptor);
  if (done < image.size()) return {};
  constexpr std::size_t kGrowBytes = 1 << 20;  // never grows: it is opened read-only
  H5Pset_fapl_core(access, kGrowBytes, false);
  H5Pset_file_image(access, image.data(), image.size());
  return Id(H5Fopen("image", H5F_ACC_RDONLY, access));
}

bool has_real_path(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  return !error && !real.empty();
}

}  // namespace

Quiet::Quiet() {
  H5Eget_auto2(H5E_DEFAULT, &handler_, &handler_data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Quiet::~Quiet() { H5Eset_auto2(H5E_DEFAULT, handler_, handler_data_); }

std::string take_error_message() {
  std::string message;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first_message, &message);
  H5Eclear2(H5E_DEFAULT);
  return message;
}

hid_t within_file() {
  static const hid_t access = [] {
    const hid_t made = H5Pcreate(H5P_LINK_ACCESS);
    H5Pset_elink_cb(made, refuse_to_leave, nullptr);
    return made;
  }();
  return access;
}

Result<File> open_file(const std::filesystem::path& path) {
  const Quiet quiet;
  File file;
  file.path = path.string();

  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return bad_input(std::string("cannot open the file: ") + std::strerror(errno), file.path, "check the path");
  }
  if (!S_ISREG(status.st_mode)) return bad_input("not a regular file", file.path, "give an HDF5 file");
  if (::access(path.c_str(), R_OK) != 0) {
    return bad_input(std::string("cannot read the file: ") + std::strerror(errno), file.path, "check its permissions");
  }
  file.size_bytes = static_cast<std::uint64_t>(status.st_size);

  const Id access(H5Pcreate(H5P_FILE_ACCESS));
  H5Pset_file_locking(access.get(), false, true);
  // No cache of chunks: hdf5_block.cpp keeps what is used again, and a chunk without filters is then never copied by
  // way of a buffer of the size that its record claims.
  constexpr double kPreemption = 0.75;  // the library's default, without meaning here
  H5Pset_cache(access.get(), 0, 0, 0, kPreemption);
  file.id = has_real_path(path) ? Id(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()))
                                : open_image(path, file.size_bytes, access.get());
  if (!file.id.valid()) {
    const std::string message = take_error_message();
    if (message.find("truncated file") != std::string::npos) {
      return bad_input("the HDF5 file is truncated", file.path, "copy or make the file again");
    }
    return bad_input("not a readable HDF5 file: " + message, file.path, "give an h5ad file as anndata writes it");
  }
  return file;
}

}  // namespace headroom::hdf5
