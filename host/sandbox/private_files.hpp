// Files in a worker's private root that are its own alone: the plugin's library and, if it is given one, a file of
// vectors. What is opened by path elsewhere is reached through /proc/self/fd; with files there is no need of /proc,
// whose inodes are numbered by a counter of the whole machine that every look at them moves.
#pragma once

#include <cstdint>
#include <string>

#include "sandbox/file_descriptor.hpp"
#include "sandbox/system_failure.hpp"

namespace headroom {

inline constexpr const char* kPrivateFilesFolder = "/plugin";
inline constexpr const char* kPrivateLibrary = "/plugin/library.so";
inline constexpr const char* kPrivateDataFile = "/plugin/vectors";

// Open for writing, with the size that their content will have, all holes.
struct PrivateFiles {
  FileDescriptor library, data_file;
  FileDescriptor folder;  // that they lie in, to be bound read-only: the mount that they are made in cannot become so
};

// Makes both in a file system of their own, which is mounted on `place`. A size of 0 is that of a file which is not
// given.
tl::expected<PrivateFiles, SystemFailure> make_private_files(const std::string& place, std::uint64_t library_bytes,
                                                             std::uint64_t data_file_bytes);

// Fills one with what `memory` holds, which must be of its size. Not by write(): a worker may write to no file.
tl::expected<void, SystemFailure> fill_private_file(const FileDescriptor& file, const FileDescriptor& memory);

}  // namespace headroom
