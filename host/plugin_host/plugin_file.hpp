// Untrusted files on their way to a worker: copied into sealed memory, so that what was hashed is what is loaded, and
// never looked into by the host.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>

#include "outcome/outcome.hpp"
#include "sandbox/file_descriptor.hpp"

namespace headroom {

// A plugin library. May be shared by any number of sessions.
struct PluginFile {
  std::string path;       // as given
  std::string file_name;  // last part of it
  std::string sha256;     // of the sealed copy, 64 hexadecimal digits
  bool shipped = false;   // the hash is that of one of Headroom's own plugins, which alone see the idealized embedding
  FileDescriptor memory;  // the sealed copy
};

// A file that a plugin is to read: vectors keyed by perturbation id, for `table`.
struct DataFile {
  std::string path;
  std::string file_name;
  std::string sha256;
  FileDescriptor memory;
};

inline constexpr std::uintmax_t kMaxPluginFileBytes = std::uintmax_t{1} << 30;  // a libtorch plugin with its weights
inline constexpr std::uintmax_t kMaxDataFileBytes = std::uintmax_t{8} << 30;    // 100,000 vectors of 10,000 doubles

// A path that is missing, a directory, a FIFO or a device, a symbolic-link loop, empty, too long or that changes while
// it is read is a plugin_fault (a bad_input for data files) that says so. No open ever blocks.
// A file's size is the one that it claims: its holes would take memory as well. `stop` interrupts the reading.
Result<PluginFile> open_plugin_file(const std::filesystem::path& path, std::uintmax_t most_bytes = kMaxPluginFileBytes,
                                    const std::stop_token& stop = {});
Result<DataFile> open_data_file(const std::filesystem::path& path, std::uintmax_t most_bytes = kMaxDataFileBytes,
                                const std::stop_token& stop = {});

// Whether this hash is that of a plugin built with this host.
bool is_shipped_plugin(std::string_view sha256);

}  // namespace headroom
