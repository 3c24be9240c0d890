// Features: everything between an embedding and a head, and the embeddings that the bounds make.
#include <string>
#include <vector>

#include "benchmarks/published_size.hpp"
#include "bounds/gene_pca.hpp"
#include "bounds/idealized.hpp"
#include "numerics/pca.hpp"
#include "numerics/symmetric_eigen.hpp"
#include "protocol/kfold.hpp"
#include "protocol/reduced_features.hpp"

namespace headroom {
namespace {

void gram(benchmark::State& state) {
  const Matrix x = normal_matrix(kTraining, kDimension, 3);
  Matrix out(kDimension, kDimension);
  for (auto _ : state) gram_of_columns(1.0, x, 0.0, out);
  report_rate(state, "GFLOP/s", static_cast<double>(kTraining * kDimension * kDimension));
}
BENCHMARK(gram)->Unit(benchmark::kMillisecond);

// The 100 leading eigenpairs of 1280 × 1280.
void leading_eigenpairs(benchmark::State& state) {
  const Matrix x = low_rank_matrix(kTraining, kDimension, 4);
  Matrix gram(kDimension, kDimension), destroyed;
  gram_of_columns(1.0, x, 0.0, gram);
  for (auto _ : state) {
    destroyed = gram;
    benchmark::DoNotOptimize(top_eigenpairs(destroyed, kCommonDim));
  }
  const auto n = static_cast<double>(kDimension), k = static_cast<double>(kCommonDim);
  report_rate(state, "GFLOP/s", 4.0 / 3 * n * n * n + 2 * n * n * k);
}
BENCHMARK(leading_eigenpairs)->Unit(benchmark::kMillisecond);

// Five inner fits and the final one: 1,600 training rows × 1,280.
void reduce_one_embedding(benchmark::State& state) {
  ThreadPool pool(static_cast<int>(state.range(0)));
  const Matrix training = low_rank_matrix(kTraining, kDimension, 5), test = low_rank_matrix(kTests, kDimension, 6);
  const auto held_out = kfold_test_rows(static_cast<std::size_t>(kTraining), 5, 42);
  for (auto _ : state) benchmark::DoNotOptimize(reduce_features(training, test, held_out, kCommonDim, pool));
}
BENCHMARK(reduce_one_embedding)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

// One fit by singular value decomposition: what the Gram matrix saves.
void one_fit_by_svd(benchmark::State& state) {
  const Matrix training = low_rank_matrix(kTraining, kDimension, 7);
  for (auto _ : state) {
    benchmark::DoNotOptimize(fit_pca_by_svd(training, all_rows(kTraining), kCommonDim, ColumnScaling::unit_variance));
  }
}
BENCHMARK(one_fit_by_svd)->Unit(benchmark::kMillisecond)->Iterations(1);

void idealized(benchmark::State& state) {
  const Matrix deltas = low_rank_matrix(kPerturbations, kGenes, 8);
  for (auto _ : state) benchmark::DoNotOptimize(idealized_embedding(deltas, kCommonDim));
}
BENCHMARK(idealized)->Unit(benchmark::kMillisecond);

void gene_pca(benchmark::State& state) {
  const Matrix deltas = low_rank_matrix(kTraining, kGenes, 9);
  std::vector<std::string> genes(static_cast<std::size_t>(kGenes));
  for (std::size_t g = 0; g < genes.size(); ++g) genes[g] = std::to_string(g);
  const std::vector<std::string> perts(genes.begin(), genes.begin() + kPerturbations);
  for (auto _ : state) benchmark::DoNotOptimize(gene_pca_embedding(deltas, genes, perts, kCommonDim));
}
BENCHMARK(gene_pca)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace headroom

HEADROOM_BENCHMARK_MAIN()
