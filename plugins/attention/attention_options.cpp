#include "attention/attention_options.hpp"

#include <cmath>
#include <locale>
#include <sstream>

namespace headroom::attention {
namespace {

constexpr const char* kPublished = "published";

// Whole numbers and others that users may set; what is left at "published" is that of the size and the target.
class GivenNumbers {
 public:
  explicit GivenNumbers(const sdk::Host& host) : host_(host) {}

  void take(const char* key, double& value, double least, double most) const {
    const std::string text = host_.text(key);
    if (text == kPublished) return;
    const double given = host_.number(key);
    if (!(given >= least && given <= most)) refuse(key, text, least, most);
    value = given;
  }
  void take(const char* key, std::int64_t& value, std::int64_t least, std::int64_t most) const {
    const std::string text = host_.text(key);
    if (text == kPublished) return;
    const std::int64_t given = host_.integer(key);
    if (given < least || given > most) refuse(key, text, static_cast<double>(least), static_cast<double>(most));
    value = given;
  }

 private:
  [[noreturn]] static void refuse(const char* key, const std::string& text, double least, double most) {
    std::ostringstream message;
    message.imbue(std::locale::classic());
    message << "option '" << key << "' is " << text << ", not " << kPublished << " or from " << least << " to " << most;
    throw sdk::Error(message.str());
  }

  const sdk::Host& host_;
};

}  // namespace

AttentionOptions published_options(Size size, bool of_classes) {
  AttentionOptions options;
  options.size = size;
  if (size == Size::full) {
    options.n_layers = 8;
    options.n_heads = 10;
    options.token_dropout = 0;
    options.encoder_dropout = 0.0836;
    options.modality_dropout = 0.00434;
    options.reconstruction_weight = 9.4116;
    options.autoencoder_weight = 9.5606;
    options.learning_rate = 5.279e-4;
    options.batch_rows = 32;
  } else if (of_classes) {
    options.n_layers = 7;
    options.normalises_inputs = true;
    options.learning_rate = 4.59e-5;
    options.most_epochs = 200;
  }
  return options;
}

std::vector<sdk::Option> declared_options() {
  return {
      {"size", "simple", "the published model: simple, or full (deltas alone; needs control profiles)"},
      {"layers", kPublished, "layers of the encoder, 1 to 64 (published: simple 4, classes 7, full 8)"},
      {"heads", kPublished, "attention heads, a divisor of 100 (published: simple 5, full 10)"},
      {"learning_rate", kPublished, "of Adam (published: simple 9.931e-4, classes 4.59e-5, full 5.279e-4)"},
      {"batch", kPublished, "training rows a step, 1 to 65536 (published: simple 64, full 32)"},
      {"warm_up", kPublished, "epochs in which the learning rate rises from 1e-8, 0 to 1000 (published: 5)"},
      {"epochs", kPublished, "epochs at most, 1 to 100000 (published: 75, classes 200)"},
      {"patience", kPublished, "epochs without a better validation loss before it stops, 1 to 100000 (published: 25)"},
      {"dropout", kPublished, "of tokens (simple: 0.1) or within the encoder (full: 0.0836), 0 to 0.9"},
      {"validation_percent", kPublished, "of the training perturbations, 1 to 90 (published: 20)"},
      {"validation_seed", "42", "of the choice of validation perturbations, 0 to 4294967295"},
      {"training_seed", "123", "of weights, batches and dropout, to which --seed is added; 0 to 4294967295"},
  };
}

AttentionOptions options_of(const sdk::Host& host, bool of_classes) {
  const std::string size = host.text("size");
  if (size != "simple" && size != "full") throw sdk::Error("option 'size' is '" + size + "', not simple or full");
  if (size == "full" && of_classes) {
    throw sdk::Unsupported("the full size predicts deltas alone: leave option 'size' at simple for classes");
  }
  AttentionOptions options = published_options(size == "full" ? Size::full : Size::simple, of_classes);
  const GivenNumbers given(host);
  given.take("layers", options.n_layers, 1, 64);
  given.take("heads", options.n_heads, 1, options.width);
  if (options.width % options.n_heads != 0) {
    throw sdk::Error("option 'heads' is " + host.text("heads") + ", which does not divide the width of 100");
  }
  given.take("learning_rate", options.learning_rate, 1e-12, 1);
  given.take("batch", options.batch_rows, 1, 65536);
  given.take("warm_up", options.warm_up_epochs, 0, 1000);
  given.take("epochs", options.most_epochs, 1, 100000);
  given.take("patience", options.patience_epochs, 1, 100000);
  given.take("dropout", size == "full" ? options.encoder_dropout : options.token_dropout, 0, 0.9);
  given.take("validation_percent", options.validation_percent, 1, 90);
  std::int64_t seed = 0;
  constexpr std::int64_t kLargestSeed = 4294967295;
  given.take("validation_seed", seed, 0, kLargestSeed);
  options.validation_seed = static_cast<std::uint32_t>(seed);
  given.take("training_seed", seed, 0, kLargestSeed);
  options.training_seed = static_cast<std::uint64_t>(seed) + host.seed();
  return options;
}

}  // namespace headroom::attention
