// Leaves a file behind, in a folder that everybody may write to.
#include <sys/stat.h>

#include "hostile.hpp"

static bool attack(const hostile::Call& call) {
  const std::string path = call.data_folder() + "/left-behind";
  const int file = open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  return file >= 0 || mkdir(path.c_str(), 0700) == 0;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
