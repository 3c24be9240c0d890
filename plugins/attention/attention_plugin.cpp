// The fusion `attention`: the published transformer over the embeddings of a perturbation, on libtorch (protocol
// section 9).
#include <headroom/needs.hpp>
#include <headroom/predictor.hpp>

#include <cstdio>

#include "attention/fit_attention.hpp"

namespace attention = headroom::attention;
namespace sdk = headroom::sdk;

namespace {

// Of a training with up to 75 epochs (classes: 200). At 29 blocks of 1,280 features, 1,600 rows and 6,640 genes one takes
// some 6 s of processor time in the simple size, several times that in the full one and over several contexts.
constexpr double kOwnWall_s = 4 * 3600;
constexpr std::int64_t kOwnMemoryBytes = std::int64_t{16} << 30;

std::string line_of(const attention::Epoch& epoch) {
  char line[128];
  std::snprintf(line, sizeof(line), "epoch %lld: training loss %.5g, validation loss %.5g, %.2f s",
                static_cast<long long>(epoch.number), epoch.training_loss, epoch.validation_loss, epoch.seconds);
  return line;
}

}  // namespace

class Attention final : public sdk::Predictor {
 public:
  static sdk::About about() {
    return {"attention", "1.0.0",
            "Transformer with a token for each block, trained to its early stop", "Apache-2.0", {},
            attention::declared_options()};
  }
  static sdk::BlockCount blocks() { return {1, 0}; }
  static std::uint32_t task_kinds() { return HEADROOM_SUPPORTS_REGRESSION | HEADROOM_SUPPORTS_CLASSES; }
  static bool uses_contexts() { return true; }
  static sdk::Needs needs() { return {true, kOwnWall_s, kOwnMemoryBytes}; }
  static const void* extension(std::string_view id) { return sdk::needs<Attention>(id); }

  void predict(const sdk::Host& host, const sdk::PredictorRequest& request,
               sdk::PredictorOutput& output) const override {
    const bool of_classes = request.task_kind() == HEADROOM_TASK_CLASSES;
    const attention::AttentionOptions options = attention::options_of(host, of_classes);
    const attention::TrainingOutcome outcome = attention::fit_and_predict(
        request, options, host.n_threads(),
        [&](const attention::Epoch& epoch) {
          host.progress(epoch.number, options.most_epochs, "epochs");
          host.info(line_of(epoch));
        },
        output);
    host.tell_value("epochs", static_cast<double>(outcome.epochs.size()));
    host.tell_value("best_epoch", static_cast<double>(outcome.best_epoch));
    host.tell_value("validation_loss", outcome.best_validation_loss);
  }
};

HEADROOM_PLUGINS(Attention)
