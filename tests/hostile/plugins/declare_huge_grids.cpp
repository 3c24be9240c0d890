// Declares four grids of 512 values: 69 thousand million combinations.
#include "grids.hpp"

const headroom_plugin* headroom_plugin_entry(std::uint32_t major, std::uint32_t index) {
  static const headroom_plugin* const plugin = hostile::predictor_with_grids(4, 512);
  return major == HEADROOM_ABI_MAJOR && index == 0 ? plugin : nullptr;
}
