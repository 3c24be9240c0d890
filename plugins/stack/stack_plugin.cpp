// The fusion `stack`: a convex combination of single heads on single blocks (protocol section 9).
#include <headroom/predictor.hpp>

#include "fusion/stack.hpp"
#include "fusion/told_weights.hpp"
#include "heads/logistic.hpp"

namespace fusion = headroom::fusion;
namespace sdk = headroom::sdk;

class Stack final : public sdk::Predictor {
 public:
  static sdk::About about() {
    return {"stack", "1.0.0", "Convex combination of single heads on single blocks, by out-of-fold error",
            "Apache-2.0"};
  }
  static sdk::BlockCount blocks() { return {1, 0}; }
  static std::uint32_t task_kinds() { return HEADROOM_SUPPORTS_REGRESSION | HEADROOM_SUPPORTS_CLASSES; }
  void predict(const sdk::Host& host, const sdk::PredictorRequest& request,
               sdk::PredictorOutput& output) const override {
    const fusion::StackFit fit = request.task_kind() == HEADROOM_TASK_CLASSES
                                     ? fusion::predict_class_stack(request, host.n_threads(), output)
                                     : fusion::predict_stack(request, host.n_threads(), output);
    if (!fit.is_converged) host.info("the weights' search ended short of its tolerance");
    headroom::heads::warn_of_unfinished(host, fit.n_unfinished);
    fusion::tell_weights(host, fit.parts, [](const fusion::StackFit::Part& part) { return part.head; });
    if (!fit.parts.empty()) host.tell_value("out_of_fold_L2", fit.error);
  }
};

HEADROOM_PLUGINS(Stack)
