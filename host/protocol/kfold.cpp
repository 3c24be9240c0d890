#include "protocol/kfold.hpp"

#include <algorithm>
#include <numeric>
#include <span>

#include "numerics/numpy_random.hpp"

namespace headroom {

std::vector<RowIndex> kfold_test_rows(std::size_t n, int n_splits, std::optional<std::uint32_t> shuffle_seed) {
  RowIndex order(n);
  std::iota(order.begin(), order.end(), 0);
  if (shuffle_seed) NumpyRandomState(*shuffle_seed).shuffle(std::span(order));

  const auto k = static_cast<std::size_t>(n_splits);
  std::vector<RowIndex> folds(k);
  auto first = order.begin();
  for (std::size_t fold = 0; fold < k; ++fold) {
    const auto size = static_cast<std::ptrdiff_t>(n / k + (fold < n % k ? 1 : 0));
    folds[fold].assign(first, first + size);
    std::sort(folds[fold].begin(), folds[fold].end());
    first += size;
  }
  return folds;
}

RowIndex complement_rows(std::size_t n, const RowIndex& rows) {
  RowIndex rest;
  rest.reserve(n - rows.size());
  auto next = rows.begin();
  for (std::size_t i = 0; i < n; ++i) {
    if (next != rows.end() && static_cast<std::size_t>(*next) == i) {
      ++next;
    } else {
      rest.push_back(static_cast<std::int32_t>(i));
    }
  }
  return rest;
}

}  // namespace headroom
