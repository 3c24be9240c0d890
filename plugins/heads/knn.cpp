#include "heads/knn.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "heads/features.hpp"
#include "heads/held_out_errors.hpp"
#include "heads/neighbours.hpp"
#include "heads/panel_threads.hpp"
#include "heads/running_means.hpp"
#include "heads/training_deltas.hpp"

namespace headroom::heads {
namespace {

// Feasible settings by ascending k.
struct Counts {
  std::vector<std::int64_t> setting;
  std::vector<std::int64_t> k;  // of that setting
};

template <class Output>
Counts feasible_counts(const sdk::PredictorRequest& request, std::int64_t n_rows, Output& output) {
  Counts counts;
  for (std::int64_t s = 0; s < request.n_settings(); ++s) {
    if (request.setting(s, 0) < 1.0) throw sdk::Error("k must be at least 1");
    if (request.setting(s, 0) <= static_cast<double>(n_rows)) {
      counts.setting.push_back(s);
    } else {
      output.set_infeasible(s);
    }
  }
  std::stable_sort(counts.setting.begin(), counts.setting.end(), [&](std::int64_t a, std::int64_t b) {
    return request.setting(a, 0) < request.setting(b, 0);
  });
  for (const std::int64_t s : counts.setting) counts.k.push_back(static_cast<std::int64_t>(request.setting(s, 0)));
  return counts;
}

// The error measured gene by gene, for queries so close to the mean of their neighbours that the sum of inner products
// cancels.
double error_over_genes(const sdk::ErrorsRequest& request, std::int64_t query, const std::int32_t* shared_rows,
                        std::int64_t k) {
  const sdk::ConstMatrixMap deltas = request.predictor().delta_rows();
  Eigen::RowVectorXd mean = Eigen::RowVectorXd::Zero(deltas.cols());
  for (std::int64_t i = 0; i < k; ++i) mean += deltas.row(shared_rows[i]);
  mean /= static_cast<double>(k);
  return (mean - request.query_delta(query)).norm();
}

}  // namespace

void predict_knn(const sdk::PredictorRequest& request, int n_threads, sdk::PredictorOutput& output) {
  const TrainingDeltas deltas = present_training_deltas(request);
  const Counts counts = feasible_counts(request, deltas.n_rows(), output);
  if (counts.k.empty() || request.n_query() == 0) return;
  const Features features(request.block());
  const Neighbours neighbours = nearest_rows(features.training(), features.query(), counts.k.back());

  on_threads(n_threads, deltas.n_panels(), [&](PanelCounter& counter) {
    std::vector<double> packed(static_cast<std::size_t>(deltas.n_rows() * kPanelWidth));
    std::vector<double*> out(counts.k.size());
    std::vector<std::int64_t> out_stride(counts.k.size());
    for (std::int64_t panel = counter.next(); panel < deltas.n_panels(); panel = counter.next()) {
      pack_panel(deltas, panel, packed.data());
      for (std::size_t c = 0; c < counts.k.size(); ++c) {
        sdk::MatrixMap prediction = output.prediction(counts.setting[c]);
        out[c] = prediction.data() + panel * kPanelWidth;
        out_stride[c] = prediction.outerStride();
      }
      RunningMeans means;
      means.panel = packed.data();
      means.neighbours = neighbours.rows.data();
      means.n_query = neighbours.n_query;
      means.n_nearest = neighbours.n_nearest;
      means.counts = counts.k.data();
      means.n_counts = static_cast<std::int64_t>(counts.k.size());
      means.out = out.data();
      means.out_stride = out_stride.data();
      means.width = panel_width(deltas, panel);
      running_means(means);
    }
  });
  predict_absent_queries(request, output);
}

void knn_errors(const sdk::ErrorsRequest& request, sdk::ErrorsOutput& output) {
  // Inner products over some thousand genes are good to about 1e-14 of their size; above this share of it an error of
  // the square is below 1e-10 of the error's.
  constexpr double kCancels = 1e-4;
  const sdk::PredictorRequest& predictor = request.predictor();
  const TrainingDeltas deltas = present_training_deltas(predictor);
  const Counts counts = feasible_counts(predictor, deltas.n_rows(), output);
  if (counts.k.empty() || predictor.n_query() == 0) return;
  const Features features(predictor.block());
  const Neighbours neighbours = nearest_rows(features.training(), features.query(), counts.k.back());

  const sdk::ConstMatrixMap gram = request.gram();
  sdk::MatrixMap errors = output.errors();
  std::vector<std::int32_t> rows(static_cast<std::size_t>(neighbours.n_nearest));  // shared rows, nearest first
  for (std::int64_t q = 0; q < neighbours.n_query; ++q) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i] = deltas.rows[static_cast<std::size_t>(neighbours.of(q)[i])];
    }
    const std::int64_t own = request.query_row(q);
    const double own_square = gram(own, own);
    double among = 0.0, with_own = 0.0;  // Σ_ij⟨n_i, n_j⟩, Σ_i⟨n_i, y⟩
    std::size_t i = 0;
    for (std::size_t c = 0; c < counts.k.size(); ++c) {
      const auto k = static_cast<std::size_t>(counts.k[c]);
      for (; i < k; ++i) {
        const double* products = gram.data() + rows[i] * gram.outerStride();
        double with_nearer = 0.0;
        for (std::size_t j = 0; j < i; ++j) with_nearer += products[rows[j]];
        among += 2.0 * with_nearer + products[rows[i]];
        with_own += products[own];
      }
      const double n = static_cast<double>(k);
      const double square = among / (n * n) - 2.0 * with_own / n + own_square;
      const bool cancels = !(square > kCancels * (among / (n * n) + own_square));
      errors(counts.setting[c], q) =
          cancels ? error_over_genes(request, q, rows.data(), counts.k[c]) : std::sqrt(square);
    }
  }
  write_errors_of_absent_queries(request, output);
}

}  // namespace headroom::heads
