#include "attention/attention_training.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/grad_mode.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <random>

#include "attention/adam.hpp"
#include "heads/panel_threads.hpp"

namespace headroom::attention {
namespace {

// Of a batch: few, so that matrices stay large and gradients are added up seldom; and enough for the cores of a desk.
constexpr std::int64_t kPartsOfBatch = 4;
constexpr std::int64_t kRowsOfPrediction = 64;

at::Tensor positions_of(const std::vector<std::int64_t>& positions, std::int64_t begin, std::int64_t end) {
  at::Tensor some = at::empty({end - begin}, at::kLong);
  std::copy(positions.begin() + begin, positions.begin() + end, some.data_ptr<std::int64_t>());
  return some;
}

// Of three numbers one seed, well mixed: neighbours would give related streams.
std::uint64_t seed_of(std::uint64_t seed, std::int64_t step, std::int64_t part) {
  std::seed_seq sequence{seed & 0xffffffffu, seed >> 32, static_cast<std::uint64_t>(step),
                         static_cast<std::uint64_t>(part)};
  std::uint32_t words[2];
  sequence.generate(words, words + 2);
  return (std::uint64_t{words[0]} << 32) | words[1];
}

// What the loss of a batch is divided by: a part of it does not know these.
struct BatchTotals {
  double n_rows = 0;
  double class_weight = 0;               // summed over rows and genes
  std::vector<double> n_block_rows = {};  // that each block has
};

BatchTotals totals_of(const AttentionRows& rows, const TrainingTargets& targets, const at::Tensor& classes) {
  BatchTotals totals;
  totals.n_rows = static_cast<double>(rows.lines.size(0));
  if (classes.defined())
    totals.class_weight = targets.class_weights.index_select(0, classes.reshape({-1})).sum(at::kDouble).item<double>();
  totals.n_block_rows.assign(rows.inputs.size(), totals.n_rows);
  for (std::size_t b = 0; rows.absent.defined() && b < rows.inputs.size(); ++b) {
    totals.n_block_rows[b] -= rows.absent.select(1, static_cast<std::int64_t>(b)).sum().item<double>();
  }
  return totals;
}

// The part of a batch's loss that the target makes: L2 of its rows, or its cross-entropy.
at::Tensor target_loss(const ModelShape& shape, const at::Tensor& outputs, const TrainingTargets& targets,
                       const at::Tensor& positions, const BatchTotals& totals) {
  if (targets.deltas.defined()) {
    return (outputs - targets.deltas.index_select(0, positions)).norm(2, {1}).sum() / totals.n_rows;
  }
  const at::Tensor classes = targets.classes.index_select(0, positions);
  const at::Tensor logits = outputs.reshape({outputs.size(0), -1, shape.n_genes});  // rows × classes × genes
  const at::Tensor summed =
      at::nll_loss_nd(at::log_softmax(logits, 1), classes, targets.class_weights, at::Reduction::Sum);
  return summed / totals.class_weight;
}

at::Tensor part_loss(const ModelShape& shape, const ModelAnswer& answer, const AttentionRows& rows,
                     const TrainingTargets& targets, const at::Tensor& positions, const BatchTotals& totals) {
  at::Tensor loss = target_loss(shape, answer.outputs, targets, positions, totals);
  const auto n_blocks = static_cast<double>(answer.reconstructions.size());
  for (std::size_t b = 0; b < answer.reconstructions.size(); ++b) {
    if (totals.n_block_rows[b] == 0) continue;
    at::Tensor squares = (answer.reconstructions[b] - rows.inputs[b]).square();
    if (rows.absent.defined()) {
      squares = squares * rows.absent.select(1, static_cast<std::int64_t>(b)).logical_not().unsqueeze(1);
    }
    const double n_values = totals.n_block_rows[b] * static_cast<double>(rows.inputs[b].size(1));
    loss = loss + squares.sum() * (shape.options.reconstruction_weight / (n_blocks * n_values));
  }
  if (answer.profiles.defined()) {
    const at::Tensor squares = (answer.profiles - targets.profiles.index_select(0, rows.lines)).square();
    const double n_values = totals.n_rows * static_cast<double>(answer.profiles.size(1));
    loss = loss + squares.sum() * (shape.options.autoencoder_weight / n_values);
  }
  return loss;
}

// The gradient of one part, tensor by tensor, and its loss.
struct PartGradient {
  double loss = 0;
  std::vector<at::Tensor> of_parameters;  // undefined where the loss does not depend on one
};

// Adds the parts' gradients in their order into one vector that is laid out as the parameters are.
void add_up(const std::vector<PartGradient>& parts, const std::vector<at::Tensor>& parameters,
            std::vector<float>& gradient, int n_threads) {
  std::vector<std::int64_t> begins;
  std::int64_t begin = 0;
  for (const at::Tensor& parameter : parameters) {
    begins.push_back(begin);
    begin += parameter.numel();
  }
  const auto n_parameters = static_cast<std::int64_t>(parameters.size());
  heads::on_threads(n_threads, n_parameters, [&](heads::PanelCounter& counter) {
    for (std::int64_t p; (p = counter.next()) < n_parameters;) {
      const auto place = static_cast<std::size_t>(p);
      float* const to = gradient.data() + begins[place];
      const std::int64_t n = parameters[place].numel();
      std::fill_n(to, n, 0.0f);
      for (const PartGradient& part : parts) {
        if (!part.of_parameters[place].defined()) continue;
        const at::Tensor slope = part.of_parameters[place].contiguous();
        const float* const from = slope.data_ptr<float>();
        for (std::int64_t i = 0; i < n; ++i) to[i] += from[i];
      }
    }
  });
}

double validation_loss(const AttentionModel& model, const ModelShape& shape, const AttentionRows& rows,
                       const TrainingTargets& targets, const std::vector<std::int64_t>& validation, int n_threads) {
  const auto n_rows = static_cast<std::int64_t>(validation.size());
  const std::int64_t n_parts = (n_rows + kRowsOfPrediction - 1) / kRowsOfPrediction;
  std::vector<double> losses(static_cast<std::size_t>(n_parts), 0), weights = losses;
  heads::on_threads(n_threads, n_parts, [&](heads::PanelCounter& counter) {
    const at::NoGradGuard no_graph;
    for (std::int64_t part; (part = counter.next()) < n_parts;) {
      const at::Tensor positions = positions_of(validation, part * kRowsOfPrediction,
                                                std::min(n_rows, (part + 1) * kRowsOfPrediction));
      const AttentionRows some = rows_at(rows, positions);
      const at::Tensor outputs = model.forward(some, targets.profiles, nullptr).outputs;
      BatchTotals one;
      one.n_rows = one.class_weight = 1;
      losses[static_cast<std::size_t>(part)] = target_loss(shape, outputs, targets, positions, one).item<double>();
      const at::Tensor classes = targets.classes.defined() ? targets.classes.index_select(0, positions) : at::Tensor();
      const BatchTotals totals = totals_of(some, targets, classes);
      weights[static_cast<std::size_t>(part)] = classes.defined() ? totals.class_weight : totals.n_rows;
    }
  });
  double loss = 0, weight = 0;
  for (std::size_t part = 0; part < losses.size(); ++part) loss += losses[part], weight += weights[part];
  return loss / weight;
}

// One pass over the training rows in an order of its own. The mean of the batches' losses.
class Pass {
 public:
  Pass(AttentionModel& model, const ModelShape& shape, const AttentionRows& rows, const TrainingTargets& targets,
       int n_threads)
      : model_(model),
        shape_(shape),
        rows_(rows),
        targets_(targets),
        n_threads_(n_threads),
        adam_(model.values().size()),
        gradient_(model.values().size()) {}

