#include "plugin_host/perturbation_numbers.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <random>
#include <utility>

namespace headroom {
namespace {

// FNV-1a over the numbers' bytes.
void mix_in(std::uint64_t& hash, std::uint64_t value) {
  constexpr std::uint64_t kPrime = 0x100000001b3;
  for (int byte = 0; byte < 8; ++byte) hash = (hash ^ ((value >> (8 * byte)) & 0xff)) * kPrime;
}

void mix_in(std::uint64_t& hash, const std::vector<std::int32_t>& values) {
  mix_in(hash, values.size());
  for (const std::int32_t value : values) mix_in(hash, static_cast<std::uint32_t>(value));
}

}  // namespace

PerturbationNumbers number_perturbations(const PerturbationCodes& codes, std::int64_t n_training, std::int64_t n_query,
                                         const RowIndex& training_rows, std::uint64_t seed) {
  std::vector<std::int32_t> training = codes.training, query = codes.query;
  if (training.empty() && query.empty()) {
    training.resize(static_cast<std::size_t>(n_training));
    query.resize(static_cast<std::size_t>(n_query));
    std::iota(training.begin(), training.end(), 0);
    std::iota(query.begin(), query.end(), static_cast<std::int32_t>(n_training));
  }
  std::vector<std::int32_t> distinct = training;
  distinct.insert(distinct.end(), query.begin(), query.end());
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());

  std::uint64_t hash = 0xcbf29ce484222325;
  mix_in(hash, seed);
  mix_in(hash, training_rows);
  mix_in(hash, training);
  mix_in(hash, query);
  // Fisher and Yates, with the generator's own bits: the library's shuffle may differ from one build to the next.
  std::mt19937_64 bits(hash);
  std::vector<std::int32_t> number(distinct.size());
  std::iota(number.begin(), number.end(), 0);
  for (std::size_t i = number.size(); i > 1; --i) std::swap(number[i - 1], number[bits() % i]);

  const auto numbered = [&](std::vector<std::int32_t> rows) {
    for (std::int32_t& row : rows) {
      row =
          number[static_cast<std::size_t>(std::lower_bound(distinct.begin(), distinct.end(), row) - distinct.begin())];
    }
    return rows;
  };
  return {numbered(std::move(training)), numbered(std::move(query)), static_cast<std::int64_t>(distinct.size())};
}

}  // namespace headroom
