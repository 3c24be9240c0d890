// Reads the labels from the host's memory with process_vm_readv.
#include <sys/uio.h>

#include "hostile.hpp"

static bool attack(const hostile::Call& call) {
  char bytes[32] = {};
  const iovec here{bytes, sizeof(bytes) - 1};
  const iovec there{reinterpret_cast<void*>(call.number("address")), sizeof(bytes) - 1};
  return process_vm_readv(static_cast<pid_t>(call.number("host_pid")), &here, 1, &there, 1, 0) > 0 &&
         std::strncmp(bytes, hostile::kSecretStart, sizeof(hostile::kSecretStart) - 1) == 0;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
