// Training the attention model: batches of rows, the loss of the published code, early stopping on held-out
// perturbations, and prediction with the best epoch's parameters.
//
// Threads. A batch is cut into parts of a fixed number of rows. Each part is one graph of its own, whose gradient is taken
// by one thread; the parts' gradients are added in their order. So no number depends on how many threads there are, and
// small matrices are not spread over threads, which costs more than it gains.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "attention/attention_model.hpp"
#include "attention/attention_rows.hpp"

namespace headroom::attention {

struct TrainingTargets {
  at::Tensor deltas;         // rows × genes; undefined for classes
  at::Tensor classes;        // rows × genes, int64; undefined for deltas
  at::Tensor class_weights;  // per class n / (classes · n of the class), over all genes and training rows; absent: 0
  at::Tensor profiles;       // full: lines × genes
};

struct Epoch {
  std::int64_t number = 0;  // from 1
  double training_loss = 0;
  double validation_loss = 0;  // mean row L2, or weighted cross-entropy
  double seconds = 0;
};

struct TrainingOutcome {
  std::vector<Epoch> epochs;   // that were run
  std::int64_t best_epoch = 0;  // its parameters are the model's now
  double best_validation_loss = 0;
};

// The learning rate of an epoch, counted from 0.
double learning_rate_of(const AttentionOptions& options, std::int64_t epoch);

// Weights of classes 0 to n_classes - 1 in rows of labels.
at::Tensor pooled_class_weights(const at::Tensor& classes, const std::vector<std::int64_t>& rows,
                                std::int64_t n_classes);

// `rows`: all training rows, of which `split` names those to train on and those to stop by; neither is empty. Calls
// `told` after each epoch. Throws sdk::Error where the loss is no number any more.
TrainingOutcome train(AttentionModel& model, const ModelShape& shape, const AttentionRows& rows,
                      const TrainingTargets& targets, const ValidationSplit& split, int n_threads,
                      const std::function<void(const Epoch&)>& told);

// The model's outputs for all rows: rows × outputs.
at::Tensor predict_rows(const AttentionModel& model, const ModelShape& shape, const AttentionRows& rows,
                        const at::Tensor& profiles, const at::Tensor& trained_lines, int n_threads);

}  // namespace headroom::attention
