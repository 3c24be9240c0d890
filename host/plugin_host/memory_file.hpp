// Anonymous memory files: how bytes get into a worker without a path, and without being copied again.
#pragma once

#include <cstddef>

#include "outcome/outcome.hpp"
#include "sandbox/file_descriptor.hpp"

namespace headroom {

// Zero-filled, close-on-exec, not executable, ready to be sealed. `bytes` may be 0.
Result<FileDescriptor> make_memory_file(std::size_t bytes);

// The same memory as another open file: its offset, flags and owner are nobody else's. What is handed to a worker is
// always one of these, since workers that inherit one open file can leave messages in it.
Result<FileDescriptor> reopen_memory_file(int memory, bool writable);

// A sealed copy with an inode of its own: not even the time of the last access is shared with anybody.
Result<FileDescriptor> copy_memory_file(int memory);

// Forbids growing, shrinking, and sealing any further; `content_too` also forbids writing, which fails while a writable
// mapping is there.
Result<void> seal_memory_file(const FileDescriptor& memory, bool content_too);

}  // namespace headroom
