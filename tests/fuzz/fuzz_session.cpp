// fuzz_session FUZZER SECONDS SEED SCRATCH [SEED_FOLDER...] [-OPTION...]: runs a libFuzzer program for a time, and on
// after each crash that is the HDF5 library's own. Exit code 0: no finding in our code; 1: a finding, whose report is
// printed and whose input is kept in SCRATCH/findings; 2: it could not run.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "fuzz/crash_report.hpp"

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// Each start reads all seeds again, so that a library that crashed at once would leave no time for testing.
constexpr int kMostLibraryCrashes = 200;

// Runs a program with its output in `log`; its exit code, or -1.
int run(const std::vector<std::string>& words, const fs::path& log) {
  const pid_t child = fork();
  if (child == 0) {
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (out < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0) _exit(127);
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What follows `name` in the log: "stat::number_of_executed_units: 123".
long statistic(const std::string& log, const std::string& name) {
  const std::size_t at = log.rfind(name);
  return at == std::string::npos ? 0 : std::atol(log.c_str() + at + name.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: %s FUZZER SECONDS SEED SCRATCH [SEED_FOLDER...] [-OPTION...]\n", argv[0]);
    return 2;
  }
  const fs::path fuzzer = argv[1], scratch = argv[4];
  const double seconds = std::atof(argv[2]);
  int seed = std::atoi(argv[3]);
  std::vector<std::string> folders, options;
  for (int i = 5; i < argc; ++i) (argv[i][0] == '-' ? options : folders).emplace_back(argv[i]);

  std::error_code error;
  for (const char* folder : {"corpus", "crashes", "library", "findings", "files"}) {
    fs::create_directories(scratch / folder, error);
    if (error) {
      std::fprintf(stderr, "%s: %s\n", (scratch / folder).c_str(), error.message().c_str());
      return 2;
    }
  }
  setenv("TMPDIR", (scratch / "files").c_str(), 1);
  // HDF5 leaks on damaged files. A small quarantine keeps memory in the caches: twice as many runs.
  setenv("ASAN_OPTIONS", "detect_leaks=0:allocator_may_return_null=1:symbolize=1:quarantine_size_mb=16", 1);
  setenv("UBSAN_OPTIONS", "print_stacktrace=1", 1);

  const auto start = Clock::now();
  long n_runs = 0;
  std::map<std::string, int> library_crashes;  // place → how often
  int n_library = 0;
  for (;; ++seed) {
    const double left = seconds - std::chrono::duration<double>(Clock::now() - start).count();
    if (left < 1 && n_runs > 0) break;
    std::vector<std::string> words = {fuzzer.string(),
                                      "-max_total_time=" + std::to_string(std::max(1, static_cast<int>(left))),
                                      "-seed=" + std::to_string(seed),
                                      "-timeout=100",
                                      "-rss_limit_mb=2048",
                                      "-print_final_stats=1",
                                      "-artifact_prefix=" + (scratch / "crashes").string() + "/"};
    words.insert(words.end(), options.begin(), options.end());
    words.push_back((scratch / "corpus").string());
    words.insert(words.end(), folders.begin(), folders.end());
    const fs::path log_path = scratch / "log.txt";
    const int code = run(words, log_path);
    const std::string log = read_file(log_path);
    n_runs += statistic(log, "stat::number_of_executed_units:");
    if (code == 0) continue;

    const auto report = headroom::fuzz::read_crash_report(log);
    const fs::path kept = scratch / (report.in_library ? "library" : "findings");
    for (const auto& crash : fs::directory_iterator(scratch / "crashes")) {
      fs::rename(crash.path(), kept / crash.path().filename(), error);
    }
    fs::remove_all(scratch / "files", error);
    fs::create_directories(scratch / "files", error);
    if (!report.in_library) {
      std::fputs(log.c_str(), stdout);
      std::printf("%s: a finding after %ld runs; its input is in %s\n", fuzzer.filename().c_str(), n_runs,
                  kept.c_str());
      return code == 127 ? 2 : 1;
    }
    ++library_crashes[report.place];
    if (++n_library > kMostLibraryCrashes) {
      std::printf("%s: HDF5 crashed %d times; nothing of ours is tested\n", fuzzer.filename().c_str(), n_library);
      return 1;
    }
  }
  std::printf("%s: %ld runs in %.0f s, no finding; %d crashes of HDF5 itself\n", fuzzer.filename().c_str(), n_runs,
              std::chrono::duration<double>(Clock::now() - start).count(), n_library);
  for (const auto& [place, n] : library_crashes) std::printf("  %d in %s\n", n, place.c_str());
  return 0;
}
