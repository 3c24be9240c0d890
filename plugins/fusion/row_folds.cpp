#include "fusion/row_folds.hpp"

#include <random>
#include <utility>

namespace headroom::fusion {

std::vector<std::int64_t> row_folds(const sdk::PredictorRequest& request) {
  // The perturbations' numbers are drawn anew for each request: only their order of appearance may show.
  std::vector<std::int64_t> order_of(static_cast<std::size_t>(request.n_perturbations()), -1);
  std::vector<std::int64_t> appearance;  // of each row's perturbation
  std::int64_t n_perturbations = 0;
  for (std::int64_t i = 0; i < request.n_training(); ++i) {
    std::int64_t& order = order_of[static_cast<std::size_t>(request.training_perturbation(i))];
    if (order < 0) order = n_perturbations++;
    appearance.push_back(order);
  }
  // Fisher-Yates by hand: std::shuffle is another permutation in another library.
  std::vector<std::int64_t> place(static_cast<std::size_t>(n_perturbations));
  for (std::int64_t p = 0; p < n_perturbations; ++p) place[static_cast<std::size_t>(p)] = p;
  std::mt19937_64 bits(42);
  for (std::int64_t p = n_perturbations - 1; p > 0; --p) {
    const auto other = static_cast<std::size_t>(bits() % static_cast<std::uint64_t>(p + 1));
    std::swap(place[static_cast<std::size_t>(p)], place[other]);
  }
  std::vector<std::int64_t> folds;
  for (const std::int64_t order : appearance) folds.push_back(place[static_cast<std::size_t>(order)] % kRowFolds);
  return folds;
}

}  // namespace headroom::fusion
