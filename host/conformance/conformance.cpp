#include "conformance/conformance.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "conformance/class_checks.hpp"
#include "conformance/context_checks.hpp"
#include "conformance/embedding_checks.hpp"
#include "conformance/library_checks.hpp"
#include "conformance/predictor_checks.hpp"
#include "conformance/specimen.hpp"

namespace headroom {
namespace {

// What must hold is the same for both kinds of plugin; how it is tried may differ.
struct Check {
  CheckDescription description;
  CheckFunction of_embedding;  // null: not a matter of embeddings
  CheckFunction of_predictor;

  // Of the library itself: can be tried before its kind is known.
  bool is_first_contact() const { return of_embedding == of_predictor; }
};

// Names that this file decides by.
constexpr const char* kLoads = "loads";
constexpr const char* kDescriptorSane = "descriptor-sane";
constexpr const char* kPublishedSize = "published-size";

const std::vector<Check>& checks() {
  static const std::vector<Check> all = {
      {{kLoads, "a confined worker loads the library and finds its entry"}, library_loads, library_loads},
      {{"exported-symbols", "the library exports headroom_plugin_entry and nothing else"},
       exports_only_entry,
       exports_only_entry},
      {{kDescriptorSane, "sizes, names, texts, ranges and grids of the descriptor are as the headers ask"},
       descriptor_is_sane,
       descriptor_is_sane},
      {{"version", "it says its version, and was built for this ABI major"}, version_is_said, version_is_said},
      {{"opens", "it opens with the options given, or with its defaults"}, plugin_opens, plugin_opens},
      {{"knows-example-ids", "it knows some of the ids that it is checked with"}, embedding_knows_example_ids, nullptr},
      {{"dimension-stable", "the declared dimension is the same for every request and in every process"},
       embedding_dimension_is_stable,
       nullptr},
      {{"unknown-ids-masked", "ids that no perturbation has are marked as not present"},
       embedding_masks_unknown_ids,
       nullptr},
      {{"empty-request", "a request without rows is answered"}, embedding_answers_no_ids, predictor_answers_no_queries},
      {{"single-row-request", "requests of one row, one gene, one feature are answered"},
       embedding_answers_one_id,
       predictor_answers_single_rows},
      {{"duplicate-ids", "an id that is asked for twice is refused or answered alike"},
       embedding_treats_duplicates_alike,
       nullptr},
      {{"determinism", "the same request gives the same bytes, in the same process and in another"},
       embedding_is_deterministic,
       predictor_is_deterministic},
      {{"seed-respected", "what is random depends on the given seed and on nothing else"},
       embedding_respects_seed,
       predictor_respects_seed},
      {{"thread-budget", "with one thread or two the same rows are answered, with the same numbers"},
       embedding_ignores_thread_count,
       predictor_ignores_thread_count},
      {{"quiet-after-return", "no thread of the plugin goes on after it has returned"},
       embedding_is_quiet_after_return,
       predictor_is_quiet_after_return},
      {{"row-order", "rows asked for in another order come back in that order, unchanged"},
       embedding_respects_row_order,
       predictor_respects_row_order},
      {{"rows-independent", "a row's answer does not depend on which other rows are asked for"},
       embedding_rows_are_independent,
       predictor_rows_are_independent},
      {{"nan-free", "every number that counts as an answer is finite, for awkward input too"},
       embedding_is_finite,
       predictor_is_finite},
      {{"more-queries-than-training", "there may be more query rows than training rows"},
       nullptr,
       predictor_takes_many_queries},
      {{"training-rows-only", "rows that are not named as training rows have no influence"},
       nullptr,
       predictor_uses_training_rows_only},
      {{"blocks", "it takes the least, one more and the most blocks of features that it declares"},
       nullptr,
       predictor_takes_its_blocks},
      {{"contexts", "rows may be of several contexts, in whatever order these are named"},
       embedding_takes_several_contexts,
       predictor_takes_several_contexts},
      {{"perturbation-numbers", "which number a perturbation has says nothing"},
       nullptr,
       predictor_ignores_perturbation_numbers},
      {{"hyperparameter-grid", "every declared value is answered, alone as with the others"},
       nullptr,
       predictor_answers_its_grid},
      {{"infeasible-settings", "settings that cannot be fitted to a few rows are flagged"},
       nullptr,
       predictor_flags_infeasible_settings},
      {{"errors-agree", "the errors that it tells of held-out rows are those of its predictions"},
       nullptr,
       predictor_tells_true_errors},
      {{"three-class",
        "classes come as probabilities: finite, none below 0, their sum 1 within 1e-9, if it does classes"},
       nullptr,
       predictor_gives_class_probabilities},
      {{"class-counts", "two classes are answered as well as five, or refused, if it does classes"},
       nullptr,
       predictor_takes_any_number_of_classes},
      {{"unlabelled-rows", "training rows without labels have no influence but through their features"},
       nullptr,
       predictor_leaves_out_unlabelled_rows},
      {{kPublishedSize, "time, memory and threads at the published size: 2,000 perturbations, 6,640 genes"},
       embedding_takes_published_size,
       predictor_takes_published_size},
  };
  return all;
}

Finding finding_of(const WorkerFault& fault) { return failed(verdict_name(fault.verdict) + ": " + fault.message); }

Result<void> validate(const CheckOptions& options) {
  for (const std::string& name : options.names) {
    const auto& all = list_checks();
    if (std::any_of(all.begin(), all.end(), [&](const CheckDescription& check) { return check.name == name; }))
      continue;
    std::string known;
    for (const CheckDescription& check : all) known += (known.empty() ? "" : ", ") + check.name;
    return bad_input("there is no check '" + name + "'", {}, "the checks are " + known);
  }
  if (options.n_threads < 1) return bad_input(fmt::format("{} threads", options.n_threads), {}, "allow at least one");
  return {};
}

bool is_asked_for(const Check& check, const CheckOptions& options) {
  const auto& names = options.names;
  return names.empty() || std::find(names.begin(), names.end(), check.description.name) != names.end();
}

// Why a check is not run; empty if it is. `stopped_in`: the check after which going on makes no sense.
std::string reason_to_skip(const Check& check, const CheckOptions& options,
                           const std::optional<PluginDescription>& known, const std::string& stopped_in) {
  if (!stopped_in.empty()) return "not tried after '" + stopped_in + "' failed";
  if (!known) return check.is_first_contact() ? "" : "the plugin does not open";
  const bool is_embedding = known->kind() == PluginKind::EMBEDDING;
  if (!(is_embedding ? check.of_embedding : check.of_predictor))
    return is_embedding ? "of predictors" : "of embeddings";
  if (check.description.name == kPublishedSize && !options.published_size) return "not asked for";
  return {};
}

}  // namespace

const std::vector<CheckDescription>& list_checks() {
  static const std::vector<CheckDescription> descriptions = [] {
    std::vector<CheckDescription> list;
    for (const Check& check : checks()) list.push_back(check.description);
    return list;
  }();
  return descriptions;
}

int Conformance::count(CheckOutcome outcome) const {
  return static_cast<int>(std::count_if(checks.begin(), checks.end(),
                                        [&](const CheckResult& result) { return result.outcome == outcome; }));
}

bool Conformance::conforms() const {
  return count(CheckOutcome::fail) == 0 && count(CheckOutcome::pass) + count(CheckOutcome::warn) > 0;
}

Result<Conformance> check_plugin(const std::filesystem::path& library, const CheckOptions& options) {
  if (auto valid = validate(options); !valid) return tl::unexpected<Error>(valid.error());
  auto file = open_plugin_file(library);
  if (!file) return bad_input(file.error().what, file.error().where, file.error().remedy);
  WorkerSettings probe;
  probe.worker_program = options.worker_program;
  probe.mode = options.sandbox;
  auto confinement = probe_sandbox(probe);
  if (!confinement) return tl::unexpected<Error>(confinement.error());

  Conformance conformance{
      options.given_path.empty() ? file->path : options.given_path, file->sha256, {}, *confinement, {}};
  Specimen specimen(*file, options);
  if (const auto& contact = specimen.first_contact()) {
    conformance.description = contact->description;
    specimen.describe(*conformance.description);
  } else if (contact.error().verdict == WorkerVerdict::UNSUITED) {
    return bad_input(contact.error().message, file->path, "give the options that the plugin declares");
  } else if (contact.error().verdict == WorkerVerdict::HOST_FAULT) {
    return tl::unexpected<Error>(error_of(contact.error()));
  }
  const bool is_predictor = conformance.description && conformance.description->kind() == PluginKind::PREDICTOR;

  std::string stopped_in;
  for (const Check& check : checks()) {
    if (!is_asked_for(check, options)) continue;
    const std::string& name = check.description.name;
    Finding finding = skipped(reason_to_skip(check, options, conformance.description, stopped_in));
    if (finding.detail.empty()) {
      const CheckFunction run = is_predictor ? check.of_predictor : check.of_embedding;
      Answer<Finding> answer = run(specimen);
      if (!answer && answer.error().verdict == WorkerVerdict::HOST_FAULT) {
        Error error = error_of(answer.error());
        if (error.where.empty()) error.where = file->path + ", check " + name;
        return tl::unexpected<Error>(std::move(error));
      }
      // One that spins may reach its processor limit first, one that waits the wall clock.
      const bool hung = !answer && (answer.error().verdict == WorkerVerdict::WALL_LIMIT ||
                                    answer.error().verdict == WorkerVerdict::CPU_LIMIT);
      finding = answer ? std::move(*answer) : finding_of(answer.error());
      const bool is_useless = finding.outcome == CheckOutcome::fail && (name == kLoads || name == kDescriptorSane);
      if (hung || is_useless) stopped_in = name;
    }
    conformance.checks.push_back({name, finding.outcome, std::move(finding.detail)});
    if (options.on_result) options.on_result(conformance.checks.back());
  }
  return conformance;
}

}  // namespace headroom
