// The rows of a request as the model reads them: single precision tensors, one row each.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "headroom/predictor.hpp"

namespace headroom::attention {

// Training or query rows, in the order of the request.
struct AttentionRows {
  std::vector<at::Tensor> inputs;  // per block: rows × features, zero where absent
  at::Tensor absent;               // rows × blocks, true where the block lacks the row; undefined if none does
  at::Tensor lines;                // rows: the number of the row's context
};

AttentionRows training_rows_of(const sdk::PredictorRequest& request);
AttentionRows query_rows_of(const sdk::PredictorRequest& request);

// Some of the rows, by position.
AttentionRows rows_at(const AttentionRows& rows, const at::Tensor& positions);

// Each column less its mean over the `training` rows, divided by their standard deviation (ddof 1, at least 1e-8); rows
// that are absent count as zeros, and stay zero. Both in place.
void z_score(AttentionRows& training, AttentionRows& query);

// Deltas of the training rows, or class numbers (int64): training rows × genes.
at::Tensor deltas_of(const sdk::PredictorRequest& request);
at::Tensor classes_of(const sdk::PredictorRequest& request);

// The mean control profile of each context, contexts × genes; undefined unless all have one.
at::Tensor control_profiles_of(const sdk::PredictorRequest& request);

// Positions of training rows.
struct ValidationSplit {
  std::vector<std::int64_t> training, validation;
};

// Holds out `percent` of the perturbations (rounded up) with all of their rows, among the rows that have labels. They
// are counted in the order in which they appear: their numbers mean nothing. Fewer than two leave one part empty.
ValidationSplit validation_split(const sdk::PredictorRequest& request, double percent, std::uint32_t seed);

}  // namespace headroom::attention
