// The sandbox of one worker. Theory of operation.
//
// Processes. The host holds the test labels and is trusted. It executes (never merely forks) `headroom-worker` with an
// empty argument list and a clean environment. That program splits itself before anything of a plugin is touched:
//
//   host ─ exec ─> monitor ─ clone ─> init ─ fork ─> worker        level full: init and worker live in new user, mount,
//                                                                  pid, network, ipc and uts namespaces
//   host ─ exec ─> monitor ─ fork ───────────────> worker         other levels
//
//   monitor  Waits for the worker, reports how it ended with the kernel's own figures, and kills it when the host says
//            so or is gone. Never reads anything that a plugin wrote.
//   init     Process 1 of the pid namespace: signals reach the worker as they would outside (as process 1 it would
//            ignore SIGXCPU, and abort() would show as SIGSEGV). When it ends, the kernel ends the whole namespace.
//   worker   Confines itself, probes its confinement, reports, and only then loads the plugin. From there on nothing
//            that it says is trusted.
//
// Pipes and sockets.
//   channel  (worker <-> host) SOCK_SEQPACKET: one protobuf message a frame, see schemas/worker.proto.
//   log      (worker -> host) stdout and stderr. A pipe, since the worker may not write to any file.
//   control  (host -> monitor) Closing it means: kill the worker. The kernel closes it if the host dies.
//   end      (monitor -> host) One WorkerEnd when the worker is gone, all of it.
//   listener (kernel -> host) A hostile system call of the worker stops there and is named to the host, which ends the
//            worker. The worker hands the listener over with its first answer and keeps no copy.
//
// Order of steps, each named as in the confinement report.
//   monitor: own_uid (root only: a user id that no other process has), then clone or fork.
//   init:    id maps; a private root of read-only binds: system libraries, the plugin's data folder, nothing else.
//   worker:  undumpable; no_capabilities; no_new_privs; landlock; rlimits; seccomp. Each is probed by doing what it
//            forbids, or by comparing what the kernel says before and after.
//   Before all that the program closes every descriptor that it inherited beyond its own six.
//   A layer that is not to be had is reported as missing with its reason; the host decides whether the rest is enough.
//
// What each layer is for (tests/hostile shows every one by switching it off):
//   landlock    no file but system libraries and the plugin's own data; no TCP; no signal to other processes
//   seccomp     no network, no new process, no exec, no kernel surface beyond an allow-list; nothing that outlives the
//               process (keys, locks, shared memory)
//   rlimits     address space, no file writes, number of descriptors and threads; CPU time for callers that give a
//               limit of a whole life. That of a request is kept by the host, on the clock of the process that sent the
//               first frame, as the kernel names it.
//   namespaces  the rest of the system is not even visible: existence of files, processes, network, host name
//   own_uid     other processes cannot be touched even without the layers above; threads are counted for it alone
//
// Marks. Workers of one submission hold each other's test labels (training rows of one fold are test rows of another),
// so nothing that a worker can change may be seen by another, while both live or in turn. Decided for each kind:
//   open files      offset, flags, owner: what a worker inherits is opened for it alone
//   memory files    times of access, pages that were touched, futexes: copies for the workers of foreign plugins;
//                   output memory is not used again after them
//   data folder     times of last access: a mount that cannot be written to, else a copy (kDataFolderLayer)
//   page cache      of system libraries and data folders: every call that tells of it without taking the time is
//                   refused (mincore, cachestat, RWF_NOWAIT, advice; counts of faults; /proc)
//   kernel objects  locks, leases, watches, keys, queues, shared memory, attributes, futexes that others could wake:
//                   refused
//   the machine     sysinfo, statfs, clocks, limits and schedules of other processes, counters in /sys and /proc:
//                   refused or not readable; a user id that is drawn, not counted
//   numbers         that the kernel counts up for the whole machine and gives to whatever is made next. Of inodes:
//                   pipes, sockets, anonymous memory to share and descriptors of threads are refused; /proc, where
//                   every look makes one, is not there (kPrivateFilesLayer). Of processes: a pid namespace.
//   its own         working directory, mask, environment, name, timers, signals: nobody else can ask for them
//   living at once  the host never lets workers of foreign plugins for different folds (evaluation/fold_gate.hpp)
// Left at every level:
//   time            how long a call takes, the clocks, which processor it runs on and how fast they are just now
//   the host's own  a worker's channel, log and memory files have inode numbers that tell how many of these were made
//                   before: as many as the run has asked, fewer after a worker that failed
// Left without namespaces, since no other layer reaches it:
//   threads         have numbers of the whole machine. A plugin may start some, clone() returns the number, and a
//                   filter cannot change what a call returns.
//   looks at paths  Landlock decides on opening, not on stat() and readlink(), and a filter does not see paths; both
//                   calls are needed by whatever searches for files. So entries of /proc tell (and move) the counter of
//                   inodes, the links of /proc the number of processes, and every folder that the user may enter which
//                   files are in it, how large and how old: the run's own output, which grows by what plugins say,
//                   among them.
//   system files    the time of last access: by default the kernel sets it once a day and file
//
// The functions of this folder run in a single-threaded process and before the plugin. Unlike other libraries they end
// processes: monitor and init never return from enter_sandbox().
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "confinement.pb.h"
#include "sandbox/file_descriptor.hpp"

