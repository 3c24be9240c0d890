// Runs a program and tells what it took: wall time, processor time, peak of memory.
#pragma once

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace headroom {

struct MeasuredProgram {
  double wall_s = 0, cpu_s = 0, peak_gibibytes = 0;
};

// nullopt: it did not start, or ended with another status than 0.
inline std::optional<MeasuredProgram> measured(const std::vector<std::string>& command) {
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) {
    std::vector<char*> words;
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    ::execv(words.front(), words.data());
    ::_exit(127);
  }
  int status = 0;
  rusage usage{};
  if (child < 0 || ::wait4(child, &status, 0, &usage) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return std::nullopt;
  }
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  constexpr double kKibibytesOfGibibyte = 1024.0 * 1024;
  return MeasuredProgram{std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
                         seconds(usage.ru_utime) + seconds(usage.ru_stime),
                         static_cast<double>(usage.ru_maxrss) / kKibibytesOfGibibyte};
}

}  // namespace headroom
