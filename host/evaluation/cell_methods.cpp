#include "evaluation/cell_methods.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>

#include "cell_metrics/metric_values.hpp"
#include "cell_metrics/null_cells.hpp"
#include "evaluation/cell_work.hpp"
#include "evaluation/stopwatch.hpp"
#include "parallel/progress.hpp"

namespace headroom {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
constexpr const char* kRatioAbove = "expr_mse_numerator";
constexpr const char* kRatioBelow = "expr_mse_denominator";
constexpr const char* kUnusableCells = "bad_cells";
// Perturbations whose simulated scores make a ceiling, over all simulated screens.
constexpr std::size_t kSimulatedPerturbations = 200;

// Every metric of a fold is a quotient of sums over its test perturbations: the mean of their values, or the ratio.
struct Terms {
  Matrix above, below;  // metrics × test perturbations; NaN above: left out

  Terms(std::size_t n_metrics, std::size_t n_tests)
      : above(Matrix::Constant(static_cast<Eigen::Index>(n_metrics), static_cast<Eigen::Index>(n_tests), kUndefined)),
        below(Matrix::Ones(above.rows(), above.cols())) {}

  // Test perturbations count that often: one number a metric.
  Vector total(const ConstMatrixRef& weights, Eigen::Index column) const {
    Vector totals(above.rows());
    for (Eigen::Index m = 0; m < above.rows(); ++m) {
      double a = 0, b = 0;
      for (Eigen::Index i = 0; i < above.cols(); ++i) {
        if (std::isnan(above(m, i))) continue;
        a += weights(i, column) * above(m, i);
        b += weights(i, column) * below(m, i);
      }
      totals[m] = b > 0 ? a / b : kUndefined;
    }
    return totals;
  }
};

// The screen of the split's context, and where its rows stand there.
struct SplitScreen {
  std::shared_ptr<const Result<KeptScreen>> whole;
  const KeptContext* context = nullptr;
  std::vector<std::size_t> training, tests;
};

Result<std::vector<std::size_t>> places_of(const Task& task, const std::vector<TaskRow>& rows,
                                           const PanelNames& names) {
  std::vector<std::size_t> places;
  for (const TaskRow& at : rows) {
    const std::string& id = task.contexts[at.context].pert_ids[static_cast<std::size_t>(at.row)];
    const auto found = std::lower_bound(names.labels.begin(), names.labels.end(), id);
    if (found == names.labels.end() || *found != id) {
      return bad_input(
          fmt::format("the task keeps nothing of the cells of '{}'", id), task.path,
          "leave spellings as they are in the task, or make it again with headroom prepare --cell-metrics");
    }
    places.push_back(static_cast<std::size_t>(found - names.labels.begin()));
  }
  return places;
}

Result<SplitScreen> screen_of(const MakerInputs& in) {
  SplitScreen out;
  out.whole = in.cells.screen();
  if (!*out.whole) return tl::unexpected<Error>(out.whole->error());
  const std::string& name = in.task.contexts[in.fold.context].name;
  for (const KeptContext& context : (*out.whole)->contexts) {
    if (context.truth.names.context == name) out.context = &context;
  }
  if (out.context == nullptr) {
    return bad_input(fmt::format("the task keeps nothing of the cells of context '{}'", name), in.task.path,
                     "make it again with headroom prepare --cell-metrics");
  }
  auto training = places_of(in.task, in.fold.training, out.context->truth.names);
  if (!training) return tl::unexpected<Error>(training.error());
  auto tests = places_of(in.task, in.fold.test, out.context->truth.names);
  if (!tests) return tl::unexpected<Error>(tests.error());
  out.training = std::move(*training);
  out.tests = std::move(*tests);
  return out;
}

// Of each test perturbation a prediction of its own.
Terms terms_of(const MakerInputs& in, const SplitScreen& screen, const std::vector<PredictedRow>& predicted) {
  const std::vector<Metric>& metrics = in.plan.metrics;
  Terms terms(metrics.size(), predicted.size());
  std::map<const PanelScores*, std::vector<MetricValues>> values_of;
  for (const PredictedRow& row : predicted) {
    if (!values_of.contains(row.scores)) values_of.emplace(row.scores, metric_values(*row.scores));
  }
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    const auto at = static_cast<Eigen::Index>(m);
    if (metrics[m] == Metric::expr_mse_ratio) {
      const ErrorRatio ratio = error_ratio_of(screen.context->truth, screen.tests, predicted);
      for (std::size_t i = 0; i < predicted.size(); ++i) {
        terms.above(at, static_cast<Eigen::Index>(i)) = ratio.numerator[i];
        terms.below(at, static_cast<Eigen::Index>(i)) = ratio.denominator[i];
      }
      continue;
    }
    for (std::size_t i = 0; i < predicted.size(); ++i) {
      const MetricValues* metric = find_metric(values_of.at(predicted[i].scores), metric_name(metrics[m]));
      if (metric == nullptr) continue;
      const double value = metric->values[predicted[i].place];
      terms.above(at, static_cast<Eigen::Index>(i)) = std::isnan(value) ? metric->fill.value_or(kUndefined) : value;
    }
  }
  return terms;
}

