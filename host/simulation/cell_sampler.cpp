#include "simulation/cell_sampler.hpp"

#include <algorithm>
#include <cmath>

#include "simulation/normal_stream.hpp"

namespace headroom {

ProfileSampler::ProfileSampler(const RowVector& shares)
    : threshold_(static_cast<std::size_t>(shares.size())), alias_(threshold_.size()), share_(threshold_.size()) {
  const std::size_t n = threshold_.size();
  std::vector<double> scaled(n);
  std::vector<std::uint32_t> small, large;
  for (std::uint32_t g = 0; g < n; ++g) {
    share_[g] = static_cast<float>(shares(g));
    scaled[g] = shares(g) * static_cast<double>(n);
    (scaled[g] < 1 ? small : large).push_back(g);
  }
  while (!small.empty() && !large.empty()) {
    const std::uint32_t s = small.back(), l = large.back();
    small.pop_back();
    threshold_[s] = static_cast<std::uint32_t>(std::min(scaled[s] * 0x1.0p32, 0x1.0p32 - 1));
    alias_[s] = l;
    scaled[l] -= 1 - scaled[s];
    if (scaled[l] < 1) {
      large.pop_back();
      small.push_back(l);
    }
  }
  for (const auto* rest : {&small, &large}) {
    for (const std::uint32_t g : *rest) {
      threshold_[g] = UINT32_MAX;
      alias_[g] = g;
    }
  }
}

RowVector profile_shares(const ScreenModel& model, std::size_t context, std::int64_t pert) {
  RowVector shares = model.log_rate[context];
  if (pert >= 0) shares += model.log_change[context].row(pert);
  shares = shares.array().exp();
  return shares / shares.sum();
}

void sample_cell(const ProfileSampler& profile, const ScreenModel& model, std::size_t context, std::size_t batch,
                 double depth, std::uint64_t key, std::uint32_t cell, std::vector<std::uint32_t>& scratch,
                 std::vector<std::int32_t>& genes, std::vector<float>& counts) {
  static const double kLargestBatchFactor = std::exp(ScreenSize::kBatchLimit);
  NormalStream random(key, cell);
  RandomStream& words = random.words();
  const double* const effect = model.batch_effect[context].row(static_cast<Eigen::Index>(batch)).data();
  const std::uint32_t n_candidates = random.poisson(depth * kLargestBatchFactor);
  const std::size_t first = genes.size();
  for (std::uint32_t i = 0; i < n_candidates; ++i) {
    const std::uint32_t column = words.below(profile.n_genes());
    const std::uint32_t gene = profile.draw(column, words.next());
    const double theta = model.dispersion[gene];
    const double rate = depth * profile.share(gene), mean = rate * std::exp(effect[gene]);
    const double log_term = std::log1p(mean / theta);
    // θ log(1 + m/θ) clusters are expected; rate · kLargestBatchFactor candidates came.
    if (words.next() * 0x1.0p-32 >= theta * log_term / (rate * kLargestBatchFactor)) continue;
    const double p = mean / (theta + mean);
    double chance = p / log_term, left = words.next() * 0x1.0p-32;
    std::uint32_t size = 1;
    while (left >= chance && chance > 0) {
      left -= chance;
      chance *= p * size / (size + 1);
      ++size;
    }
    if (scratch[gene] == 0) genes.push_back(static_cast<std::int32_t>(gene));
    scratch[gene] += size;
  }
  std::sort(genes.begin() + static_cast<std::ptrdiff_t>(first), genes.end());
  for (std::size_t i = first; i < genes.size(); ++i) {
    std::uint32_t& count = scratch[static_cast<std::size_t>(genes[i])];
    counts.push_back(static_cast<float>(count));
    count = 0;
  }
}

}  // namespace headroom
