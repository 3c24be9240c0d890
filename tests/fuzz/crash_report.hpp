// Whose crash it is. HDF5 1.10 as Debian builds it has no sanitizers and crashes on some damaged files by itself; what
// a fuzzer is to find are faults of ours. The report of a sanitizer or of libFuzzer tells them apart by its stacks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace headroom::fuzz {

struct CrashReport {
  std::string what;         // the report's first line, without the process id; empty: there is no report
  std::string place;        // the innermost function that is neither the sanitizers' nor the C library's
  bool in_library = false;  // that function is HDF5's, and it did not run over memory of ours
};

// `log` is what a fuzzer wrote to stderr. A crash is HDF5's if the innermost frame outside of the sanitizers and the C
// library lies in libhdf5, unless it went beyond memory that we allocated: then we gave HDF5 a wrong size. What it uses
// after it was freed it has kept for itself, for nothing of ours is lent to it for longer than a call. Undefined
// behaviour and broken promises are always ours, for only our code reports them.
CrashReport read_crash_report(std::string_view log);

}  // namespace headroom::fuzz
