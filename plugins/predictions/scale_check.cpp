#include "predictions/scale_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <numeric>
#include <vector>

namespace headroom {
namespace {

using Row = Eigen::Array<double, 1, Eigen::Dynamic>;

// Totals that differ by less than this were made equal.
constexpr double kEqualTotals = 0.005;
// A total that is off by less may be rounding, or a few genes that were dropped after scaling.
constexpr double kSameTotal = 0.02;
// Of the control's length: below it, a difference of scale would not matter to any score.
constexpr double kSmallDifference = 0.05;
// Own control rows that are off by more are on no scale of the task's, whatever it is.
constexpr double kLargeDifference = 0.5;

constexpr const char* kLogarithms = "log1p values, not counts";

Row scaled(const Row& counts, double target_sum) {
  const double total = counts.sum();
  return total > 0 ? Row((counts * (target_sum / total)).log1p()) : Row(counts);
}

Row power_minus_1(const Row& row, double log_base) { return (row * log_base).exp() - 1; }

std::string with_total(const char* name, double total) {
  return fmt::format("{} scaled to {:.6g}{}", name, total, std::abs(total / 1e6 - 1) < kSameTotal ? " (CPM)" : "");
}

// The one total of all rows; none where they differ.
std::optional<double> common_total(const Matrix& rows, const std::function<Row(const Row&)>& undo) {
  double least = INFINITY, greatest = 0;
  for (Eigen::Index i = 0; i < rows.rows(); ++i) {
    const double total = undo(rows.row(i).array()).sum();
    if (total == 0) continue;  // an empty cell
    least = std::min(least, total);
    greatest = std::max(greatest, total);
  }
  if (!(least > 0) || !(greatest < INFINITY) || greatest - least > kEqualTotals * greatest) return std::nullopt;
  return (least + greatest) / 2;
}

std::optional<std::string> told_by_totals(const ScaleQuestion& question) {
  if (!question.are_cells || question.said == SaidScale::deltas || question.rows.rows() < 3) return std::nullopt;
  if (question.said == SaidScale::counts) {
    const auto total = common_total(question.rows, [](const Row& r) { return power_minus_1(r, 1); });
    return total ? std::optional<std::string>(kLogarithms) : std::nullopt;
  }
  if (const auto total = common_total(question.rows, [](const Row& r) { return power_minus_1(r, 1); })) {
    if (std::abs(*total / question.target_sum - 1) < kSameTotal) return "";
    return with_total("log1p of counts", *total);
  }
  if (const auto total = common_total(question.rows, [](const Row& r) { return power_minus_1(r, std::numbers::ln2); }))
    return with_total("log2(1 + x) of counts", *total);
  if (const auto total = common_total(question.rows, [](const Row& r) { return power_minus_1(r, std::numbers::ln10); }))
    return with_total("log10(1 + x) of counts", *total);
  if (const auto total = common_total(question.rows, [](const Row& r) { return r; }))
    return with_total("counts, without a logarithm,", *total);
  const auto twice = [](const Row& r) { return power_minus_1(power_minus_1(r, 1), 1); };
  if (const auto total = common_total(question.rows, twice)) return "log1p taken twice";
  return std::nullopt;
}

// Mean over rows of what `to_task` makes of each, over the task's genes.
RowVector mean_on(const ScaleQuestion& question, const std::function<Row(const Row&)>& to_task) {
  RowVector mean = RowVector::Zero(question.control.size());
  for (Eigen::Index i = 0; i < question.rows.rows(); ++i) {
    const Row row = to_task(question.rows.row(i).array());
    for (std::size_t g = 0; g < question.genes.size(); ++g)
      mean(static_cast<Eigen::Index>(g)) += row(question.genes[g]);
  }
  return mean / static_cast<double>(question.rows.rows());
}

// A scale that the mean of the highest genes lies on, where few cells have zeros and the mean of logarithms is nearly
// the logarithm of the mean. Scales that move them by less than a biased model might are not told.
std::optional<std::string> told_by_level(const ScaleQuestion& question, const RowVector& mean, double off) {
  constexpr double kNoLogarithm = 16;  // above log1p of a million
  constexpr double kHighestShare = 0.02;
  constexpr Eigen::Index kLeastGenes = 10;
  constexpr double kClearlyOff = 0.35;
  constexpr double kSameLevel = 0.06;
  const bool are_whole = (question.rows.array() == question.rows.array().round()).all();
  if (mean.maxCoeff() > kNoLogarithm || (are_whole && question.rows.maxCoeff() > 1)) {
    return "counts or scaled counts, without a logarithm";
  }
  if (off < kClearlyOff) return std::nullopt;
  std::vector<Eigen::Index> order(static_cast<std::size_t>(mean.size()));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](Eigen::Index a, Eigen::Index b) { return question.control(a) > question.control(b); });
  const auto n = std::min(mean.size(), std::max(kLeastGenes, static_cast<Eigen::Index>(kHighestShare * mean.size())));
  Row control(n), own(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    control(i) = question.control(order[static_cast<std::size_t>(i)]);
    own(i) = mean(order[static_cast<std::size_t>(i)]);
  }
  const Row counts = control.exp() - 1;
  const struct {
    const char* name;
    Row level;
  } scales[] = {
      {"log1p of counts scaled to 1e+06 (CPM)", (counts * (1e6 / question.target_sum)).log1p()},
      {"log1p of counts scaled to 100000", (counts * (1e5 / question.target_sum)).log1p()},
      {"log2(1 + x)", control / std::numbers::ln2},
      {"log2(1 + CPM)", (counts * (1e6 / question.target_sum)).log1p() / std::numbers::ln2},
      {"log10(1 + x)", control / std::numbers::ln10},
      {"log1p taken twice", control.log1p()},
  };
  double best = kSameLevel;
  std::optional<std::string> told;
  for (const auto& scale : scales) {
    const double rest = std::abs(own.mean() / scale.level.mean() - 1);
    if (rest >= best) continue;
    best = rest;
    told = scale.name;
  }
  return told;
}

