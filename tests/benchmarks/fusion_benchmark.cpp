// The fusions at the size of a whole screen: 29 embeddings of 100 components, 2,000 perturbations of which 400 are held
// out, 6,640 genes, two threads. One iteration is one fit; a fold with five inner splits and a refit takes the time of
// 3.6 (an inner split has 0.8 of the rows, and what takes time grows with their cube).
#include "benchmarks/head_call.hpp"
#include "benchmarks/published_size.hpp"
#include "fusion/kernels.hpp"
#include "fusion/stack.hpp"
#include "heads/knn.hpp"
#include "heads/ridge.hpp"

namespace headroom {
namespace {

constexpr int kThreads = 2, kBlocks = 29;

// Embeddings that see a third of what the deltas depend on, six of them; the others are noise.
struct Screen {
  std::vector<Matrix> blocks;  // training and query rows × components
  Matrix deltas;               // the same rows × genes

  Screen() {
    const Eigen::Index n = kTraining + kTests, factors = 30;
    const Matrix seen = normal_matrix(n, factors, 1);
    deltas = normal_matrix(n, kGenes, 2);
    gemm(Transpose::no, Transpose::no, 0.3, seen, normal_matrix(factors, kGenes, 3), 1.0, deltas);
    for (int b = 0; b < kBlocks; ++b) {
      blocks.push_back(normal_matrix(n, kCommonDim, static_cast<std::uint32_t>(10 + b)));
      if (b < 6) blocks.back().leftCols(10) += 3 * seen.middleCols(10 * (b % 3), 10);
    }
  }
  Matrix training(std::size_t b) const { return blocks[b].topRows(kTraining); }
  Matrix query(std::size_t b) const { return blocks[b].bottomRows(kTests); }
};

const Screen& screen() {
  static const Screen made;
  return made;
}

template <class Fusion>
void fuse(benchmark::State& state, const Fusion& fusion) {
  HeadCall call(screen().training(0), screen().query(0), screen().deltas.topRows(kTraining), {0});
  for (std::size_t b = 1; b < kBlocks; ++b) call.add_block(screen().training(b), screen().query(b));
  for (auto _ : state) call.run(fusion, kThreads);
}

void kernels(benchmark::State& state) {
  int n_evaluations = 0;
  double residual = 0;
  fuse(state, [&](const sdk::PredictorRequest& request, int n_threads, sdk::PredictorOutput& output) {
    const auto fit = fusion::predict_kernels(request, {}, n_threads, output);
    n_evaluations = fit.n_evaluations;
    residual = fit.loo_l2.value_or(0);
  });
  state.counters["evaluations"] = n_evaluations;
  state.counters["loo_L2"] = residual;
}
BENCHMARK(kernels)->Unit(benchmark::kSecond)->Iterations(1)->MeasureProcessCPUTime();

void stack(benchmark::State& state) {
  double residual = 0;
  fuse(state, [&](const sdk::PredictorRequest& request, int n_threads, sdk::PredictorOutput& output) {
    residual = fusion::predict_stack(request, n_threads, output).error;
  });
  state.counters["out_of_fold_L2"] = residual;
}
BENCHMARK(stack)->Unit(benchmark::kSecond)->Iterations(1)->MeasureProcessCPUTime();

// What the stack's heads take by themselves on all blocks with their whole grids: the refit alone, of which a fold has
// five more on 0.8 of the rows.
void heads_of_the_stack(benchmark::State& state) {
  for (auto _ : state) {
    for (std::size_t b = 0; b < kBlocks; ++b) {
      HeadCall knn(screen().training(b), screen().query(b), screen().deltas.topRows(kTraining), {20, 40, 60, 80, 100});
      knn.run(heads::predict_knn, kThreads);
      HeadCall ridge(screen().training(b), screen().query(b), screen().deltas.topRows(kTraining), {1, 1e2, 1e4, 1e6});
      ridge.run(heads::predict_ridge, kThreads);
    }
  }
}
BENCHMARK(heads_of_the_stack)->Unit(benchmark::kSecond)->Iterations(1)->MeasureProcessCPUTime();

}  // namespace
}  // namespace headroom

HEADROOM_BENCHMARK_MAIN()
