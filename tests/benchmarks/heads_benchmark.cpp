// The heads at the published size, one thread: 1,600 training and 400 query rows of 100 components, 6,640 genes; first
// their kernels, then whole calls with the published grids.
#include "benchmarks/head_call.hpp"
#include "benchmarks/published_size.hpp"
#include "heads/coordinate_descent.hpp"
#include "heads/knn.hpp"
#include "heads/lasso.hpp"
#include "heads/neighbours.hpp"
#include "heads/panel_product.hpp"
#include "heads/ridge.hpp"
#include "heads/running_means.hpp"

namespace headroom {
namespace {

constexpr Eigen::Index kNearest = 100;
constexpr auto kTrainingWork = static_cast<double>(kTraining), kTestsWork = static_cast<double>(kTests),
               kGenesWork = static_cast<double>(kGenes), kDimWork = static_cast<double>(kCommonDim);

sdk::ConstMatrixMap map_of(const Matrix& m) { return {m.data(), m.rows(), m.cols(), Eigen::OuterStride<>(m.cols())}; }

// Distances by one product, a partial sort, and the nearest ones measured again.
void nearest_neighbours(benchmark::State& state) {
  const Matrix training = low_rank_matrix(kTraining, kCommonDim, 3), query = low_rank_matrix(kTests, kCommonDim, 4);
  for (auto _ : state) {
    benchmark::DoNotOptimize(heads::nearest_rows(map_of(training), map_of(query), kNearest));
  }
  report_rate(state, "GFLOP/s", 2 * kTrainingWork * kTestsWork * kDimWork);
}
BENCHMARK(nearest_neighbours)->Unit(benchmark::kMillisecond);

// One panel of 64 genes and all five k: each neighbour's row is loaded and added once.
void running_means_of_a_panel(benchmark::State& state) {
  const Matrix panel = normal_matrix(kTraining, heads::kPanelWidth, 5);
  const auto neighbours = heads::nearest_rows(map_of(low_rank_matrix(kTraining, kCommonDim, 6)),
                                              map_of(low_rank_matrix(kTests, kCommonDim, 7)), kNearest);
  const std::vector<std::int64_t> counts = {20, 40, 60, 80, 100};
  std::vector<Matrix> out(counts.size(), Matrix::Zero(kTests, heads::kPanelWidth));
  std::vector<double*> targets;
  for (Matrix& matrix : out) targets.push_back(matrix.data());
  const std::vector<std::int64_t> strides(counts.size(), heads::kPanelWidth);
  heads::RunningMeans means;
  means.panel = panel.data();
  means.neighbours = neighbours.rows.data();
  means.n_query = kTests;
  means.n_nearest = kNearest;
  means.counts = counts.data();
  means.n_counts = static_cast<std::int64_t>(counts.size());
  means.out = targets.data();
  means.out_stride = strides.data();
  means.width = heads::kPanelWidth;
  for (auto _ : state) {
    heads::running_means(means);
    benchmark::DoNotOptimize(out.front().data());
  }
  report_rate(state, "GB/s", sizeof(double) * static_cast<double>(kTests * kNearest * heads::kPanelWidth));
}
BENCHMARK(running_means_of_a_panel)->Unit(benchmark::kMicrosecond);

// Features × training rows times a panel of 64 genes: the correlations of the linear heads.
void panel_product(benchmark::State& state) {
  const Matrix left = normal_matrix(kCommonDim, kTraining, 8), panel = normal_matrix(kTraining, heads::kPanelWidth, 9);
  Matrix out(kCommonDim, heads::kPanelWidth);
  heads::PanelProduct product;
  product.left = left.data();
  product.left_stride = kTraining;
  product.rows = kCommonDim;
  product.panel = panel.data();
  product.depth = kTraining;
  product.out = out.data();
  product.out_stride = heads::kPanelWidth;
  for (auto _ : state) {
    heads::panel_product(product);
    benchmark::DoNotOptimize(out.data());
  }
  report_rate(state, "GFLOP/s", 2 * kDimWork * kTrainingWork * static_cast<double>(heads::kPanelWidth));
}
BENCHMARK(panel_product)->Unit(benchmark::kMicrosecond);

// One sweep over 96 correlated features, as many genes side by side as there are lanes.
void coordinate_descent_sweep(benchmark::State& state) {
  constexpr Eigen::Index kFeatures = 96;  // whole blocks on every processor
  heads::Descent problem;
  const Eigen::Index lanes = heads::descent_lanes(problem.registers);
  const Matrix z = low_rank_matrix(kTraining, kFeatures, 10), correlations = normal_matrix(kFeatures, lanes, 11);
  const Matrix gram = z.transpose() * z, inverse = gram.diagonal().cwiseInverse();
  problem.n_features = kFeatures;
  problem.gram = gram.data();
  problem.gram_stride = kFeatures;
  problem.inverse_diagonal = inverse.data();
  problem.correlations = correlations.data();
  problem.threshold = 0.01;
  Matrix weights = Matrix::Zero(kFeatures, lanes), moves = Matrix::Zero(1, lanes);
  for (auto _ : state) {
    heads::descend(problem, weights.data(), moves.data());
    benchmark::DoNotOptimize(weights.data());
  }
  report_rate(state, "GFLOP/s", 2.0 * static_cast<double>(kFeatures * kFeatures * lanes));
}
BENCHMARK(coordinate_descent_sweep)->Unit(benchmark::kMicrosecond);

// Whole calls. Their rates count the products and sums that the method needs, and none of the memory's traffic.
void knn(benchmark::State& state) {
  HeadCall call(low_rank_matrix(kTraining, kCommonDim, 12), low_rank_matrix(kTests, kCommonDim, 13),
                normal_matrix(kTraining, kGenes, 14), {20, 40, 60, 80, 100});
  for (auto _ : state) call.run(heads::predict_knn);
  report_rate(state, "GFLOP/s", 2 * kTrainingWork * kTestsWork * kDimWork + kTestsWork * kNearest * kGenesWork);
}
BENCHMARK(knn)->Unit(benchmark::kMillisecond);

constexpr double kCorrelations = 2 * kDimWork * kTrainingWork * kGenesWork;
constexpr double kPrediction = 2 * kTestsWork * kDimWork * kGenesWork;  // of one setting

// Orthogonal features: a soft threshold a coefficient. The thresholds leave most, half, few and no coefficients.
void lasso_by_soft_threshold(benchmark::State& state) {
  HeadCall call(orthogonal_features(kTraining, kCommonDim, 15), normal_matrix(kTests, kCommonDim, 16),
                normal_matrix(kTraining, kGenes, 17), {1e-3, 1e-2, 1e-1, 1});
  for (auto _ : state) call.run(heads::predict_lasso);
  report_rate(state, "GFLOP/s", kCorrelations);
}
BENCHMARK(lasso_by_soft_threshold)->Unit(benchmark::kMillisecond);

void lasso_by_coordinate_descent(benchmark::State& state) {
  HeadCall call(low_rank_matrix(kTraining, kCommonDim, 18), low_rank_matrix(kTests, kCommonDim, 19),
                normal_matrix(kTraining, kGenes, 20), {1e-3, 1e-2, 1e-1, 1});
  for (auto _ : state) call.run(heads::predict_lasso);
  report_rate(state, "GFLOP/s", kCorrelations);
}
BENCHMARK(lasso_by_coordinate_descent)->Unit(benchmark::kMillisecond);

void ridge(benchmark::State& state) {
  HeadCall call(low_rank_matrix(kTraining, kCommonDim, 21), low_rank_matrix(kTests, kCommonDim, 22),
                normal_matrix(kTraining, kGenes, 23), {1, 10, 100, 1000});
  for (auto _ : state) call.run(heads::predict_ridge);
  report_rate(state, "GFLOP/s", kCorrelations + 4 * kPrediction);
}
BENCHMARK(ridge)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace headroom

HEADROOM_BENCHMARK_MAIN()
