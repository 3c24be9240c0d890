#include "ceilings/backtest.hpp"

#include <cmath>
#include <map>
#include <tuple>

#include "numerics/quantile.hpp"

namespace headroom::ceilings {

double CeilingError::error_of_gap() const {
  const double gap = std::abs(expected - null);
  return gap > 0 ? (predicted - expected) / gap : 0;
}

Replicated replicated(const std::string& name, const SimulatedTruth& truth, int n_seconds) {
  constexpr std::size_t kDeepTimes = 20;
  Replicated out{name, {}, truth.screen(1u << 20, kDeepTimes)};
  // Each with a first screen of its own: how one of them happened to come out is no error of a ceiling.
  for (int i = 0; i < n_seconds; ++i) {
    const auto number = static_cast<std::uint64_t>(2 * i);
    out.pairs.emplace_back(truth.screen(number), truth.screen(number + 1));
  }
  return out;
}

Replicated replicated(const std::string& name, const Screen& screen, int n_splits, std::uint64_t seed) {
  Replicated out{name, {}, std::nullopt};
  for (int i = 0; i < n_splits; ++i) out.pairs.push_back(halves_of(screen, seed + static_cast<std::uint64_t>(i)));
  return out;
}

std::vector<Accuracy> accuracy_of(const std::vector<CeilingError>& errors) {
  using Kind = std::tuple<std::string, std::string, std::string, std::string>;
  std::map<Kind, std::vector<double>> of_kind;
  for (const CeilingError& each : errors) {
    of_kind[{each.level, each.metric, each.control, each.way}].push_back(each.error_of_gap());
  }
  std::vector<Accuracy> out;
  for (const auto& [kind, signed_errors] : of_kind) {
    std::vector<double> sizes;
    for (const double error : signed_errors) sizes.push_back(std::abs(error));
    const auto& [level, metric, control, way] = kind;
    out.push_back({level, metric, control, way, sizes.size(), median(sizes), median(signed_errors)});
  }
  return out;
}

}  // namespace headroom::ceilings
