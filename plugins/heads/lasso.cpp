#include "heads/lasso.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>
#include <vector>

#include "heads/features.hpp"
#include "heads/lasso_optimality.hpp"
#include "heads/lasso_path.hpp"
#include "heads/linear_target.hpp"
#include "heads/panel_threads.hpp"

namespace headroom::heads {
namespace {

// Distinct thresholds τ = nα, descending, and where each setting finds its own.
struct Path {
  std::vector<double> thresholds;
  std::vector<std::size_t> of_setting;
};

Path path_of(const sdk::PredictorRequest& request, std::int64_t n_rows) {
  Path path;
  for (std::int64_t s = 0; s < request.n_settings(); ++s) {
    const double alpha = request.setting(s, 0);
    if (!(alpha > 0.0)) throw sdk::Error("alpha must be above 0");
    path.thresholds.push_back(alpha * static_cast<double>(n_rows));
  }
  const std::vector<double> by_setting = path.thresholds;
  std::sort(path.thresholds.begin(), path.thresholds.end(), std::greater<>());
  path.thresholds.erase(std::unique(path.thresholds.begin(), path.thresholds.end()), path.thresholds.end());
  for (const double threshold : by_setting) {
    const auto at = std::find(path.thresholds.begin(), path.thresholds.end(), threshold);
    path.of_setting.push_back(static_cast<std::size_t>(at - path.thresholds.begin()));
  }
  return path;
}

// Whether soft thresholds of these genes meet the lasso's optimality conditions. What feature j adds to the condition
// of feature k is at most |G(k, j)|·|w_j|, and |w_j| <= |c_j|/G(j, j).
bool soft_threshold_suffices(const sdk::Matrix& gram, const double* correlations, std::int64_t width,
                             double smallest_threshold) {
  const Eigen::Index p = gram.rows();
  Eigen::Array<double, 1, Eigen::Dynamic> largest = Eigen::Array<double, 1, Eigen::Dynamic>::Zero(width);
  using Row = Eigen::Map<const Eigen::Array<double, 1, Eigen::Dynamic>>;
  for (Eigen::Index j = 0; j < p; ++j) largest = largest.max(Row(correlations + j * kPanelWidth, width).abs());
  Eigen::VectorXd missed = Eigen::VectorXd::Zero(p);
  for (Eigen::Index j = 0; j < p; ++j) {
    const Row row(correlations + j * kPanelWidth, width);
    double share = 0.0;  // the largest |c_j| / max |c| among the genes in which feature j can be active
    for (Eigen::Index gene = 0; gene < width; ++gene) {
      if (std::abs(row(gene)) > smallest_threshold) share = std::max(share, std::abs(row(gene)) / largest(gene));
    }
    if (share == 0.0) continue;
    const double own = missed(j);
    missed += gram.row(j).transpose().cwiseAbs() * (share / gram(j, j));  // the Gram matrix is symmetric
    missed(j) = own;
  }
  return p == 0 || missed.maxCoeff() <= kLassoTolerance;
}

class Solver {
 public:
  Solver(const sdk::PredictorRequest& request, LinearTarget& target, const TrainingDeltas& deltas,
         const CentredFeatures& features, const Path& path)
      : request_(request),
        target_(target),
        features_(features),
        path_(path),
        n_features_(features.gram.rows()),
        batch_(deltas, features),
        descent_(features.gram, path.thresholds) {
    weights_.resize(path.thresholds.size());
    for (auto& w : weights_) w.resize(static_cast<std::size_t>(LinearBatch::kPanels * n_features_ * kPanelWidth));
  }

  void solve(std::int64_t batch) {
    batch_.load(batch);
    std::vector<std::int64_t> correlated;  // panels that need coordinate descent
    for (std::int64_t panel = 0; panel < batch_.n_panels(); ++panel) {
      if (soft_threshold_suffices(features_.gram, batch_.correlations(panel), batch_.width(panel),
                                  path_.thresholds.back())) {
        threshold_panel(panel);
        report_.genes_by_soft_threshold += batch_.width(panel);
      } else {
        correlated.push_back(panel);
        report_.genes_by_descent += batch_.width(panel);
      }
    }
    descend(correlated);
    for (std::int64_t panel = 0; panel < batch_.n_panels(); ++panel) give(panel);
  }

  const LassoReport& report() const { return report_; }

 private:
  double* weights_of(std::size_t threshold, std::int64_t panel) {
    return weights_[threshold].data() + panel * n_features_ * kPanelWidth;
  }

  void threshold_panel(std::int64_t panel) {
    const double* correlations = batch_.correlations(panel);
    for (std::size_t t = 0; t < path_.thresholds.size(); ++t) {
      double* weights = weights_of(t, panel);
      for (std::int64_t j = 0; j < n_features_; ++j) {
        const double diagonal = features_.gram(j, j);
        const double inverse = diagonal > 0.0 ? 1.0 / diagonal : 0.0;
        for (std::int64_t i = j * kPanelWidth; i < (j + 1) * kPanelWidth; ++i) {
          weights[i] = soft_threshold(correlations[i], path_.thresholds[t]) * inverse;
        }
      }
    }
  }