namespace headroom {

// Descriptor numbers in the executed program. The host provides the first six.
inline constexpr int kNullFd = 0;
inline constexpr int kLogFd = 2;  // and 1
inline constexpr int kChannelFd = 3;
inline constexpr int kControlFd = 4;     // monitor only
inline constexpr int kEndFd = 5;         // monitor only
inline constexpr int kLibraryFd = 6;     // the plugin's sealed copy, or the private file that it is copied to
inline constexpr int kDataFileFd = 7;    // the same of the vector file, if there is one
inline constexpr int kDataFolderFd = 8;  // the plugin's data folder, if there is one
inline constexpr int kFirstFreeFd = 9;

// Where the three are found by path, in a worker without private files.
inline constexpr const char* kLibraryInWorker = "/proc/self/fd/6";
inline constexpr const char* kDataFileInWorker = "/proc/self/fd/7";
inline constexpr const char* kDataFolderInWorker = "/proc/self/fd/8";

// A layer of the report where there is a data folder: it is shown by a mount that cannot be written to, not even the
// times of last access. Elsewhere the host gives each worker a copy of it.
inline constexpr const char* kDataFolderLayer = "data_folder_mount";

// A layer of the report of workers for foreign plugins: the library and the vector file lie in the private root, and
// /proc shows no processes. Elsewhere they are reached through /proc/self/fd.
inline constexpr const char* kPrivateFilesLayer = "private_files";

// Exit code of a worker that died of a lack of memory, told apart from any crash by its signal handlers.
inline constexpr int kOutOfMemoryExit = 112;
// The same of one that died of writing into what it was given to read.
inline constexpr int kWroteInputExit = 111;
// Exit code of the monitor when it could not start a worker at all.
inline constexpr int kNoWorkerExit = 113;

// What the monitor writes into the pipe `end`.
struct WorkerEnd {
  std::int32_t is_known = 0;     // 0: the worker was gone before anyone could ask how
  std::int32_t wait_status = 0;  // as of waitpid()
  double cpu_s = 0;
  std::uint64_t peak_memory_bytes = 0;
};

struct SandboxRequest {
  SandboxMode mode = SandboxMode::STRICT;
  WorkerLimits limits;
  bool has_data_folder = false;                          // it is open as kDataFolderFd
  bool is_ours = false;                                  // the plugin is one of Headroom's own
  std::string granted_folder;  // absolute; the user lets the plugin read it where it lies; empty: none
  std::uint64_t library_bytes = 0, data_file_bytes = 0;  // of what it will be given; 0: no such file
  // For tests: "landlock", "seccomp", "namespaces", "own_uid", "no_capabilities", "rlimits".
  std::vector<std::string> disabled_layers;
};

struct Sandbox {
  bool has_private_files = false;  // they are open for writing as kLibraryFd and kDataFileFd, and empty yet
  ConfinementReport report;        // without start_to_ready_s, which only the host can measure
  FileDescriptor policy_listener;  // empty where the kernel kills without asking
};

// Splits the process as described above and returns in the worker alone.
Sandbox enter_sandbox(const SandboxRequest& request);

// Makes close-on-exec irrelevant for what the parent forgot: closes every descriptor from kLibraryFd up. First thing in
// main().
void close_inherited_descriptors();

// The word for what the report's layers amount to.
ConfinementLevel level_of(const ConfinementReport& report);
// What the level still lacks, as "landlock (ENOSYS: ...), seccomp (...)"; empty if nothing.
std::string missing_for(ConfinementLevel level, const ConfinementReport& report);

}  // namespace headroom
