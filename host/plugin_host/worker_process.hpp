// The host's hold on one worker: its process, its pipes, its clock. Knows nothing of what is said on the channel; see
// sandbox/sandbox.hpp for who is who.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <stop_token>
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
    used_up_cpu,
    interrupted,
  };
  // How long a frame is worth waiting for.
  struct Patience {
    Clock::time_point deadline;
    double most_cpu_s = std::numeric_limits<double>::infinity();  // on the worker's own clock
    std::stop_token stop = {};
  };
  // Waits for a frame, taking in the log meanwhile.
  Event receive(Frame& frame, bool accepts_attachment, const Patience& patience);

  // What all threads of the worker have used so far, by the kernel's word; none before its first frame and after its
  // end.
  std::optional<double> cpu_s() const;

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
  std::chrono::milliseconds nap(const Patience& patience) const;
  void know_worker(pid_t worker);

  pid_t monitor_ = -1;
  FileDescriptor channel_, control_, end_, log_pipe_, listener_;
  std::optional<std::string> hostile_call_;
  std::optional<WorkerEnd> ended_;
  std::optional<clockid_t> cpu_clock_;
  // Three quarters of what is kept are its first words, the rest the last ones: a traceback comes at the end.
  std::string log_, log_tail_;
  std::uint64_t most_log_bytes_ = 0;
  std::uint64_t n_tail_bytes_ = 0;  // that were to go into the tail, also those that have left it
};

}  // namespace headroom