  // Genes of similar largest correlation go side by side: they have similar numbers of active features.
  void descend(const std::vector<std::int64_t>& panels) {
    struct Gene {
      double largest;
      std::int64_t panel, column;
    };
    std::vector<Gene> genes;
    for (const std::int64_t panel : panels) {
      for (std::size_t t = 0; t < weights_.size(); ++t) {
        std::fill_n(weights_of(t, panel), n_features_ * kPanelWidth, 0.0);
      }
      for (std::int64_t column = 0; column < batch_.width(panel); ++column) {
        double largest = 0.0;
        for (std::int64_t j = 0; j < n_features_; ++j) {
          largest = std::max(largest, std::abs(batch_.correlations(panel)[j * kPanelWidth + column]));
        }
        if (largest > path_.thresholds.back()) genes.push_back({largest, panel, column});
      }
    }
    std::stable_sort(genes.begin(), genes.end(), [](const Gene& a, const Gene& b) { return a.largest > b.largest; });

    const auto lanes = static_cast<std::size_t>(descent_.lanes());
    const std::size_t size = static_cast<std::size_t>(n_features_) * lanes;
    std::vector<double> correlations(size);
    std::vector<std::vector<double>> solutions(path_.thresholds.size(), std::vector<double>(size));
    std::vector<double*> out;
    for (auto& solution : solutions) out.push_back(solution.data());
    for (std::size_t first = 0; first < genes.size(); first += lanes) {
      const std::size_t n = std::min(lanes, genes.size() - first);
      std::fill(correlations.begin(), correlations.end(), 0.0);
      for (std::size_t lane = 0; lane < n; ++lane) {
        const Gene& gene = genes[first + lane];
        const double* from = batch_.correlations(gene.panel) + gene.column;
        for (std::size_t j = 0; j < static_cast<std::size_t>(n_features_); ++j) {
          correlations[j * lanes + lane] = from[static_cast<std::int64_t>(j) * kPanelWidth];
        }
      }
      descent_.solve(correlations.data(), out);
      for (std::size_t t = 0; t < solutions.size(); ++t) {
        for (std::size_t lane = 0; lane < n; ++lane) {
          const Gene& gene = genes[first + lane];
          double* to = weights_of(t, gene.panel) + gene.column;
          for (std::size_t j = 0; j < static_cast<std::size_t>(n_features_); ++j) {
            to[static_cast<std::int64_t>(j) * kPanelWidth] = solutions[t][j * lanes + lane];
          }
        }
      }
    }
  }

  // To the target, threshold by threshold, with the features whose weights are not all zero.
  void give(std::int64_t panel) {
    for (std::size_t t = 0; t < path_.thresholds.size(); ++t) {
      const double* weights = weights_of(t, panel);
      active_.clear();
      for (std::int64_t j = 0; j < n_features_; ++j) {
        const double* row = weights + j * kPanelWidth;
        if (std::any_of(row, row + kPanelWidth, [](double w) { return w != 0.0; })) {
          active_.push_back(static_cast<std::int32_t>(j));
        }
      }
      for (std::int64_t s = 0; s < request_.n_settings(); ++s) {
        if (path_.of_setting[static_cast<std::size_t>(s)] != t) continue;
        target_.take(batch_, panel, s, features_.query, weights, &active_);
      }
    }
  }

  const sdk::PredictorRequest& request_;
  LinearTarget& target_;
  const CentredFeatures& features_;
  const Path& path_;
  std::int64_t n_features_;
  LinearBatch batch_;
  LassoPath descent_;
  std::vector<std::vector<double>> weights_;  // per threshold: panels × features × kPanelWidth
  std::vector<std::int32_t> active_;
  LassoReport report_;
};

// The whole grid, batch by batch, into the target. There is at least one training row, setting and query.
LassoReport solve_lasso(const sdk::PredictorRequest& request, const TrainingDeltas& deltas, int n_threads,
                        LinearTarget& target) {
  LassoReport report;
  const Path path = path_of(request, deltas.n_rows());
  const Features features(request.block());
  const CentredFeatures centred = centred_features(features.training(), features.query());

  std::mutex mutex;
  const std::int64_t n_batches = LinearBatch::n_batches(deltas);
  on_threads(n_threads, n_batches, [&](PanelCounter& counter) {
    Solver solver(request, target, deltas, centred, path);
    for (std::int64_t batch = counter.next(); batch < n_batches; batch = counter.next()) solver.solve(batch);
    const std::lock_guard lock(mutex);
    report.genes_by_soft_threshold += solver.report().genes_by_soft_threshold;
    report.genes_by_descent += solver.report().genes_by_descent;
  });
  return report;
}

}  // namespace

LassoReport predict_lasso(const sdk::PredictorRequest& request, int n_threads, sdk::PredictorOutput& output) {
  const TrainingDeltas deltas = present_training_deltas(request);
  if (deltas.n_rows() == 0) {
    for (std::int64_t s = 0; s < request.n_settings(); ++s) output.set_infeasible(s);
    return {};
  }
  if (request.n_settings() == 0 || request.n_query() == 0) return {};
  PredictionTarget target(output);
  const LassoReport report = solve_lasso(request, deltas, n_threads, target);
  predict_absent_queries(request, output);
  return report;
}

LassoReport lasso_errors(const sdk::ErrorsRequest& request, int n_threads, sdk::ErrorsOutput& output) {
  const sdk::PredictorRequest& predictor = request.predictor();
  const TrainingDeltas deltas = present_training_deltas(predictor);
  if (deltas.n_rows() == 0) {
    for (std::int64_t s = 0; s < predictor.n_settings(); ++s) output.set_infeasible(s);
    return {};
  }
  if (predictor.n_settings() == 0 || predictor.n_query() == 0) return {};
  HeldOutErrors errors(request, LinearBatch::n_batches(deltas));
  ErrorTarget target(errors);
  const LassoReport report = solve_lasso(predictor, deltas, n_threads, target);
  errors.write(request, output);
  return report;
}

}  // namespace headroom::heads
