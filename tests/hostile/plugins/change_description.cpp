// Says something else of itself whenever it is asked.
#include <time.h>

#include "hostile.hpp"

static bool attack(const hostile::Call&) { return true; }
static headroom_status predict(const headroom_host* host, const headroom_predictor_request* request,
                               headroom_predictor_output* output) {
  hostile::predict_everywhere({host, request, output}, attack({host, request, output}) ? 1 : 0);
  return HEADROOM_OK;
}

const headroom_plugin* headroom_plugin_entry(std::uint32_t major, std::uint32_t index) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  static const std::string version = std::to_string(now.tv_sec) + "." + std::to_string(now.tv_nsec);
  static const headroom_predictor predictor{
      sizeof(headroom_predictor), HEADROOM_SUPPORTS_REGRESSION, 1, 1, 0, nullptr, 0, predict};
  static headroom_plugin plugin = hostile::describe(HEADROOM_KIND_PREDICTOR, &predictor);
  plugin.version = {version.data(), static_cast<std::int64_t>(version.size())};
  return major == HEADROOM_ABI_MAJOR && index == 0 ? &plugin : nullptr;
}
