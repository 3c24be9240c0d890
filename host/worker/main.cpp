// headroom-worker: the only program that opens a plugin. Confines itself first; see sandbox/sandbox.hpp for the order
// of steps and schemas/worker.proto for what it is asked. It is started by the host alone and takes no arguments.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include "sandbox/frame_socket.hpp"
#include "sandbox/sandbox.hpp"
#include "worker.pb.h"
#include "worker/memory_watch.hpp"
#include "worker/request_server.hpp"

namespace {

constexpr int kWrongCallerExit = 64;

int refuse() {
  std::fputs("headroom-worker: error: this program is started by headroom and by nothing else\n", stderr);
  return kWrongCallerExit;
}

// Sends the first frame. The kernel counts descriptors on their way per user: a hostile worker of the same user that
// floods its own channel with them stands in the way until its host has ended it.
bool tell(const headroom::WorkerReply& ready, const headroom::FileDescriptor& listener) {
  constexpr useconds_t kPause = 10'000;
  constexpr int kMostTries = 500;
  for (int tries = 1;; ++tries) {
    const int failed = headroom::send_frame(headroom::kChannelFd, ready.SerializeAsString(), listener.get(), true);
    if (failed != ETOOMANYREFS || tries == kMostTries) return failed == 0;
    usleep(kPause);
  }
}

}  // namespace

int main() {
  using namespace headroom;
  close_inherited_descriptors();
  Frame frame;
  if (receive_frame(kChannelFd, frame, true, true) != FrameStatus::received) return refuse();
  WorkerRequest first;
  if (!first.ParseFromString(frame.bytes) || !first.has_confine()) return refuse();

  SandboxRequest request;
  request.mode = first.confine().mode();
  request.limits = first.confine().limits();
  request.disabled_layers.assign(first.confine().disabled_layers().begin(), first.confine().disabled_layers().end());
  request.is_ours = first.confine().is_ours();
  request.granted_folder = first.confine().granted_folder();
  request.library_bytes = first.confine().library_bytes();
  request.data_file_bytes = first.confine().data_file_bytes();
  request.has_data_folder = first.confine().has_data_folder() && frame.attachment;
  if (request.has_data_folder) dup3(frame.attachment.get(), kDataFolderFd, O_CLOEXEC);
  frame.attachment.reset();

  // Returns in the worker alone.
  Sandbox sandbox = enter_sandbox(request);
  WorkerReply ready;
  ready.set_sequence(first.sequence());
  *ready.mutable_ready()->mutable_confinement() = sandbox.report;
  if (!tell(ready, sandbox.policy_listener)) _exit(1);
  sandbox.policy_listener.reset();

  watch_memory(request.limits.address_space_bytes());
  RequestServer server(sandbox.has_private_files);
  server.run(kChannelFd);
  // Without destructors: those of a plugin are not run, and no library is unloaded.
  _exit(0);
}
