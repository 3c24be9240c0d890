// What can be set of the attention fusion, with the published values (protocol section 9).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "headroom/plugin.hpp"

namespace headroom::attention {

enum class Size { simple, full };

// The published model in one of its sizes. Constants that nothing sets are those of the published code.
struct AttentionOptions {
  Size size = Size::simple;
  std::int64_t n_layers = 4;
  std::int64_t n_heads = 5;
  std::int64_t width = 100;        // of a token
  std::int64_t feed_forward = 2;   // times the width
  bool normalises_inputs = false;  // a layer norm on each block's features (the target of classes)
  double token_dropout = 0.1;      // simple: of tokens and of the cell line's vector
  double encoder_dropout = 0;      // full: of attention weights and of what each half of a layer adds
  double modality_dropout = 0;     // full: chance that a block's token is zeroed in training
  double reconstruction_weight = 0;  // full: of the blocks' reconstruction in the loss
  double autoencoder_weight = 0;     // full: of the control profiles' autoencoder in the loss

  double learning_rate = 9.931e-4;
  std::int64_t batch_rows = 64;
  std::int64_t warm_up_epochs = 5;
  double warm_up_start = 1e-8;  // the learning rate of the first epoch
  std::int64_t most_epochs = 75;
  std::int64_t patience_epochs = 25;  // without a better validation loss
  double largest_gradient = 1;        // L2 norm over all parameters; larger ones are scaled down
  double validation_percent = 20;     // of the training perturbations
  std::uint32_t validation_seed = 42;
  std::uint64_t training_seed = 123;
};

// The published values of a size; `of_classes`: for the target of classes, which only the simple model has.
AttentionOptions published_options(Size size, bool of_classes);

// What the plugin declares, and what was set of it. Fails where a value is none that can be trained with, and for
// classes in the full size.
std::vector<sdk::Option> declared_options();
AttentionOptions options_of(const sdk::Host& host, bool of_classes);

}  // namespace headroom::attention
