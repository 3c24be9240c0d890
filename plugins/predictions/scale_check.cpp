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

// Own rows that are off by less are logarithms as the control is.
constexpr double kNearTheControl = 0.15;

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

// Predicted means, one profile for every cell, are as equal in their totals as scaled cells are, and in all else.
bool vary_as_cells_do(const Matrix& rows) {
  constexpr double kLeastVariation = 0.1;  // of the mean's length
  const RowVector mean = rows.colwise().mean();
  return (rows.rowwise() - mean).rowwise().norm().mean() > kLeastVariation * mean.norm();
}

// Every value of scaled cells has one number added to it: their totals are equal as well, but no cell has a zero.
bool are_shifted(const Matrix& rows) {
  constexpr double kRounding = 1e-6;
  const Eigen::VectorXd least = rows.rowwise().minCoeff();
  return least.minCoeff() > 0 && least.maxCoeff() - least.minCoeff() < kRounding;
}

std::optional<std::string> told_by_totals(const ScaleQuestion& question) {
  if (!question.target_sum || !question.are_cells || question.said == SaidScale::deltas) return std::nullopt;
  if (question.rows.rows() < 3 || !vary_as_cells_do(question.rows) || are_shifted(question.rows)) return std::nullopt;
  if (question.said == SaidScale::counts) {
    const auto total = common_total(question.rows, [](const Row& r) { return power_minus_1(r, 1); });
    return total ? std::optional<std::string>(kLogarithms) : std::nullopt;
  }
  if (const auto total = common_total(question.rows, [](const Row& r) { return power_minus_1(r, 1); })) {
    if (std::abs(*total / *question.target_sum - 1) < kSameTotal) return "";
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

// Means over cells of logarithms of Poisson counts. What a gene's mean is on another total depends on how many of its
// cells have zeros, and so on what one count comes to, which a profile does not say.
class LogsOfCounts {
 public:
  LogsOfCounts() : counts_(Row::LinSpaced(kMostCounts, 0, kMostCounts - 1)), share_of_count_(kMeans, kMostCounts) {
    for (Eigen::Index i = 0; i < kMeans; ++i) {
      const double log_mean =
          std::log(kLeastMean) + std::log(kGreatestMean / kLeastMean) * static_cast<double>(i) / (kMeans - 1);
      double log_factorial = 0;
      for (Eigen::Index n = 0; n < kMostCounts; ++n) {
        if (n > 0) log_factorial += std::log(static_cast<double>(n));
        share_of_count_(i, n) = std::exp(static_cast<double>(n) * log_mean - std::exp(log_mean) - log_factorial);
      }
    }
  }

  // Where `control` lies when its counts are scaled by `factor`: for the value of one count that fits `mean` best.
  Row scaled_to_fit(const Row& control, double factor, const Row& mean) const {
    constexpr int kValues = 13;
    constexpr double kLeastValue = 0.3, kGreatestValue = 1000;
    Row best = ((control.exp() - 1) * factor).log1p();  // of counts without zeros
    double rest = (mean - best).matrix().norm();
    for (int i = 0; i < kValues; ++i) {
      const double value = kLeastValue * std::pow(kGreatestValue / kLeastValue, i / (kValues - 1.0));
      const Row scaled = of_points(control, factor, mean_logs(value), mean_logs(value * factor));
      const double of_value = (mean - scaled).matrix().norm();
      if (of_value >= rest) continue;
      rest = of_value;
      best = scaled;
    }
    return best;
  }

 private:
  static constexpr Eigen::Index kMeans = 60, kMostCounts = 700;
  static constexpr double kLeastMean = 1e-3, kGreatestMean = 400;

  // One for every mean count, ascending.
  Row mean_logs(double value_of_count) const {
    return (share_of_count_ * (counts_ * value_of_count).log1p().matrix().transpose()).transpose().array();
  }

  static Row of_points(const Row& control, double factor, const Row& from, const Row& to) {
    Row out(control.size());
    for (Eigen::Index g = 0; g < control.size(); ++g) {
      const double x = control(g);
      const auto at = std::upper_bound(from.begin(), from.end(), x) - from.begin();
      if (at == from.size()) {
        out(g) = std::log1p(std::expm1(x) * factor);
        continue;
      }
      const double x0 = at > 0 ? from(at - 1) : 0, y0 = at > 0 ? to(at - 1) : 0;
      out(g) = y0 + (to(at) - y0) * (x - x0) / (from(at) - x0);
    }
    return out;
  }

  Row counts_;
  Matrix share_of_count_;  // mean counts × counts
};

// The usual scales, where the control's profile would lie on each, and how far off a profile may be that does, as a
// share of its length.
struct UsualScale {
  const char* name;
  Row profile;
  double most_rest;
  bool is_total;  // another total, not another logarithm
};
std::vector<UsualScale> usual_scales(const Row& control, const Row& mean, double target_sum) {
  constexpr double kOfMultiples = 0.13, kOfTwice = 0.2, kOfTotals = 0.3;
  const LogsOfCounts logs;
  const auto on_total = [&](double total, const Row& of_mean) {
    return logs.scaled_to_fit(control, total / target_sum, of_mean);
  };
  return {{"log1p of counts scaled to 1e+06 (CPM)", on_total(1e6, mean), kOfTotals, true},
          {"log1p of counts scaled to 100000", on_total(1e5, mean), kOfTotals, true},
          {"log2(1 + x)", control / std::numbers::ln2, kOfMultiples, false},
          {"log2(1 + CPM)", on_total(1e6, mean * std::numbers::ln2) / std::numbers::ln2, kOfTotals, true},
          {"log10(1 + x)", control / std::numbers::ln10, kOfMultiples, false},
          {"log1p taken twice", control.log1p(), kOfTwice, false}};
}

// The genes of which the control has most, of which few cells have zeros: there the mean of logarithms is nearly the
// logarithm of the mean.
std::vector<Eigen::Index> highest_genes(const RowVector& control) {
  constexpr double kHighestShare = 0.02;
  constexpr Eigen::Index kLeastGenes = 10;
  std::vector<Eigen::Index> order(static_cast<std::size_t>(control.size()));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) { return control(a) > control(b); });
  const auto share = static_cast<Eigen::Index>(kHighestShare * static_cast<double>(control.size()));
  order.resize(static_cast<std::size_t>(std::min(control.size(), std::max(kLeastGenes, share))));
  return order;
}

