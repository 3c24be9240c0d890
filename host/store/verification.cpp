#include "store/verification.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace headroom {
namespace {

bool is_same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

std::string text_of(const std::map<std::string, double>& params) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : params) parts.push_back(fmt::format("{}={}", name, value));
  return parts.empty() ? "none" : fmt::format("{}", fmt::join(parts, " "));
}

std::string number_text(double value) { return std::isnan(value) ? "undefined" : fmt::format("{}", value); }

}  // namespace

const char* outcome_name(VerifiedOutcome outcome) {
  switch (outcome) {
    case VerifiedOutcome::equal:
      return "equal";
    case VerifiedOutcome::differs:
      return "differs";
    case VerifiedOutcome::inputs_changed:
      return "inputs changed";
  }
  return "";
}

namespace {

// The two differ.
std::string difference_of_fusion(const FusionOfFold& stored, const FusionOfFold& now) {
  if (stored.blocks != now.blocks) return "the blocks of the fusion cover other perturbations now";
  if (stored.weights.size() != now.weights.size()) return "the fusion tells other weights now";
  for (std::size_t i = 0; i < stored.weights.size(); ++i) {
    const BlockWeight &before = stored.weights[i], &after = now.weights[i];
    if (before == after) continue;
    return fmt::format("the weight of block {}{}: {}, now of {}{}: {}", before.name,
                       before.kernel.empty() ? "" : " " + before.kernel, before.weight, after.name,
                       after.kernel.empty() ? "" : " " + after.kernel, after.weight);
  }
  return "the error that the fusion tells of its training rows is another now";
}

// Of one metric; empty: none.
std::string difference_of_whole(const WholeFoldScores& stored, const WholeFoldScores& now, std::size_t metric) {
  if (stored.values.size() != now.values.size()) return "was of the fold or of its perturbations";
  if (stored.empty()) return {};
  const auto m = static_cast<Eigen::Index>(metric);
  if (!is_same(stored.values[m], now.values[m])) {
    return fmt::format("of the fold: {}, now {}", number_text(stored.values[m]), number_text(now.values[m]));
  }
  if (!is_same(stored.covered_values[m], now.covered_values[m])) return "of the covered perturbations is another now";
  if (stored.resampled.cols() != now.resampled.cols()) return "has another number of resamples now";
  for (Eigen::Index b = 0; b < stored.resampled.cols(); ++b) {
    if (!is_same(stored.resampled(m, b), now.resampled(m, b))) {
      return fmt::format("in resample {}: {}, now {}", b, number_text(stored.resampled(m, b)),
                         number_text(now.resampled(m, b)));
    }
  }
  return {};
}

}  // namespace

Verification::Verification(Store& store, const std::vector<EvaluationKey>& sample) : store_(store) {
  for (const EvaluationKey& key : sample) {
    order_.push_back(place_of(key));
    outcomes_[place_of(key)] = {key.context, key.split, key.method, VerifiedOutcome::inputs_changed,
                                "the task no longer asks for it"};
  }
}

Result<std::optional<FoldEvaluation>> Verification::recall(const EvaluationKey& key) {
  const auto found = outcomes_.find(place_of(key));
  FoldEvaluation left_out;
  left_out.status = Status::skipped;
  left_out.reason = "not to be verified";
  if (found == outcomes_.end()) return left_out;
  const auto origin = store_.origin_of(key);
  if (!origin) return tl::unexpected<Error>(origin.error());
  if (*origin && (*origin)->fingerprint == key.fingerprint) return std::nullopt;
  const auto changes = *origin ? differences((*origin)->inputs, key.inputs) : std::vector<std::string>{"it is gone"};
  found->second.detail = fmt::format("{}", fmt::join(changes, "; "));
  return left_out;
}

Result<void> Verification::remember(const EvaluationKey& key, const std::vector<std::string>& pert_ids,
                                    const FoldEvaluation& evaluation) {
  const auto found = outcomes_.find(place_of(key));
  if (found == outcomes_.end()) return {};
  const auto stored = store_.find(key);
  if (!stored) return tl::unexpected<Error>(stored.error());
  std::string detail = "its stored numbers are not there";
  if (*stored) detail = difference_of(**stored, evaluation, store_.metrics(), pert_ids);
  std::lock_guard lock(mutex_);
  found->second.outcome = detail.empty() ? VerifiedOutcome::equal : VerifiedOutcome::differs;
  found->second.detail = std::move(detail);
  return {};
}

std::vector<VerifiedEvaluation> Verification::outcomes() const {
  std::vector<VerifiedEvaluation> all;
  for (const Place& place : order_) all.push_back(outcomes_.at(place));
  return all;
}

std::string difference_of(const FoldEvaluation& stored, const FoldEvaluation& now,
                          const std::vector<std::string>& metrics, const std::vector<std::string>& pert_ids) {
  if (stored.status != now.status) {
    return fmt::format("{} now{}", status_name(now.status), now.reason.empty() ? "" : ": " + now.reason);
  }
  if (stored.metric_values.size() != now.metric_values.size()) return "it has other metrics now";
  std::vector<std::string> parts;
  if (stored.best_params != now.best_params) {
    parts.push_back(fmt::format("hyperparameters {}, now {}", text_of(stored.best_params), text_of(now.best_params)));
  }
  if (stored.fusion != now.fusion) parts.push_back(difference_of_fusion(stored.fusion, now.fusion));
  if (stored.covered != now.covered) parts.emplace_back("other perturbations are covered now");
  for (std::size_t m = 0; m < stored.metric_values.size(); ++m) {
    const Vector &before = stored.metric_values[m], &after = now.metric_values[m];
    if (before.size() != after.size()) {
      parts.push_back(fmt::format("{} of {} perturbations, now of {}", metrics[m], before.size(), after.size()));
      continue;
    }
    Eigen::Index n = 0, worst = -1;
    double largest = 0;
    for (Eigen::Index i = 0; i < before.size(); ++i) {
      if (is_same(before[i], after[i])) continue;
      ++n;
      const double distance = std::abs(before[i] - after[i]);  // NaN where one of them is undefined: shown if alone
      if (worst < 0 || distance > largest) worst = i;
      if (distance > largest) largest = distance;
    }
    if (n == 0) continue;
    parts.push_back(fmt::format("{} of {} of {} perturbations, most for {}: {}, now {} (by {:.3g})", metrics[m], n,
                                before.size(), pert_ids[static_cast<std::size_t>(worst)], number_text(before[worst]),
                                number_text(after[worst]), largest));
  }
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    if (std::string part = difference_of_whole(stored.whole, now.whole, m); !part.empty()) {
      parts.push_back(metrics[m] + " " + part);
    }
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::vector<EvaluationKey> sample_of(const std::vector<EvaluationKey>& evaluations, std::size_t n, std::uint64_t seed) {
  std::vector<std::size_t> positions(evaluations.size());
  std::iota(positions.begin(), positions.end(), std::size_t{0});
  std::mt19937_64 random(seed);
  n = std::min(n, positions.size());
  for (std::size_t i = 0; i < n; ++i) {
    std::swap(positions[i], positions[i + static_cast<std::size_t>(random() % (positions.size() - i))]);
  }
  positions.resize(n);
  std::sort(positions.begin(), positions.end());
  std::vector<EvaluationKey> sample;
  for (const std::size_t position : positions) sample.push_back(evaluations[position]);
  return sample;
}

}  // namespace headroom
