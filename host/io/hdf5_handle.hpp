// Ownership and errors of the HDF5 C library: identifiers that close themselves, the library's own printing silenced,
// its error stack turned into our Error. Everything else that touches HDF5 stands on this.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "outcome/outcome.hpp"

namespace headroom::hdf5 {

// Owns one HDF5 identifier of any class (file, group, dataset, type, space, property list, attribute).
class Id {
 public:
  Id() = default;
  explicit Id(hid_t id) : id_(id) {}
  Id(Id&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}
  Id& operator=(Id&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  Id(const Id&) = delete;
  Id& operator=(const Id&) = delete;
  ~Id() { close(); }

  bool valid() const { return id_ >= 0; }
  hid_t get() const { return id_; }

  // Closes now; false where the library could not (a file whose last bytes could not be written, for example).
  bool close() {
    const hid_t id = std::exchange(id_, H5I_INVALID_HID);
    return id < 0 || H5Idec_ref(id) >= 0;
  }

 private:
  hid_t id_ = H5I_INVALID_HID;
};

// Stops HDF5 from printing its error stack while in scope, in this thread, and restores what was set before.
class Quiet {
 public:
  Quiet();
  ~Quiet();
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  H5E_auto2_t handler_ = nullptr;
  void* handler_data_ = nullptr;
};

// The innermost message of this thread's error stack ("truncated file: eof = 96, ..."), which is then cleared. Empty
// if the stack is empty.
std::string take_error_message();

// Access to links as every lookup by name must have it: following a link that leaves the file fails, also where a soft
// link inside the file leads through one. (User-defined links beside the library's own external ones have no class that
// could follow them.)
hid_t within_file();

// A file opened read-only, with what errors and plausibility checks need.
struct File {
  Id id;
  std::string path;
  std::uint64_t size_bytes = 0;
};

// Opens without file locks, so that it works on read-only media and inside a sandbox that refuses flock.
// Errors (bad_input): not there, not readable, not HDF5, truncated.
Result<File> open_file(const std::filesystem::path& path);

}  // namespace headroom::hdf5