// Of screens that are scored as a whole; each test perturbation's mean over those that have it.
Terms mean_terms(const std::vector<Terms>& draws) {
  Terms mean = draws.front();
  for (Eigen::Index i = 0; i < mean.above.size(); ++i) {
    double above = 0, below = 0, n = 0;
    for (const Terms& draw : draws) {
      if (std::isnan(draw.above.data()[i])) continue;
      above += draw.above.data()[i];
      below += draw.below.data()[i];
      n += 1;
    }
    mean.above.data()[i] = n > 0 ? above / n : kUndefined;
    mean.below.data()[i] = n > 0 ? below / n : 1;
  }
  return mean;
}

// The official halves as the task keeps them: numbers of every metric, a split each.
Terms terms_of_halves(const MakerInputs& in, const SplitScreen& screen) {
  const PanelTruth& truth = screen.context->truth;
  std::vector<Terms> splits;
  for (const std::vector<MetricValues>& split : truth.replicate_metrics) {
    Terms& terms = splits.emplace_back(in.plan.metrics.size(), screen.tests.size());
    for (std::size_t m = 0; m < in.plan.metrics.size(); ++m) {
      const bool is_ratio = in.plan.metrics[m] == Metric::expr_mse_ratio;
      const MetricValues* const above = find_metric(split, is_ratio ? kRatioAbove : metric_name(in.plan.metrics[m]));
      const MetricValues& below = metric_named(split, kRatioBelow);
      const MetricValues& n_calls = metric_named(split, kRealCalls);  // of every perturbation that has halves
      if (above == nullptr) continue;
      const double undefined = fill_of(above->name).value_or(kUndefined);
      for (std::size_t i = 0; i < screen.tests.size(); ++i) {
        const auto row = static_cast<Eigen::Index>(m), test = static_cast<Eigen::Index>(i);
        const double value = above->values[screen.tests[i]];
        const bool has_halves = !std::isnan(n_calls.values[screen.tests[i]]);
        terms.above(row, test) = std::isnan(value) && has_halves ? undefined : value;
        if (is_ratio) terms.below(row, test) = below.values[screen.tests[i]];
      }
    }
  }
  return mean_terms(splits);
}

void fill(const MakerInputs& in, const Terms& terms, const Matrix& resample_counts, FoldEvaluation& evaluation) {
  const Eigen::Index n_tests = terms.above.cols();
  if (evaluation.covered.empty()) evaluation.covered.assign(static_cast<std::size_t>(n_tests), 1);
  Matrix weights(n_tests, 2);
  for (Eigen::Index i = 0; i < n_tests; ++i) {
    weights(i, 0) = 1;
    weights(i, 1) = evaluation.covered[static_cast<std::size_t>(i)] ? 1 : 0;
  }
  evaluation.metric_values.clear();
  for (std::size_t m = 0; m < in.plan.metrics.size(); ++m) {
    // What is of the fold alone, no perturbation has.
    const bool is_ratio = in.plan.metrics[m] == Metric::expr_mse_ratio;
    evaluation.metric_values.push_back(is_ratio ? Vector(Vector::Constant(n_tests, kUndefined))
                                                : Vector(terms.above.row(static_cast<Eigen::Index>(m)).transpose()));
  }
  evaluation.whole.values = terms.total(weights, 0);
  evaluation.whole.covered_values = terms.total(weights, 1);
  evaluation.whole.resampled.resize(terms.above.rows(), resample_counts.cols());
  for (Eigen::Index r = 0; r < resample_counts.cols(); ++r) {
    evaluation.whole.resampled.col(r) = terms.total(resample_counts, r);
  }
  evaluation.status = Status::ok;
}

std::vector<PredictedRow> rows_of(const PanelScores& scores, const std::vector<std::size_t>& tests) {
  std::vector<PredictedRow> rows;
  for (const std::size_t test : tests) {
    const auto at = std::lower_bound(scores.rows.begin(), scores.rows.end(), test);
    rows.push_back({&scores, static_cast<std::size_t>(at - scores.rows.begin())});
  }
  return rows;
}

Result<ScoredScreens> one_screen(Result<PanelScores> scores) {
  if (!scores) return tl::unexpected<Error>(scores.error());
  ScoredScreens screens;
  screens.push_back(std::move(*scores));
  return screens;
}

