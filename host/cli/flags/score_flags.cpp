#include "cli/flags/score_flags.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "cell_metrics/classic_metrics.hpp"
#include "cell_metrics/metric_values.hpp"
#include "cell_metrics/top_cells.hpp"
#include "cli/flags/flag_groups.hpp"
#include "cli/flags/flag_values.hpp"

namespace headroom::cli {
namespace {

// What --help says of predicted cells, which users have beside the real ones.
constexpr const char* kScoreFooter =
    "Examples:\n"
    "  headroom score task --predictions my_model=predicted.h5ad -o out\n"
    "  headroom prepare real.h5ad --control NT -o task\n"
    "  headroom score task --predictions pred.h5ad --predicted cells --values log1p --control NT -o out\n"
    "  headroom score --real real.h5ad --predictions pred.h5ad --suite vcc2026 -o out\n"
    "\n"
    "The last one compares raw counts of two files cell by cell: six members, each scaled between the mean response "
    "and "
    "one half of the real cells as a prediction of the other; the real control is everybody's, and control rows of the "
    "prediction are left out. The two before it take a pair of files, real and predicted cells, as other evaluators "
    "do. The control is always the "
    "task's own: control rows of the predictions are left out and counted, and show whether the predictions lie on the "
    "task's scale. Cells are averaged within the task's batches where they have its column of batches. With --target "
    "deg "
    "labels are called on them as prepare --deg does: on more than 30 cells of a perturbation, or more than 20 on a "
    "plate "
    "of a matched task, against the task's control cells.\n"
    "\n"
    "Each prediction counts as made without having seen its perturbation: Headroom cannot know. A column of folds in "
    "the predictions (test_split, fold, split) says which fold a row was made for; without one, every row serves the "
    "fold in which its perturbation is tested.";

// Those that the protocol's paper tells of deltas.
constexpr std::array kPaperMetrics = {Metric::L2, Metric::MSE, Metric::MAE, Metric::Spearman, Metric::Pearson};

template <std::size_t n>
bool any_named(const std::vector<std::string>& names, const std::array<std::string_view, n>& among) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return std::find(among.begin(), among.end(), name) != among.end();
  });
}

}  // namespace

void add_score_flags(CLI::App& command, ScoreFlagTexts& texts) {
  begin_group(command, "What is evaluated");
  command
      .add_option(
          "--predictions", texts.predictions,
          "Finished predictions: an h5ad with obs pert_id and context (without a context its rows serve every "
          "context), var genes, and as X what --predicted says; their name is that of the file unless NAME says "
          "otherwise. With --target deg labels -1, 0, +1 (layer deg, or X), or their probabilities as layers down, "
          "not_de and up")
      ->type_name("[NAME=]PATH")
      ->required()
      ->allow_extra_args(false);
  command
      .add_option("--predicted", texts.predicted,
                  "What a row is: deltas (log fold changes), profiles (expression of a perturbation) or cells (their "
                  "mean is the profile; with --target deg labels are called on them; a task of prepare --cell-metrics "
                  "also compares them cell by cell); of profiles the task's own control is subtracted")
      ->check(CLI::IsMember({"deltas", "profiles", "cells"}))
      ->type_name("deltas|profiles|cells")
      ->capture_default_str();
  command
      .add_option(
          "--values", texts.values,
          "What predicted profiles or cells hold: counts (each row scaled to the target sum, then log1p), log1p (that "
          "was done already), asis (nothing is done) or fractional (counts that need not be whole, as those of a mean "
          "response); must be given with them. With --real: counts or fractional")
      ->check(CLI::IsMember({"counts", "log1p", "asis", "fractional"}))
      ->type_name("counts|log1p|asis|fractional");
  add_optional(command, "--target-sum", texts.target_sum,
               "Total that predicted counts are scaled to (default: the task's, as headroom prepare keeps it, else "
               "10000)")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  add_optional(command, "--real", texts.real,
               "Real cells as raw counts, an h5ad, to compare one prediction of cells with, instead of a task");
  command
      .add_option(
          "--suite", texts.suite,
          "What cells are compared by, those of two files or of a task: vcc2026 (six members on the published scale; "
          "the "
          "default with --real), cell-eval (the other metrics of its tools, distances of cells and, of two files, the "
          "metrics of classic cell-eval) or all; --metric names some of them; paper: of a task, the metrics of "
          "deltas that the protocol's paper tells (L2, MSE, MAE, Spearman, Pearson)")
      ->check(CLI::IsMember({"vcc2026", "cell-eval", "all", "paper"}))
      ->type_name("vcc2026|cell-eval|all|paper");
  command
      .add_option(
          "--baseline", texts.baseline,
          "Cells of the mean response in a suite: tile (all alike, as published) or dispersed (control cells drawn "
          "anew, each gene scaled to the mean response)")
      ->check(CLI::IsMember({"tile", "dispersed"}))
      ->type_name("tile|dispersed")
      ->capture_default_str();
  command.add_flag(
      "--calibration", texts.calibration,
      "With --real: by metric, how far a technical duplicate (half of the cells) stands between what knows "
      "nothing of the perturbation and perfection, and for how many it is better; holds the real cells in "
      "memory");
  command.footer(kScoreFooter);
}

