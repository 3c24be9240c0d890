// The host's hold on one worker: its process, its pipes, its clock. Knows nothing of what is said on the channel; see
// sandbox/sandbox.hpp for who is who.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "outcome/outcome.hpp"
#include "sandbox/file_descriptor.hpp"
#include "sandbox/frame_socket.hpp"
#include "sandbox/sandbox.hpp"

namespace headroom {

class WorkerProcess {
 public:
  using Clock = std::chrono::steady_clock;

  // Executes the program in a session of its own, in /, with this environment and six descriptors. At most `log_bytes`
  // of what it prints are kept.
  static Result<WorkerProcess> start(const std::filesystem::path& program, const std::vector<std::string>& environment,
                                     std::uint64_t log_bytes);
  WorkerProcess(WorkerProcess&&) noexcept;
  WorkerProcess& operator=(WorkerProcess&&) = delete;
  ~WorkerProcess();  // ends the worker

  // 0 or an errno; never waits.
  int send(std::string_view frame, int attachment_fd);

  enum class Event {
    frame,         // a frame arrived
    hostile_call,  // a system call was stopped; hostile_call() names it
    gone,          // the process has ended, or closed its channel
    malformed,     // what arrived is no frame
    too_late,
  };
  // Waits for a frame until the deadline, taking in the log meanwhile.
  Event receive(Frame& frame, bool accepts_attachment, Clock::time_point deadline);

  // Where the kernel announces hostile calls.
  void listen_to(FileDescriptor policy_listener) { listener_ = std::move(policy_listener); }
  const std::optional<std::string>& hostile_call() const { return hostile_call_; }

  // Kills the worker if it is still there, waits until all of it is gone, takes in the rest of the log. Idempotent.
  const WorkerEnd& end();
  // Gives a worker that closed its channel a moment to end by itself, so that its own way of ending shows; then end().
  // `ended_itself` tells whether it did.
  const WorkerEnd& await_end(bool& ended_itself);

  std::string log() const;

 private:
  WorkerProcess() = default;
  void take_in_log();
  bool notice_hostile_call();
  bool wait_for_end_pipe(std::chrono::milliseconds patience);

  pid_t monitor_ = -1;
  FileDescriptor channel_, control_, end_, log_pipe_, listener_;
  std::optional<std::string> hostile_call_;
  std::optional<WorkerEnd> ended_;
  std::string log_;
  std::uint64_t most_log_bytes_ = 0;
  std::uint64_t cut_log_bytes_ = 0;
};

}  // namespace headroom
