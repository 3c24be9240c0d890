// Puts what it learnt into a keyring of the kernel. (In the process's own one, so that the tests leave nothing behind;
// the user's would keep it for the worker of the next fold.)
#include <sys/syscall.h>

#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  constexpr int kProcessKeyring = -2;
  return syscall(SYS_add_key, "user", "headroom-hostile", "labels", 6, kProcessKeyring) > 0;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
