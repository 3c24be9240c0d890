// Takes the host's open files by pidfd_getfd.
#include <sys/syscall.h>

#include "hostile.hpp"

static bool attack(const hostile::Call& call) {
  const long host = syscall(SYS_pidfd_open, call.number("host_pid"), 0);
  bool given = false;
  for (int fd = 0; fd < 256; ++fd)
    given |= hostile::gives_secret(static_cast<int>(syscall(SYS_pidfd_getfd, host, fd, 0)));
  return given;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
