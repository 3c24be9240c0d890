// The names that a plugin library exports, read without loading it and without the host looking into the file.
#pragma once

#include <string>
#include <vector>

#include "outcome/outcome.hpp"
#include "plugin_host/plugin_file.hpp"

namespace headroom {

struct ExportedSymbols {
  std::vector<std::string> names;  // in the file's order, of at most kMostSymbolText bytes in all
  bool is_cut = false;             // there are more
};

inline constexpr std::size_t kMostSymbolText = std::size_t{64} << 10;

// A malformed file has crashed and hung ELF readers before, so a forked child reads it that can do nothing but that:
// under strict seccomp read, write and exit are its only system calls, a pipe its only descriptor, and its CPU time is
// limited. Errors: the file is no sound library (plugin_fault); the child cannot be started or confined
// (harness_fault).
Result<ExportedSymbols> exported_symbols(const PluginFile& file);

}  // namespace headroom
