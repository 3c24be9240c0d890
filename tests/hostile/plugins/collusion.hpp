// Registers outside a worker's own memory: places where one could leave a mark that another finds, while both live or
// in turn, without measuring time. A register looks for a mark of another process first and then leaves its own; it
// keeps apart what the process itself left. The plugins of one register each, and one that tries all, use these.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>

namespace collusion {

inline constexpr off_t kOffset = 1234567890123;
inline constexpr std::size_t kPage = 4096;
inline constexpr std::size_t kPieceBytes = std::size_t{1}
                                           << 20;  // the last piece of `marks`, a file in the data folder

// The offset of an open file that was inherited: 63 bits.
inline bool in_offset(int fd) {
  static bool is_left[16];
  const bool found = lseek(fd, 0, SEEK_CUR) == kOffset && !is_left[fd];
  is_left[fd] |= lseek(fd, kOffset, SEEK_SET) == kOffset;
  return found;
}

// Its flags.
inline bool in_flags(int fd) {
  static bool is_left[16];
  const int flags = fcntl(fd, F_GETFL);
  const bool found = flags >= 0 && (flags & O_APPEND) && !is_left[fd];
  is_left[fd] |= fcntl(fd, F_SETFL, flags | O_APPEND) == 0;
  return found;
}

// Its owner, whom signals go to.
inline bool in_owner(int fd) {
  static bool is_left = false;
  const int owner = fcntl(fd, F_GETOWN);
  const bool found = owner > 0 && !is_left;
  is_left |= fcntl(fd, F_SETOWN, getpid()) == 0;
  return found;
}

// The time at which a file was last read, of another process that lives at the same time.
inline bool in_access_time(int fd) {
  static timespec before[16];
  static bool is_known[16];
  struct stat status;
  if (fstat(fd, &status) != 0) return false;
  const bool found =
      is_known[fd] && (status.st_atim.tv_sec != before[fd].tv_sec || status.st_atim.tv_nsec != before[fd].tv_nsec);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // more than the clock of files ticks
  char byte;
  static_cast<void>(pread(fd, &byte, 1, 0) + fstat(fd, &status));
  before[fd] = status.st_atim;
  is_known[fd] = true;
  return found;
}

// The same of a data file, by workers in turn: it was laid down with one time for reading and changing.
inline bool in_access_time_of(const std::string& path) {
  static bool is_left = false;
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return false;
  const bool found = !is_left && (status.st_atim.tv_sec != status.st_mtim.tv_sec);
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  char byte;
  is_left |= fd >= 0 && read(fd, &byte, 1) == 1;
  if (fd >= 0) close(fd);
  return found;
}

// Whether the end of a file lies in the page cache: everybody finds it there, and puts it out.
template <bool (*is_out)(int fd, off_t from)>
bool in_page_cache(const std::string& path) {
  static bool is_left = false;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) != 0) return false;
  const off_t from = status.st_size - static_cast<off_t>(kPieceBytes);
  const bool found = is_out(fd, from) && !is_left;
  syscall(SYS_fadvise64, fd, 0, 0, POSIX_FADV_DONTNEED);  // the whole file: it may be a single large page
  is_left = true;
  close(fd);
  return found;
}
inline bool is_out_by_waiting(int fd, off_t from) {
  char byte;
  const iovec into{&byte, 1};
  return syscall(SYS_preadv2, fd, &into, 1, from, 0, RWF_NOWAIT) < 0 && errno == EAGAIN;
}
inline bool is_out_by_mincore(int fd, off_t from) {
  void* const page = mmap(nullptr, kPage, PROT_READ, MAP_SHARED, fd, from);
  unsigned char resident = 1;
  const bool is_out = page != MAP_FAILED && mincore(page, kPage, &resident) == 0 && !(resident & 1);
  if (page != MAP_FAILED) munmap(page, kPage);
  return is_out;
}
inline bool is_out_by_cachestat(int fd, off_t from) {
  struct {
    std::uint64_t start, bytes;
  } const range{static_cast<std::uint64_t>(from), kPage};
  std::uint64_t counts[5] = {};
  constexpr long kCachestat = 451;
  return syscall(kCachestat, fd, &range, counts, 0) == 0 && counts[0] == 0;
}
inline bool is_out_by_faults(int fd, off_t from) {
  rusage before{}, after{};
  if (getrusage(RUSAGE_SELF, &before) != 0) return false;
  void* const page = mmap(nullptr, kPage, PROT_READ, MAP_SHARED, fd, from);
  if (page == MAP_FAILED) return false;
  static_cast<void>(*static_cast<const volatile char*>(page));
  getrusage(RUSAGE_SELF, &after);
  munmap(page, kPage);  // what is mapped stays in the page cache
  return after.ru_majflt > before.ru_majflt;
}

