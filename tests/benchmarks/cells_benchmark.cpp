// The bootstrap of a screen of 400 perturbations × 60,000 cells × 2,000 genes, a tenth of the counts not zero, with
// 10 × 10 draws: its kernel, what scores the draws, and all of it. One thread, cells in memory.
#include "benchmarks/published_size.hpp"
#include "cells/bootstrap.hpp"
#include "cells/weighted_sums.hpp"
#include "host/cells/random_cells.hpp"

namespace headroom {
namespace {

constexpr int kScreenPerturbations = 400, kBatches = 8;
constexpr std::uint32_t kScreenGenes = 2000;
constexpr double kDensity = 0.1;
constexpr std::size_t kEntryBytes = sizeof(double) + sizeof(std::uint16_t);  // gene by gene: value and cell

// 144 cells a perturbation in 8 batches; the control has the remaining 2,400.
const std::vector<CellRows>& screen() {
  static const std::vector<CellRows> all = [] {
    std::vector<CellRows> made;
    for (unsigned p = 0; p < kScreenPerturbations; ++p) {
      made.push_back(random_cells(p, std::vector<int>(kBatches, 18), kScreenGenes, kDensity));
    }
    return made;
  }();
  return all;
}

double n_entries() {
  double n = 0;
  for (const CellRows& rows : screen()) n += static_cast<double>(rows.value.size());
  return n;
}

void weighted_sums(benchmark::State& state) {
  constexpr std::uint32_t kLanes = 120;  // 100 draws and 2 × 10 halves
  std::vector<GeneMajorGroup> groups(kScreenPerturbations);
  for (std::size_t p = 0; p < groups.size(); ++p) {
    make_gene_major_group(screen()[p], kScreenGenes, false, groups[p]);
  }
  AlignedVector<double> weights(GeneMajorBlock::kMaxCells * kLanes, 0.5), sums(kScreenGenes * kLanes, 0.0);
  for (auto _ : state) {
    for (const GeneMajorGroup& group : groups) {
      for (const GeneMajorBlock& block : group.blocks) {
        add_weighted_sums(block, weights.data(), kLanes, 0, kScreenGenes, sums.data());
      }
    }
    benchmark::DoNotOptimize(sums.data());
  }
  report_rate(state, "GFLOP/s", 2 * n_entries() * kLanes);
  report_rate(state, "GB/s", n_entries() * kEntryBytes);
}
BENCHMARK(weighted_sums)->Unit(benchmark::kMillisecond);

void gene_major_groups(benchmark::State& state) {
  GeneMajorGroup group;
  for (auto _ : state) {
    for (const CellRows& rows : screen()) make_gene_major_group(rows, kScreenGenes, false, group);
    benchmark::DoNotOptimize(group.blocks.data());
  }
  report_rate(state, "GB/s", n_entries() * (sizeof(double) + sizeof(std::uint32_t)));
}
BENCHMARK(gene_major_groups)->Unit(benchmark::kMillisecond);

// The five metrics of 100 draws of one perturbation.
void draw_metrics(benchmark::State& state) {
  constexpr std::uint32_t kDraws = 100, kLanes = 104;
  const Matrix draws = normal_matrix(kScreenGenes, kLanes, 5), truth = normal_matrix(1, kScreenGenes, 6);
  AlignedVector<double> aligned(static_cast<std::size_t>(draws.size()), 0.0);
  std::copy_n(draws.data(), draws.size(), aligned.data());
  DrawMetrics metrics(kScreenGenes, kDraws, kLanes);
  for (auto _ : state) {
    metrics.start(truth.data());
    metrics.add(0, kScreenGenes, aligned.data());
    benchmark::DoNotOptimize(metrics.quantiles());
  }
  report_rate(state, "GB/s", sizeof(double) * static_cast<double>(kScreenGenes) * kDraws);
}
BENCHMARK(draw_metrics)->Unit(benchmark::kMillisecond);

void spearman_of_a_draw(benchmark::State& state) {
  std::vector<float> reference(kScreenGenes), draw(kScreenGenes);
  const Matrix values = normal_matrix(2, kScreenGenes, 7);
  for (std::uint32_t g = 0; g < kScreenGenes; ++g) {
    reference[g] = static_cast<float>(values(0, g));
    draw[g] = static_cast<float>(values(1, g));
  }
  SpearmanAgainst spearman(kScreenGenes);
  spearman.set_reference(reference.data());
  for (auto _ : state) benchmark::DoNotOptimize(spearman.correlate(draw.data()));
  report_rate(state, "Gkeys/s", kScreenGenes);
}
BENCHMARK(spearman_of_a_draw)->Unit(benchmark::kMicrosecond);

void bootstrap(benchmark::State& state) {
  ThreadPool pool(1);
  NoProgress progress;
  const CellRows control_cells = random_cells(1000, std::vector<int>(kBatches, 300), kScreenGenes, kDensity);
  const ContextControl control =
      prepare_control(control_cells, Design::global, kScreenGenes, "all", BootstrapOptions{}, pool, progress, {});
  BootstrapWorkspace workspace(control);
  for (auto _ : state) {
    for (std::size_t p = 0; p < screen().size(); ++p) {
      benchmark::DoNotOptimize(estimate_perturbation(control, screen()[p], std::to_string(p), workspace));
    }
  }
  report_rate(state, "GB/s", n_entries() * (sizeof(double) + sizeof(std::uint32_t)));
}
BENCHMARK(bootstrap)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace headroom

HEADROOM_BENCHMARK_MAIN()
