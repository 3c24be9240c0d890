// Ctrl-C and kill at random moments of prepare and simulate: what stands afterwards is whole, and nothing looks
// finished that is not.
#include "cli/interruption.hpp"

#include <fcntl.h>

#include <chrono>
#include <csignal>
#include <map>
#include <random>
#include <thread>

#include "program.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// Files below a folder by their relative path.
std::map<std::string, std::string> files_in(const fs::path& folder) {
  std::map<std::string, std::string> files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[fs::relative(entry.path(), folder).string()] = content_of(entry.path());
  }
  return files;
}

class Interrupted : public ProgramTest {
 protected:
  // Starts the program, sends `signal` after `delay` and waits for its end; the status of waitpid.
  int run_and_signal(std::vector<std::string> arguments, int signal, Clock::duration delay) const {
    arguments.insert(arguments.begin(), HEADROOM_BUILD_DIR "/bin/headroom");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const pid_t pid = ::fork();
    if (pid == 0) {
      const int nowhere = ::open("/dev/null", O_WRONLY);
      ::dup2(nowhere, STDOUT_FILENO);
      ::dup2(nowhere, STDERR_FILENO);
      if (::chdir(folder_.c_str()) == 0) ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    std::this_thread::sleep_for(delay);
    ::kill(pid, signal);
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    return status;
  }

  // `arguments` write into folder `out`; `last` is the file that makes it look finished. Each signal is sent n_tries
  // times.
  void interrupt_at_random(const std::vector<std::string>& arguments, const std::string& last, int n_tries) {
    const auto start = Clock::now();
    ASSERT_EQ(run_and_signal(arguments, 0, {}), 0);
    const double whole_s = std::chrono::duration<double>(Clock::now() - start).count();
    const std::map<std::string, std::string> expected = files_in(folder_ / "out");
    ASSERT_TRUE(expected.contains(last));

    std::mt19937 random(7);
    std::uniform_real_distribution<double> moment(0, whole_s);
    int n_stopped = 0;
    for (const int signal : {SIGINT, SIGTERM, SIGKILL}) {
      for (int i = 0; i < n_tries; ++i) {
        fs::remove_all(folder_ / "out");
        const double delay_s = moment(random);
        const int status = run_and_signal(
            arguments, signal, std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(delay_s)));
        const std::string where = "signal " + std::to_string(signal) + " after " + std::to_string(delay_s) + " s";
        const auto files = files_in(folder_ / "out");
        const bool finished = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        n_stopped += !finished;
        if (finished) {
          EXPECT_TRUE(files == expected) << where;
          continue;
        }
        if (signal == SIGKILL) {
          EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << where;
        } else if (WIFEXITED(status)) {
          EXPECT_EQ(WEXITSTATUS(status), 128 + signal) << where;
        } else {
          // Before the program has set itself up, a signal simply ends it.
          EXPECT_EQ(WTERMSIG(status), signal) << where;
          EXPECT_TRUE(files.empty()) << where;
        }
        EXPECT_TRUE(signal == SIGKILL || !files.contains(last)) << where;
        for (const auto& [name, content] : files) {
          if (name.ends_with(".tmp")) {
            EXPECT_EQ(signal, SIGKILL) << where << ": " << name;
          } else {
            EXPECT_TRUE(expected.contains(name) && expected.at(name) == content) << where << ": " << name;
          }
        }
      }
    }
    EXPECT_GT(n_stopped, n_tries) << "most moments should lie within the work";
  }
};

TEST_F(Interrupted, PrepareLeavesNothingThatLooksFinished) {
  ASSERT_EQ(headroom("simulate -o screen --preset small --seed 3").exit_code, 0);
  interrupt_at_random({"prepare", "screen/cells.h5ad", "-o", "out"}, "task.h5ad", 6);
}

TEST_F(Interrupted, SimulateLeavesNothingThatLooksFinished) {
  interrupt_at_random({"simulate", "-o", "out", "--preset", "small"}, "task/task.h5ad", 3);
}

// What an earlier run made does not pass for the work of a run that was stopped.
TEST_F(Interrupted, SimulateOverAnOlderScreenDoesNotMixTheTwo) {
  ASSERT_EQ(headroom("simulate -o out --preset tiny --seed 1").exit_code, 0);
  for (int i = 1; i <= 16; ++i) {
    run_and_signal({"simulate", "-o", "out", "--preset", "small", "--seed", "2"}, SIGKILL,
                   std::chrono::milliseconds(50 * i));
    if (!fs::exists(folder_ / "out" / "task" / "task.h5ad")) return;  // it is known to be unfinished
  }
  FAIL() << "the older task stands beside new files";
}

}  // namespace
}  // namespace headroom
