// Is sound, and asks for two blocks of features, which no run has.
#include "hostile.hpp"

static headroom_status predict(const headroom_host*, const headroom_predictor_request*, headroom_predictor_output*) {
  return HEADROOM_OK;
}

const headroom_plugin* headroom_plugin_entry(std::uint32_t major, std::uint32_t index) {
  static const headroom_predictor predictor{
      sizeof(headroom_predictor), HEADROOM_SUPPORTS_REGRESSION, 2, 2, 0, nullptr, 0, predict};
  static const headroom_plugin plugin = hostile::describe(HEADROOM_KIND_PREDICTOR, &predictor);
  return major == HEADROOM_ABI_MAJOR && index == 0 ? &plugin : nullptr;
}
