#include "conformance/difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace headroom {
namespace {

constexpr double kAnotherShape = std::numeric_limits<double>::infinity();

}  // namespace

void Difference::include(const Difference& other) {
  is_bitwise_equal = is_bitwise_equal && other.is_bitwise_equal;
  relative = std::max(relative, other.relative);
}

Difference difference(const Matrix& a, const Matrix& b) {
  if (a.rows() != b.rows() || a.cols() != b.cols()) return {false, kAnotherShape};
  if (a.size() == 0) return {};
  if (std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(double)) == 0) return {};
  const double scale = std::max(a.cwiseAbs().maxCoeff(), b.cwiseAbs().maxCoeff());
  return {false, scale > 0 ? (a - b).cwiseAbs().maxCoeff() / scale : 0};
}

Difference difference(const EmbeddingAnswer& a, const EmbeddingAnswer& b) {
  if (a.present != b.present) return {false, kAnotherShape};
  return difference(a.vectors, b.vectors);
}

Difference difference(const Predictions& a, const Predictions& b) {
  if (a.feasible != b.feasible || a.values.size() != b.values.size()) return {false, kAnotherShape};
  Difference whole;
  for (std::size_t i = 0; i < a.values.size(); ++i) whole.include(difference(a.values[i], b.values[i]));
  return whole;
}

EmbeddingAnswer rows_of(const EmbeddingAnswer& answer, const RowIndex& rows) {
  EmbeddingAnswer part;
  part.vectors = gather_rows(answer.vectors, rows);
  for (const std::int32_t row : rows) part.present.push_back(answer.present[static_cast<std::size_t>(row)]);
  // As an answer has it that knows nothing.
  if (std::none_of(part.present.begin(), part.present.end(), [](auto mark) { return mark != 0; })) {
    part.vectors.resize(part.vectors.rows(), 0);
  }
  return part;
}

Predictions rows_of(const Predictions& answer, const RowIndex& rows) {
  Predictions part;
  part.feasible = answer.feasible;
  for (const Matrix& values : answer.values) {
    part.values.push_back(values.size() == 0 ? Matrix() : gather_rows(values, rows));
  }
  return part;
}

Finding expect_same_bits(const Difference& difference, const std::string& changed) {
  if (difference.is_bitwise_equal) return passed("bit for bit the same");
  if (std::isinf(difference.relative)) return failed(changed + " changes which rows or settings are answered");
  return failed(fmt::format("{} changes the numbers, by {:.2g} of the largest", changed, difference.relative));
}

Finding expect_same_numbers(const Difference& difference, const std::string& changed) {
  if (difference.is_bitwise_equal || difference.relative > kSingleRoundingTolerance)
    return expect_same_bits(difference, changed);
  return warned(fmt::format("{} changes the last digits{}, by {:.2g} of the largest", changed,
                            difference.relative > kRoundingTolerance ? " of single precision" : "",
                            difference.relative));
}

}  // namespace headroom