std::vector<double> mean_of_training(const SplitScreen& screen) {
  return mean_response(screen.context->truth, screen.training, true);
}

// The screens of a method; of halves there are none but numbers.
std::shared_ptr<const Result<ScoredScreens>> screens_of(const CellMethod& method, const MakerInputs& in,
                                                        const SplitScreen& screen) {
  const PanelTruth& truth = screen.context->truth;
  const GroupCounts& control = screen.context->control;
  ThreadPool& pool = in.cells.pool();
  NoProgress quiet;
  const auto once = [&](auto&& make) {
    return in.cells.scores(truth.names.context, method.name, std::forward<decltype(make)>(make));
  };
  const auto here = [](Result<ScoredScreens> screens) {
    return std::make_shared<const Result<ScoredScreens>>(std::move(screens));
  };
  switch (method.cells) {
    case MadeCells::mean_response:
      return here(one_screen(score_tile(truth, mean_of_training(screen), pool)));
    case MadeCells::mean_response_dispersed:
      return here(
          one_screen(score_cells(truth, dispersed_cells(truth, control, mean_of_training(screen), in.options.seed),
                                 pool, quiet, in.cells.stop(), screen.tests)));
    case MadeCells::control_cells:
      return once([&] {
        return one_screen(
            score_cells(truth, resampled_control(truth, control, in.options.seed), pool, quiet, in.cells.stop()));
      });
    case MadeCells::no_change:
      return once([&] { return one_screen(score_no_change(truth, pool)); });
    case MadeCells::second_screen:
      return once([&]() -> Result<ScoredScreens> {
        const std::size_t n = truth.names.labels.size();
        const auto n_screens = static_cast<int>((kSimulatedPerturbations + n - 1) / n);
        return score_drawn_screens(truth, control, nullptr, n_screens, in.options.seed, pool, quiet, in.cells.stop());
      });
    case MadeCells::halves:
      break;
  }
  return nullptr;
}

// Of all perturbations of a context that a file predicts.
std::shared_ptr<const Result<ScoredScreens>> scores_of(const std::string& name, const MakerInputs& in,
                                                       const PanelTruth& truth, const PredictedCells& predicted) {
  return in.cells.scores(truth.names.context, "predicted " + name, [&] {
    NoProgress quiet;
    return one_screen(score_cells(truth, predicted.maker(truth.names), in.cells.pool(), quiet, in.cells.stop(),
                                  predicted.rows(truth.names)));
  });
}

void skip(const Error& error, FoldEvaluation& evaluation) {
  if (error.kind == ErrorKind::interrupted) return;
  evaluation.status = Status::skipped;
  evaluation.reason = error.line();
}

void fail(const std::string& plugin, const Error& error, FoldEvaluation& evaluation) {
  if (error.kind == ErrorKind::interrupted) return;
  evaluation.status = Status::failed;
  evaluation.reason = std::string(kUnusableCells) + ": " + error.line();
  evaluation.failure = PluginFailure{plugin, kUnusableCells, error.line()};
}

// Values of metrics that drawn screens are not the way to.
void replace_drawn(const MakerInputs& in, const SplitScreen& screen, Terms& terms) {
  const PanelTruth& truth = screen.context->truth;
  for (std::size_t m = 0; m < in.plan.metrics.size(); ++m) {
    const Metric metric = in.plan.metrics[m];
    const PanelCeilingWay way = way_of_second_screen(metric, in.options.excluded_targets);
    auto row = terms.above.row(static_cast<Eigen::Index>(m));
    if (way == PanelCeilingWay::closed_form) row = row.array().isNaN().select(row, 0.0);
    if (way != PanelCeilingWay::spearman_brown) continue;
    for (std::size_t i = 0; i < screen.tests.size(); ++i) {
      row[static_cast<Eigen::Index>(i)] = stepped_up_halves(truth, metric_name(metric), screen.tests[i]);
    }
  }
}

}  // namespace

PanelCeilingWay way_of_second_screen(Metric metric, ExcludedTargets excluded) {
  // Without bias, a second screen of the same truth is expected at 0 at any depth (metrics.md 6).
  const bool is_distance =
      std::find(kCellDistances.begin(), kCellDistances.end(), metric_name(metric)) != kCellDistances.end();
  if (metric == Metric::expr_mse_ratio || is_distance) return PanelCeilingWay::closed_form;
  const bool fits_halves = excluded == ExcludedTargets::as_published || excluded == ExcludedTargets::none;
  if (!fits_halves) return PanelCeilingWay::simulation;
  return suited_way(metric_name(metric));
}

