#include "plugin_host/worker_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

#include "plugin_host/plugin_log.hpp"
#include "sandbox/seccomp.hpp"

namespace headroom {
namespace {

using std::chrono::milliseconds;

// Above every number that the worker's descriptors get, so that placing one cannot overwrite another.
constexpr int kAboveWorkersNumbers = 16;
// For a process that has been killed, or is on its way out, to be gone; it takes about a millisecond.
constexpr milliseconds kEndPatience{5000};
// For a worker that closed its channel to end by itself.
constexpr milliseconds kFarewellPatience{500};
// Between two looks at whether the run is to stop, and at the worker's CPU time as it comes close to its limit.
constexpr milliseconds kStopNap{100};
constexpr milliseconds kCpuNap{10};

tl::unexpected<Error> cannot_start(const std::string& what, int error) {
  return tl::unexpected<Error>(Error{ErrorKind::harness_fault,
                                     "a worker cannot be started: " + std::string(strerror(error)), what,
                                     "raise the limit of open files and processes"});
}

Result<FileDescriptor> move_up(int descriptor) {
  const FileDescriptor low(descriptor);
  FileDescriptor high(fcntl(descriptor, F_DUPFD_CLOEXEC, kAboveWorkersNumbers));
  if (!high) return cannot_start("fcntl", errno);
  return high;
}

struct Ends {
  FileDescriptor ours, theirs;
};

// Which end of a pipe is ours: the one that reads, or the one that writes.
Result<Ends> make_pipe(bool we_read) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return cannot_start("pipe", errno);
  FileDescriptor ours(ends[we_read ? 0 : 1]);
  auto theirs = move_up(ends[we_read ? 1 : 0]);
  if (!theirs) return tl::unexpected(theirs.error());
  return Ends{std::move(ours), std::move(*theirs)};
}

Result<Ends> make_channel() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return cannot_start("socketpair", errno);
  FileDescriptor ours(ends[0]);
  auto theirs = move_up(ends[1]);
  if (!theirs) return tl::unexpected(theirs.error());
  return Ends{std::move(ours), std::move(*theirs)};
}

// posix_spawn with what a worker needs: its descriptors in place, no signal ignored or blocked, nothing of ours.
int spawn(const std::string& program, const std::vector<std::string>& environment,
          const std::vector<std::pair<int, int>>& descriptors, pid_t& process) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  for (const auto& [from, to] : descriptors) posix_spawn_file_actions_adddup2(&actions, from, to);
  posix_spawn_file_actions_addchdir_np(&actions, "/");
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  std::string name = "headroom-worker";
  char* const arguments[] = {name.data(), nullptr};
  std::vector<char*> variables;
  for (const std::string& variable : environment) variables.push_back(const_cast<char*>(variable.c_str()));
  variables.push_back(nullptr);
  const int failed = posix_spawn(&process, program.c_str(), &actions, &attributes, arguments, variables.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return failed;
}

}  // namespace

Result<WorkerProcess> WorkerProcess::start(const std::filesystem::path& program,
                                           const std::vector<std::string>& environment, std::uint64_t log_bytes) {
  std::error_code failed;
  const std::filesystem::path absolute = std::filesystem::absolute(program, failed);
  auto channel = make_channel();
  if (!channel) return tl::unexpected(channel.error());
  auto log = make_pipe(true), end = make_pipe(true), control = make_pipe(false);
  for (const auto* pipe : {&log, &end, &control}) {
    if (!*pipe) return tl::unexpected(pipe->error());
  }
  auto null = move_up(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!null) return tl::unexpected(null.error());

  WorkerProcess worker;
  const int error = spawn(absolute.string(), environment,
                          {{null->get(), kNullFd},
                           {log->theirs.get(), 1},
                           {log->theirs.get(), kLogFd},
                           {channel->theirs.get(), kChannelFd},
                           {control->theirs.get(), kControlFd},
                           {end->theirs.get(), kEndFd}},
                          worker.monitor_);
  if (error) {
    return tl::unexpected<Error>(Error{ErrorKind::harness_fault,
                                       "a worker cannot be started: " + std::string(strerror(error)), absolute.string(),
                                       "build or install all of Headroom"});
  }
  worker.channel_ = std::move(channel->ours);
  worker.log_pipe_ = std::move(log->ours);
  worker.end_ = std::move(end->ours);
  worker.control_ = std::move(control->ours);
  worker.most_log_bytes_ = log_bytes;
  name_senders(worker.channel_.get(), true);
  fcntl(worker.log_pipe_.get(), F_SETFL, O_NONBLOCK);
  return worker;
}

