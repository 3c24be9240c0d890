// A program that a test starts and that leaves nothing behind, not even what it detached from itself, however the test
// ends: slurmd starts a slurmstepd for every task, which outlives it by design.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace headroom::testing {

// Processes that came of `pid`, children before theirs.
inline std::vector<pid_t> descendants_of(pid_t pid) {
  std::vector<pid_t> all = {pid};
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string tasks = "/proc/" + std::to_string(all[i]) + "/task";
    std::error_code ended;
    for (const auto& task : std::filesystem::directory_iterator(tasks, ended)) {
      std::ifstream children(task.path() / "children");
      for (pid_t child = 0; children >> child;) all.push_back(child);
    }
  }
  all.erase(all.begin());
  return all;
}

// The process between the test and the program. Whatever detaches itself below becomes its child, so that it knows
// whom to end: when the program has ended, when it is told to (SIGTERM), or when the test is no more.
class Keeper {
 public:
  // `lifeline`: the reading end of a pipe that the test holds open to be written.
  [[noreturn]] static void run(const std::vector<std::string>& command, const std::string& log, int lifeline) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    sigset_t awaited, before;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGTERM);
    sigprocmask(SIG_BLOCK, &awaited, &before);
    const pid_t program = fork();
    if (program == 0) {
      sigprocmask(SIG_SETMASK, &before, nullptr);
      execute(command, log);
    }
    const timespec a_while{0, 100'000'000};
    bool has_ended = false;
    while (!has_ended) {
      has_ended = reap(program);
      if (sigtimedwait(&awaited, nullptr, &a_while) == SIGTERM || is_cut(lifeline)) break;
    }
    if (!has_ended) {
      kill(program, SIGTERM);
      for (int i = 0; i < 100 && !has_ended; ++i) {
        has_ended = reap(program);
        nanosleep(&a_while, nullptr);
      }
    }
    for (std::vector<pid_t> left = descendants_of(getpid()); !left.empty(); left = descendants_of(getpid())) {
      for (const pid_t each : left) kill(each, SIGKILL);
      nanosleep(&a_while, nullptr);
      reap(program);
    }
    _exit(0);
  }

 private:
  [[noreturn]] static void execute(const std::vector<std::string>& command, const std::string& log) {
    std::vector<char*> words;
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    execv(words.front(), words.data());
    _exit(127);
  }

  // Takes note of all that have ended; whether `program` is among them.
  static bool reap(pid_t program) {
    bool found = false;
    for (pid_t ended = waitpid(-1, nullptr, WNOHANG); ended > 0; ended = waitpid(-1, nullptr, WNOHANG)) {
      found = found || ended == program;
    }
    return found;
  }

  static bool is_cut(int lifeline) {
    pollfd end{lifeline, POLLIN, 0};
    return poll(&end, 1, 0) > 0 && (end.revents & POLLHUP) != 0;
  }
};

// Ends with this, or with the process that made it.
class KeptProcess {
 public:
  KeptProcess(const std::vector<std::string>& command, const std::string& log) {
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0) return;
    keeper_ = fork();
    if (keeper_ == 0) {
      close(ends[1]);
      Keeper::run(command, log, ends[0]);
    }
    close(ends[0]);
    lifeline_ = ends[1];
  }
  KeptProcess(KeptProcess&& other) noexcept : keeper_(other.keeper_), lifeline_(other.lifeline_) {
    other.keeper_ = other.lifeline_ = -1;
  }
  KeptProcess(const KeptProcess&) = delete;
  KeptProcess& operator=(KeptProcess&&) = delete;
  ~KeptProcess() {
    if (is_alive()) {
      kill(keeper_, SIGTERM);
      waitpid(keeper_, nullptr, 0);
    }
    if (lifeline_ >= 0) close(lifeline_);
  }

  bool is_alive() {
    if (keeper_ > 0 && waitpid(keeper_, nullptr, WNOHANG) == keeper_) keeper_ = -1;
    return keeper_ > 0;
  }

 private:
  pid_t keeper_ = -1;  // -1: it has ended
  int lifeline_ = -1;
};

}  // namespace headroom::testing
