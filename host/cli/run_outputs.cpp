#include "cli/run_outputs.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "io/own_file.hpp"
#include "io/sha256.hpp"
#include "plugin_host/host_process.hpp"
#include "report/report.hpp"
#include "report/report_model.hpp"
#include "review/doubt_record.hpp"
#include "summary/perturbation_facts.hpp"
#include "summary/perturbations_csv.hpp"
#include "summary/scores_csv.hpp"
#include "summary/similarity_csv.hpp"
#include "summary/strata.hpp"
#include "summary/summary_json.hpp"
#include "summary/target_parts.hpp"

namespace headroom::cli {
namespace {

namespace fs = std::filesystem;

// Joins texts so that no two lists of them give the same.
class StampText {
 public:
  void add(std::string_view name, std::string_view value) {
    text_ += fmt::format("{} {}\n{} {}\n", name.size(), name, value.size(), value);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void add_task(StampText& stamp, const Task& task, const NoiseTable* noise) {
  stamp.add("task", task.sha256);
  stamp.add("task name", task.name);
  stamp.add("perturbations", task.columns.pert_column);
  stamp.add("contexts", task.columns.context_column);
  stamp.add("folds", task.columns.fold_source);
  stamp.add("genes", task.columns.gene_source);
  for (const std::string& note : task.notes) stamp.add("task note", note);
  stamp.add("noise table", noise != nullptr ? noise->sha256 : "none");
}

void add_methods(StampText& stamp, const RunResults& planned) {
  for (const ContextEvaluation& context : planned.contexts) {
    stamp.add("context", context.context);
    for (const Split& split : context.splits) stamp.add("fold", split.name);
    for (const MethodEvaluation& method : context.methods) {
      stamp.add("method", method.name);
      stamp.add(role_name(method.role), method.in_bound ? "bounds" : "");
      for (const std::string& flag : method.flags) stamp.add("flag", flag);
    }
    for (const std::string& note : context.notes) stamp.add("note", note);
  }
}

// The plans with the runs that made the stored evaluations; nullopt: some evaluation is to be made, or made again.
Result<std::optional<std::string>> stamp_of(const std::vector<OutputsPlan>& plans, const std::vector<Store*>& stores) {
  std::string text;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const auto provenance = stores[i]->provenance_of(plans[i].evaluations);
    if (!provenance) return tl::unexpected<Error>(provenance.error());
    if (!*provenance) return std::nullopt;
    text += plans[i].sha256 + **provenance;
  }
  auto stamp = sha256_of_bytes(text);
  if (!stamp) return tl::unexpected<Error>(stamp.error());
  return std::move(*stamp);
}

}  // namespace

Result<OutputsPlan> plan_outputs(const RunArguments& arguments, const Task& task, const NoiseTable* noise,
                                 const PlannedRun& planned, const Review& review) {
  // A rebuilt program may write other files from the same numbers, under the same version.
  const auto file = program_file();
  if (!file) return tl::unexpected<Error>(file.error());
  const auto program = sha256_of_file(*file);
  if (!program) return tl::unexpected<Error>(program.error());
  StampText stamp;
  stamp.add("program", *program);
  stamp.add("settings", message_json_line(planned.results().settings));
  if (arguments.strata) {
    const auto strata = sha256_of_file(*arguments.strata);
    if (!strata) return tl::unexpected<Error>(strata.error());
    stamp.add("strata", *strata);
  }
  stamp.add("inner scores", arguments.keep_inner_scores ? "kept" : "left out");
  stamp.add("doubts", doubts_json(review.doubts()));
  add_task(stamp, task, noise);
  add_methods(stamp, planned.results());
  for (const PluginOfRun& plugin : planned.plugins()) {
    stamp.add("plugin", message_json_line(plugin.record));
    stamp.add("confinement", plugin.confinement ? ConfinementLevel_Name(plugin.confinement->level()) : "");
  }
  auto sha256 = sha256_of_bytes(stamp.text());
  if (!sha256) return tl::unexpected<Error>(sha256.error());
  return OutputsPlan{std::move(*sha256), planned.evaluations()};
}

Result<std::optional<KeptOutputs>> standing_outputs(const std::vector<OutputsPlan>& plans,
                                                    const std::vector<Store*>& stores, const fs::path& out,
                                                    ThreadPool& pool) {
  const auto stamp = stamp_of(plans, stores);
  if (!stamp) return tl::unexpected<Error>(stamp.error());
  auto kept = stores.front()->outputs();
  if (!kept) return tl::unexpected<Error>(kept.error());
  if (!*stamp || !*kept || (*kept)->stamp != **stamp) return std::nullopt;
  const std::vector<WrittenFile>& files = (*kept)->files;
  std::vector<std::uint8_t> stands(files.size(), 0);
  pool.for_each(files.size(), [&](std::size_t i) { stands[i] = is_as_written(out, files[i]); });
  if (std::find(stands.begin(), stands.end(), 0) != stands.end()) return std::nullopt;
  return kept;
}

Result<std::vector<WrittenFile>> write_outputs(const fs::path& out, const std::vector<TargetOutputs>& targets,
                                               const RunSummary& summary, const NoiseTable* noise, ThreadPool& pool) {
  if (auto forgotten = targets.front().store->forget_outputs(); !forgotten) {
    return tl::unexpected<Error>(forgotten.error());
  }
  std::vector<ReportModel> chapters;
  std::vector<ScoredTask> scored;
  for (const TargetOutputs& of_target : targets) {
    const RunResults& results = *of_target.results;
    std::vector<PerturbationFacts> facts =
        perturbation_facts(results, *of_target.task, [noise](std::string_view context, std::string_view pert_id) {
          return noise != nullptr ? noise->reference(context, pert_id, "n_cells") : std::nullopt;
        });
    if (auto kept = of_target.store->put_facts(facts, results.target); !kept) {
      return tl::unexpected<Error>(kept.error());
    }
    chapters.push_back(report_model(part_of_target(summary, results.target), results, std::move(facts)));
    scored.push_back({&results, of_target.task});
  }

  std::vector<WrittenFile> files;
  const auto write = [&](const char* name, const std::string& bytes) -> Result<void> {
    auto written = write_known_file(out / name, bytes);
    if (!written) return tl::unexpected<Error>(written.error());
    files.push_back(std::move(*written));
    return {};
  };
  const std::string report = report_page(chapters);
  if (auto done = write("report.html", report); !done) return tl::unexpected<Error>(done.error());
  if (auto done = write("summary.json", summary_json(summary)); !done) return tl::unexpected<Error>(done.error());
  if (auto done = write("scores.csv", scores_csv(summary)); !done) return tl::unexpected<Error>(done.error());
  // Of an earlier run with other embeddings: it would speak of what is not there.
  std::error_code ignored;
  if (const std::string similarity = similarity_csv(summary); !similarity.empty()) {
    if (auto done = write(kSimilarityMark.name.data(), similarity); !done) return tl::unexpected<Error>(done.error());
  } else if (may_replace(out / kSimilarityMark.name, kSimilarityMark)) {
    fs::remove(out / kSimilarityMark.name, ignored);
  }
  if (const std::string strata = strata_csv(summary); !strata.empty()) {
    if (auto done = write(kStrataMark.name.data(), strata); !done) return tl::unexpected<Error>(done.error());
  } else if (may_replace(out / kStrataMark.name, kStrataMark)) {
    fs::remove(out / kStrataMark.name, ignored);
  }
  auto perturbations = write_perturbations_csv(out / "perturbations.csv", scored, pool);
  if (!perturbations) return tl::unexpected<Error>(perturbations.error());
  files.push_back(std::move(*perturbations));
  return files;
}

Result<void> keep_outputs(const std::vector<OutputsPlan>& plans, const std::vector<Store*>& stores,
                          std::vector<WrittenFile> files, const std::vector<SubmissionOutcome>& submissions) {
  const auto stamp = stamp_of(plans, stores);
  if (!stamp) return tl::unexpected<Error>(stamp.error());
  if (!*stamp) return {};
  return stores.front()->put_outputs({**stamp, std::move(files), submissions});
}

}  // namespace headroom::cli