// Expected squared distance between the means of two draws of the rows.
double resampled_distance(const ScaleQuestion& question, const std::function<Row(const Row&)>& to_task,
                          const RowVector& mean) {
  const auto n = static_cast<double>(question.rows.rows());
  double sum = 0;
  for (Eigen::Index i = 0; i < question.rows.rows(); ++i) {
    const Row row = to_task(question.rows.row(i).array());
    for (std::size_t g = 0; g < question.genes.size(); ++g) {
      const double off = row(question.genes[g]) - mean(static_cast<Eigen::Index>(g));
      sum += off * off;
    }
  }
  return n > 1 ? 2 * sum / (n - 1) / n : 0;
}

}  // namespace

std::optional<std::string> other_scale(const ScaleQuestion& question) {
  if (question.rows.rows() == 0) return std::nullopt;
  if (const auto told = told_by_totals(question)) return told->empty() ? std::nullopt : told;
  const double length = question.control.norm();
  if (length == 0) return std::nullopt;
  const double t = question.target_sum;

  Row control_everywhere = Row::Zero(question.rows.cols());  // zero at genes that the task lacks
  for (std::size_t g = 0; g < question.genes.size(); ++g) {
    control_everywhere(question.genes[g]) = question.control(static_cast<Eigen::Index>(g));
  }
  const auto as_is = [](const Row& r) { return r; };
  const auto counts = [t](const Row& r) { return scaled(r.max(0), t); };
  const auto from_deltas = [&](const Row& r) { return Row(r + control_everywhere); };
  const std::function<Row(const Row&)> said =
      question.said == SaidScale::counts  ? std::function<Row(const Row&)>(counts)
      : question.said == SaidScale::log1p ? std::function<Row(const Row&)>(as_is)
                                          : std::function<Row(const Row&)>(from_deltas);
  const RowVector own_mean = mean_on(question, said);
  const double off = (own_mean - question.control).norm() / length;
  if (!(off > kSmallDifference)) return std::nullopt;

  constexpr double kBeyondResampling = 4;
  if (question.are_controls && question.rows.rows() > 1 &&
      off * off * length * length < kBeyondResampling * resampled_distance(question, said, own_mean)) {
    return std::nullopt;
  }
  const double factor = question.are_controls ? 2 : 4;
  const auto rest_of = [&](const std::function<Row(const Row&)>& to_task) {
    return (mean_on(question, to_task) - question.control).norm() / length;
  };
  std::optional<std::string> cause;
  switch (question.said) {
    case SaidScale::deltas:
      if (rest_of(as_is) < off / factor) cause = "profiles or cells, of which no control was subtracted";
      break;
    case SaidScale::counts:
      if (std::min(rest_of(as_is), rest_of([t](const Row& r) { return scaled(power_minus_1(r, 1).max(0), t); })) <
          off / factor) {
        cause = kLogarithms;
      }
      break;
    case SaidScale::log1p:
      if (rest_of(from_deltas) < off / factor && own_mean.norm() < kLargeDifference * length) {
        cause = "deltas, of which the control was subtracted already";
      } else {
        cause = told_by_level(question, own_mean, off);
      }
  }
  if (!cause && question.are_controls && off > kLargeDifference) return "a scale that is none of the usual ones";
  return cause;
}

}  // namespace headroom
