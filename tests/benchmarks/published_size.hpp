// The published size, which the benchmarks measure at, and what the machine gives in the same run, against which their
// rates are read: dgemm for GFLOP/s, a copy and a triad for GB/s.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "benchmarks/random_matrices.hpp"
#include "matrix/matrix.hpp"
#include "numerics/blas.hpp"

namespace headroom {

inline constexpr Eigen::Index kPerturbations = 2000, kTraining = 1600, kTests = 400, kGenes = 6640, kDimension = 1280,
                              kCommonDim = 100;

// Reports operations (1e9 / s) per iteration under `name`.
inline void report_rate(benchmark::State& state, const char* name, double operations) {
  state.counters[name] =
      benchmark::Counter(operations * 1e-9 * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

// One thread; 1024 × 1024 × 1024.
inline void dgemm_reference(benchmark::State& state) {
  const Eigen::Index n = 1024;
  const Matrix a = normal_matrix(n, n, 1), b = normal_matrix(n, n, 2);
  Matrix c(n, n);
  for (auto _ : state) {
    gemm(Transpose::no, Transpose::no, 1.0, a, b, 0.0, c);
    benchmark::DoNotOptimize(c.data());
  }
  report_rate(state, "GFLOP/s", 2.0 * static_cast<double>(n * n * n));
}
BENCHMARK(dgemm_reference)->Unit(benchmark::kMillisecond);

// 64 MiB an array, which no cache holds; the traffic that a program sees, without the lines that a store fetches.
inline constexpr std::size_t kStreamLength = std::size_t{8} << 20;

inline void memory_copy_reference(benchmark::State& state) {
  const std::vector<double> a(kStreamLength, 1.0);
  std::vector<double> c(kStreamLength);
  for (auto _ : state) {
    std::copy(a.begin(), a.end(), c.begin());
    benchmark::DoNotOptimize(c.data());
    benchmark::ClobberMemory();
  }
  report_rate(state, "GB/s", 2.0 * sizeof(double) * kStreamLength);
}
BENCHMARK(memory_copy_reference)->Unit(benchmark::kMillisecond);

inline void memory_triad_reference(benchmark::State& state) {
  const std::vector<double> a(kStreamLength, 1.0), b(kStreamLength, 2.0);
  std::vector<double> c(kStreamLength);
  for (auto _ : state) {
    for (std::size_t i = 0; i < kStreamLength; ++i) c[i] = a[i] + 3.0 * b[i];
    benchmark::DoNotOptimize(c.data());
    benchmark::ClobberMemory();
  }
  report_rate(state, "GB/s", 3.0 * sizeof(double) * kStreamLength);
}
BENCHMARK(memory_triad_reference)->Unit(benchmark::kMillisecond);

}  // namespace headroom

// BENCHMARK_MAIN with the one BLAS setting that the host makes.
#define HEADROOM_BENCHMARK_MAIN()                                          \
  int main(int argc, char** argv) {                                        \
    const auto blas = headroom::require_threadsafe_blas();                 \
    if (!blas) {                                                           \
      std::fprintf(stderr, "%s\n", blas.error().line().c_str());           \
      return 4;                                                            \
    }                                                                      \
    benchmark::AddCustomContext("blas", blas->config + ", " + blas->core); \
    benchmark::Initialize(&argc, argv);                                    \
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;      \
    benchmark::RunSpecifiedBenchmarks();                                   \
    return 0;                                                              \
  }