WorkerProcess::WorkerProcess(WorkerProcess&& other) noexcept
    : monitor_(std::exchange(other.monitor_, -1)),
      channel_(std::move(other.channel_)),
      control_(std::move(other.control_)),
      end_(std::move(other.end_)),
      log_pipe_(std::move(other.log_pipe_)),
      listener_(std::move(other.listener_)),
      hostile_call_(std::move(other.hostile_call_)),
      ended_(std::move(other.ended_)),
      cpu_clock_(other.cpu_clock_),
      log_(std::move(other.log_)),
      log_tail_(std::move(other.log_tail_)),
      most_log_bytes_(other.most_log_bytes_),
      n_tail_bytes_(other.n_tail_bytes_) {}

WorkerProcess::~WorkerProcess() {
  if (monitor_ > 0) end();
}

int WorkerProcess::send(std::string_view frame, int attachment_fd) {
  return send_frame(channel_.get(), frame, attachment_fd, false);
}

WorkerProcess::Event WorkerProcess::receive(Frame& frame, bool accepts_attachment, const Patience& patience) {
  for (;;) {
    pollfd waits[] = {{channel_.get(), POLLIN, 0}, {log_pipe_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    const int ready = poll(waits, 3, static_cast<int>(nap(patience).count()));
    if (ready < 0 && errno != EINTR) return Event::gone;
    if (ready > 0) {
      if (waits[1].revents) take_in_log();
      if ((waits[2].revents & POLLIN) && notice_hostile_call()) return Event::hostile_call;
      if (waits[2].revents & ~POLLIN) listener_.reset();  // no process is left that it could tell of
      if (waits[0].revents) {
        switch (receive_frame(channel_.get(), frame, accepts_attachment, false, accepts_attachment && !cpu_clock_)) {
          case FrameStatus::received:
            if (frame.sender > 0) know_worker(frame.sender);
            return Event::frame;
          case FrameStatus::malformed:
            return Event::malformed;
          case FrameStatus::nothing_yet:
            break;
          case FrameStatus::closed:
          case FrameStatus::failed:
            return Event::gone;
        }
      }
    }
    // Looked at in every round: a worker that floods the log must not hold the clock.
    if (Clock::now() >= patience.deadline) return Event::too_late;
    if (patience.stop.stop_requested()) return Event::interrupted;
    if (cpu_s().value_or(0) >= patience.most_cpu_s) return Event::used_up_cpu;
  }
}

milliseconds WorkerProcess::nap(const Patience& patience) const {
  // Rounded up, so that the last round does not spin.
  auto left = std::chrono::ceil<milliseconds>(patience.deadline - Clock::now());
  if (patience.stop.stop_possible()) left = std::min(left, kStopNap);
  if (const auto used_s = cpu_s(); used_s && std::isfinite(patience.most_cpu_s)) {
    // It cannot use up what is left any sooner than on all cores at once.
    const double soonest_s = (patience.most_cpu_s - *used_s) / std::max(1u, std::thread::hardware_concurrency());
    left =
        std::min(left, std::max(kCpuNap, milliseconds(static_cast<milliseconds::rep>(std::min(soonest_s, 1e6) * 1e3))));
  }
  return std::clamp(left, milliseconds(0), milliseconds(1 << 30));
}

void WorkerProcess::know_worker(pid_t worker) {
  name_senders(channel_.get(), false);
  clockid_t clock;
  if (clock_getcpuclockid(worker, &clock) == 0) cpu_clock_ = clock;
}

std::optional<double> WorkerProcess::cpu_s() const {
  timespec used{};
  if (!cpu_clock_ || clock_gettime(*cpu_clock_, &used) != 0) return std::nullopt;
  return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

bool WorkerProcess::notice_hostile_call() {
  if (const auto call = receive_hostile_call(listener_.get())) hostile_call_ = call;
  return hostile_call_.has_value();
}

namespace {

constexpr std::uint64_t kTailPart = 4;

// Leaves the last `most` bytes, once there are `slack` more: moving them for each word would take its time.
void keep_end(std::string& text, std::uint64_t most, std::uint64_t slack) {
  if (text.size() > most + slack) text.erase(0, text.size() - most);
}

}  // namespace

void WorkerProcess::take_in_log() {
  std::array<char, 16384> buffer;
  const ssize_t count = log_pipe_ ? read(log_pipe_.get(), buffer.data(), buffer.size()) : 0;
  if (count == 0) log_pipe_.reset();
  if (count <= 0) return;
  const auto bytes = static_cast<std::uint64_t>(count);
  const std::uint64_t most_first = most_log_bytes_ - most_log_bytes_ / kTailPart;
  const std::uint64_t first =
      std::min<std::uint64_t>(bytes, most_first - std::min<std::uint64_t>(most_first, log_.size()));
  log_.append(buffer.data(), first);
  log_tail_.append(buffer.data() + first, bytes - first);
  n_tail_bytes_ += bytes - first;
  keep_end(log_tail_, most_log_bytes_ / kTailPart, buffer.size());
}

bool WorkerProcess::wait_for_end_pipe(milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  for (;;) {
    pollfd waits[] = {{end_.get(), POLLIN, 0}, {log_pipe_.get(), POLLIN, 0}};
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    const int ready = poll(waits, 2, static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) return false;
    if (ready > 0 && waits[1].revents) take_in_log();
    if (ready > 0 && waits[0].revents) return true;
  }
}

const WorkerEnd& WorkerProcess::end() {
  if (ended_) return *ended_;
  if (listener_ && !hostile_call_) {
    pollfd wait{listener_.get(), POLLIN, 0};
    if (poll(&wait, 1, 0) > 0 && (wait.revents & POLLIN)) notice_hostile_call();
  }
  ended_.emplace();
  control_.reset();
  if (!wait_for_end_pipe(kEndPatience)) kill(monitor_, SIGKILL);  // with it goes everything below it
  WorkerEnd told;
  if (fcntl(end_.get(), F_SETFL, O_NONBLOCK) == 0 && read(end_.get(), &told, sizeof(told)) == sizeof(told))
    ended_ = told;
  while (waitpid(monitor_, nullptr, 0) < 0 && errno == EINTR) {
  }
  monitor_ = -1;
  cpu_clock_.reset();  // its number may soon be another process's
  // All writers are gone: what is left in the pipe is at most its size.
  constexpr int kRoundsOfAPipe = 128;
  for (int round = 0; round < kRoundsOfAPipe && log_pipe_; ++round) {
    const std::uint64_t before = log_.size() + n_tail_bytes_;
    take_in_log();
    if (log_.size() + n_tail_bytes_ == before) break;
  }
  channel_.reset();
  end_.reset();
  log_pipe_.reset();
  listener_.reset();
  return *ended_;
}

const WorkerEnd& WorkerProcess::await_end(bool& ended_itself) {
  ended_itself = ended_ || wait_for_end_pipe(kFarewellPatience);
  return end();
}

std::string WorkerProcess::log() const {
  std::string tail = log_tail_;
  keep_end(tail, most_log_bytes_ / kTailPart, 0);
  if (n_tail_bytes_ == tail.size()) return log_ + tail;
  return log_ + cut_line(n_tail_bytes_ - tail.size()) + tail;
}

}  // namespace headroom
