// The published transformer over the embeddings of a perturbation: one token a block, a learned CLS, an encoder with
// post-norm layers, and a head on what CLS has gathered (protocol section 9).
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "attention/attention_options.hpp"
#include "attention/attention_rows.hpp"

namespace headroom::attention {

// What the parameters' shapes depend on.
struct ModelShape {
  AttentionOptions options;
  std::vector<std::int64_t> block_features;  // per block
  std::int64_t n_lines = 1;                  // contexts
  std::int64_t n_genes = 0;
  std::int64_t n_outputs = 0;  // n_genes, or classes · n_genes, class by class
};

// What the model makes of some rows.
struct ModelAnswer {
  at::Tensor outputs;                       // rows × outputs
  std::vector<at::Tensor> reconstructions;  // full: per block rows × features, of the inputs
  at::Tensor profiles;                      // full: rows × genes, of the rows' control profiles
};

// All parameters of the model lie in one vector of floats, `values`: they are stepped, kept and put back as one.
class AttentionModel {
 public:
  // Weights as PyTorch's modules begin with: linear layers and their biases uniform within 1/sqrt(inputs), the joint
  // projection of queries, keys and values uniform by Xavier with a bias of zero (so the bias behind the attention),
  // layer norms 1 and 0, vectors of lines standard normal; CLS normal with a deviation of 0.02, as transformers use it.
  AttentionModel(const ModelShape& shape, std::uint64_t seed);
  AttentionModel(const AttentionModel&) = delete;  // its parameters are views into itself
  AttentionModel& operator=(const AttentionModel&) = delete;

  // `dropout`: the generator of a training pass; null for prediction, which drops nothing. `profiles`: of the full size,
  // control profiles of all lines. `trained_lines`: which lines training had rows of; rows of others get the mean vector
  // of these. Undefined: all of them.
  ModelAnswer forward(const AttentionRows& rows, const at::Tensor& profiles, at::Generator* dropout,
                      const at::Tensor& trained_lines = {}) const;

  std::vector<float>& values() { return values_; }
  const std::vector<float>& values() const { return values_; }
  // Views of `values`, in a fixed order, each a leaf of the graph that forward() makes.
  const std::vector<at::Tensor>& parameters() const { return parameters_; }

 private:
  struct Linear {
    std::size_t weight = 0, bias = 0;  // positions in parameters_
  };
  struct Norm {
    std::size_t weight = 0, bias = 0;
  };
  struct Layer {
    Linear joint, projection, gate, widen, narrow;
    Norm after_attention, after_feed_forward;
  };
  struct Filler;

  at::Tensor apply(const Linear& linear, const at::Tensor& x) const;
  at::Tensor apply(const Norm& norm, const at::Tensor& x) const;
  at::Tensor encode(const Layer& layer, const at::Tensor& tokens, const at::Tensor& mask, bool only_first,
                    at::Generator* dropout) const;
  at::Tensor vectors_of_lines(const at::Tensor& lines, const at::Tensor& trained_lines) const;

  ModelShape shape_;
  std::vector<float> values_;
  std::vector<at::Tensor> parameters_;

  std::vector<Norm> input_norms_;  // per block, of the target of classes
  std::vector<Linear> inputs_;     // per block
  std::size_t cls_ = 0;
  std::size_t line_vectors_ = 0;  // simple
  Norm line_norm_;
  std::vector<Layer> layers_;
  std::vector<Linear> head_;             // simple: one; full: three
  std::vector<Linear> reconstructions_;  // full, per block
  std::vector<Linear> encoder_, decoder_;  // full, of control profiles
  std::vector<Norm> encoder_norms_, decoder_norms_;
};

}  // namespace headroom::attention
