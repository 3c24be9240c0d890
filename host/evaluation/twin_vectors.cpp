#include "evaluation/twin_vectors.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace headroom {
namespace {

// Rows with equal vectors get one number. Sorting, not hashing: -0 equals 0.
std::vector<std::size_t> classes_of_equal_rows(const Matrix& vectors) {
  std::vector<Eigen::Index> order(static_cast<std::size_t>(vectors.rows()));
  std::iota(order.begin(), order.end(), 0);
  const auto is_less = [&](Eigen::Index a, Eigen::Index b) {
    const auto left = vectors.row(a), right = vectors.row(b);
    return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end());
  };
  std::sort(order.begin(), order.end(), is_less);
  std::vector<std::size_t> classes(order.size());
  std::size_t current = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && is_less(order[i - 1], order[i])) ++current;
    classes[static_cast<std::size_t>(order[i])] = current;
  }
  return classes;
}

}  // namespace

TwinVectors count_twin_vectors(const Embedding& embedding, const ContextEvaluation& context, std::size_t n_folds) {
  const std::vector<std::size_t> classes = classes_of_equal_rows(embedding.vectors);
  TwinVectors twins;
  for (std::size_t f = 0; f < std::min(n_folds, context.splits.size()); ++f) {
    std::vector<bool> is_in_training(classes.size(), false);  // per class
    for (const TaskRow& training : context.splits[f].training) {
      const auto row = static_cast<std::size_t>(training.row);
      if (embedding.present[row]) is_in_training[classes[row]] = true;
    }
    for (const TaskRow& test : context.splits[f].test) {
      const auto row = static_cast<std::size_t>(test.row);
      if (!embedding.present[row]) continue;
      ++twins.n_tests;
      twins.n_twins += is_in_training[classes[row]];
    }
  }
  return twins;
}

}  // namespace headroom
