// Metrics of one method in one fold: 400 test perturbations × 6,640 genes.
#include "benchmarks/published_size.hpp"
#include "numerics/ranks.hpp"
#include "numerics/row_kernels.hpp"
#include "protocol/inner_score.hpp"
#include "protocol/metrics.hpp"

namespace headroom {
namespace {

void truth_cache(benchmark::State& state) {
  const Matrix truth = normal_matrix(kTests, kGenes, 3);
  const RowVector mean = normal_matrix(1, kGenes, 4);
  for (auto _ : state)
    benchmark::DoNotOptimize(make_truth_cache(truth, mean, OwnGeneColumns{}, std::nullopt, all_metrics()));
}
BENCHMARK(truth_cache)->Unit(benchmark::kMillisecond);

void metrics(benchmark::State& state, std::vector<Metric> chosen, double operations) {
  const Matrix truth = normal_matrix(kTests, kGenes, 3), prediction = 0.3 * truth + normal_matrix(kTests, kGenes, 5);
  const TruthCache cache =
      make_truth_cache(truth, normal_matrix(1, kGenes, 4), OwnGeneColumns{}, std::nullopt, all_metrics());
  for (auto _ : state) benchmark::DoNotOptimize(compute_metrics(prediction, cache, chosen));
  if (operations > 0) report_rate(state, "Gop/s", operations);
}

constexpr double kPairs = static_cast<double>(kTests * kTests * kGenes);
BENCHMARK_CAPTURE(metrics, all, {all_metrics().begin(), all_metrics().end()}, 0)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(metrics, errors_and_correlations, {Metric::L2, Metric::MAE, Metric::Pearson, Metric::Pearson_pert}, 0)
    ->Unit(benchmark::kMillisecond);
// One key a gene sorted.
BENCHMARK_CAPTURE(metrics, spearman, {Metric::Spearman}, static_cast<double>(kTests* kGenes))
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(metrics, centroid_accuracy, {Metric::centroid_accuracy}, 2 * kPairs)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(metrics, pds_l1, {Metric::PDS_L1}, 3 * kPairs)->Unit(benchmark::kMillisecond);

void train_mean(benchmark::State& state) {
  const Matrix truth = normal_matrix(kTests, kGenes, 3), prediction = normal_matrix(1, kGenes, 4).replicate(kTests, 1);
  const TruthCache cache = make_truth_cache(truth, prediction.row(0), OwnGeneColumns{}, std::nullopt, all_metrics());
  for (auto _ : state) benchmark::DoNotOptimize(compute_metrics(prediction, cache, all_metrics()));
}
BENCHMARK(train_mean)->Unit(benchmark::kMillisecond);

// |a - b| summed: a subtraction, a sign and an addition each.
void l1_tile(benchmark::State& state) {
  const std::size_t n_genes = 512;
  const std::vector<float> rows(kL1Rows * n_genes, 1.5f), panel(kL1Panel * n_genes, 0.5f);
  std::vector<double> out(kL1Rows * kL1Panel);
  for (auto _ : state) {
    add_l1_tile(rows.data(), n_genes, panel.data(), n_genes, out.data());
    benchmark::DoNotOptimize(out.data());
  }
  report_rate(state, "Gop/s", 3.0 * static_cast<double>(kL1Rows * kL1Panel * n_genes));
}
BENCHMARK(l1_tile)->Unit(benchmark::kMicrosecond);

void ranks_of_one_row(benchmark::State& state) {
  const Matrix values = normal_matrix(1, kGenes, 6);
  RankBuffers buffers;
  std::vector<float> ranks(static_cast<std::size_t>(kGenes));
  for (auto _ : state) centred_ranks(values.data(), ranks.size(), buffers, ranks.data());
  report_rate(state, "Gkeys/s", static_cast<double>(kGenes));
}
BENCHMARK(ranks_of_one_row)->Unit(benchmark::kMicrosecond);

void inner_score(benchmark::State& state) {
  const Matrix truth = normal_matrix(kTests, kGenes, 7), prediction = normal_matrix(kTests, kGenes, 8);
  RowIndex rows;
  for (std::int32_t i = 0; i < kTests; ++i) rows.push_back(i);
  for (auto _ : state) benchmark::DoNotOptimize(mean_row_l2(prediction, truth, rows));
  report_rate(state, "GB/s", 2.0 * sizeof(double) * static_cast<double>(kTests * kGenes));
}
BENCHMARK(inner_score)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace headroom

HEADROOM_BENCHMARK_MAIN()
