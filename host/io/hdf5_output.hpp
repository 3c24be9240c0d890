// Where HDF5 writes its bytes when Headroom makes a file. The library cannot give up a file whose bytes no longer go
// to disc: it keeps it, and crashes when the process ends. So writes go through a driver of our own that notes the
// first failure, keeps what HDF5 may want to read back, and lets the library finish; the caller then discards the file.
#pragma once

#include <filesystem>
#include <memory>

#include "io/hdf5_handle.hpp"
#include "outcome/outcome.hpp"

namespace headroom::hdf5 {

class OutputFile {
 public:
  // Opens `path`, which exists and is empty, as a new HDF5 file. Equal content gives equal bytes: no times are kept.
  static Result<OutputFile> create(const std::filesystem::path& path);
  OutputFile(OutputFile&&) noexcept = default;
  OutputFile& operator=(OutputFile&&) noexcept = default;

  hid_t id() const { return id_.get(); }

  // errno of the first write that failed; 0: none so far. Long loops ask now and then, to stop early.
  int write_error_number() const { return *error_number_; }

  // Closes the file; false where the library refused. Ask write_error_number() afterwards: the last bytes are written
  // here. Objects of the file must be closed before.
  bool close() { return id_.close(); }

 private:
  OutputFile() = default;

  std::unique_ptr<int> error_number_;  // outlives id_, whose driver writes to it
  Id id_;
};

}  // namespace headroom::hdf5
