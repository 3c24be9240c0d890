#include <array>
#include <map>
#include <optional>

#include "ceilings/backtest.hpp"
#include "ceilings/wanted.hpp"
#include "cells/prepare.hpp"
#include "evaluation/depth_right_methods.hpp"
#include "parallel/progress.hpp"
#include "plan/split.hpp"
#include "task/task.hpp"

namespace headroom::ceilings {
namespace {

constexpr int kFolds = 2;

struct PreparedScreen {
  Task task;
  const TaskContext& context() const { return task.contexts.front(); }
};

Result<PreparedScreen> prepared(const Screen& screen, const std::filesystem::path& folder, ThreadPool& pool) {
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  if (auto written = write_screen(folder / "cells.h5ad", screen); !written) return tl::unexpected(written.error());
  PrepareOptions options;
  options.n_folds = kFolds;
  options.bootstrap.n_outer = 1;  // what is resampled is not looked at
  options.bootstrap.n_inner = 2;
  NoProgress progress;
  Review review;
  if (auto done = prepare(folder / "cells.h5ad", folder, options, review, pool, progress, {}); !done) {
    return tl::unexpected(done.error());
  }
  auto task = read_task(folder, {}, review);
  if (!task) return tl::unexpected(task.error());
  return PreparedScreen{std::move(*task)};
}

struct Control {
  const char* name;
  DepthRight kind;
};
constexpr std::array<Control, 3> kControls{
    {{"own", DepthRight::own_control}, {"shared", DepthRight::shared_control}, {"none", DepthRight::true_deltas}}};

struct Way {
  const char* name;
  CeilingWay way;
};
constexpr std::array<Way, 3> kWays{{{"closed_form", CeilingWay::closed_form},
                                    {"spearman_brown", CeilingWay::split_halves},
                                    {"simulation", CeilingWay::simulation}}};

std::vector<Metric> deltas_metrics() {
  const auto known = all_metrics();
  return {known.begin(), known.end()};
}

void add_means(const std::vector<Vector>& values, const std::vector<Metric>& metrics, PerMetric& out) {
  for (std::size_t m = 0; m < metrics.size(); ++m) out[std::string(metric_name(metrics[m]))].add(values[m].mean());
}

// What the second screen, a deep one if there is one, and the null score as predictions of the first.
Result<void> add_wanted(const Task& first, const Task& second, const Task* deep,
                        std::array<Wanted, kControls.size()>& out) {
  const std::vector<Metric> metrics = deltas_metrics();
  const TaskContext &of_first = first.contexts.front(), &of_second = second.contexts.front();
  const RowVector apart = *of_second.control_profile - *of_first.control_profile;
  const auto splits = splits_within(first, {});
  if (!splits) return tl::unexpected(splits.error());
  for (const Split& split : *splits) {
    const auto fold = make_fold_data(first, split, metrics);
    if (!fold) return tl::unexpected(fold.error());
    RowIndex rows;
    for (const TaskRow& row : fold->test) rows.push_back(row.row);
    const auto n_tests = static_cast<Eigen::Index>(rows.size());
    const auto of_mean = fold->target->score(
        for_all_tests(constant_prediction(fold->target->mean_prediction, *fold), n_tests), fold->truth, metrics);
    const auto of_none = fold->target->score(Matrix::Zero(n_tests, of_first.deltas.cols()), fold->truth, metrics);
    std::vector<Vector> null = of_mean;
    for (std::size_t m = 0; m < metrics.size(); ++m) {
      if (!of_mean[m].allFinite()) null[m] = of_none[m].allFinite() ? of_none[m] : Vector::Zero(n_tests);
    }
    for (std::size_t c = 0; c < kControls.size(); ++c) {
      if (kControls[c].kind == DepthRight::true_deltas && deep == nullptr) continue;
      Matrix predictions = gather_rows(
          kControls[c].kind == DepthRight::true_deltas ? deep->contexts.front().deltas : of_second.deltas, rows);
      if (kControls[c].kind == DepthRight::shared_control) predictions.rowwise() += apart;
      add_means(fold->target->score(predictions, fold->truth, metrics), metrics, out[c].expected);
      add_means(null, metrics, out[c].null);
    }
  }
  return {};
}

Result<void> add_predicted(const Task& task, std::uint64_t seed, double depth,
                           std::array<std::array<PerMetric, kWays.size()>, kControls.size()>& out) {
  const std::vector<Metric> metrics = deltas_metrics();
  const auto splits = splits_within(task, {});
  if (!splits) return tl::unexpected(splits.error());
  for (const Split& split : *splits) {
    const auto fold = make_fold_data(task, split, metrics);
    if (!fold) return tl::unexpected(fold.error());
    for (std::size_t w = 0; w < kWays.size(); ++w) {
      const DepthRightScores scores = score_second_screens(task, *fold, metrics, seed, kWays[w].way, depth);
      for (std::size_t c = 0; c < kControls.size(); ++c) {
        add_means(scores.of[static_cast<std::size_t>(kControls[c].kind)], metrics, out[c][w]);
      }
    }
  }
  return {};
}

}  // namespace

Result<std::vector<CeilingError>> backtest_deltas(const Replicated& screen, const BacktestOptions& options,
                                                  const std::filesystem::path& folder, ThreadPool& pool) {
  std::array<Wanted, kControls.size()> wanted;
  std::map<double, std::array<std::array<PerMetric, kWays.size()>, kControls.size()>> predicted;
  std::optional<PreparedScreen> deep;
  if (screen.deep) {
    auto made = prepared(*screen.deep, folder / "deep", pool);
    if (!made) return tl::unexpected(made.error());
    deep = std::move(*made);
  }
  for (std::size_t i = 0; i < screen.pairs.size(); ++i) {
    const std::uint64_t seed = options.seed + i;
    const auto first = prepared(screen.pairs[i].first, folder / "first", pool);
    if (!first) return tl::unexpected(first.error());
    const auto second = prepared(screen.pairs[i].second, folder / "second", pool);
    if (!second) return tl::unexpected(second.error());
    if (auto added = add_wanted(first->task, second->task, deep ? &deep->task : nullptr, wanted); !added) {
      return tl::unexpected(added.error());
    }
    for (const double fraction : options.fractions) {
      const auto thin = fraction < 1 ? prepared(part_of(screen.pairs[i].first, fraction, seed), folder / "part", pool)
                                     : prepared(screen.pairs[i].first, folder / "part", pool);
      if (!thin) return tl::unexpected(thin.error());
      if (auto added = add_predicted(thin->task, seed, 1 / fraction, predicted[fraction]); !added) {
        return tl::unexpected(added.error());
      }
    }
  }
  std::vector<CeilingError> out;
  for (const auto& [fraction, of_controls] : predicted) {
    for (std::size_t c = 0; c < kControls.size(); ++c) {
      for (std::size_t w = 0; w < kWays.size(); ++w) {
        append(screen.name, "deltas", kControls[c].name, kWays[w].name, fraction, wanted[c], of_controls[c][w], out);
      }
    }
  }
  return out;
}

}  // namespace headroom::ceilings
