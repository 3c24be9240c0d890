// Counts of single cells: a negative binomial for every gene, drawn in time proportional to the counts, not to the
// genes.
#pragma once

#include <cstdint>
#include <vector>

#include "simulation/screen_model.hpp"

namespace headroom {

// One profile of shares (a perturbation or the control in one context), ready for drawing genes in proportion (Walker's
// alias method).
class ProfileSampler {
 public:
  // shares: genes, sum 1.
  explicit ProfileSampler(const RowVector& shares);

  std::uint32_t draw(std::uint32_t column, std::uint32_t coin) const {
    return coin < threshold_[column] ? column : alias_[column];
  }
  std::uint32_t n_genes() const { return static_cast<std::uint32_t>(alias_.size()); }
  float share(std::uint32_t gene) const { return share_[gene]; }

 private:
  std::vector<std::uint32_t> threshold_, alias_;
  std::vector<float> share_;
};

// Shares of a perturbation's cells (row `pert` of a context's changes), or of the control's with pert = -1.
RowVector profile_shares(const ScreenModel& model, std::size_t context, std::int64_t pert);

// Draws one cell of `depth` expected counts: count of gene g ~ NB(mean depth · share · exp(batch effect), dispersion).
// genes (ascending) and counts are appended. `scratch` (n_genes zeros) is left as it was. Exact: the negative binomial
// as a Poisson number of logarithmic clusters, thinned from a Poisson process of the shares.
void sample_cell(const ProfileSampler& profile, const ScreenModel& model, std::size_t context, std::size_t batch,
                 double depth, std::uint64_t key, std::uint32_t cell, std::vector<std::uint32_t>& scratch,
                 std::vector<std::int32_t>& genes, std::vector<float>& counts);

}  // namespace headroom
