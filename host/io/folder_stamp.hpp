// Whether a folder is what it was: cheaper than its content's hash, and for a short while only. A user can set a file's
// time of change (mtime) as he likes, but not the kernel's own (ctime), which every writing, renaming and linking moves
// on; a file that was swapped for another and back shows by it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace headroom {

// Of every name in the folder: type, device, inode, size, mtime and ctime to the nanosecond. Nothing is opened, and
// times of access do not count. None: the folder cannot be listed, or holds more than `most_files`.
std::optional<std::string> stamp_of_folder(const std::filesystem::path& folder, std::uint64_t most_files);

}  // namespace headroom
