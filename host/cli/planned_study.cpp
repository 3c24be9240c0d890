#include "cli/planned_study.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/interruption.hpp"
#include "cli/notes.hpp"
#include "cli/review_output.hpp"
#include "cli/run_setup.hpp"
#include "cli/task_input.hpp"
#include "cli/terminal_streams.hpp"
#include "evaluation/compare_run.hpp"
#include "evaluation/feasible_grid.hpp"
#include "io/own_file.hpp"
#include "report/finished_method.hpp"
#include "summary/summary_json.hpp"

namespace headroom::cli {
namespace {

namespace fs = std::filesystem;

// What an earlier run of the same vectors found doubtful about them, to be answered again.
std::vector<Doubt> doubts_about_vectors(const RunSummary& earlier) {
  std::vector<Doubt> doubts;
  for (const DoubtRecord& record : earlier.doubts()) {
    if (!record.code().starts_with("vectors.")) continue;
    if (auto doubt = doubt_of(record)) doubts.push_back(std::move(*doubt));
  }
  return doubts;
}

// Outputs that would replace what Headroom did not write, or an input.
void review_outputs(const RunArguments& arguments, Review& review) {
  std::vector<std::string> names = foreign_outputs(arguments.out);
  std::vector<fs::path> inputs{arguments.task.task, arguments.task.noise.value_or(fs::path()),
                               arguments.task.columns.fold_file.value_or(fs::path()), arguments.run.split.file};
  for (const EmbeddingSpec& spec : arguments.run.embeddings) inputs.push_back(spec.path);
  for (const PredictionsSpec& spec : arguments.run.predictions) inputs.push_back(spec.path);
  std::error_code ignored;
  for (const OwnMark& mark : kRunMarks) {
    const fs::path output = arguments.out / mark.name;
    const bool is_input = std::any_of(inputs.begin(), inputs.end(), [&](const fs::path& input) {
      return !input.empty() && fs::equivalent(input, output, ignored);
    });
    const bool is_told = std::find(names.begin(), names.end(), mark.name) != names.end();
    if (is_input && !is_told) names.emplace_back(mark.name);
  }
  if (names.empty()) return;
  review.raise({"output.not_ours", arguments.out.string(),
                fmt::format("{} file{} that Headroom did not write, or that {} read, would be replaced", names.size(),
                            names.size() == 1 ? "" : "s", names.size() == 1 ? "is" : "are"),
                static_cast<std::int64_t>(names.size()), examples_of(names), "give another folder with -o"});
}

VectorFiles vectors_read(StudyReading reading) {
  const bool leaves = reading == StudyReading::may_be_done || reading == StudyReading::part;
  return leaves ? VectorFiles::leave : VectorFiles::read;
}

bool leaves_deltas(StudyReading reading) {
  return reading == StudyReading::may_be_done || reading == StudyReading::all_but_deltas;
}

}  // namespace

void PlannedStudy::FinishedMethods::method_finished(const RunResults& results, const ContextEvaluation& context,
                                                    const MethodEvaluation& method) {
  if (style_.live) progress_.print_line(finished_method_line(results, context, method, style_));
}

PlannedStudy::PlannedStudy(const RunArguments& arguments, RunOptions options)
    : arguments_(arguments),
      options_(std::move(options)),
      review_(arguments.review),
      told_before_(arguments.review),
      pool_(arguments.common.n_threads),
      progress_(terminal_progress(arguments.common.quiet)),
      finished_(progress_, progress_style(arguments.common.quiet)) {}

Result<std::unique_ptr<PlannedStudy>> PlannedStudy::plan(const RunArguments& arguments, const Options& how) {
  auto options = complete_run_options(arguments);
  if (!options) return tl::unexpected<Error>(options.error());
  if (how.kernels) options->kernels = *how.kernels;
  if (!how.submissions.empty()) {
    std::erase_if(options->submissions,
                  [&](const SubmissionSpec& spec) { return !how.submissions.contains(spec.name); });
  }
  if (options->embeddings.empty() && options->predictions.empty() && options->submissions.empty()) {
    return bad_input("there is nothing to evaluate", "headroom run",
                     "name an embedding with --embedding or a folder with --submissions, or see the bounds alone with "
                     "headroom bounds");
  }
  std::unique_ptr<PlannedStudy> study(new PlannedStudy(arguments, std::move(*options)));
  if (auto made = study->make(how); !made) return tl::unexpected<Error>(made.error());
  return study;
}

Result<void> PlannedStudy::make(const Options& how) {
  const bool quiet = arguments_.common.quiet;
  auto input = read_task_input(arguments_.task, review_, quiet,
                               leaves_deltas(how.reading) ? TaskParts::all_but_deltas : TaskParts::all);
  if (!input) return tl::unexpected<Error>(input.error());
  noise_ = std::move(input->noise);
  auto of_summary = cli::summary_options(arguments_, noise());
  if (!of_summary) return tl::unexpected<Error>(of_summary.error());
  summary_options_ = std::move(*of_summary);
  if (leaves_deltas(how.reading)) unread_ = input->task;
  if (auto valid = validate(options_); !valid) return valid;
  auto inputs = split_by_target(std::move(input->task), options_, arguments_.targets, quiet);
  if (!inputs) return tl::unexpected<Error>(inputs.error());
  inputs_ = std::move(*inputs);

  // Every file is known, and what is doubtful about it, before anything is written.
  for (const TargetInput& of_target : inputs_) {
    if (auto valid = validate(of_target.options); !valid) return valid;
  }
  if (auto loaded = load_rosters(how); !loaded) return loaded;
  if (how.writes) review_outputs(arguments_, review_);
  if (auto settled = settle_review(review_, quiet); !settled) return settled;
  for (const Roster& roster : rosters_) {
    if (auto readable = require_readable_predictions(roster); !readable) return readable;
  }

  if (const std::size_t n = rosters_.front().embeddings.size(); n > kMostComparedEmbeddings) {
    print_notes({fmt::format("{} embeddings are not compared with each other: no more than {} are", n,
                             kMostComparedEmbeddings)},
                quiet);
  }
  const auto blas = require_threadsafe_blas();
  if (!blas) return tl::unexpected<Error>(blas.error());
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const TargetInput& of_target = inputs_[i];
    print_notes(grid_proposals(rosters_[i], of_target.task, of_target.options), quiet);
    TargetRun& target = targets_.emplace_back();
    target.input = &of_target;
    target.evaluations =
        std::make_unique<RunStore>(make_run_record(arguments_, of_target.task, noise(), *blas), how.resumes, quiet);
    auto planned = PlannedRun::plan(of_target.task, noise(), of_target.options, pool_, progress_, Interruption::token(),
                                    target.evaluations.get(), &finished_, vectors_read(how.reading), rosters_[i]);
    if (!planned) return tl::unexpected<Error>(planned.error());
    target.planned.emplace(std::move(*planned));
  }
  return {};
}

