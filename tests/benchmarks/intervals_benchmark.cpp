// Intervals: 1,000 resamples of 5 folds of 400 test perturbations.
#include <string>
#include <vector>

#include "benchmarks/published_size.hpp"
#include "bounds/comparison.hpp"
#include "bounds/gap.hpp"
#include "bounds/resampled_sums.hpp"

namespace headroom {
namespace {

const std::vector<Eigen::Index> kFolds(5, kTests);

std::vector<GapMethod> methods(std::size_t n) {
  std::vector<GapMethod> all;
  for (std::size_t m = 0; m < n; ++m) {
    GapMethod method{std::to_string(m), Competes::for_nothing, {}};
    const double level = m == 0 ? 2 : m == 1 ? 1 : 1.5;
    if (m == 0) method.competes = Competes::for_wap;
    if (m == 1) method.competes = Competes::for_bap;
    for (std::size_t fold = 0; fold < kFolds.size(); ++fold) {
      method.fold_values.emplace_back(
          Vector(normal_matrix(kTests, 1, static_cast<std::uint32_t>(5 * m + fold)).array() + level));
    }
    all.push_back(std::move(method));
  }
  return all;
}

void draw_resamples(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(TestResamples(kFolds, 1));
  report_rate(state, "Gdraw/s", 1000.0 * 5 * kTests);
}
BENCHMARK(draw_resamples)->Unit(benchmark::kMillisecond);

// One (context, metric, head) with this many methods.
void close_the_gap(benchmark::State& state) {
  const auto all = methods(static_cast<std::size_t>(state.range(0)));
  const TestResamples resamples(kFolds, 1);
  for (auto _ : state) benchmark::DoNotOptimize(close_gap(all, false, resamples));
  report_rate(state, "GFLOP/s", 2.0 * 1000 * 5 * kTests * static_cast<double>(state.range(0)));
}
BENCHMARK(close_the_gap)->Arg(10)->Arg(80)->Unit(benchmark::kMillisecond);

void resampled_sums_kernel(benchmark::State& state) {
  const std::vector<float> counts(kTests * kResampleBlock, 1.0f);
  const std::vector<double> column(kTests, 0.5);
  const double* const values[kSumMethods] = {column.data(), column.data(), column.data(), column.data()};
  double sums[kSumMethods][kResampleBlock];
  for (auto _ : state) {
    resampled_sums(counts.data(), values, kTests, sums);
    benchmark::DoNotOptimize(sums);
  }
  report_rate(state, "GFLOP/s", 2.0 * kTests * kResampleBlock * kSumMethods);
}
BENCHMARK(resampled_sums_kernel)->Unit(benchmark::kMicrosecond);

void compare_two(benchmark::State& state) {
  const auto all = methods(2);
  const TestResamples resamples(kFolds, 1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(compare_paired(all[0].fold_values, all[1].fold_values, false, resamples));
  }
}
BENCHMARK(compare_two)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace headroom

HEADROOM_BENCHMARK_MAIN()