// A page that every process has from the same file: one of the C library's.
inline std::uint32_t* shared_word() {
  return reinterpret_cast<std::uint32_t*>(reinterpret_cast<std::uintptr_t>(&std::puts) & ~std::uintptr_t{3});
}
// A futex there wakes whoever waits in another process. The waiter is left behind.
inline bool in_futex() {
  static bool waits = false;
  std::uint32_t* const word = shared_word();
  const bool found = !waits && syscall(SYS_futex, word, FUTEX_WAKE, 1, nullptr, nullptr, 0) > 0;
  if (!waits) {
    std::thread([word] {
      const timespec most{20, 0};
      syscall(SYS_futex, word, FUTEX_WAIT, *word, &most, nullptr, 0);
    }).detach();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  waits = true;
  return found;
}

// The number of threads of the whole machine. Only that it is told: it changes by itself.
inline bool in_thread_count() {
  struct sysinfo machine {};
  return sysinfo(&machine) == 0 && machine.procs > 0;
}

// A lock on a part of a file, seen while its owner lives.
inline bool in_lock(const std::string& path) {
  static const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct flock lock {};
  lock.l_type = F_WRLCK;
  const bool found = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  lock = {};
  lock.l_type = F_RDLCK;
  fcntl(fd, F_SETLK, &lock);
  return found;
}

// A watch on a file that another reads.
inline bool in_watch(const std::string& path) {
  static int watch = -1;
  char events[4096];
  const bool found = watch >= 0 && read(watch, events, sizeof(events)) > 0;
  if (watch < 0) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    char byte;
    static_cast<void>(read(fd, &byte, 1));
    close(fd);
    watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch >= 0) inotify_add_watch(watch, path.c_str(), IN_ACCESS);
  }
  return found;
}

// The clock of another process's time, which it moves by working.
inline bool in_clock_of(pid_t process) {
  timespec used{};
  return syscall(SYS_clock_gettime, ~static_cast<clockid_t>(process) << 3 | 2, &used) == 0;
}

// The limits of another process of the same user.
inline bool in_limits_of(pid_t process) {
  rlimit limit{};
  return syscall(SYS_prlimit64, process, RLIMIT_NOFILE, nullptr, &limit) == 0;
}

// How often the machine's processors have slept, and whatever else the system counts for all.
inline bool in_counters() {
  for (const char* path :
       {"/sys/devices/system/cpu/cpu0/topology/core_id", "/sys/devices/system/cpu/vulnerabilities/mds",
        "/sys/devices/system/cpu/cpuidle/current_driver", "/proc/loadavg", "/proc/stat", "/proc/self/status",
        "/proc/self/stat", "/proc/self/io", "/proc/self/smaps"}) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) return true;
  }
  return false;
}

// Which pages of memory that workers get in turn were ever touched.
inline bool in_touched_pages(void* memory, std::size_t bytes) {
  static bool is_left = false;
  auto* const far = reinterpret_cast<char*>((reinterpret_cast<std::uintptr_t>(memory) + bytes) & ~(kPage - 1));
  unsigned char resident = 0;
  const bool found = !is_left && mincore(far - kPage, kPage, &resident) == 0 && (resident & 1);
  far[-1] = 1;
  is_left = true;
  return found;
}