FileReview PlannedStudy::file_review(const TargetInput& of_target) const {
  return {&of_target.task, true, !arguments_.task.columns.contexts.empty(), {}, {}};
}

Result<void> PlannedStudy::load_rosters(const Options& how) {
  std::set<std::string> reviewed = how.left_unread;
  std::vector<Doubt> told_earlier;
  if (how.reading == StudyReading::may_be_done) {
    if (const auto earlier = read_summary_json(arguments_.out / "summary.json")) {
      for (const PluginRecord& plugin : earlier->plugins()) reviewed.insert(plugin.data_sha256());
      told_earlier = doubts_about_vectors(*earlier);
    }
  }
  for (const TargetInput& of_target : inputs_) {
    FileReview files = file_review(of_target);
    files.reviewed = reviewed;
    files.reviewed_vectors = how.reviewed_vectors;
    auto roster = load_roster(*of_target.target, of_target.options, pool_, vectors_read(how.reading), files,
                              Interruption::token(), &progress_);
    if (!roster) return tl::unexpected<Error>(roster.error());
    raise_doubts(*roster, rosters_.empty() ? review_ : told_before_);
    rosters_.push_back(std::move(*roster));
  }
  std::vector<const Roster*> all;
  for (const Roster& roster : rosters_) all.push_back(&roster);
  if (auto used = check_keys_are_used(all); !used) return used;
  for (Doubt& doubt : told_earlier) review_.raise(std::move(doubt));
  return {};
}

Result<void> PlannedStudy::open_stores() {
  std::error_code error;
  fs::create_directories(arguments_.out, error);
  if (error) return bad_input("cannot make the folder for the results", arguments_.out.string(), error.message());
  for (TargetRun& target : targets_) {
    std::vector<std::string> metric_names;
    for (const Metric metric : evaluated_metrics(*target.input->target, target.input->options, target.input->task)) {
      metric_names.emplace_back(metric_name(metric));
    }
    auto store = Store::open(arguments_.out, metric_names);
    if (!store) return tl::unexpected<Error>(store.error());
    target.store.emplace(std::move(*store));
    target.evaluations->keep_in(*target.store);
  }
  return {};
}

std::vector<Store*> PlannedStudy::stores() {
  std::vector<Store*> stores;
  for (TargetRun& target : targets_) stores.push_back(&*target.store);
  return stores;
}

Result<void> PlannedStudy::read_vectors_left() {
  for (TargetRun& target : targets_) {
    const auto has_all = [&](const std::vector<EvaluationKey>& keys) -> Result<bool> {
      const auto provenance = target.store->provenance_of(keys);
      if (!provenance) return tl::unexpected<Error>(provenance.error());
      return provenance->has_value();
    };
    Review& review = &target == &targets_.front() ? review_ : told_before_;
    auto read = target.planned->read_files_left(has_all, file_review(*target.input), review);
    if (!read) return read;
  }
  return settle_review(review_, arguments_.common.quiet);
}

Result<void> PlannedStudy::read_rest() {
  if (auto read = read_vectors_left(); !read) return read;
  return read_values(unread_, inputs_, arguments_.task.columns);
}

}  // namespace headroom::cli
