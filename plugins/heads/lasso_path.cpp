#include "heads/lasso_path.hpp"

#include <algorithm>
#include <cmath>

#include "heads/coordinate_descent.hpp"
#include "heads/lasso_active_set.hpp"
#include "heads/lasso_optimality.hpp"

namespace headroom::heads {
namespace {

// A sweep that moves no coefficient by more than this share of the tolerance is taken for the last one; the conditions
// themselves are then checked.
constexpr double kStill = 1.0;

std::int64_t rounded_up(std::int64_t n, std::int64_t block) { return (n + block - 1) / block * block; }

}  // namespace

LassoPath::LassoPath(const sdk::Matrix& gram, std::vector<double> thresholds, Registers registers)
    : gram_(gram),
      thresholds_(std::move(thresholds)),
      registers_(registers),
      lanes_(descent_lanes(registers)),
      padded_(rounded_up(gram.rows(), descent_block(registers))) {
  const std::int64_t p = gram.rows();
  const auto square = static_cast<std::size_t>(padded_ * padded_);
  const auto column = static_cast<std::size_t>(padded_ * lanes_);
  whole_.assign(square, 0.0);
  whole_inverse_.assign(static_cast<std::size_t>(padded_), 0.0);
  for (std::int64_t j = 0; j < p; ++j) {
    for (std::int64_t k = 0; k < p; ++k) whole_[static_cast<std::size_t>(j * padded_ + k)] = gram(j, k);
    if (gram(j, j) > 0.0) whole_inverse_[static_cast<std::size_t>(j)] = 1.0 / gram(j, j);
  }
  kept_gram_.resize(square);
  kept_inverse_.resize(static_cast<std::size_t>(padded_));
  for (auto* v : {&kept_correlations_, &kept_weights_, &padded_correlations_, &padded_weights_, &residual_}) {
    v->assign(column, 0.0);
  }
  largest_.assign(static_cast<std::size_t>(lanes_), 0.0);
  move_ = largest_;
}

void LassoPath::gather(const double* correlations, const double* weights) {
  const auto n = static_cast<std::int64_t>(kept_.size());
  const std::int64_t padded = rounded_up(n, descent_block(registers_));
  const bool all = n == gram_.rows();  // then the whole Gram matrix serves
  if (!all) std::fill(kept_gram_.begin(), kept_gram_.begin() + padded * padded, 0.0);
  std::fill(kept_inverse_.begin(), kept_inverse_.begin() + padded, 0.0);
  std::fill(kept_correlations_.begin(), kept_correlations_.begin() + padded * lanes_, 0.0);
  std::fill(kept_weights_.begin(), kept_weights_.begin() + padded * lanes_, 0.0);
  for (std::int64_t j = 0; j < n; ++j) {
    const std::int64_t feature = kept_[static_cast<std::size_t>(j)];
    const double* from = whole_.data() + feature * padded_;
    double* to = kept_gram_.data() + j * padded;
    for (std::int64_t k = 0; k < n && !all; ++k) to[k] = from[kept_[static_cast<std::size_t>(k)]];
    kept_inverse_[static_cast<std::size_t>(j)] = whole_inverse_[static_cast<std::size_t>(feature)];
    std::copy_n(correlations + feature * lanes_, lanes_, kept_correlations_.data() + j * lanes_);
    std::copy_n(weights + feature * lanes_, lanes_, kept_weights_.data() + j * lanes_);
  }
}

bool LassoPath::descend_until_still(double threshold, int& sweeps) {
  Descent kept;
  kept.registers = registers_;
  kept.n_features = static_cast<std::int64_t>(kept_.size());
  kept.gram = kept.n_features == gram_.rows() ? whole_.data() : kept_gram_.data();
  kept.gram_stride = rounded_up(kept.n_features, descent_block(registers_));
  kept.inverse_diagonal = kept_inverse_.data();
  kept.correlations = kept_correlations_.data();
  kept.threshold = threshold;
  while (sweeps < kMostSweeps) {
    ++sweeps;
    descend(kept, kept_weights_.data(), move_.data());
    bool still = true;
    for (std::int64_t l = 0; l < lanes_; ++l) {
      const auto lane = static_cast<std::size_t>(l);
      still = still && move_[lane] <= kStill * kLassoTolerance * largest_[lane];
    }
    if (still) return true;
  }
  return false;
}

void LassoPath::finish_exactly(const double* correlations, double threshold, double* weights) {
  const std::int64_t p = gram_.rows();
  for (std::int64_t l = 0; l < lanes_; ++l) {
    Eigen::VectorXd c(p);
    Eigen::VectorXd w(p);
    for (std::int64_t j = 0; j < p; ++j) {
      c(j) = correlations[j * lanes_ + l];
      w(j) = weights[j * lanes_ + l];
    }
    const double violation = kLassoTolerance * largest_[static_cast<std::size_t>(l)];
    if (!solve_lasso_by_active_set(gram_, c, threshold, violation, w)) {
      throw sdk::Error("the lasso does not converge: the features are numerically dependent; try larger alphas");
    }
    for (std::int64_t j = 0; j < p; ++j) weights[j * lanes_ + l] = w(j);
  }
}

void LassoPath::solve(const double* correlations, const std::vector<double*>& weights) {
  const std::int64_t p = gram_.rows();
  const std::int64_t size = p * lanes_;
  std::copy_n(correlations, size, padded_correlations_.data());
  std::fill(padded_weights_.begin(), padded_weights_.end(), 0.0);
  std::copy_n(correlations, size, residual_.data());
  std::fill(largest_.begin(), largest_.end(), 0.0);
  for (std::int64_t i = 0; i < size; ++i) {
    double& largest = largest_[static_cast<std::size_t>(i % lanes_)];
    largest = std::max(largest, std::abs(correlations[i]));
  }

  Descent whole;
  whole.registers = registers_;
  whole.n_features = p;
  whole.gram = whole_.data();
  whole.gram_stride = padded_;
  whole.inverse_diagonal = whole_inverse_.data();
  whole.correlations = padded_correlations_.data();

  double previous = *std::max_element(largest_.begin(), largest_.end());
  for (std::size_t t = 0; t < thresholds_.size(); ++t) {
    const double threshold = thresholds_[t];
    // Strong rule: what lies below this at the previous threshold very likely stays zero.
    const double keep_above = 2.0 * threshold - std::max(previous, threshold);
    kept_.clear();
    for (std::int64_t j = 0; j < p; ++j) {
      bool keep = false;
      for (std::int64_t i = j * lanes_; i < (j + 1) * lanes_; ++i) {
        const auto at = static_cast<std::size_t>(i);
        keep = keep || padded_weights_[at] != 0.0 || std::abs(residual_[at]) > keep_above;
      }
      if (keep) kept_.push_back(static_cast<std::int32_t>(j));
    }

    int sweeps = 0;
    for (bool optimal = false; !optimal;) {
      bool still = true;
      if (!kept_.empty()) {
        gather(padded_correlations_.data(), padded_weights_.data());
        still = descend_until_still(threshold, sweeps);
        for (std::size_t j = 0; j < kept_.size(); ++j) {
          std::copy_n(kept_weights_.data() + static_cast<std::int64_t>(j) * lanes_, lanes_,
                      padded_weights_.data() + kept_[j] * lanes_);
        }
      }
      if (!still) finish_exactly(padded_correlations_.data(), threshold, padded_weights_.data());
      residual_correlations(whole, padded_weights_.data(), residual_.data());
      if (!still) break;

      optimal = true;
      std::vector<std::int32_t> kept;
      std::size_t next = 0;
      for (std::int64_t j = 0; j < p; ++j) {
        const bool was_kept = next < kept_.size() && kept_[next] == j;
        if (was_kept) ++next;
        bool violated = false;
        for (std::int64_t l = 0; l < lanes_; ++l) {
          const auto at = static_cast<std::size_t>(j * lanes_ + l);
          violated = violated || lasso_violation(padded_weights_[at], residual_[at], threshold) >
                                     kLassoTolerance * largest_[static_cast<std::size_t>(l)];
        }
        optimal = optimal && !violated;
        if (was_kept || violated) kept.push_back(static_cast<std::int32_t>(j));
      }
      kept_ = std::move(kept);
    }
    std::copy_n(padded_weights_.data(), size, weights[t]);
    previous = threshold;
  }
}

}  // namespace headroom::heads
