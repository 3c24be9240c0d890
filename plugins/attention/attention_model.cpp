#include "attention/attention_model.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <torch/csrc/autograd/variable.h>

#include <array>
#include <cmath>
#include <functional>
#include <limits>

namespace headroom::attention {
namespace {

constexpr double kClsDeviation = 0.02;
constexpr std::int64_t kHeadWidth = 400;                          // full: of the two hidden layers of the head
constexpr std::array<std::int64_t, 2> kAutoencoder = {1024, 256};  // full: between genes and the latent vector
constexpr double kAutoencoderDropout = 0.1;

// Zeroes a share of the values and scales up the others; with a generator of the caller's, so that threads cannot take
// each other's numbers.
at::Tensor drop(const at::Tensor& x, double share, at::Generator* generator) {
  if (generator == nullptr || share == 0) return x;
  const at::Tensor kept = at::empty(x.sizes(), x.options().requires_grad(false)).bernoulli_(1 - share, *generator);
  return x * kept.div_(1 - share);
}

std::int64_t count_of(at::IntArrayRef sizes) {
  std::int64_t count = 1;
  for (const std::int64_t size : sizes) count *= size;
  return count;
}

}  // namespace

// Lays the parameters out, one after the other, and says how each begins.
struct AttentionModel::Filler {
  struct Part {
    std::vector<std::int64_t> sizes;
    std::function<void(at::Tensor&)> fill;
  };
  at::Generator generator;
  std::vector<Part> parts;

