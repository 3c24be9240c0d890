// Random numbers of the distributions that a simulated screen needs, on top of a counted stream.
#pragma once

#include <cmath>
#include <numbers>

#include "cells/random_stream.hpp"

namespace headroom {

class NormalStream {
 public:
  NormalStream(std::uint64_t key, std::uint32_t a, std::uint32_t b = 0, std::uint32_t c = 0) : words_(key, a, b, c) {}

  RandomStream& words() { return words_; }

  // Standard normal (Box and Muller 1958, both values used).
  double normal() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    const double radius = std::sqrt(-2 * std::log(words_.uniform()));
    const double angle = 2 * std::numbers::pi * words_.uniform();
    spare_ = radius * std::sin(angle);
    has_spare_ = true;
    return radius * std::cos(angle);
  }

  // Number of events of a Poisson process of rate `mean`. Exact by multiplication below 30 (Knuth); above, split in
  // halves, whose sum is Poisson again.
  std::uint32_t poisson(double mean) {
    std::uint32_t events = 0;
    while (mean > kSmallMean) {
      events += poisson_small(kSmallMean);
      mean -= kSmallMean;
    }
    return events + poisson_small(mean);
  }

 private:
  static constexpr double kSmallMean = 30;

  std::uint32_t poisson_small(double mean) {
    const double limit = std::exp(-mean);
    double product = words_.uniform();
    std::uint32_t events = 0;
    while (product > limit) {
      product *= words_.uniform();
      ++events;
    }
    return events;
  }

  RandomStream words_;
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace headroom
