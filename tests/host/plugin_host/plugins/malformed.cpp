// Descriptors that are wrong in one way each; the build chooses which.
#include <cmath>
#include <cstdint>

#include "headroom/embedding.h"
#include "headroom/predictor.h"

namespace {

template <std::size_t n>
constexpr headroom_string text(const char (&literal)[n]) {
  return {literal, static_cast<std::int64_t>(n) - 1};
}

headroom_status predict(const headroom_host*, const headroom_predictor_request*, headroom_predictor_output*) {
  return HEADROOM_OK;
}

const double kGrid[] = {NAN};
const headroom_hyperparameter kParameter{sizeof(headroom_hyperparameter), text("k"), text(""), 1, 0, 1, 9, kGrid, 1};
const headroom_hyperparameter* const kParameters[] = {&kParameter};
const headroom_predictor kPredictor{
    sizeof(headroom_predictor), HEADROOM_SUPPORTS_REGRESSION, 1, 1, 0, kParameters, HEADROOM_TEST_BAD_GRID, predict};
const headroom_plugin kPlugin{HEADROOM_TEST_STRUCT_SIZE,
                              HEADROOM_TEST_MAJOR,
                              0,
                              HEADROOM_TEST_KIND,
                              0,
                              text(HEADROOM_TEST_NAME),
                              text("1"),
                              text(""),
                              text(""),
                              nullptr,
                              0,
                              nullptr,
                              0,
                              &kPredictor,
                              nullptr};

}  // namespace

const headroom_plugin* headroom_plugin_entry(std::uint32_t abi_major, std::uint32_t index) {
  return abi_major == HEADROOM_TEST_SPEAKS && index == 0 ? &kPlugin : nullptr;
}