  std::size_t add(std::vector<std::int64_t> sizes, std::function<void(at::Tensor&)> fill) {
    parts.push_back({std::move(sizes), std::move(fill)});
    return parts.size() - 1;
  }
  std::size_t uniform(std::vector<std::int64_t> sizes, double most) {
    return add(std::move(sizes), [this, most](at::Tensor& x) { x.uniform_(-most, most, generator); });
  }
  std::size_t normal(std::vector<std::int64_t> sizes, double deviation) {
    return add(std::move(sizes), [this, deviation](at::Tensor& x) { x.normal_(0, deviation, generator); });
  }
  std::size_t constant(std::vector<std::int64_t> sizes, double value) {
    return add(std::move(sizes), [value](at::Tensor& x) { x.fill_(value); });
  }
  Linear linear(std::int64_t from, std::int64_t to) {
    const double most = 1 / std::sqrt(static_cast<double>(from));
    const std::size_t weight = uniform({to, from}, most);
    return {weight, uniform({to}, most)};
  }
  Norm norm(std::int64_t width) {
    const std::size_t weight = constant({width}, 1);
    return {weight, constant({width}, 0)};
  }
};

AttentionModel::AttentionModel(const ModelShape& shape, std::uint64_t seed) : shape_(shape) {
  const AttentionOptions& options = shape.options;
  const std::int64_t width = options.width;
  const bool is_full = options.size == Size::full;
  Filler filler{at::detail::createCPUGenerator(seed), {}};
  for (const std::int64_t n_features : shape.block_features) {
    if (options.normalises_inputs) input_norms_.push_back(filler.norm(n_features));
    inputs_.push_back(filler.linear(n_features, width));
    if (is_full) reconstructions_.push_back(filler.linear(width, n_features));
  }
  cls_ = filler.normal({width}, kClsDeviation);
  for (std::int64_t l = 0; l < options.n_layers; ++l) {
    Layer layer;
    layer.joint.weight = filler.uniform({3 * width, width}, std::sqrt(6.0 / static_cast<double>(4 * width)));
    layer.joint.bias = filler.constant({3 * width}, 0);
    layer.projection = filler.linear(width, width);
    filler.parts[layer.projection.bias].fill = [](at::Tensor& x) { x.zero_(); };
    if (is_full) layer.gate = filler.linear(width, width);
    layer.widen = filler.linear(width, options.feed_forward * width);
    layer.narrow = filler.linear(options.feed_forward * width, width);
    layer.after_attention = filler.norm(width);
    layer.after_feed_forward = filler.norm(width);
    layers_.push_back(layer);
  }
  if (!is_full) {
    line_vectors_ = filler.normal({shape.n_lines, width}, 1);
    line_norm_ = filler.norm(width);
    head_ = {filler.linear(width, shape.n_outputs)};
  } else {
    head_ = {filler.linear(2 * width, kHeadWidth), filler.linear(kHeadWidth, kHeadWidth),
             filler.linear(kHeadWidth, shape.n_outputs)};
    const std::array<std::int64_t, 4> widths = {shape.n_genes, kAutoencoder[0], kAutoencoder[1], width};
    for (std::size_t i = 1; i < widths.size(); ++i) encoder_.push_back(filler.linear(widths[i - 1], widths[i]));
    for (std::size_t i = widths.size(); i-- > 1;) decoder_.push_back(filler.linear(widths[i], widths[i - 1]));
    for (const std::int64_t hidden : kAutoencoder) encoder_norms_.push_back(filler.norm(hidden));
    for (std::size_t i = kAutoencoder.size(); i-- > 0;) decoder_norms_.push_back(filler.norm(kAutoencoder[i]));
  }

  std::int64_t n_values = 0;
  for (const Filler::Part& part : filler.parts) n_values += count_of(part.sizes);
  values_.resize(static_cast<std::size_t>(n_values));
  float* at = values_.data();
  for (const Filler::Part& part : filler.parts) {
    at::Tensor parameter = at::from_blob(at, part.sizes, at::TensorOptions(at::kFloat));
    part.fill(parameter);
    parameters_.push_back(parameter.set_requires_grad(true));
    at += count_of(part.sizes);
  }
}

at::Tensor AttentionModel::apply(const Linear& linear, const at::Tensor& x) const {
  return at::linear(x, parameters_[linear.weight], parameters_[linear.bias]);
}

at::Tensor AttentionModel::apply(const Norm& norm, const at::Tensor& x) const {
  return at::layer_norm(x, {x.size(-1)}, parameters_[norm.weight], parameters_[norm.bias]);
}

// One layer; `only_first`: of the first token alone, which is all that the head looks at. `mask`: rows × 1 × 1 × tokens,
// true where there is no token; may be undefined.
at::Tensor AttentionModel::encode(const Layer& layer, const at::Tensor& tokens, const at::Tensor& mask, bool only_first,
                                  at::Generator* dropout) const {
  const AttentionOptions& options = shape_.options;
  const std::int64_t n_rows = tokens.size(0), width = options.width;
  const std::int64_t head_width = width / options.n_heads;
  const at::Tensor asking = only_first ? tokens.narrow(1, 0, 1) : tokens;
  const auto by_head = [&](const at::Tensor& x) {  // rows × heads × tokens × head width
    return x.reshape({n_rows, x.size(1), options.n_heads, head_width}).transpose(1, 2);
  };
  at::Tensor queries, keys, values;
  const at::Tensor &weight = parameters_[layer.joint.weight], &bias = parameters_[layer.joint.bias];
  if (only_first) {
    queries = at::linear(asking, weight.narrow(0, 0, width), bias.narrow(0, 0, width));
    const auto both = at::linear(tokens, weight.narrow(0, width, 2 * width), bias.narrow(0, width, 2 * width)).chunk(2, 2);
    keys = both[0], values = both[1];
  } else {
    const auto all = at::linear(tokens, weight, bias).chunk(3, 2);
    queries = all[0], keys = all[1], values = all[2];
  }
  const double scale = 1 / std::sqrt(static_cast<double>(head_width));
  at::Tensor scores = at::matmul(by_head(queries) * scale, by_head(keys).transpose(2, 3));
  if (mask.defined()) scores = scores.masked_fill(mask, -std::numeric_limits<float>::infinity());
  const at::Tensor shares = drop(at::softmax(scores, -1), options.encoder_dropout, dropout);
  at::Tensor gathered = at::matmul(shares, by_head(values)).transpose(1, 2).reshape({n_rows, asking.size(1), width});
  if (options.size == Size::full) gathered = gathered * at::sigmoid(apply(layer.gate, asking));
  at::Tensor x = asking + drop(apply(layer.projection, gathered), options.encoder_dropout, dropout);
  x = apply(layer.after_attention, x);
  const at::Tensor widened = drop(at::gelu(apply(layer.widen, x)), options.encoder_dropout, dropout);
  x = x + drop(apply(layer.narrow, widened), options.encoder_dropout, dropout);
  return apply(layer.after_feed_forward, x);
}

at::Tensor AttentionModel::vectors_of_lines(const at::Tensor& lines, const at::Tensor& trained_lines) const {
  const at::Tensor& vectors = parameters_[line_vectors_];
  if (!trained_lines.defined()) return vectors.index_select(0, lines);
  const at::Tensor mean = vectors.index_select(0, trained_lines.nonzero().squeeze(1)).mean(0, true);
  return at::where(trained_lines.unsqueeze(1), vectors, mean).index_select(0, lines);
}

ModelAnswer AttentionModel::forward(const AttentionRows& rows, const at::Tensor& profiles, at::Generator* dropout,
                                    const at::Tensor& trained_lines) const {
  const AttentionOptions& options = shape_.options;
  const std::int64_t n_rows = rows.lines.size(0), n_blocks = static_cast<std::int64_t>(inputs_.size());
  const bool is_full = options.size == Size::full;

  std::vector<at::Tensor> block_tokens;
  for (std::size_t b = 0; b < inputs_.size(); ++b) {
    const at::Tensor input = options.normalises_inputs ? apply(input_norms_[b], rows.inputs[b]) : rows.inputs[b];
    block_tokens.push_back(apply(inputs_[b], input));
  }
  at::Tensor tokens = at::stack(block_tokens, 1);
  if (dropout != nullptr && options.modality_dropout > 0) {
    tokens = tokens * at::empty({n_rows, n_blocks, 1}, at::kFloat).bernoulli_(1 - options.modality_dropout, *dropout);
  }
  tokens = at::cat({parameters_[cls_].expand({n_rows, 1, options.width}), tokens}, 1);
  if (!is_full) {
    const at::Tensor line = apply(line_norm_, vectors_of_lines(rows.lines, trained_lines));
    tokens =
        drop(tokens, options.token_dropout, dropout) + drop(line, options.token_dropout, dropout).unsqueeze(1);
  }

  at::Tensor mask;
  if (rows.absent.defined()) {
    mask = at::cat({at::zeros({n_rows, 1}, at::kBool), rows.absent}, 1).reshape({n_rows, 1, 1, n_blocks + 1});
  }
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const bool only_first = !is_full && l + 1 == layers_.size();
    tokens = encode(layers_[l], tokens, mask, only_first, dropout);
  }
  const at::Tensor gathered = tokens.select(1, 0);
  ModelAnswer answer;
  if (!is_full) {
    answer.outputs = apply(head_[0], gathered);
    return answer;
  }

