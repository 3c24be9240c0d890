// Reads the labels from the host's memory through /proc.
#include "hostile.hpp"

static bool attack(const hostile::Call& call) {
  const int memory = open(("/proc/" + call.option("host_pid") + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
  char bytes[32] = {};
  return pread(memory, bytes, sizeof(bytes) - 1, static_cast<off_t>(call.number("address"))) > 0 &&
         std::strncmp(bytes, hostile::kSecretStart, sizeof(hostile::kSecretStart) - 1) == 0;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
