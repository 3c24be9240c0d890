// Ships a symbolic link to the labels in its data folder.
#include "hostile.hpp"

static bool attack(const hostile::Call& call) {
  return hostile::file_gives_secret(call.data_folder() + "/link") ||
         hostile::reads_secret_below(call.data_folder() + "/root");
}
HEADROOM_HOSTILE_PREDICTOR(attack)