  for (std::size_t b = 0; b < reconstructions_.size(); ++b) {
    answer.reconstructions.push_back(apply(reconstructions_[b], tokens.select(1, static_cast<std::int64_t>(b) + 1)));
  }
  // Of the lines' profiles a row each: dropout is of its own in every row.
  at::Tensor latent = profiles.index_select(0, rows.lines);
  for (std::size_t i = 0; i < encoder_.size(); ++i) {
    latent = apply(encoder_[i], latent);
    if (i + 1 < encoder_.size())
      latent = drop(at::relu(apply(encoder_norms_[i], latent)), kAutoencoderDropout, dropout);
  }
  latent = latent / latent.norm(2, {1}, true).clamp_min(1e-12);
  answer.profiles = latent;
  for (std::size_t i = 0; i < decoder_.size(); ++i) {
    answer.profiles = apply(decoder_[i], answer.profiles);
    if (i + 1 < decoder_.size())
      answer.profiles = drop(at::relu(apply(decoder_norms_[i], answer.profiles)), kAutoencoderDropout, dropout);
  }
  at::Tensor hidden = at::cat({gathered, latent}, 1);
  for (std::size_t i = 0; i < head_.size(); ++i) {
    hidden = apply(head_[i], hidden);
    if (i + 1 < head_.size()) hidden = at::gelu(hidden);
  }
  answer.outputs = hidden;
  return answer;
}

}  // namespace headroom::attention
