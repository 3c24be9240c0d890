#include "heads/knn.hpp"

#include <algorithm>
#include <vector>

#include "heads/features.hpp"
#include "heads/neighbours.hpp"
#include "heads/panel_threads.hpp"
#include "heads/running_means.hpp"
#include "heads/training_deltas.hpp"

namespace headroom::heads {

void predict_knn(const sdk::PredictorRequest& request, int n_threads, sdk::PredictorOutput& output) {
  const TrainingDeltas deltas = present_training_deltas(request);

  // Feasible settings by ascending k.
  std::vector<std::int64_t> order;
  for (std::int64_t s = 0; s < request.n_settings(); ++s) {
    if (request.setting(s, 0) < 1.0) throw sdk::Error("k must be at least 1");
    if (request.setting(s, 0) <= static_cast<double>(deltas.n_rows())) {
      order.push_back(s);
    } else {
      output.set_infeasible(s);
    }
  }
  if (order.empty() || request.n_query() == 0) return;
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return request.setting(a, 0) < request.setting(b, 0);
  });
  std::vector<std::int64_t> counts;
  for (const std::int64_t s : order) counts.push_back(static_cast<std::int64_t>(request.setting(s, 0)));

  const Features features(request.block());
  const Neighbours neighbours = nearest_rows(features.training(), features.query(), counts.back());

  on_threads(n_threads, deltas.n_panels(), [&](PanelCounter& counter) {
    std::vector<double> packed(static_cast<std::size_t>(deltas.n_rows() * kPanelWidth));
    std::vector<double*> out(order.size());
    std::vector<std::int64_t> out_stride(order.size());
    for (std::int64_t panel = counter.next(); panel < deltas.n_panels(); panel = counter.next()) {
      pack_panel(deltas, panel, packed.data());
      for (std::size_t c = 0; c < order.size(); ++c) {
        sdk::MatrixMap prediction = output.prediction(order[c]);
        out[c] = prediction.data() + panel * kPanelWidth;
        out_stride[c] = prediction.outerStride();
      }
      RunningMeans means;
      means.panel = packed.data();
      means.neighbours = neighbours.rows.data();
      means.n_query = neighbours.n_query;
      means.n_nearest = neighbours.n_nearest;
      means.counts = counts.data();
      means.n_counts = static_cast<std::int64_t>(counts.size());
      means.out = out.data();
      means.out_stride = out_stride.data();
      means.width = panel_width(deltas, panel);
      running_means(means);
    }
  });
  predict_absent_queries(request, output);
}

}  // namespace headroom::heads
