#include "cli/flags/score_flags.hpp"

#include <fmt/format.h>

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
    "\n"
    "The last two take a pair of files, real and predicted cells, as other evaluators do. The control is always the "
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
                  "mean is the profile; with --target deg labels are called on them); of profiles the task's own "
                  "control is subtracted")
      ->check(CLI::IsMember({"deltas", "profiles", "cells"}))
      ->type_name("deltas|profiles|cells")
      ->capture_default_str();
  command
      .add_option(
          "--values", texts.values,
          "What predicted profiles or cells hold: counts (each row scaled to the target sum, then log1p), log1p (that "
          "was done already) or asis (nothing is done); must be given with them")
      ->check(CLI::IsMember({"counts", "log1p", "asis"}))
      ->type_name("counts|log1p|asis");
  add_optional(command, "--target-sum", texts.target_sum,
               "Total that predicted counts are scaled to (default: the task's, as headroom prepare keeps it, else "
               "10000)")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  command.footer(kScoreFooter);
}

Result<void> read_score_flags(const ScoreFlagTexts& texts, RunArguments& arguments) {
  const PredictedForm form = texts.predicted == "cells"      ? PredictedForm::cells
                             : texts.predicted == "profiles" ? PredictedForm::profiles
                                                             : PredictedForm::deltas;
  if (form == PredictedForm::deltas && !texts.values.empty()) {
    return bad_input("deltas are taken as they are", "--values " + texts.values,
                     "leave it out, or say what the rows are with --predicted profiles or cells");
  }
  if (form != PredictedForm::deltas && texts.values.empty()) {
    return bad_input("it is not said what the values are", "--predicted " + texts.predicted,
                     "give --values counts, log1p or asis");
  }
  if (form == PredictedForm::deltas && texts.target_sum) {
    return bad_input("deltas are not scaled", fmt::format("--target-sum {:g}", *texts.target_sum),
                     "leave it out, or say what the rows are with --predicted profiles or cells");
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
