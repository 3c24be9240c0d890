#include "conformance/exported_symbols.hpp"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

#include "conformance/elf_exports.hpp"

namespace headroom {
namespace {

// 1 GiB, the largest plugin file, is walked in less than a second.
constexpr rlim_t kReaderCpu_s = 5;
constexpr std::chrono::seconds kReaderPatience{20};
constexpr int kUnconfinedExit = 3;

// What the child writes: each name and a zero byte; then an empty name, "cut" or what is malformed, and a zero byte.
// Only stack memory, so that nothing here may ask the system for anything.
struct SymbolWriter {
  char buffer[4096];
  std::size_t used = 0;
  std::size_t written = 0;
  bool is_cut = false;

  void flush() {
    std::size_t done = 0;
    while (done < used) {
      const ssize_t n = write(STDOUT_FILENO, buffer + done, used - done);
      if (n <= 0) break;
      done += static_cast<std::size_t>(n);
    }
    used = 0;
  }
  void put(const char* text, std::size_t length) {
    for (std::size_t i = 0; i <= length; ++i) {
      if (used == sizeof(buffer)) flush();
      buffer[used++] = i < length ? text[i] : '\0';
    }
  }
  static bool add(void* self, const char* name, std::size_t length) {
    auto& writer = *static_cast<SymbolWriter*>(self);
    if (length == 0) return true;  // an empty name ends the list
    writer.written += length;
    writer.is_cut = writer.written > kMostSymbolText;
    if (!writer.is_cut) writer.put(name, length);
    return !writer.is_cut;
  }
};

// The child. Only async-signal-safe calls: other threads of the host may have held any lock when it was forked.
[[noreturn]] void read_confined(const std::byte* file, std::size_t bytes, int pipe_end) {
  const rlimit cpu{kReaderCpu_s, kReaderCpu_s};
  close(STDIN_FILENO);
  const bool is_confined = dup2(pipe_end, STDOUT_FILENO) == STDOUT_FILENO &&
                           syscall(SYS_close_range, 2u, ~0u, 0u) == 0 && setrlimit(RLIMIT_CPU, &cpu) == 0 &&
                           prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0) == 0;
  if (!is_confined) _exit(kUnconfinedExit);
  SymbolWriter writer;
  const char* malformed = read_elf_exports(file, bytes, &SymbolWriter::add, &writer);
  const char* ending = malformed ? malformed : writer.is_cut ? "cut" : "";
  writer.put("", 0);
  writer.put(ending, std::strlen(ending));
  writer.flush();
  // Strict seccomp allows exit of the thread, not exit_group, which _exit() would call.
  for (;;) syscall(SYS_exit, 0);
}

// Everything that the child wrote until it ended or time ran out.
std::string receive_all(int pipe_end) {
  constexpr std::size_t kMostBytes = 2 * kMostSymbolText + 1024;  // with a zero byte for each name of one letter
  const auto deadline = std::chrono::steady_clock::now() + kReaderPatience;
  std::string received;
  while (received.size() < kMostBytes) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd ready{pipe_end, POLLIN, 0};
    if (left.count() <= 0 || (poll(&ready, 1, static_cast<int>(left.count())) < 0 && errno != EINTR)) break;
    if (!(ready.revents & (POLLIN | POLLHUP))) continue;
    char chunk[4096];
    const ssize_t n = read(pipe_end, chunk, sizeof(chunk));
    if (n == 0) break;
    if (n > 0) received.append(chunk, static_cast<std::size_t>(n));
  }
  return received;
}

}  // namespace

Result<ExportedSymbols> exported_symbols(const PluginFile& file) {
  const auto cannot = [&](const char* what) {
    return harness_fault(std::string("the exported symbols cannot be read: ") + what + ": " + strerror(errno),
                         file.path);
  };
  struct stat status;
  if (fstat(file.memory.get(), &status) != 0) return cannot("fstat");
  const auto bytes = static_cast<std::size_t>(status.st_size);
  void* image = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file.memory.get(), 0);
  if (image == MAP_FAILED) return cannot("mmap");
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    munmap(image, bytes);
    return cannot("pipe2");
  }
  FileDescriptor from(ends[0]), to(ends[1]);
  const pid_t child = fork();
  if (child == 0) read_confined(static_cast<const std::byte*>(image), bytes, to.get());
  munmap(image, bytes);
  if (child < 0) return cannot("fork");
  to.reset();
  const std::string received = receive_all(from.get());
  kill(child, SIGKILL);  // it has ended, or must
  int ended = 0;
  while (waitpid(child, &ended, 0) < 0 && errno == EINTR) continue;
  if (WIFEXITED(ended) && WEXITSTATUS(ended) == kUnconfinedExit) {
    return harness_fault("the exported symbols cannot be read: their reader cannot confine itself here", file.path);
  }

  ExportedSymbols symbols;
  std::size_t at = 0;
  for (;;) {
    const std::size_t end = received.find('\0', at);
    // A file that made its reader crash or run out of time breaks off before the closing part.
    if (end == std::string::npos)
      return plugin_fault("it is malformed: its symbols cannot be read to the end", file.path);
    if (end == at) break;
    symbols.names.push_back(received.substr(at, end - at));
    at = end + 1;
  }
  const std::size_t end = received.find('\0', at + 1);
  if (end == std::string::npos)
    return plugin_fault("it is malformed: its symbols cannot be read to the end", file.path);
  const std::string ending = received.substr(at + 1, end - at - 1);
  symbols.is_cut = ending == "cut";
  if (!ending.empty() && !symbols.is_cut) return plugin_fault(ending, file.path);
  return symbols;
}

}  // namespace headroom
