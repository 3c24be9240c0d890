// Quantiles as NumPy's default has them, and the median over folds.
#pragma once

#include <span>
#include <vector>

namespace headroom {

// The q-quantile (0 <= q <= 1) of ascending values by linear interpolation between order statistics. Not empty.
double quantile_of_sorted(std::span<const double> ascending, double q);

// The same of values in any order, which it rearranges.
double quantile_in_place(std::span<double> values, double q);

// The median; of an even number, the mean of the middle two. Not empty, no NaN.
double median(std::vector<double> values);

// The same, which sorts them where they are.
double median_in_place(std::span<double> values);

}  // namespace headroom
