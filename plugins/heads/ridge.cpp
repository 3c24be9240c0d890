#include "heads/ridge.hpp"

#include <Eigen/Cholesky>
#include <vector>

#include "heads/features.hpp"
#include "heads/linear_target.hpp"
#include "heads/panel_threads.hpp"

namespace headroom::heads {
namespace {

// Q (G + αI)⁻¹: query rows × features.
sdk::Matrix query_times_inverse(const CentredFeatures& features, double alpha) {
  sdk::Matrix penalised = features.gram;
  penalised.diagonal().array() += alpha;
  const Eigen::LLT<sdk::Matrix> cholesky(penalised);
  if (cholesky.info() != Eigen::Success) {
    throw sdk::Error("ridge cannot be solved with so small an alpha: the features are numerically dependent");
  }
  return cholesky.solve(features.query.transpose()).transpose();
}

// Every setting, batch by batch, into the target. There is at least one training row, and one query.
void solve_ridge(const sdk::PredictorRequest& request, const TrainingDeltas& deltas, int n_threads,
                 LinearTarget& target) {
  const Features features(request.block());
  const CentredFeatures centred = centred_features(features.training(), features.query());
  std::vector<sdk::Matrix> left;
  for (std::int64_t s = 0; s < request.n_settings(); ++s) {
    const double alpha = request.setting(s, 0);
    if (!(alpha > 0.0)) throw sdk::Error("alpha must be above 0");
    left.push_back(query_times_inverse(centred, alpha));
  }

  const std::int64_t n_batches = LinearBatch::n_batches(deltas);
  on_threads(n_threads, n_batches, [&](PanelCounter& counter) {
    LinearBatch loaded(deltas, centred);
    for (std::int64_t batch = counter.next(); batch < n_batches; batch = counter.next()) {
      loaded.load(batch);
      for (std::int64_t panel = 0; panel < loaded.n_panels(); ++panel) {
        for (std::size_t s = 0; s < left.size(); ++s) {
          target.take(loaded, panel, static_cast<std::int64_t>(s), left[s], loaded.correlations(panel), nullptr);
        }
      }
    }
  });
}

}  // namespace

void predict_ridge(const sdk::PredictorRequest& request, int n_threads, sdk::PredictorOutput& output) {
  const TrainingDeltas deltas = present_training_deltas(request);
  if (deltas.n_rows() == 0) {
    for (std::int64_t s = 0; s < request.n_settings(); ++s) output.set_infeasible(s);
    return;
  }
  if (request.n_query() == 0) return;
  PredictionTarget target(output);
  solve_ridge(request, deltas, n_threads, target);
  predict_absent_queries(request, output);
}

void ridge_errors(const sdk::ErrorsRequest& request, int n_threads, sdk::ErrorsOutput& output) {
  const sdk::PredictorRequest& predictor = request.predictor();
  const TrainingDeltas deltas = present_training_deltas(predictor);
  if (deltas.n_rows() == 0) {
    for (std::int64_t s = 0; s < predictor.n_settings(); ++s) output.set_infeasible(s);
    return;
  }
  if (predictor.n_query() == 0) return;
  HeldOutErrors errors(request, LinearBatch::n_batches(deltas));
  ErrorTarget target(errors);
  solve_ridge(predictor, deltas, n_threads, target);
  errors.write(request, output);
}

}  // namespace headroom::heads
