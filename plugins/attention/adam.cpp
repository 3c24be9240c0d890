#include "attention/adam.hpp"

#include <algorithm>
#include <cmath>

#include "heads/panel_threads.hpp"

namespace headroom::attention {
namespace {

constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-8;
constexpr std::int64_t kPartValues = std::int64_t{1} << 17;

// Calls body(part, begin, end) for each part of n values.
template <class Body>
void in_parts(std::size_t n, int n_threads, const Body& body) {
  const auto n_values = static_cast<std::int64_t>(n);
  const std::int64_t n_parts = (n_values + kPartValues - 1) / kPartValues;
  heads::on_threads(n_threads, n_parts, [&](heads::PanelCounter& counter) {
    for (std::int64_t part; (part = counter.next()) < n_parts;) {
      body(part, part * kPartValues, std::min(n_values, (part + 1) * kPartValues));
    }
  });
}

}  // namespace

double norm_of(const std::vector<float>& gradient, int n_threads) {
  std::vector<double> sums(gradient.size() / kPartValues + 1, 0);
  in_parts(gradient.size(), n_threads, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
    double sum = 0;
    for (std::int64_t i = begin; i < end; ++i) {
      const double value = gradient[static_cast<std::size_t>(i)];
      sum += value * value;
    }
    sums[static_cast<std::size_t>(part)] = sum;
  });
  double sum = 0;
  for (const double of_part : sums) sum += of_part;
  return std::sqrt(sum);
}

void Adam::step(std::vector<float>& values, const std::vector<float>& gradient, double scale, double learning_rate,
                int n_threads) {
  ++n_steps_;
  const double first_correction = 1 - std::pow(kBeta1, static_cast<double>(n_steps_));
  const double second_correction = std::sqrt(1 - std::pow(kBeta2, static_cast<double>(n_steps_)));
  const auto step_size = static_cast<float>(learning_rate / first_correction);
  const auto root = static_cast<float>(1 / second_correction);
  const auto beta1 = static_cast<float>(kBeta1), beta2 = static_cast<float>(kBeta2);
  const auto rest1 = static_cast<float>(1 - kBeta1), rest2 = static_cast<float>(1 - kBeta2);
  const auto epsilon = static_cast<float>(kEpsilon), factor = static_cast<float>(scale);
  in_parts(values.size(), n_threads, [&](std::int64_t, std::int64_t begin, std::int64_t end) {
    float* const value = values.data();
    float *const mean = mean_.data(), *const square = square_.data();
    const float* const slope = gradient.data();
    for (std::int64_t i = begin; i < end; ++i) {
      const float g = slope[i] * factor;
      mean[i] = beta1 * mean[i] + rest1 * g;
      square[i] = beta2 * square[i] + rest2 * g * g;
      value[i] -= step_size * mean[i] / (std::sqrt(square[i]) * root + epsilon);
    }
  });
}

}  // namespace headroom::attention
