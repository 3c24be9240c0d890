// Anonymous memory files: how bytes get into a worker without a path, and without being copied again.
#pragma once

#include <cstddef>

#include "outcome/outcome.hpp"
#include "sandbox/file_descriptor.hpp"

namespace headroom {

// Zero-filled, close-on-exec, not executable, ready to be sealed. `bytes` may be 0.
Result<FileDescriptor> make_memory_file(std::size_t bytes);

// Forbids growing, shrinking, and sealing any further; `content_too` also forbids writing, which fails while a writable
// mapping is there.
Result<void> seal_memory_file(const FileDescriptor& memory, bool content_too);

}  // namespace headroom
