// A guard against slow kernels that can run anywhere: each kernel's time as a multiple of a dgemm's in the same
// process, compared with the stored multiple. Usage: kernel_ratios kernel_ratios.json [--write]
//
// The time is that of the processor, the least of several repetitions, so that other load disturbs little. Machines
// differ in how fast a kernel is beside dgemm, by up to two between AVX2 and AVX-512; kAllowed covers that and no more.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "benchmarks/head_call.hpp"
#include "benchmarks/random_matrices.hpp"
#include "bounds/gap.hpp"
#include "cells/bootstrap.hpp"
#include "heads/knn.hpp"
#include "heads/lasso.hpp"
#include "heads/neighbours.hpp"
#include "heads/ridge.hpp"
#include "host/cells/random_cells.hpp"
#include "numerics/blas.hpp"
#include "numerics/ranks.hpp"
#include "numerics/symmetric_eigen.hpp"
#include "protocol/kfold.hpp"
#include "protocol/metrics.hpp"
#include "protocol/reduced_features.hpp"

namespace headroom {
namespace {

constexpr double kAllowed = 3;  // times the stored ratio

struct Kernel {
  std::string name;
  std::function<void()> run;
};

double cpu_s() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double least_time_s(const std::function<void()>& run) {
  constexpr int kRepetitions = 7;
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kRepetitions; ++i) {
    const double start = cpu_s();
    run();
    least = std::min(least, cpu_s() - start);
  }
  return least;
}

// Whole calls of the heads; 500 training and 100 query rows × 50 features, 640 genes, except where the name says.
void add_heads(std::vector<Kernel>* all) {
  all->push_back({"nearest 100 of 500 rows for 100",
                  [training = low_rank_matrix(500, 50, 7), query = low_rank_matrix(100, 50, 8)] {
                    const auto view = [](const Matrix& m) {
                      return sdk::ConstMatrixMap(m.data(), m.rows(), m.cols(), Eigen::OuterStride<>(m.cols()));
                    };
                    (void)heads::nearest_rows(view(training), view(query), 100);
                  }});
  const Matrix query = normal_matrix(100, 50, 9), deltas = normal_matrix(500, 640, 10);
  const auto call = [&](Matrix training, const std::vector<double>& settings) {
    return std::make_shared<HeadCall>(std::move(training), query, deltas, settings);
  };
  const Matrix correlated = low_rank_matrix(500, 50, 11);
  all->push_back(
      {"knn, five k up to 100", [knn = call(correlated, {20, 40, 60, 80, 100})] { knn->run(heads::predict_knn); }});
  all->push_back(
      {"lasso by soft threshold, four alphas",
       [lasso = call(orthogonal_features(500, 50, 12), {1e-3, 1e-2, 1e-1, 1})] { lasso->run(heads::predict_lasso); }});
  all->push_back({"lasso by coordinate descent, four alphas",
                  [lasso = call(correlated, {1e-3, 1e-2, 1e-1, 1})] { lasso->run(heads::predict_lasso); }});
  all->push_back(
      {"ridge, four alphas", [ridge = call(correlated, {1, 10, 100, 1000})] { ridge->run(heads::predict_ridge); }});
}

// 10 × 10 draws of one perturbation with 144 cells × 2,000 genes, scored.
void add_bootstrap(std::vector<Kernel>* all) {
  constexpr std::uint32_t kGenes = 2000;
  ThreadPool pool(1);
  NoProgress progress;
  auto control = std::make_shared<ContextControl>(prepare_control(random_cells(1, std::vector<int>(8, 50), kGenes, 0.1),
                                                                  Design::global, kGenes, "all", BootstrapOptions{},
                                                                  pool, progress, {}));
  auto workspace = std::make_shared<BootstrapWorkspace>(*control);
  all->push_back({"bootstrap of 144 cells x 2000 genes, 10 x 10",
                  [control, workspace, cells = random_cells(2, std::vector<int>(8, 18), kGenes, 0.1)] {
                    (void)estimate_perturbation(*control, cells, "A1BG", *workspace);
                  }});
}

std::vector<Kernel> kernels() {
  std::vector<Kernel> all;
  add_heads(&all);
  add_bootstrap(&all);
  all.push_back(
      {"leading 50 eigenpairs of 640 x 640", [x = low_rank_matrix(800, 640, 1), gram = Matrix(640, 640)]() mutable {
         gram_of_columns(1.0, x, 0.0, gram);
         (void)top_eigenpairs(gram, 50);
       }});
  all.push_back({"features of 500 x 320, 5 inner splits, 50 components",
                 [training = low_rank_matrix(500, 320, 2), test = low_rank_matrix(100, 320, 3)] {
                   ThreadPool pool(1);
                   (void)reduce_features(training, test, kfold_test_rows(500, 5, 42), 50, pool);
                 }});
  const Matrix truth = normal_matrix(100, 2000, 4), prediction = truth + normal_matrix(100, 2000, 5);
  const TruthCache cache =
      make_truth_cache(truth, RowVector::Zero(2000), OwnGeneColumns{}, std::nullopt, all_metrics());
  for (const Metric metric : {Metric::Pearson, Metric::Spearman, Metric::centroid_accuracy, Metric::PDS_L1}) {
    all.push_back({std::string(metric_name(metric)) + " of 100 x 2000",
                   [=] { (void)compute_metrics(prediction, cache, std::span(&metric, 1)); }});
  }
  std::vector<GapMethod> methods;
  for (std::uint32_t m = 0; m < 20; ++m) {
    const Competes competes = m == 0 ? Competes::for_wap : m == 1 ? Competes::for_bap : Competes::for_nothing;
    GapMethod method{std::to_string(m), competes, {}};
    for (std::uint32_t fold = 0; fold < 5; ++fold) {
      method.fold_values.push_back(normal_matrix(100, 1, 5 * m + fold).array() + (m == 1 ? 1 : 2));
    }
    methods.push_back(std::move(method));
  }
  all.push_back({"gap of 20 methods, 5 folds of 100, 1000 resamples",
                 [methods] { (void)close_gap(methods, false, TestResamples(std::vector<Eigen::Index>(5, 100), 1)); }});
  return all;
}

int run(const std::string& path, bool write) {
  if (const auto blas = require_threadsafe_blas(); !blas) {
    std::fprintf(stderr, "%s\n", blas.error().line().c_str());
    return 4;
  }
  const Matrix a = normal_matrix(512, 512, 6);
  Matrix product(512, 512);
  const double dgemm_s = least_time_s([&] { gemm(Transpose::no, Transpose::no, 1.0, a, a, 0.0, product); });

  nlohmann::ordered_json stored;
  if (!write) {
    std::ifstream file(path);
    if (!file) {
      std::fprintf(stderr, "no file %s\n", path.c_str());
      return 2;
    }
    stored = nlohmann::ordered_json::parse(file).at("times_dgemm_512");
  }
  nlohmann::ordered_json measured;
  bool slow = false;
  for (const Kernel& kernel : kernels()) {
    const double ratio = least_time_s(kernel.run) / dgemm_s;
    measured[kernel.name] = ratio;
    if (write) continue;
    const double expected = stored.at(kernel.name);
    const bool too_slow = ratio > kAllowed * expected;
    slow = slow || too_slow;
    std::printf("%-52s %8.3f x dgemm, stored %8.3f%s\n", kernel.name.c_str(), ratio, expected,
                too_slow ? "  TOO SLOW" : "");
  }
  if (write) {
    std::ofstream(path) << nlohmann::ordered_json{{"times_dgemm_512", measured}}.dump(2) << "\n";
  }
  return slow ? 1 : 0;
}

}  // namespace
}  // namespace headroom

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: kernel_ratios kernel_ratios.json [--write]\n");
    return 2;
  }
  return headroom::run(argv[1], argc > 2 && std::string(argv[2]) == "--write");
}
