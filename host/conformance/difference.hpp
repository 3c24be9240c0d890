// How far apart two answers are that should be the same.
#pragma once

#include <string>
#include <vector>

#include "conformance/finding.hpp"
#include "matrix/matrix.hpp"
#include "plugin_host/worker_session.hpp"

namespace headroom {

// A predictor's answer, copied out of the worker's reach and found finite.
struct Predictions {
  std::vector<std::uint8_t> feasible;  // one per setting
  std::vector<Matrix> values;  // settings × planes, each query rows × genes; 0 × 0 where the setting is infeasible
};

struct Difference {
  bool is_bitwise_equal = true;
  double relative = 0;  // largest |a − b| over the largest |a|; infinite if the shapes or masks differ
  void include(const Difference& other);
};

// Sums of products in another order, as a BLAS makes them for another shape, differ by less: in double precision, and
// in the single precision that most models are trained in.
inline constexpr double kRoundingTolerance = 1e-9;
inline constexpr double kSingleRoundingTolerance = 1e-6;

Difference difference(const Matrix& a, const Matrix& b);
Difference difference(const EmbeddingAnswer& a, const EmbeddingAnswer& b);
Difference difference(const Predictions& a, const Predictions& b);

// Rows `rows` of an answer, in that order.
EmbeddingAnswer rows_of(const EmbeddingAnswer& answer, const RowIndex& rows);
Predictions rows_of(const Predictions& answer, const RowIndex& rows);

// `changed`: "the order of the ids", what should have made no difference.
Finding expect_same_bits(const Difference& difference, const std::string& changed);  // else fail
// Else: rounding, of single precision at most, is warned of; more fails.
Finding expect_same_numbers(const Difference& difference, const std::string& changed);

}  // namespace headroom
