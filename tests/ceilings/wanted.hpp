// What ceilings are held against, by metric, while a back-test runs.
#pragma once

#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ceilings/backtest.hpp"

namespace headroom::ceilings {

// Sums of numbers that may be undefined now and then.
struct Mean {
  double sum = 0, n = 0;
  void add(std::optional<double> value) {
    if (!value || !std::isfinite(*value)) return;
    sum += *value;
    n += 1;
  }
  double value() const { return sum / n; }
};

using PerMetric = std::map<std::string, Mean>;

// What is known of a metric before any ceiling: what second screens and the null score.
struct Wanted {
  PerMetric expected, null;
};

// One error for each metric of which all three numbers are known.
inline void append(const std::string& screen, const std::string& level, const std::string& control,
                   const std::string& way, double cells, const Wanted& wanted, const PerMetric& predicted,
                   std::vector<CeilingError>& out) {
  for (const auto& [metric, mean] : predicted) {
    if (!wanted.expected.contains(metric)) continue;
    const Mean &expected = wanted.expected.at(metric), &null = wanted.null.at(metric);
    if (mean.n == 0 || expected.n == 0 || null.n == 0) continue;
    out.push_back({screen, level, metric, control, way, cells, expected.value(), mean.value(), null.value()});
  }
}

}  // namespace headroom::ceilings
