// Confinement cannot be taken off again, so it is tried in a forked child.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace headroom {

// Runs `body` in a child; its return value is the child's exit code. Returns "exit N" or "signal N".
template <class Body>
std::string in_child(Body&& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? "exit " + std::to_string(WEXITSTATUS(status))
                           : "signal " + std::to_string(WTERMSIG(status));
}

}  // namespace headroom
