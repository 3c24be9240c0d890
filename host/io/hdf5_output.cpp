#include "io/hdf5_output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <string>

#include "io/atomic_file.hpp"

namespace headroom::hdf5 {
namespace {

// Must be the first member of what the driver's open() returns.
struct OpenFile {
  H5FD_t base{};
  int fd = -1;
  haddr_t end_of_allocation = 0;
  haddr_t end_of_file = 0;
  int* error_number = nullptr;
  // Metadata that could not be written, by address: HDF5 reads its own structures back.
  std::map<haddr_t, std::string> unwritten;
};

// What the access property list carries to open().
struct DriverInfo {
  int* error_number = nullptr;
};

OpenFile* as_open_file(H5FD_t* file) { return reinterpret_cast<OpenFile*>(file); }
const OpenFile* as_open_file(const H5FD_t* file) { return reinterpret_cast<const OpenFile*>(file); }

H5FD_t* driver_open(const char* name, unsigned, hid_t access, haddr_t) {
  const auto* info = static_cast<const DriverInfo*>(H5Pget_driver_info(access));
  if (info == nullptr) return nullptr;
  const int fd = ::open(name, O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    *info->error_number = errno;
    return nullptr;
  }
  auto* file = new OpenFile;
  file->fd = fd;
  file->error_number = info->error_number;
  return &file->base;
}

herr_t driver_close(H5FD_t* base) {
  OpenFile* file = as_open_file(base);
  if (::close(file->fd) != 0 && *file->error_number == 0) *file->error_number = errno;
  delete file;
  return 0;
}

herr_t driver_query(const H5FD_t*, unsigned long* flags) {
  *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
           H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}

haddr_t driver_end_of_allocation(const H5FD_t* file, H5FD_mem_t) { return as_open_file(file)->end_of_allocation; }

herr_t driver_set_end_of_allocation(H5FD_t* file, H5FD_mem_t, haddr_t address) {
  as_open_file(file)->end_of_allocation = address;
  return 0;
}

haddr_t driver_end_of_file(const H5FD_t* file, H5FD_mem_t) { return as_open_file(file)->end_of_file; }

// What lies beyond the written bytes reads as zeros, as in any sparse file.
herr_t driver_read(H5FD_t* base, H5FD_mem_t, hid_t, haddr_t address, std::size_t size, void* buffer) {
  const OpenFile* file = as_open_file(base);
  auto* out = static_cast<char*>(buffer);
  for (std::size_t done = 0; done < size;) {
    const ssize_t n = ::pread(file->fd, out + done, size - done, static_cast<off_t>(address + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (n == 0) {
      std::memset(out + done, 0, size - done);
      break;
    }
    done += static_cast<std::size_t>(n);
  }
  for (const auto& [start, bytes] : file->unwritten) {
    const haddr_t begin = std::max(start, address);
    const haddr_t end = std::min<haddr_t>(start + bytes.size(), address + size);
    if (begin < end) std::memcpy(out + (begin - address), bytes.data() + (begin - start), end - begin);
  }
  return 0;
}

herr_t driver_write(H5FD_t* base, H5FD_mem_t type, hid_t, haddr_t address, std::size_t size, const void* buffer) {
  OpenFile* file = as_open_file(base);
  file->end_of_file = std::max(file->end_of_file, address + size);
  const auto* bytes = static_cast<const char*>(buffer);
  for (std::size_t done = 0; done < size && *file->error_number == 0;) {
    const ssize_t n = ::pwrite(file->fd, bytes + done, size - done, static_cast<off_t>(address + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) *file->error_number = errno;
    if (n > 0) done += static_cast<std::size_t>(n);
  }
  if (*file->error_number != 0 && type != H5FD_MEM_DRAW) {
    // A later write of the same place must not be hidden by an earlier, longer one.
    std::string& kept = file->unwritten[address];
    if (kept.size() < size) kept.resize(size);
    std::memcpy(kept.data(), bytes, size);
  }
  return 0;
}

herr_t driver_truncate(H5FD_t* base, hid_t, hbool_t) {
  OpenFile* file = as_open_file(base);
  if (*file->error_number == 0 && ::ftruncate(file->fd, static_cast<off_t>(file->end_of_allocation)) != 0) {
    *file->error_number = errno;
  }
  file->end_of_file = file->end_of_allocation;
  return 0;
}

H5FD_class_t driver_class() {
  H5FD_class_t driver{};
  driver.name = "headroom-output";
  driver.maxaddr = (haddr_t{1} << 62) - 1;
  driver.fc_degree = H5F_CLOSE_STRONG;
  driver.fapl_size = sizeof(DriverInfo);
  driver.open = driver_open;
  driver.close = driver_close;
  driver.query = driver_query;
  driver.get_eoa = driver_end_of_allocation;
  driver.set_eoa = driver_set_end_of_allocation;
  driver.get_eof = driver_end_of_file;
  driver.read = driver_read;
  driver.write = driver_write;
  driver.truncate = driver_truncate;
  constexpr H5FD_mem_t kOnePool[] = H5FD_FLMAP_SINGLE;
  std::copy(std::begin(kOnePool), std::end(kOnePool), driver.fl_map);
  return driver;
}

}  // namespace

Result<OutputFile> OutputFile::create(const std::filesystem::path& path) {
  static const H5FD_class_t kDriver = driver_class();
  static const hid_t kDriverId = H5FDregister(&kDriver);

  OutputFile file;
  file.error_number_ = std::make_unique<int>(0);
  const DriverInfo info{file.error_number_.get()};
  const Id access(H5Pcreate(H5P_FILE_ACCESS));
  const Id creation(H5Pcreate(H5P_FILE_CREATE));
  H5Pset_driver(access.get(), kDriverId, &info);
  H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG);
  H5Pset_obj_track_times(creation.get(), false);
  file.id_ = Id(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()));
  if (!file.id_.valid()) {
    if (*file.error_number_ != 0) return write_error(path, *file.error_number_);
    return harness_fault("cannot create an HDF5 file: " + take_error_message(), path.string());
  }
  return file;
}

}  // namespace headroom::hdf5
