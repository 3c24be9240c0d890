// Takes over the handling of page faults, which holds the kernel in the middle of a call.
#include <sys/syscall.h>

#include "hostile.hpp"

static bool attack(const hostile::Call&) { return syscall(SYS_userfaultfd, O_CLOEXEC | 1) >= 0; }
HEADROOM_HOSTILE_PREDICTOR(attack)
