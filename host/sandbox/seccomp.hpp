// The system calls of a worker: an allow-list in three classes.
//
//   allowed   what numerical libraries, the C and C++ runtimes, threads and file reading need
//   refused   what they try now and then and can live without (an error number comes back): making files, sockets, file
//             locks, changing priorities, ioctl, clone3 (its flags cannot be seen by a filter; libraries fall back to
//             clone); and all that tells of the machine or of the page cache: a worker could read there what another
//             has left
//   hostile   what no plugin has a use for: new processes, exec, tracing, kernel objects that outlive the process,
//             privileges, mounts. The call never runs: it stops the worker and is named to the host.
// Everything else, calls of the future included, returns ENOSYS. Calls of another architecture kill the process.
#pragma once

#include <optional>
#include <string>

#include "sandbox/file_descriptor.hpp"
#include "sandbox/system_failure.hpp"

namespace headroom {

// Headroom's own plugins may ask what they have used (getrusage), so that a worker that is used again can tell it.
enum class PluginOrigin { ours, foreign };

// Binds the calling process for good; needs NO_NEW_PRIVS. The result is the listener on which the kernel announces
// hostile calls; empty where the kernel does not grant one (a listener further out, Linux before 5.0): such a call then
// kills the process with SIGSYS.
tl::expected<FileDescriptor, SystemFailure> install_syscall_filter(PluginOrigin origin = PluginOrigin::foreign);

// Whether the filter is in force: makes a harmless call that it answers by itself.
tl::expected<void, SystemFailure> probe_syscall_filter();

// The host's side: the name of a hostile call that waits at the listener ("socket", or "system call 999"); nothing if
// none does any more. The call is never answered: its thread waits until the worker is killed.
std::optional<std::string> receive_hostile_call(int listener);

}  // namespace headroom
