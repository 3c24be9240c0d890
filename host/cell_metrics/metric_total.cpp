#include "cell_metrics/metric_total.hpp"

#include <cmath>
#include <string_view>
#include <utility>

#include "cell_metrics/metric_values.hpp"
#include "matrix/undefined.hpp"

namespace headroom {
namespace {

constexpr std::string_view kRatio = "expr_mse_ratio";

// A mean of values, or the quotient of two sums.
struct Terms {
  std::vector<double> above, below;  // perturbations; NaN above: left out

  std::optional<double> total(const std::vector<std::uint32_t>& rows) const {
    double a = 0, b = 0;
    for (const std::uint32_t row : rows) {
      if (std::isnan(above[row])) continue;
      a += above[row];
      b += below[row];
    }
    if (!(b > 0)) return std::nullopt;
    return a / b;
  }
};

Terms terms_of(const MetricValues& metric, const PanelScores& scores, std::size_t n) {
  const bool is_ratio = metric.name == kRatio;
  Terms out{std::vector<double>(n, kNaN), std::vector<double>(n, 1.0)};
  for (std::size_t i = 0; i < scores.rows.size(); ++i) {
    const std::size_t row = scores.rows[i];
    double value = is_ratio ? scores.ratio.numerator[i] : metric.values[i];
    if (std::isnan(value) && metric.fill) value = *metric.fill;
    out.above[row] = value;
    if (is_ratio) out.below[row] = scores.ratio.denominator[i];
  }
  return out;
}

// The mean over draws of a perturbation's terms, where any draw has them.
Terms mean_terms(const std::vector<Terms>& draws) {
  Terms out = draws[0];
  for (std::size_t p = 0; p < out.above.size(); ++p) {
    double above = 0, below = 0, n = 0;
    for (const Terms& draw : draws) {
      if (std::isnan(draw.above[p])) continue;
      above += draw.above[p];
      below += draw.below[p];
      n += 1;
    }
    out.above[p] = n > 0 ? above / n : kNaN;
    out.below[p] = n > 0 ? below / n : 1;
  }
  return out;
}

MetricTotal correlation_total(const PanelScores& scores, std::size_t n) {
  std::vector<const DeMetrics*> of_row(n, nullptr);
  for (std::size_t i = 0; i < scores.rows.size(); ++i) of_row[scores.rows[i]] = &scores.de[i];
  std::vector<double> real(n, kNaN), predicted(n, kNaN);
  for (std::size_t p = 0; p < n; ++p) {
    if (of_row[p] == nullptr) continue;
    real[p] = of_row[p]->n_real;
    predicted[p] = of_row[p]->n_predicted;
  }
  return number_correlation_total(std::move(real), std::move(predicted));
}

}  // namespace

MetricTotal metric_total(const std::vector<MetricValues>& values, std::size_t which, const PanelScores& scores,
                         std::size_t n) {
  if (values[which].name == kNumberCorrelation) return correlation_total(scores, n);
  return [terms = terms_of(values[which], scores, n)](const std::vector<std::uint32_t>& rows) {
    return terms.total(rows);
  };
}

MetricTotal mean_metric_total(const std::vector<std::vector<MetricValues>>& values, std::size_t which,
                              const std::vector<PanelScores>& draws, std::size_t n) {
  if (values[0][which].name == kNumberCorrelation) {
    std::vector<MetricTotal> totals;
    for (const PanelScores& draw : draws) totals.push_back(correlation_total(draw, n));
    return [totals = std::move(totals)](const std::vector<std::uint32_t>& rows) {
      double sum = 0;
      for (const MetricTotal& total : totals) sum += *total(rows);
      return std::optional<double>(sum / static_cast<double>(totals.size()));
    };
  }
  std::vector<Terms> terms;
  for (std::size_t d = 0; d < draws.size(); ++d) terms.push_back(terms_of(values[d][which], draws[d], n));
  return [mean = mean_terms(terms)](const std::vector<std::uint32_t>& rows) { return mean.total(rows); };
}

MetricTotal number_correlation_total(std::vector<double> real, std::vector<double> predicted) {
  return [real = std::move(real), predicted = std::move(predicted)](const std::vector<std::uint32_t>& rows) {
    std::vector<double> a, b;
    for (const std::uint32_t row : rows) {
      if (std::isnan(real[row])) continue;
      a.push_back(real[row]);
      b.push_back(predicted[row]);
    }
    return std::optional<double>(correlation_of_numbers(a, b));
  };
}

MetricTotal mean_total(std::vector<double> values) {
  Terms terms{std::move(values), {}};
  terms.below.assign(terms.above.size(), 1.0);
  return [terms = std::move(terms)](const std::vector<std::uint32_t>& rows) { return terms.total(rows); };
}

}  // namespace headroom