// Numbers that the kernel counts up for the whole machine: whoever makes such a thing moves the number that the next
// one gets. That it can be moved or is told is enough here, since all processes move it.
inline bool in_pipe_numbers() {
  int ends[2];
  struct stat status;
  return (pipe(ends) == 0 || pipe2(ends, O_CLOEXEC) == 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0) &&
         fstat(ends[0], &status) == 0 && status.st_ino > 0;
}
inline bool in_numbers_of_shared_memory() {
  bool moved = mmap(nullptr, kPage, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
  const int zeros = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  moved |= zeros >= 0 && mmap(nullptr, kPage, PROT_READ, MAP_SHARED, zeros, 0) != MAP_FAILED;
  return moved;
}
inline bool in_number_of_thread() {
  static char stack[1 << 16];
  constexpr unsigned long flags =
      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_PIDFD;
  int descriptor = -1;
  // The new thread ends at once: it has nowhere to return to, so it is sent to the end by hand.
  long thread;
  const void* const top = stack + sizeof(stack) - 64;
  asm volatile(
      "mov %5, %%r10\n\tsyscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\tmov $60, %%eax\n\txor %%edi, %%edi\n\tsyscall\n1:"
      : "=a"(thread)
      : "a"(SYS_clone), "D"(flags), "S"(top), "d"(&descriptor), "r"(0L)
      : "rcx", "r11", "r10", "r8", "memory");
  struct stat status;
  return thread > 0 && descriptor >= 0 && fstat(descriptor, &status) == 0 && status.st_ino > 0;
}
inline bool in_numbers_of_proc() {
  struct stat first, second;
  return stat("/proc/self/stat", &first) == 0 && stat("/proc/self/maps", &second) == 0 && first.st_ino != second.st_ino;
}
inline bool in_process_numbers() { return syscall(SYS_getpid) > 100 || syscall(SYS_gettid) > 100; }

// The threads of all processes, by the links of /proc.
inline bool in_links_of_proc() {
  struct stat status;
  return stat("/proc", &status) == 0 && status.st_nlink > 20;
}

// Locks that belong to an open file, not to a process.
inline bool in_open_file_lock(const std::string& path) {
  static const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct flock lock {};
  lock.l_type = F_RDLCK;
  return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

// A lease tells when another opens the file.
inline bool in_lease(const std::string& path) {
  static const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  return fcntl(fd, F_SETLEASE, F_RDLCK) == 0 || fcntl(fd, F_GETLEASE) >= 0;
}

// Attributes of a file.
inline bool in_attribute(const std::string& path) {
  char value[8];
  return getxattr(path.c_str(), "user.mark", value, sizeof(value)) >= 0 || errno == ENODATA ||
         setxattr(path.c_str(), "user.mark", "mark", 4, 0) == 0;
}

// The name of a process that lives at the same time.
inline bool in_process_name() {
  const std::string own = "mark" + std::to_string(getpid());
  prctl(PR_SET_NAME, own.c_str());
  for (pid_t other = getpid() - 40; other < getpid() + 40; ++other) {
    char name[32] = {};
    const int fd = open(("/proc/" + std::to_string(other) + "/comm").c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    const bool found = read(fd, name, sizeof(name) - 1) > 5 && std::strncmp(name, "mark", 4) == 0 && other != getpid();
    close(fd);
    if (found) return true;
  }
  return false;
}

// How another process is scheduled.
inline bool in_schedule_of(pid_t process) {
  errno = 0;
  const long nice = syscall(SYS_getpriority, PRIO_PROCESS, process);
  cpu_set_t cores;
  return nice > 0 || syscall(SYS_sched_getaffinity, process, sizeof(cores), &cores) > 0 ||
         syscall(SYS_sched_getscheduler, process) >= 0;
}

}  // namespace collusion
