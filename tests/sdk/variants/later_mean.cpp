// A predictor that was built with headers of the next minor version (tests/sdk/growth): it uses what they add where the
// host has it, and does without where it has not. Its prediction is the training mean plus later_number.
#include <headroom/later.h>

#include <headroom/predictor.hpp>

namespace sdk = headroom::sdk;

class LaterMean final : public sdk::Predictor {
 public:
  static sdk::About about() { return {"later_mean", "1.0.0", "Training mean, for a later host", "Apache-2.0"}; }
  static sdk::BlockCount blocks() { return {1, 0}; }
  static const void* extension(std::string_view id) {
    static const headroom_later offered = {sizeof(headroom_later), 42};
    return id == HEADROOM_LATER ? &offered : nullptr;
  }

  void predict(const sdk::Host& host, const sdk::PredictorRequest& request,
               sdk::PredictorOutput& output) const override {
    const bool is_later = sdk::has_field(request.c(), &headroom_predictor_request::later_number);
    // A host has all of a minor version or none of it; anything else is a misread struct.
    if (is_later != HEADROOM_HAS_FIELD(&host.c(), later_text) ||
        is_later != (host.extension(HEADROOM_LATER) != nullptr)) {
      throw sdk::Error("a field of a later minor version is there in part");
    }
    if (is_later != sdk::has_field(request.block().c(), &headroom_block::later_number)) {
      throw sdk::Error("a block is of another minor version than its request");
    }
    const double more = is_later ? static_cast<double>(request.c().later_number) : 0;
    const Eigen::RowVectorXd mean = request.training_deltas().colwise().mean();
    for (std::int64_t s = 0; s < request.n_settings(); ++s) {
      output.prediction(s).rowwise() = Eigen::RowVectorXd(mean.array() + more);
    }
  }
};

HEADROOM_PLUGINS(LaterMean)
