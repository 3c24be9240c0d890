// Sets up io_uring, which makes system calls that a filter does not see.
#include <linux/io_uring.h>
#include <sys/syscall.h>

#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  io_uring_params parameters{};
  return syscall(SYS_io_uring_setup, 4, &parameters) >= 0;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