Result<SuiteArguments> suite_arguments(const ScoreFlagTexts& texts, const RunArguments& arguments) {
  SuiteArguments out;
  if (texts.suite == "paper") {
    return bad_input("the paper's metrics are of deltas", "--suite paper",
                     "make a task of the real cells (headroom prepare) and score predictions against it");
  }
  if (texts.real && !arguments.task.task.empty()) {
    return bad_input("a task and --real are both given", arguments.task.task.string(), "give one of them");
  }
  if (!texts.real && arguments.task.task.empty()) {
    return bad_input("there is nothing to compare predictions with", "headroom score --suite " + texts.suite,
                     "give real cells with --real, or a task of headroom prepare --cell-metrics");
  }
  if (texts.predictions.size() != 1) {
    return bad_input(fmt::format("{} predictions are given", texts.predictions.size()), "--predictions",
                     "one at a time is compared with real cells");
  }
  if (!texts.values.empty() && texts.values != "counts" && texts.values != "fractional") {
    return bad_input("cell-level metrics need raw counts", "--values " + texts.values, "give counts or fractional");
  }
  const auto names = texts.ceiling.empty() ? std::string("depth_right") : texts.ceiling;
  const auto way = std::find_if(kPanelCeilingWays.begin(), kPanelCeilingWays.end(),
                                [&names](const auto& each) { return each.second == names; });
  if (way == kPanelCeilingWays.end()) {
    std::vector<std::string_view> known;
    for (const auto& [each, name] : kPanelCeilingWays) known.push_back(name);
    return bad_input(fmt::format("a suite has no ceiling '{}'", names), "--ceiling",
                     fmt::format("give one of {}", fmt::join(known, ", ")));
  }
  const std::vector<std::string> known = metric_value_names();
  for (const std::string& metric : texts.metrics) {
    if (std::find(known.begin(), known.end(), metric) != known.end()) continue;
    return bad_input(fmt::format("a suite has no metric '{}'", metric), "--metric",
                     fmt::format("give some of {}", fmt::join(known, ", ")));
  }
  out.common = arguments.common;
  if (texts.real) out.real = *texts.real;
  out.task = arguments.task.task;
  out.predictions = named_path(texts.predictions[0]).path;
  out.out = arguments.out;
  const bool all_others = texts.suite == "all" || texts.suite == "cell-eval";
  out.with_other_metrics = all_others || !texts.metrics.empty();
  out.with_card = texts.suite != "cell-eval" && (texts.metrics.empty() || !texts.suite.empty());
  CompareOptions& options = out.options;
  options.metrics = texts.metrics;
  const bool is_set = all_others && texts.metrics.empty();
  options.distances = is_set || any_named(texts.metrics, kCellDistances);
  options.classic = is_set || any_named(texts.metrics, kClassicMetrics);
  options.classic_energy = any_named(texts.metrics, std::array{kEnergyCorrelation});
  if (!texts.real && any_named(texts.metrics, kClassicMetrics)) {
    return bad_input("metrics of classic cell-eval need the real cells",
                     fmt::format("--metric {}", fmt::join(texts.metrics, ",")), "give them with --real");
  }
  const TaskOptions& columns = arguments.task.columns;
  options.real.columns.pert_col = columns.pert_column;
  options.real.columns.context_col = columns.context_column;
  options.real.columns.contexts = columns.contexts;
  options.real.columns.labels = columns.labels;
  options.real.columns.where = columns.where;
  options.real.layer = columns.layer;
  options.real.review = arguments.review;
  options.predicted = options.real;
  options.predicted.keep_fractions = texts.values == "fractional";
  options.baseline = texts.baseline == "dispersed" ? BaselineCells::dispersed : BaselineCells::tile;
  options.calibrate = texts.calibration;
  options.excluded = arguments.run.excluded_targets;
  options.ceiling = way->first;
  options.suite.needs_scores = out.with_card;
  if (arguments.run.seed != 0) options.suite.seed = arguments.run.seed;
  return out;
}

Result<void> read_score_flags(const ScoreFlagTexts& texts, RunArguments& arguments) {
  const PredictedForm form = texts.predicted == "cells"      ? PredictedForm::cells
                             : texts.predicted == "profiles" ? PredictedForm::profiles
                                                             : PredictedForm::deltas;
  if (arguments.task.task.empty()) {
    return bad_input("there is nothing to compare predictions with", "headroom score",
                     "name a task, or real cells with --real");
  }
  if (form == PredictedForm::deltas && !texts.values.empty()) {
    return bad_input("deltas are taken as they are", "--values " + texts.values,
                     "leave it out, or say what the rows are with --predicted profiles or cells");
  }
  if (form != PredictedForm::deltas && texts.values.empty()) {
    return bad_input("it is not said what the values are", "--predicted " + texts.predicted,
                     "give --values counts, log1p or asis; fractional where counts need not be whole");
  }
  if (form == PredictedForm::deltas && texts.target_sum) {
    return bad_input("deltas are not scaled", fmt::format("--target-sum {:g}", *texts.target_sum),
                     "leave it out, or say what the rows are with --predicted profiles or cells");
  }
  if (texts.suite == "paper" && arguments.run.metrics.empty()) {
    arguments.run.metrics = {kPaperMetrics.begin(), kPaperMetrics.end()};
  }
  for (const std::string& text : texts.predictions) {
    auto [name, path] = named_path(text);
    PredictionsSpec spec;
    spec.name = std::move(name);
    spec.path = std::move(path);
    if (spec.name.empty() || spec.path.empty()) {
      return bad_input(fmt::format("'{}' names no predictions", text), "--predictions",
                       "write it as NAME=PATH or PATH");
    }
    spec.form = form;
    spec.target_sum = texts.target_sum;
    if (!texts.values.empty()) spec.values = texts.values;
    arguments.run.predictions.push_back(std::move(spec));
  }
  return {};
}

}  // namespace headroom::cli
