// The symbols that an ELF library offers to the dynamic loader, found as the loader finds them: through the dynamic
// segment and its hash table, not through section headers, which may be absent or lie.
//
// Every offset in the file is checked, nothing is allocated and no system call is made: this runs in a process that may
// do nothing else (see exported_symbols.hpp).
#pragma once

#include <cstddef>

namespace headroom {

// Receives one name, which lies in the file and is not terminated by a zero; false: no more of them.
using ExportSink = bool (*)(void* to, const char* name, std::size_t length);

// Returns nullptr, or what is malformed in words. Little-endian 64-bit files only.
const char* read_elf_exports(const std::byte* file, std::size_t bytes, ExportSink sink, void* to);

}  // namespace headroom
