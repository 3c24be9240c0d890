#include "attention/attention_rows.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "numerics/numpy_random.hpp"

namespace headroom::attention {
namespace {

constexpr double kLeastDeviation = 1e-8;

at::Tensor as_floats(const sdk::ConstMatrixMap& matrix) {
  at::Tensor floats = at::empty({matrix.rows(), matrix.cols()}, at::kFloat);
  float* to = floats.data_ptr<float>();
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    for (Eigen::Index j = 0; j < matrix.cols(); ++j) *to++ = static_cast<float>(matrix(i, j));
  }
  return floats;
}

// Of training rows or of query rows: what `features`, `present` and `line` say of them.
template <class Features, class Present, class Line>
AttentionRows rows_of(const sdk::PredictorRequest& request, std::int64_t n_rows, const Features& features,
                      const Present& present, const Line& line) {
  AttentionRows rows;
  rows.absent = at::zeros({n_rows, request.n_blocks()}, at::kBool);
  bool* const absent = rows.absent.data_ptr<bool>();
  for (std::int64_t b = 0; b < request.n_blocks(); ++b) {
    const sdk::Block block = request.block(b);
    rows.inputs.push_back(as_floats(features(block)));
    for (std::int64_t i = 0; i < n_rows; ++i) absent[i * request.n_blocks() + b] = !present(block, i);
  }
  if (std::none_of(absent, absent + n_rows * request.n_blocks(), [](bool is) { return is; })) rows.absent.reset();
  rows.lines = at::empty({n_rows}, at::kLong);
  for (std::int64_t i = 0; i < n_rows; ++i) rows.lines.data_ptr<std::int64_t>()[i] = line(i);
  return rows;
}

void centre_and_scale(at::Tensor& rows, const at::Tensor& absent, const at::Tensor& mean, const at::Tensor& deviation) {
  rows.sub_(mean).div_(deviation);
  if (absent.defined()) rows.masked_fill_(absent.unsqueeze(1), 0);
}

}  // namespace

AttentionRows training_rows_of(const sdk::PredictorRequest& request) {
  return rows_of(
      request, request.n_training(), [](const sdk::Block& block) { return block.training(); },
      [](const sdk::Block& block, std::int64_t i) { return block.training_present(i); },
      [&](std::int64_t i) { return request.training_context_number(i); });
}

AttentionRows query_rows_of(const sdk::PredictorRequest& request) {
  return rows_of(
      request, request.n_query(), [](const sdk::Block& block) { return block.query(); },
      [](const sdk::Block& block, std::int64_t i) { return block.query_present(i); },
      [&](std::int64_t i) { return request.query_context_number(i); });
}

AttentionRows rows_at(const AttentionRows& rows, const at::Tensor& positions) {
  AttentionRows some;
  for (const at::Tensor& input : rows.inputs) some.inputs.push_back(input.index_select(0, positions));
  if (rows.absent.defined()) some.absent = rows.absent.index_select(0, positions);
  some.lines = rows.lines.index_select(0, positions);
  return some;
}

void z_score(AttentionRows& training, AttentionRows& query) {
  for (std::size_t b = 0; b < training.inputs.size(); ++b) {
    const at::Tensor doubles = training.inputs[b].to(at::kDouble);
    const at::Tensor mean = doubles.mean(0).to(at::kFloat);
    // The deviation of a single row is undefined: nothing is known of its scale.
    const at::Tensor deviation = doubles.size(0) < 2 ? at::ones_like(mean)
                                                     : doubles.std(0, /*unbiased=*/true)
                                                           .clamp_min(kLeastDeviation)
                                                           .to(at::kFloat);
    const auto column = [&](const at::Tensor& absent) {
      return absent.defined() ? absent.select(1, static_cast<std::int64_t>(b)) : at::Tensor();
    };
    centre_and_scale(training.inputs[b], column(training.absent), mean, deviation);
    centre_and_scale(query.inputs[b], column(query.absent), mean, deviation);
  }
}

at::Tensor deltas_of(const sdk::PredictorRequest& request) {
  at::Tensor deltas = at::empty({request.n_training(), request.n_genes()}, at::kFloat);
  float* to = deltas.data_ptr<float>();
  for (std::int64_t i = 0; i < request.n_training(); ++i) {
    for (const double value : request.training_delta(i)) *to++ = static_cast<float>(value);
  }
  return deltas;
}

at::Tensor classes_of(const sdk::PredictorRequest& request) {
  at::Tensor classes = at::zeros({request.n_training(), request.n_genes()}, at::kLong);
  std::int64_t* to = classes.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < request.n_training(); ++i, to += request.n_genes()) {
    if (!request.training_labelled(i)) continue;
    for (std::int64_t gene = 0; gene < request.n_genes(); ++gene) to[gene] = request.training_class(i, gene);
  }
  return classes;
}

at::Tensor control_profiles_of(const sdk::PredictorRequest& request) {
  const sdk::Contexts contexts = request.contexts();
  for (std::int64_t b = 0; b < contexts.n_blocks(); ++b) {
    const sdk::ContextBlock block = contexts.block(b);
    if (block.name() != HEADROOM_CONTROL_PROFILE) continue;
    for (std::int64_t c = 0; c < contexts.size(); ++c) {
      if (!block.present(c)) return {};
    }
    return as_floats(block.features());
  }
  return {};
}

ValidationSplit validation_split(const sdk::PredictorRequest& request, double percent, std::uint32_t seed) {
  std::vector<std::int64_t> order_of(static_cast<std::size_t>(request.n_perturbations()), -1);
  std::vector<std::int64_t> order;
  for (std::int64_t i = 0; i < request.n_training(); ++i) {
    std::int64_t& place = order_of[static_cast<std::size_t>(request.training_perturbation(i))];
    if (!request.training_labelled(i) || place >= 0) continue;
    place = static_cast<std::int64_t>(order.size());
    order.push_back(place);
  }
  NumpyRandomState(seed).shuffle(std::span(order));
  const auto n_held_out = static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(order.size())));
  std::vector<std::uint8_t> is_held_out(order.size(), 0);
  for (std::size_t p = 0; p < n_held_out; ++p) is_held_out[static_cast<std::size_t>(order[p])] = 1;
  ValidationSplit split;
  for (std::int64_t i = 0; i < request.n_training(); ++i) {
    if (!request.training_labelled(i)) continue;
    const std::int64_t place = order_of[static_cast<std::size_t>(request.training_perturbation(i))];
    (is_held_out[static_cast<std::size_t>(place)] ? split.validation : split.training).push_back(i);
  }
  return split;
}

}  // namespace headroom::attention
