// Trains the attention fusion's simple model on random rows for a few epochs and prints the seconds of each, a line each:
// the one side of attention_epochs.py.
//   attention_epochs BLOCKS FEATURES ROWS GENES EPOCHS THREADS
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cstdio>
#include <cstdlib>

#include "attention/attention_training.hpp"

extern "C" void openblas_set_num_threads(int n_threads) __attribute__((weak));

int main(int argc, char** argv) {
  namespace attention = headroom::attention;
  if (argc != 7) {
    std::fputs("usage: attention_epochs BLOCKS FEATURES ROWS GENES EPOCHS THREADS\n", stderr);
    return 2;
  }
  const auto number = [&](int at) { return std::strtoll(argv[at], nullptr, 10); };
  const std::int64_t n_rows = number(3);
  at::set_num_threads(1);
  if (openblas_set_num_threads != nullptr) openblas_set_num_threads(1);

  attention::ModelShape shape;
  shape.options = attention::published_options(attention::Size::simple, false);
  shape.options.most_epochs = number(5);
  shape.block_features.assign(static_cast<std::size_t>(number(1)), number(2));
  shape.n_genes = shape.n_outputs = number(4);
  attention::AttentionRows rows;
  for (const std::int64_t n_features : shape.block_features) rows.inputs.push_back(at::randn({n_rows, n_features}));
  rows.lines = at::zeros({n_rows}, at::kLong);
  attention::TrainingTargets targets;
  targets.deltas = at::randn({n_rows, shape.n_genes});
  attention::ValidationSplit split;
  for (std::int64_t i = 0; i < n_rows; ++i) (i % 5 == 0 ? split.validation : split.training).push_back(i);
  attention::AttentionModel model(shape, shape.options.training_seed);
  attention::train(model, shape, rows, targets, split, static_cast<int>(number(6)), [](const attention::Epoch& epoch) {
    std::printf("%.4f\n", epoch.seconds);
    std::fflush(stdout);
  });
}