  double run(const std::vector<std::int64_t>& order, double learning_rate) {
    const auto n_rows = static_cast<std::int64_t>(order.size());
    const std::int64_t batch_rows = shape_.options.batch_rows;
    double loss = 0;
    for (std::int64_t begin = 0; begin < n_rows; begin += batch_rows) {
      const std::int64_t end = std::min(n_rows, begin + batch_rows);
      const double of_batch = step(order, begin, end, learning_rate);
      loss += of_batch * static_cast<double>(end - begin);
    }
    return loss / static_cast<double>(n_rows);
  }

 private:
  double step(const std::vector<std::int64_t>& order, std::int64_t begin, std::int64_t end, double learning_rate) {
    const AttentionOptions& options = shape_.options;
    const at::Tensor all = positions_of(order, begin, end);
    const AttentionRows batch = rows_at(rows_, all);
    const at::Tensor classes = targets_.classes.defined() ? targets_.classes.index_select(0, all) : at::Tensor();
    const BatchTotals totals = totals_of(batch, targets_, classes);
    const std::int64_t part_rows = (options.batch_rows + kPartsOfBatch - 1) / kPartsOfBatch;
    const std::int64_t n_parts = (end - begin + part_rows - 1) / part_rows;
    std::vector<PartGradient> parts(static_cast<std::size_t>(n_parts));
    const std::int64_t number = n_steps_++;
    heads::on_threads(n_threads_, n_parts, [&](heads::PanelCounter& counter) {
      const at::AutoGradMode with_graph(true);
      for (std::int64_t part; (part = counter.next()) < n_parts;) {
        const std::int64_t first = begin + part * part_rows, last = std::min(end, first + part_rows);
        const at::Tensor positions = positions_of(order, first, last);
        const AttentionRows some = rows_at(rows_, positions);
        at::Generator dropout = at::detail::createCPUGenerator(seed_of(options.training_seed, number, part));
        const ModelAnswer answer = model_.forward(some, targets_.profiles, &dropout);
        const at::Tensor loss = part_loss(shape_, answer, some, targets_, positions, totals);
        PartGradient& made = parts[static_cast<std::size_t>(part)];
        made.loss = loss.item<double>();
        made.of_parameters = torch::autograd::grad({loss}, model_.parameters(), {}, /*retain_graph=*/false,
                                                   /*create_graph=*/false, /*allow_unused=*/true);
      }
    });
    double loss = 0;
    for (const PartGradient& part : parts) loss += part.loss;
    add_up(parts, model_.parameters(), gradient_, n_threads_);
    const double norm = norm_of(gradient_, n_threads_);
    if (!std::isfinite(loss) || !std::isfinite(norm)) {
      throw sdk::Error("the training diverged: its loss is not finite after " + std::to_string(number) +
                       " steps; set a lower learning_rate, or scale the embeddings");
    }
    // As torch.nn.utils.clip_grad_norm_ does.
    const double scale = std::min(1.0, options.largest_gradient / (norm + 1e-6));
    adam_.step(model_.values(), gradient_, scale, learning_rate, n_threads_);
    return loss;
  }

