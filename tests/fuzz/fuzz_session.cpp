// fuzz_session FUZZER SECONDS SEED SCRATCH [SEED_FOLDER...] [-OPTION...]: runs a libFuzzer program for a time, and on
// after each crash that is the HDF5 library's own or that its input alone does not repeat. Exit code 0: no finding in
// our code; 1: a finding, whose report is printed and whose input is kept in SCRATCH/findings; 2: it could not run.
//
// Why a crash must repeat: HDF5 reads thousands of damaged files in one process here. It is not compiled with
// sanitizers, leaks, and may write beyond its memory unseen, into ours; what fails then is any later input. A fault of
// our readers shows whenever its file is read.
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
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/crash_report.hpp"

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using headroom::fuzz::CrashReport;
using headroom::fuzz::read_crash_report;

// Each start reads all seeds again, so that a library that crashed at once would leave no time for testing.
constexpr int kMostCrashes = 200;
constexpr int kRepetitions = 3;

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

// What libFuzzer kept of a crash; inputs that were only slow are no crash.
std::vector<fs::path> inputs_in(const fs::path& folder) {
  std::vector<fs::path> inputs;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.path().filename().string().starts_with("slow-unit-")) inputs.push_back(entry.path());
  }
  return inputs;
}

// Reads each input in a process of its own, some times: the first report of a fault that is ours, else the first
// report, else nothing.
std::optional<CrashReport> repeat(const std::vector<std::string>& words, const std::vector<fs::path>& inputs,
                                  const fs::path& log) {
  std::optional<CrashReport> first;
  for (const fs::path& input : inputs) {
    std::vector<std::string> with_input = words;
    with_input.push_back(input.string());
    for (int i = 0; i < kRepetitions; ++i) {
      if (run(with_input, log) == 0) continue;
      CrashReport report = read_crash_report(read_file(log));
      if (!report.in_library) return report;
      if (!first) first = std::move(report);
    }
  }
  return first;
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
  for (const char* folder : {"corpus", "crashes", "library", "unrepeated", "findings", "files"}) {
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
  std::map<std::string, int> places;  // of crashes that are not ours → how often
  int n_crashes = 0;
  for (;; ++seed) {
    const double left = seconds - std::chrono::duration<double>(Clock::now() - start).count();
    if (left < 1 && n_runs > 0) break;
    std::vector<std::string> words = {fuzzer.string(), "-timeout=100", "-rss_limit_mb=2048",
                                      "-artifact_prefix=" + (scratch / "crashes").string() + "/"};
    words.insert(words.end(), options.begin(), options.end());
    std::vector<std::string> search = words;
    search.push_back("-max_total_time=" + std::to_string(std::max(1, static_cast<int>(left))));
    search.push_back("-seed=" + std::to_string(seed));
    search.push_back("-print_final_stats=1");
    search.push_back((scratch / "corpus").string());
    search.insert(search.end(), folders.begin(), folders.end());
    const int code = run(search, scratch / "log.txt");
    const std::string log = read_file(scratch / "log.txt");
    n_runs += statistic(log, "stat::number_of_executed_units:");
    if (code == 0) continue;
    if (code == 127) {
      std::fprintf(stderr, "%s could not be run\n", fuzzer.c_str());
      return 2;
    }

    CrashReport report = read_crash_report(log);
    const char* kept = "library";
    if (!report.in_library) {
      auto repeated = repeat(words, inputs_in(scratch / "crashes"), scratch / "repeated.txt");
      kept = !repeated ? "unrepeated" : repeated->in_library ? "library" : "findings";
      if (repeated) report = std::move(*repeated);
    }
    for (const fs::path& input : inputs_in(scratch / "crashes")) {
      fs::rename(input, scratch / kept / input.filename(), error);
    }
    fs::remove_all(scratch / "files", error);
    fs::create_directories(scratch / "files", error);
    if (kept == std::string_view("findings")) {
      std::fputs(log.c_str(), stdout);
      std::fputs(read_file(scratch / "repeated.txt").c_str(), stdout);
      std::printf("%s: a finding after %ld runs, which its input repeats: it is in %s\n", fuzzer.filename().c_str(),
                  n_runs, (scratch / kept).c_str());
      return 1;
    }
    ++places[std::string(kept) + ": " + (report.in_library ? report.place : report.what)];
    if (++n_crashes > kMostCrashes) {
      std::printf("%s: %d crashes that are not ours; nothing of ours is tested\n", fuzzer.filename().c_str(),
                  n_crashes);
      return 1;
    }
  }
  std::printf("%s: %ld runs in %.0f s, no finding; %d crashes that are not ours\n", fuzzer.filename().c_str(), n_runs,
              std::chrono::duration<double>(Clock::now() - start).count(), n_crashes);
  for (const auto& [place, n] : places) std::printf("  %d %s\n", n, place.c_str());
  return 0;
}