void evaluate_made_cells(const PlannedMethod& planned, const MakerInputs& in, const Matrix& resample_counts,
                         FoldEvaluation& evaluation) {
  const Stopwatch watch;
  const CellMethod& method = in.plan.target->cell_methods[planned.index];
  const auto screen = screen_of(in);
  if (!screen) return skip(screen.error(), evaluation);
  if (method.cells == MadeCells::halves) {
    if (in.options.excluded_targets != ExcludedTargets::as_published) {
      return skip(Error{ErrorKind::bad_input,
                        "the task keeps what its halves score as published alone",
                        "--exclude-targets " + std::string(exclusion_name(in.options.excluded_targets)),
                        {}},
                  evaluation);
    }
    fill(in, terms_of_halves(in, *screen), resample_counts, evaluation);
  } else {
    const auto screens = screens_of(method, in, *screen);
    if (!*screens) return skip(screens->error(), evaluation);
    std::vector<Terms> draws;
    for (const PanelScores& scores : **screens) draws.push_back(terms_of(in, *screen, rows_of(scores, screen->tests)));
    Terms terms = mean_terms(draws);
    if (method.cells == MadeCells::second_screen) replace_drawn(in, *screen, terms);
    fill(in, terms, resample_counts, evaluation);
  }
  evaluation.reason = fmt::format("{}", fmt::join(screen->context->notes, "\n"));
  evaluation.wall_s = watch.wall_s();
  evaluation.cpu_s = watch.cpu_s();
}

void evaluate_predicted_cells(const PlannedMethod& planned, const MakerInputs& in, const Matrix& resample_counts,
                              FoldEvaluation& evaluation) {
  const Stopwatch watch;
  const RosterEntry& entry = in.roster.predictions[planned.index];
  if (entry.fault) {
    evaluation.status = Status::failed;
    evaluation.reason = sentence(*entry.fault);
    evaluation.failure = failure_of(entry.name, *entry.fault);
    return;
  }
  const auto screen = screen_of(in);
  if (!screen) return fail(entry.name, screen.error(), evaluation);
  const PanelTruth& truth = screen->context->truth;
  const auto predicted = in.cells.predictions(planned.index, **screen->whole);
  if (!*predicted) return fail(entry.name, predicted->error(), evaluation);
  const std::vector<std::size_t> rows = (*predicted)->rows(truth.names);
  const auto is_predicted = [&](std::size_t test) { return std::binary_search(rows.begin(), rows.end(), test); };
  if (std::none_of(screen->tests.begin(), screen->tests.end(), is_predicted)) {
    return fail(entry.name,
                Error{ErrorKind::bad_input,
                      fmt::format("none of the {} test perturbations has predicted cells", screen->tests.size()),
                      in.options.predictions[planned.index].path.string(), "see --pert-col and --context-col"},
                evaluation);
  }
  const auto scores = scores_of(entry.name, in, truth, **predicted);
  if (!*scores) return fail(entry.name, scores->error(), evaluation);
  std::vector<PredictedRow> of_tests = rows_of((*scores)->front(), screen->tests);
  std::optional<PanelScores> stand_in;
  for (std::size_t i = 0; i < of_tests.size(); ++i) {
    const bool is_covered = is_predicted(screen->tests[i]);
    evaluation.covered.push_back(is_covered ? 1 : 0);
    if (is_covered) continue;
    if (!stand_in) stand_in = score_tile(truth, mean_of_training(*screen), in.cells.pool());
    of_tests[i] = {&*stand_in, screen->tests[i]};
  }
  fill(in, terms_of(in, *screen, of_tests), resample_counts, evaluation);
  std::vector<std::string> remarks = screen->context->notes;
  for (const std::string& remark : (*predicted)->remarks(truth.names)) remarks.push_back(entry.name + ": " + remark);
  evaluation.reason = fmt::format("{}", fmt::join(remarks, "\n"));
  evaluation.wall_s = watch.wall_s();
  evaluation.cpu_s = watch.cpu_s();
}

void make_shared_cells(const PlannedMethod& planned, const MakerInputs& in) {
  if (planned.kind == MethodKind::made_cells) {
    const MadeCells cells = in.plan.target->cell_methods[planned.index].cells;
    const bool is_shared =
        cells == MadeCells::control_cells || cells == MadeCells::no_change || cells == MadeCells::second_screen;
    if (!is_shared) return;
    if (const auto screen = screen_of(in)) (void)screens_of(in.plan.target->cell_methods[planned.index], in, *screen);
  }
  if (planned.kind != MethodKind::predicted_cells || in.roster.predictions[planned.index].fault) return;
  const auto screen = screen_of(in);
  if (!screen) return;
  const PanelTruth& truth = screen->context->truth;
  const auto predicted = in.cells.predictions(planned.index, **screen->whole);
  if (!*predicted || (*predicted)->rows(truth.names).empty()) return;
  (void)scores_of(in.roster.predictions[planned.index].name, in, truth, **predicted);
}

}  // namespace headroom
