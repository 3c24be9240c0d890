// Looks for what the host's environment, arguments and working folder tell.
#include "hostile.hpp"

extern char** environ;

static bool attack(const hostile::Call& call) {
  bool told = false;
  for (char** variable = environ; variable && *variable; ++variable) {
    call.tell(*variable);
    told |= std::strstr(*variable, "LD_PRELOAD") || std::strstr(*variable, hostile::kSecretStart) ||
            (std::strstr(*variable, "HOME=") && std::strcmp(*variable, "HOME=/") != 0);
  }
  char folder[4096] = "";
  if (getcwd(folder, sizeof(folder)) && std::strcmp(folder, "/") != 0) told = true;
  return told;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
