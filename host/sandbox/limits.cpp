#include "sandbox/limits.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <memory>
#include <string>

namespace headroom {
namespace {

// Enough for a plugin with many data files, too few to exhaust the system's table.
constexpr rlim_t kMostDescriptors = 256;
constexpr rlim_t kStackBytes = rlim_t{8} << 20;  // of the main thread, and of others by default
// Between SIGXCPU and SIGKILL for a worker that ignores the first.
constexpr rlim_t kCpuGrace_s = 1;
// Room for what the same user starts while the worker runs, where threads are counted together.
constexpr std::uint64_t kOthersThreads = 1024;

// Sanitizers reserve terabytes of addresses at start.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kLimitsAddressSpace = false;
#else
constexpr bool kLimitsAddressSpace = true;
#endif

tl::expected<void, SystemFailure> set_limit(__rlimit_resource resource, const char* name, rlim_t soft, rlim_t hard) {
  rlimit current;
  if (getrlimit(resource, &current) == 0 && current.rlim_max < hard) {  // a limit of the host's own stays
    hard = current.rlim_max;
    if (soft > hard) soft = hard;
  }
  const rlimit limit{soft, hard};
  if (setrlimit(resource, &limit) != 0) return system_failure(std::string("setrlimit ") + name);
  return {};
}

// Threads of all processes of the calling user that /proc shows.
std::uint64_t threads_of_user() {
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(opendir("/proc"), closedir);
  if (!proc) return 0;
  const uid_t user = getuid();
  std::uint64_t threads = 0;
  while (const dirent* entry = readdir(proc.get())) {
    if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
    // The number of links of /proc/PID/task is the number of threads plus two.
    struct stat status;
    const std::string tasks = std::string(entry->d_name) + "/task";
    if (fstatat(dirfd(proc.get()), tasks.c_str(), &status, 0) == 0 && status.st_uid == user) {
      threads += status.st_nlink > 2 ? status.st_nlink - 2 : 1;
    }
  }
  return threads;
}

rlim_t whole_seconds(double seconds) { return static_cast<rlim_t>(std::ceil(seconds)); }

}  // namespace

std::uint64_t most_threads(std::uint32_t n_threads) { return 2 * std::uint64_t{n_threads} + 16; }

tl::expected<void, SystemFailure> apply_limits(const WorkerLimits& limits, ThreadCount thread_count) {
  struct Entry {
    __rlimit_resource resource;
    const char* name;
    rlim_t soft, hard;
  };
  const std::uint64_t threads = most_threads(limits.n_threads()) +
                                (thread_count == ThreadCount::of_user ? threads_of_user() + kOthersThreads : 0);
  const Entry entries[] = {
      {RLIMIT_CORE, "core", 0, 0},
      {RLIMIT_FSIZE, "fsize", 0, 0},
      {RLIMIT_MEMLOCK, "memlock", 0, 0},
      {RLIMIT_MSGQUEUE, "msgqueue", 0, 0},
      {RLIMIT_NOFILE, "nofile", kMostDescriptors, kMostDescriptors},
      {RLIMIT_STACK, "stack", kStackBytes, kStackBytes},
      {RLIMIT_NPROC, "nproc", threads, threads},
  };
  for (const Entry& entry : entries) {
    if (auto set = set_limit(entry.resource, entry.name, entry.soft, entry.hard); !set) return set;
  }
  if (limits.cpu_time_s() > 0) {
    const rlim_t seconds = whole_seconds(limits.cpu_time_s());
    if (auto set = set_limit(RLIMIT_CPU, "cpu", seconds, seconds + kCpuGrace_s); !set) return set;
  }
  if (limits.address_space_bytes() > 0 && kLimitsAddressSpace) {
    const rlim_t bytes = limits.address_space_bytes();
    if (auto set = set_limit(RLIMIT_AS, "as", bytes, bytes); !set) return set;
  }
  return {};
}

tl::expected<void, SystemFailure> probe_limits(const WorkerLimits& limits) {
  const auto is_at_most = [](__rlimit_resource resource, rlim_t most) {
    rlimit limit;
    return getrlimit(resource, &limit) == 0 && limit.rlim_max <= most;
  };
  if (!is_at_most(RLIMIT_FSIZE, 0) || !is_at_most(RLIMIT_CORE, 0) || !is_at_most(RLIMIT_NOFILE, kMostDescriptors)) {
    return system_failure("getrlimit", ERANGE);
  }
  if (limits.cpu_time_s() > 0 && !is_at_most(RLIMIT_CPU, whole_seconds(limits.cpu_time_s()) + kCpuGrace_s)) {
    return system_failure("getrlimit cpu", ERANGE);
  }
  if (limits.address_space_bytes() > 0 && kLimitsAddressSpace) {
    void* more =
        mmap(nullptr, limits.address_space_bytes(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (more != MAP_FAILED) {
      munmap(more, limits.address_space_bytes());
      return system_failure("mmap beyond the limit succeeded", ERANGE);
    }
  }
  return {};
}

}  // namespace headroom
