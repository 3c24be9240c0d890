// Fills all of the output's memory, its margins too, for the next worker that gets it; and looks for such a message.
#include "hostile.hpp"

static bool attack(const hostile::Call& call) {
  constexpr double kMessage = 12345.678;
  double* const start = call.output->predictions[0].data;
  constexpr std::int64_t kDoubles =
      (std::int64_t{1} << 20) / static_cast<std::int64_t>(sizeof(double));  // the least of slots
  bool found = false;
  for (std::int64_t i = 1024; i < kDoubles; ++i) {  // behind the predictions
    found |= start[i] == kMessage;
    start[i] = kMessage;
  }
  return found;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
