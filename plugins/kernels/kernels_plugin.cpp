// The fusion `kernels`: ridge in the dual on a weighted sum of the blocks' kernels (protocol section 9).
#include <headroom/predictor.hpp>

#include "fusion/kernels.hpp"
#include "fusion/told_weights.hpp"

namespace fusion = headroom::fusion;
namespace sdk = headroom::sdk;

namespace {

fusion::KernelsOptions options_of(const sdk::Host& host) {
  fusion::KernelsOptions options;
  const std::string kinds = host.text("kernels");
  if (kinds == "linear") {
    options.kinds = {fusion::KernelKind::linear};
  } else if (kinds == "rbf") {
    options.kinds = {fusion::KernelKind::rbf};
  } else if (kinds != "both") {
    throw sdk::Error("option 'kernels' is '" + kinds + "', not linear, rbf or both");
  }
  return options;
}

}  // namespace

class Kernels final : public sdk::Predictor {
 public:
  static sdk::About about() {
    return {"kernels",    "1.0.0", "Kernel ridge on a learned sum of all blocks' kernels, by leave-one-out",
            "Apache-2.0", {},      {{"kernels", "both", "kernels of each block: linear, rbf or both"}}};
  }
  static sdk::BlockCount blocks() { return {1, 0}; }
  void predict(const sdk::Host& host, const sdk::PredictorRequest& request,
               sdk::PredictorOutput& output) const override {
    const fusion::KernelsFit fit = fusion::predict_kernels(request, options_of(host), host.n_threads(), output);
    fusion::tell_weights(host, fit.weights,
                         [](const fusion::KernelsFit::Weight& weight) { return fusion::name_of(weight.kind); });
    if (fit.lambda) host.tell_value("lambda", *fit.lambda);
    if (fit.loo_l2) host.tell_value("loo_L2", *fit.loo_l2);
  }
};

HEADROOM_PLUGINS(Kernels)