  AttentionModel& model_;
  const ModelShape& shape_;
  const AttentionRows& rows_;
  const TrainingTargets& targets_;
  int n_threads_;
  Adam adam_;
  std::vector<float> gradient_;
  std::int64_t n_steps_ = 0;
};

}  // namespace

double learning_rate_of(const AttentionOptions& options, std::int64_t epoch) {
  if (epoch >= options.warm_up_epochs) return options.learning_rate;
  const double share = static_cast<double>(epoch) / static_cast<double>(options.warm_up_epochs);
  return options.warm_up_start + share * (options.learning_rate - options.warm_up_start);
}

at::Tensor pooled_class_weights(const at::Tensor& classes, const std::vector<std::int64_t>& rows,
                                std::int64_t n_classes) {
  const at::Tensor some = classes.index_select(0, positions_of(rows, 0, static_cast<std::int64_t>(rows.size())));
  const at::Tensor counts = at::bincount(some.reshape({-1}), {}, n_classes).to(at::kDouble);
  const at::Tensor weights = counts.sum() / (counts * static_cast<double>(n_classes));
  return at::where(counts > 0, weights, at::zeros_like(weights)).to(at::kFloat);
}

TrainingOutcome train(AttentionModel& model, const ModelShape& shape, const AttentionRows& rows,
                      const TrainingTargets& targets, const ValidationSplit& split, int n_threads,
                      const std::function<void(const Epoch&)>& told) {
  const AttentionOptions& options = shape.options;
  Pass pass(model, shape, rows, targets, n_threads);
  TrainingOutcome outcome;
  outcome.best_validation_loss = std::numeric_limits<double>::infinity();
  std::vector<float> best;
  std::vector<std::int64_t> order = split.training;
  std::mt19937_64 bits(seed_of(options.training_seed, -1, 0));
  for (std::int64_t epoch = 0; epoch < options.most_epochs; ++epoch) {
    const auto start = std::chrono::steady_clock::now();
    // Fisher-Yates by hand: std::shuffle is another permutation in another library.
    for (std::size_t i = order.size(); i-- > 1;) std::swap(order[i], order[bits() % (i + 1)]);
    Epoch made;
    made.number = epoch + 1;
    made.training_loss = pass.run(order, learning_rate_of(options, epoch));
    made.validation_loss = validation_loss(model, shape, rows, targets, split.validation, n_threads);
    made.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    outcome.epochs.push_back(made);
    if (made.validation_loss < outcome.best_validation_loss) {
      outcome.best_validation_loss = made.validation_loss;
      outcome.best_epoch = made.number;
      best = model.values();
    }
    told(made);
    if (made.number - outcome.best_epoch >= options.patience_epochs) break;
  }
  if (best.empty()) throw sdk::Error("the training diverged: no epoch has a validation loss");
  std::copy(best.begin(), best.end(), model.values().begin());  // in place: the parameters are views
  return outcome;
}

at::Tensor predict_rows(const AttentionModel& model, const ModelShape& shape, const AttentionRows& rows,
                        const at::Tensor& profiles, const at::Tensor& trained_lines, int n_threads) {
  const std::int64_t n_rows = rows.lines.size(0);
  at::Tensor outputs = at::empty({n_rows, shape.n_outputs}, at::kFloat);
  const std::int64_t n_parts = (n_rows + kRowsOfPrediction - 1) / kRowsOfPrediction;
  heads::on_threads(n_threads, n_parts, [&](heads::PanelCounter& counter) {
    const at::NoGradGuard no_graph;
    for (std::int64_t part; (part = counter.next()) < n_parts;) {
      const std::int64_t begin = part * kRowsOfPrediction, end = std::min(n_rows, begin + kRowsOfPrediction);
      const AttentionRows some = rows_at(rows, at::arange(begin, end, at::kLong));
      outputs.narrow(0, begin, end - begin).copy_(model.forward(some, profiles, nullptr, trained_lines).outputs);
    }
  });
  return outputs;
}

}  // namespace headroom::attention
