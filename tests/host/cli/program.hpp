// Runs the built headroom program as a user would, in a folder that is removed afterwards.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace headroom {

struct Ended {
  int exit_code = -1;
  std::string out, err;
};

inline std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class ProgramTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "headroom-cli-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Arguments as a shell splits them; paths are relative to the test's folder.
  Ended headroom(const std::string& arguments) const {
    const std::string command = "cd '" + folder_.string() + "' && '" HEADROOM_BUILD_DIR "/bin/headroom' " + arguments +
                                " >stdout.txt 2>stderr.txt";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, content_of(folder_ / "stdout.txt"),
            content_of(folder_ / "stderr.txt")};
  }

  // Kills the program (SIGKILL, with its workers' sockets) after that time; 1 if it was still running.
  int killed_after(const std::string& arguments, std::chrono::duration<double> moment) const {
    const pid_t child = fork();
    if (child == 0) {
      const std::string command = "cd '" + folder_.string() + "' && exec '" HEADROOM_BUILD_DIR "/bin/headroom' " +
                                  arguments + " >/dev/null 2>&1";
      execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
      _exit(127);
    }
    std::this_thread::sleep_for(moment);
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? 1 : 0;
  }

  std::filesystem::path folder_;
};

}  // namespace headroom
