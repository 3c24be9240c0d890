#include "deg/label_call.hpp"

#include <algorithm>

#include "deg/benjamini_hochberg.hpp"

namespace headroom {
namespace {

// Bounds and cutoffs round; a gene that is this near to one gets its p.
constexpr double kMargin = 1e-9;

}  // namespace

RankCutoffs::RankCutoffs(std::uint32_t n_genes) : squares_(n_genes) {
  for (std::uint32_t k = 1; k <= n_genes; ++k) {
    squares_[k - 1] = squared_normal_cutoff(kDegRate * static_cast<double>(k) / static_cast<double>(n_genes));
  }
}

void LabelCall::add_candidate(const SampleMoments& perturbation, const SampleMoments& control) {
  const double squared_error = perturbation.squared_error + control.squared_error;
  Candidate candidate{0, 1, {}, n_genes_};
  if (squared_error == 0) {
    if (means_agree(perturbation, control, std::max(n_a_, n_b_))) return;
    candidate.t = std::copysign(HUGE_VAL, perturbation.mean - control.mean);
  } else {
    candidate.t = (perturbation.mean - control.mean) / std::sqrt(squared_error);
    candidate.df = welch_df(perturbation, n_a_, control, n_b_);
  }
  candidate.bounds = normal_bounds(candidate.t, candidate.df);
  candidates_.push_back(candidate);
}

// How many tests the rate rejects where each has the p of `square`: the largest k of which k exceed its cutoff. Fewer
// exceed a cutoff of fewer, so counting again and again from above ends there.
template <class Square>
std::size_t LabelCall::n_above(const RankCutoffs& cutoffs, double margin, const Square& square) const {
  for (std::size_t k = candidates_.size();;) {
    const double cutoff = cutoffs.square(k) * (1 + margin);
    const auto n = static_cast<std::size_t>(std::count_if(
        candidates_.begin(), candidates_.end(), [&](const Candidate& each) { return square(each) > cutoff; }));
    if (n >= k) return k;
    k = n;
  }
}

void LabelCall::finish(const RankCutoffs& cutoffs, std::int8_t* labels) {
  std::fill_n(labels, n_genes_, std::int8_t{0});
  const std::size_t at_least = n_above(cutoffs, kMargin, [](const Candidate& each) { return each.bounds.least; });
  const std::size_t at_most = n_above(cutoffs, -kMargin, [](const Candidate& each) { return each.bounds.most; });
  const double surely = cutoffs.square(at_least) * (1 + kMargin), possibly = cutoffs.square(at_most) * (1 - kMargin);
  const auto sign = [](const Candidate& candidate) { return static_cast<std::int8_t>(candidate.t > 0 ? 1 : -1); };
  std::size_t n_sure = 0;
  uncertain_.clear();
  for (const Candidate& candidate : candidates_) {
    if (candidate.bounds.least > surely) {
      ++n_sure;
      labels[candidate.gene] = sign(candidate);
    } else if (candidate.bounds.most > possibly) {
      uncertain_.push_back({two_sided_p(candidate.t, candidate.df), &candidate});
    }
  }
  std::sort(uncertain_.begin(), uncertain_.end(), [](const Uncertain& a, const Uncertain& b) { return a.p < b.p; });
  sorted_p_.clear();
  for (const Uncertain& each : uncertain_) sorted_p_.push_back(each.p);
  const std::size_t n_of_uncertain = n_rejected(sorted_p_, n_genes_, kDegRate, n_sure) - n_sure;
  for (std::size_t i = 0; i < n_of_uncertain; ++i)
    labels[uncertain_[i].candidate->gene] = sign(*uncertain_[i].candidate);
}

}  // namespace headroom
