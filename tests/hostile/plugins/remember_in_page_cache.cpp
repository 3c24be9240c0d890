// Puts a piece of a data file out of the page cache; a read that does not wait tells.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call& call) {
  return collusion::in_page_cache<collusion::is_out_by_waiting>(call.data_folder() + "/marks");
}
HEADROOM_HOSTILE_PREDICTOR(attack)
