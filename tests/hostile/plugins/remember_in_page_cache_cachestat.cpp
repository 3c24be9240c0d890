// The same, told by cachestat.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call& call) {
  return collusion::in_page_cache<collusion::is_out_by_cachestat>(call.data_folder() + "/marks");
}
HEADROOM_HOSTILE_PREDICTOR(attack)
