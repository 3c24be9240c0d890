// Climbs from open descriptors and from /proc to the root of the file tree, where the labels are.
#include "hostile.hpp"

static bool attack(const hostile::Call& call) {
  bool given = hostile::reads_secret_below("/proc/self/root") || hostile::reads_secret_below("/proc/1/root") ||
               hostile::reads_secret_below("/proc/self/cwd") ||
               hostile::reads_secret_below("/proc/" + call.option("host_pid") + "/root");
  for (int fd = 0; fd < 64; ++fd) {
    std::string climb = "/proc/self/fd/" + std::to_string(fd);
    for (int up = 0; up < 8; ++up) {
      climb += "/..";
      given |= hostile::reads_secret_below(climb);
      const std::string relative = "../../../../../../../.." + std::string(hostile::kSecretFile);
      given |= hostile::gives_secret(openat(fd, relative.c_str(), O_RDONLY));
    }
  }
  return given;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
