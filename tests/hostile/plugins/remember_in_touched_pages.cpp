// Touches a page of the output far behind the predictions: content is cleared for the next worker, its place is not.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call& call) {
  constexpr std::size_t kLeastSlotBytes = std::size_t{1} << 20;
  return collusion::in_touched_pages(call.output->predictions[0].data, kLeastSlotBytes);
}
HEADROOM_HOSTILE_PREDICTOR(attack)
