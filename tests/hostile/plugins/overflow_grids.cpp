// Declares 64 grids of two values: their number of combinations is 0 in 64 bits.
#include "grids.hpp"

const headroom_plugin* headroom_plugin_entry(std::uint32_t major, std::uint32_t index) {
  static const headroom_plugin* const plugin = hostile::predictor_with_grids(64, 2);
  return major == HEADROOM_ABI_MAJOR && index == 0 ? plugin : nullptr;
}