// What is left of `mean` when its best multiple of `profile` is taken away, as a share of it; and that multiple.
std::pair<double, double> rest_and_factor(const Row& mean, const Row& profile) {
  const double factor = (mean * profile).sum() / profile.square().sum();
  return {(mean - factor * profile).matrix().norm() / mean.matrix().norm(), factor};
}

// A model may be biased by some factor, but hardly by this one.
bool is_beyond_bias(double factor) {
  constexpr double kLargestBias = 1.8;
  return factor > kLargestBias || factor < 1 / kLargestBias;
}

// A usual scale on which the highest genes lie, and the others as well; two where these do not tell them apart. A model
// that is biased by some factor lies better on that multiple of the control.
std::optional<std::string> told_by_usual_scales(const ScaleQuestion& question, const Row& mean) {
  constexpr double kSameLevel = 0.06, kSameLevelBeyondBias = 0.1;
  constexpr double kAsClose = 2, kRounding = 0.02, kMuchWorse = 2.5, kClearlyBetter = 0.85;
  const auto [rest_of_multiple, factor] = rest_and_factor(mean, question.control.array());
  const bool may_be_bias = !is_beyond_bias(factor);
  const std::vector<Eigen::Index> highest = highest_genes(question.control);
  std::vector<std::pair<double, const char*>> found;
  bool all_may_be_bias = true;
  for (const UsualScale& scale : usual_scales(question.control.array(), mean, question.target_sum.value_or(10'000))) {
    double own = 0, expected = 0;
    for (const Eigen::Index g : highest) {
      own += mean(g);
      expected += scale.profile(g);
    }
    if (std::abs(own / expected - 1) >= (may_be_bias ? kSameLevel : kSameLevelBeyondBias)) continue;
    const double rest = (mean - scale.profile).matrix().norm() / mean.matrix().norm();
    if (rest >= scale.most_rest) continue;
    found.emplace_back(rest, scale.name);
    // Other logarithms are nearly multiples themselves.
    const double least_rest_of_bias =
        scale.is_total ? kClearlyBetter * rest_of_multiple : kRounding + kMuchWorse * rest_of_multiple;
    all_may_be_bias = all_may_be_bias && may_be_bias && rest > least_rest_of_bias;
  }
  if (found.empty() || all_may_be_bias) return std::nullopt;
  std::sort(found.begin(), found.end());
  std::string told = found[0].second;
  if (found.size() > 1 && found[1].first < kAsClose * found[0].first) told += std::string(" or ") + found[1].second;
  return told;
}

// Another scale by the level of the mean profile. Scales that move it by less than a biased model might are not told.
std::optional<std::string> told_by_level(const ScaleQuestion& question, const RowVector& own_mean, double off) {
  constexpr double kNoLogarithm = 16;  // above log1p of a million
  constexpr double kClearlyOff = 0.35;
  constexpr const char* kWithoutLogarithm = "counts or scaled counts, without a logarithm";
  const bool are_whole = (question.rows.array() == question.rows.array().round()).all();
  if (own_mean.maxCoeff() > kNoLogarithm || (are_whole && question.rows.maxCoeff() > 1)) return kWithoutLogarithm;
  if (off < kClearlyOff) return std::nullopt;
  const Row mean = own_mean.array(), control = question.control.array();
  if (auto told = told_by_usual_scales(question, mean)) return told;

  // Means of few counts lie below what kNoLogarithm says, but not on a line with logarithms.
  constexpr double kOnALine = 0.3, kClearlyBetter = 0.7;
  const auto [rest, factor] = rest_and_factor(mean, control);
  const double rest_of_counts = rest_and_factor(mean, control.exp() - 1).first;
  if (rest_of_counts < kOnALine && rest_of_counts < kClearlyBetter * rest) return kWithoutLogarithm;
  // Where counts are few, another target sum multiplies the means of logarithms by nearly one factor.
  if (rest < kOnALine && is_beyond_bias(factor)) {
    return fmt::format("{:.2g} times the control's level: counts scaled to another total, or another logarithm",
                       factor);
  }
  return std::nullopt;
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
  const double t = question.target_sum.value_or(10'000);

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
    case SaidScale::counts: {
      // Counts do not lie near the mean of their logarithms by any bias.
      const double rest =
          std::min(rest_of(as_is), rest_of([t](const Row& r) { return scaled(power_minus_1(r, 1).max(0), t); }));
      if (rest < off / factor || rest < std::min(kNearTheControl, off / 2)) cause = kLogarithms;
      break;
    }
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
