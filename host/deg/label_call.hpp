// The label call of protocol section 8: Welch's test of every gene, Benjamini and Hochberg's rate over the genes, and
// the sign of t where it is below 0.05; and the majority over plates.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "deg/student_t.hpp"
#include "deg/welch.hpp"

namespace headroom {

inline constexpr double kDegRate = 0.05;                   // adjusted p below this, strictly
inline constexpr std::uint32_t kMostUnlabelledCells = 30;  // a perturbation needs more for labels
inline constexpr std::uint32_t kMostPlateCells = 20;       // on a plate: more for a vote
inline constexpr std::uint32_t kLeastControlCells = 2;     // a variance needs two

// What a squared normal value must exceed so that its test is rejected beside k - 1 others, for every k.
class RankCutoffs {
 public:
  explicit RankCutoffs(std::uint32_t n_genes);

  std::uint32_t n_genes() const { return static_cast<std::uint32_t>(squares_.size()); }
  // k = 1 … n_genes; infinite for 0.
  double square(std::size_t k) const { return k == 0 ? HUGE_VAL : squares_[k - 1]; }

 private:
  std::vector<double> squares_;
};

// The labels of one perturbation, gene by gene. The exact p of a gene takes a microsecond, and hardly any is needed.
// Most genes do not respond, and |t| tells so: t's tails are never lighter than the normal's, so that below 1.96 p is
// above 0.05 for any number of cells. Of the others, bounds of p tell which are rejected and which are not whatever
// their p within the bounds; only what lies between needs its p. Used again from one perturbation to the next.
class LabelCall {
 public:
  // Cells of the perturbation and of the control, at least 2 of each.
  void start(double n_cells, double n_control_cells) {
    n_a_ = n_cells;
    n_b_ = n_control_cells;
    n_genes_ = 0;
    candidates_.clear();
  }

  // The next gene; genes come in order.
  void add(const SampleMoments& perturbation, const SampleMoments& control) {
    const double difference = perturbation.mean - control.mean;
    const double squared_error = perturbation.squared_error + control.squared_error;
    if (difference * difference > kNormalTail * squared_error) add_candidate(perturbation, control);
    ++n_genes_;
  }

  // labels: one a gene that was added; `cutoffs` of that many.
  void finish(const RankCutoffs& cutoffs, std::int8_t* labels);

 private:
  // The square of the normal's 0.975 quantile, a little less than it for rounding.
  static constexpr double kNormalTail = 3.84145;

  struct Candidate {
    double t, df;
    NormalBounds bounds;
    std::uint32_t gene;
  };
  struct Uncertain {
    double p;
    const Candidate* candidate;
  };
  void add_candidate(const SampleMoments& perturbation, const SampleMoments& control);
  template <class Square>
  std::size_t n_above(const RankCutoffs& cutoffs, double margin, const Square& square) const;

  double n_a_ = 0, n_b_ = 0;
  std::uint32_t n_genes_ = 0;
  std::vector<Candidate> candidates_;
  std::vector<Uncertain> uncertain_;
  std::vector<double> sorted_p_;
};

// The majority of a gene's votes; of classes that tie, the sign of their sum.
inline std::int8_t majority(std::uint32_t n_down, std::uint32_t n_none, std::uint32_t n_up) {
  const std::uint32_t most = std::max({n_down, n_none, n_up});
  return static_cast<std::int8_t>((n_up == most) - (n_down == most));
}

}  // namespace headroom
