#include "fuzz/crash_report.hpp"

#include <algorithm>
#include <optional>

namespace headroom::fuzz {
namespace {

// One line of a stack: "    #3 0x7f12 in H5F_addr_decode (/lib/…/libhdf5_serial.so.103+0x9d2f4)".
struct StackFrame {
  std::string_view function;  // empty: not known
  std::string_view location;  // source line, or module and offset

  bool is_of_hdf5() const { return location.find("libhdf5") != location.npos; }
  bool is_of_library() const { return location.find(".so") != location.npos; }
  // Where a broken stack, or a call of what is no function, leads to.
  bool is_nowhere() const { return location.empty() || location.find("<unknown module>") != location.npos; }
  // Of the sanitizers, of libFuzzer or of the C library: who called them is what counts.
  bool is_of_runtime() const {
    // The C library with its source lines, which are relative: "libio/./libio/vasprintf.c:75".
    if (!location.starts_with('/') && !location.starts_with('(')) return true;
    for (const char* part : {"compiler-rt", "libc.so", "libpthread", "libm.so", "libz.so", "linux-vdso", "ld-linux"}) {
      if (location.find(part) != location.npos) return true;
    }
    for (const char* prefix :
         {"__asan",       "__interceptor",   "__sanitizer", "__ubsan", "__sancov", "__lsan",         "fuzzer::",
          "operator new", "operator delete", "malloc",      "calloc",  "realloc",  "free",           "mem",
          "str",          "__mem",           "__str",       "raise",   "abort",    "posix_memalign", "aligned_alloc"}) {
      if (function.starts_with(prefix)) return true;
    }
    return false;
  }
};

std::optional<StackFrame> frame_of(std::string_view line) {
  const std::size_t number = line.find_first_not_of(' ');
  if (number == line.npos || line[number] != '#') return std::nullopt;
  std::size_t at = line.find(" 0x", number);
  if (at == line.npos) return std::nullopt;
  at = line.find(' ', at + 1);
  if (at == line.npos) return StackFrame{};
  StackFrame frame;
  std::string_view rest = line.substr(at + 1);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  if (rest.starts_with("in ")) {
    rest.remove_prefix(3);
    // A module stands in brackets, a source line begins with a slash; names of functions may hold blanks.
    std::size_t end = std::min(rest.find(" (/"), rest.find(" /"));
    if (end == rest.npos) end = std::min(rest.rfind(' '), rest.size());
    frame.function = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  frame.location = rest;
  return frame;
}

// The innermost known frame of the stack that begins at or after `from`, the runtime's left out.
std::optional<StackFrame> innermost(const std::vector<std::string_view>& lines, std::size_t from) {
  while (from < lines.size() && !frame_of(lines[from])) ++from;
  for (; from < lines.size(); ++from) {
    const auto frame = frame_of(lines[from]);
    if (!frame) return std::nullopt;
    if (!frame->is_nowhere() && !frame->is_of_runtime()) return frame;
  }
  return std::nullopt;
}

std::size_t first_with(const std::vector<std::string_view>& lines, std::string_view text, std::size_t from = 0) {
  const auto found = std::find_if(lines.begin() + static_cast<std::ptrdiff_t>(from), lines.end(),
                                  [&](std::string_view line) { return line.find(text) != line.npos; });
  return static_cast<std::size_t>(found - lines.begin());
}

}  // namespace

CrashReport read_crash_report(std::string_view log) {
  std::vector<std::string_view> lines;
  while (!log.empty()) {
    const std::size_t end = std::min(log.find('\n'), log.size());
    lines.push_back(log.substr(0, end));
    log.remove_prefix(std::min(log.size(), end + 1));
  }
  CrashReport report;
  if (const std::size_t undefined = first_with(lines, "runtime error: "); undefined < lines.size()) {
    report.what = lines[undefined];
    return report;
  }
  const std::size_t start = first_with(lines, "ERROR: ");
  if (start == lines.size()) return report;
  report.what = lines[start].substr(lines[start].find("ERROR: "));

  const auto crash = innermost(lines, start);
  if (!crash) return report;
  report.place = crash->function.empty() ? crash->location : crash->function;
  report.in_library = crash->is_of_hdf5();
  const bool is_overflow = report.what.find("-buffer-overflow") != report.what.npos;
  if (report.in_library && is_overflow) {
    const auto owner = innermost(lines, std::min(first_with(lines, "allocated by thread", start),
                                                 first_with(lines, "is located in stack of thread", start) + 1));
    // Far beyond its own memory HDF5 meets that of any library, which we cannot have given it.
    report.in_library = !owner || owner->is_of_library();
  }
  return report;
}

}  // namespace headroom::fuzz
