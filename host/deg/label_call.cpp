#include "deg/label_call.hpp"

#include <algorithm>

#include "deg/benjamini_hochberg.hpp"

namespace headroom {

void LabelCall::add_candidate(const SampleMoments& perturbation, const SampleMoments& control) {
  const WelchTest test = welch_test(perturbation, n_a_, control, n_b_);
  if (test.p >= kDegRate) return;
  candidates_.push_back({test.p, n_genes_, static_cast<std::int8_t>(test.t > 0 ? 1 : -1)});
}

void LabelCall::finish(std::int8_t* labels) {
  std::fill_n(labels, n_genes_, std::int8_t{0});
  std::sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) { return a.p < b.p; });
  sorted_p_.clear();
  for (const Candidate& candidate : candidates_) sorted_p_.push_back(candidate.p);
  const std::size_t n = n_rejected(sorted_p_, n_genes_, kDegRate);
  for (std::size_t i = 0; i < n; ++i) labels[candidates_[i].gene] = candidates_[i].sign;
}

}  // namespace headroom
