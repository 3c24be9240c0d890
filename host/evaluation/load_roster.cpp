#include "evaluation/load_roster.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <functional>
#include <set>

#include "evaluation/fold_gate.hpp"
#include "evaluation/introduce_plugin.hpp"
#include "evaluation/made_once.hpp"
#include "evaluation/predictor_grid.hpp"
#include "evaluation/submission_budget.hpp"
#include "evaluation/unchanged_folder.hpp"
#include "io/regular_file.hpp"
#include "io/sha256.hpp"
#include "plugin_host/description_check.hpp"
#include "plugin_host/named_runtime.hpp"
#include "plugin_host/own_files.hpp"
#include "plugin_host/plugin_place.hpp"
#include "plugin_host/python_modules.hpp"
#include "plugin_host/worker_limits.hpp"
#include "review/refusal.hpp"
#include "terminal/display_text.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;

// Headroom's own readers.
constexpr std::string_view kTable = "table.so", kPredictions = "predictions.so";
// The fusion that is there only where libtorch was found.
constexpr std::string_view kAttention = "attention";

// Of finished predictions, which have the width of the task: the user's own, and never kept.
constexpr std::uint64_t kMostPredictionBytes = std::uint64_t{4} << 30;

// Whether it is a plugin, or a folder that should hold one; else a file of vectors.
bool is_plugin(const fs::path& path) {
  std::error_code ignored;
  return is_plugin_name(path.filename().string()) || fs::is_directory(path, ignored);
}

// What to write where no head, or no fusion predictor, has this name.
std::string named_instead(const std::string& name, bool is_of_fusion) {
  if (is_of_fusion && name == kAttention) {
    return "this Headroom was built without libtorch: build it where libtorch-dev is installed, or install "
           "headroom-attention";
  }
  std::error_code ignored;
  if (fs::is_directory(name, ignored)) return fmt::format("write ./{} for the folder of that name", name);
  return is_of_fusion ? "name one: kernels, stack, concat, concat:HEAD, attention or PATH.so"
                      : "name one: knn, lasso, ridge, logistic, PATH.so, PATH.py or a folder with one";
}

// What is wrong with a submission, with its file's own name: its row holds no path of this machine.
std::string told_of(const Error& error, const fs::path& path) {
  return Error{error.kind, error.what, display_text(path.filename().string()), error.remedy}.line();
}

// Descriptors of a run beside those of its submissions: workers, stores, what heads share.
constexpr std::size_t kOtherOpenFiles = 256;

// Each submission is held open for the whole run, so that nobody can change it meanwhile.
Result<void> require_open_files(std::size_t n_submissions) {
  struct rlimit files {};
  if (n_submissions == 0 || getrlimit(RLIMIT_NOFILE, &files) != 0) return {};
  const std::size_t needed = n_submissions + kOtherOpenFiles;
  if (files.rlim_cur == RLIM_INFINITY || needed <= files.rlim_cur) return {};
  return bad_input(
      fmt::format("{} submissions are held open at once, and this session may open {} files", n_submissions,
                  files.rlim_cur),
      "--submissions",
      fmt::format("raise its hard limit to {} (ulimit -Hn, LimitNOFILE= of systemd, --ulimit nofile= of Docker and "
                  "Podman), or split the folder",
                  needed));
}

class RosterLoader {
 public:
  RosterLoader(const Target& target, const RunOptions& options, VectorFiles vector_files, const FileReview& review,
               std::stop_token stop)
      : target_(target),
        options_(options),
        vector_files_(vector_files),
        review_(review),
        total_time_s_(total_time_s(options.limits, n_contexts())),
        stop_(std::move(stop)),
        slots_(std::make_shared<OutputSlots>()) {
    for (const auto& [key, values] : options.grid) unused_grid_.insert(key);
    for (const auto& [key, value] : options.plugin_options) unused_options_.insert(key);
  }

  Result<Roster> load(ThreadPool& pool, Progress* progress) {
    if (auto enough = require_open_files(options_.submissions.size()); !enough) {
      return tl::unexpected<Error>(enough.error());
    }
    // Copying, hashing and introducing take nearly all of the time: each plugin for itself, several at once.
    std::vector<std::function<Result<Candidate>()>> openings;
    for (const PredictorSpec& spec : options_.predictors) openings.push_back([&] { return open_predictor(spec); });
    for (const EmbeddingSpec& spec : options_.embeddings) openings.push_back([&] { return open_embedding(spec); });
    for (const SubmissionSpec& spec : options_.submissions) openings.push_back([&] { return open_submission(spec); });
    const std::vector<PredictorSpec> fusion_predictors = fusion_predictors_to_open();
    for (const PredictorSpec& spec : fusion_predictors) {
      openings.push_back([&] { return open_predictor(spec, Use::fusion); });
    }
    for (const PredictionsSpec& spec : options_.predictions) openings.push_back([&] { return open_predictions(spec); });
    std::vector<Result<Candidate>> opened(openings.size());
    if (options_.submissions.size() <= kFewSubmissions) progress = nullptr;
    if (progress != nullptr) progress->begin("introductions", static_cast<std::int64_t>(openings.size()), "plugins");
    pool.for_each(openings.size(), [&](std::size_t i) {
      opened[i] = openings[i]();
      if (progress != nullptr) progress->advance(1);
    });
    if (progress != nullptr) progress->end();
    for (const auto& candidate : opened) {
      if (!candidate) return tl::unexpected<Error>(candidate.error());
    }

    Roster roster;
    auto next = opened.begin();
    for (std::size_t i = 0; i < options_.predictors.size(); ++i) {
      RosterEntry& entry = (next++)->value().entry;
      if (options_.is_one_of_several && is_of_another_target(entry)) continue;
      if (auto fits = check_kind(entry, "--predictor"); !fits) return tl::unexpected<Error>(fits.error());
      if (auto settled = settle_head(entry); !settled) return tl::unexpected<Error>(settled.error());
      roster.heads.push_back(std::move(entry));
    }
    if (roster.heads.empty()) {  // those that were named are another target's
      if (auto done = open_heads(target_.protocol_heads, roster); !done) return tl::unexpected<Error>(done.error());
    }
    for (const RosterEntry& head : roster.heads) {
      if (head.file->shipped || !is_of_bounds(head.name)) continue;
      return bad_input(fmt::format("the name '{}' is taken by a head that bounds are made with", head.name),
                       "--predictor " + head.file->path, "give it another: NAME=PATH.so");
    }
    for (std::size_t i = 0; i < options_.embeddings.size(); ++i) {
      RosterEntry& entry = (next++)->value().entry;
      settle_options(entry);
      roster.embeddings.push_back(std::move(entry));
    }
    for (std::size_t i = 0; i < options_.submissions.size(); ++i) {
      if (auto placed = place_submission((next++)->value(), roster); !placed) {
        return tl::unexpected<Error>(placed.error());
      }
    }
    roster.n_tables = roster.heads.size();
    if (auto done = open_heads(heads_for_bounds(roster), roster); !done) return tl::unexpected<Error>(done.error());
    for (std::size_t i = 0; i < fusion_predictors.size(); ++i) {
      RosterEntry& entry = (next++)->value().entry;
      const bool may_be_left_out = options_.is_one_of_several || !options_.fusion_predictors_are_named;
      if (may_be_left_out && is_of_another_target(entry)) continue;
      if (auto fits = check_kind(entry, "--fusion-predictor"); !fits) return tl::unexpected<Error>(fits.error());
      if (auto settled = settle_head(entry); !settled) return tl::unexpected<Error>(settled.error());
      roster.heads.push_back(std::move(entry));
      ++roster.n_fusion_heads;
    }
    // --set does not reach the reader of predictions: its options are ours alone.
    for (; next != opened.end(); ++next) roster.predictions.push_back(std::move(next->value().entry));
    const auto gate = std::make_shared<FoldGate>();
    for (auto* entries : {&roster.heads, &roster.embeddings, &roster.predictions}) {
      for (RosterEntry& entry : *entries) entry.gate = gate;
    }
    if (options_.is_one_of_several) {
      roster.unused_grid = std::move(unused_grid_);
      roster.unused_options = std::move(unused_options_);
      return roster;
    }
    if (!unused_grid_.empty()) return unknown_grid(roster);
    if (!unused_options_.empty()) return unknown_option(roster);
    return roster;
  }

 private:
  // A predictor that works and does other kinds of task alone.
  bool is_of_another_target(const RosterEntry& entry) const {
    const auto& kinds = entry.description.task_kinds();
    const bool is_sound = !entry.fault || entry.fault->verdict == WorkerVerdict::UNSUITED;
    return is_sound && !kinds.empty() && std::find(kinds.begin(), kinds.end(), target_.task_kind) == kinds.end();
  }

  // What Headroom's own heads do is known: naming one that does another kind of task is the user's mistake.
  Result<void> check_kind(const RosterEntry& entry, const std::string& flag) const {
    if (!entry.file || !entry.file->shipped || !is_of_another_target(entry)) return {};
    return bad_input(fmt::format("'{}' does not do the target {}", entry.name, target_.name), flag + " " + entry.name,
                     fmt::format("the target's own are {}", fmt::join(target_.protocol_heads, ", ")));
  }

  // Those of the run's fusions, if there are any; of the default, those that are installed.
  std::vector<PredictorSpec> fusion_predictors_to_open() const {
    if (options_.fusions.empty()) return {};
    std::vector<PredictorSpec> specs = options_.fusion_predictors;
    if (options_.fusion_predictors_are_named) return specs;
    std::erase_if(specs, [&](const PredictorSpec& spec) { return !fs::exists(library_of(spec)); });
    return specs;
  }

  // concat:HEAD is a library of its own for each head; concat goes through the first of the target's.
  fs::path library_of(const PredictorSpec& spec) const {
    if (!spec.path.empty()) return spec.path;
    std::string name = spec.name;
    if (name == kConcat) name += kHeadOfFusionPredictor + target_.protocol_heads.front();
    std::replace(name.begin(), name.end(), kHeadOfFusionPredictor, '-');
    return options_.shipped_plugins / (name + ".so");
  }

  // Headroom's own.
  Result<void> open_heads(const std::vector<std::string>& names, Roster& roster) {
    for (const std::string& name : names) {
      auto head = open_predictor({name, {}});
      if (!head) return tl::unexpected<Error>(head.error());
      if (auto settled = settle_head(head->entry); !settled) return settled;
      roster.heads.push_back(std::move(head->entry));
    }
    return {};
  }

  bool is_of_bounds(const std::string& head) const {
    if (options_.bounds_per_head)
      return head == target_.protocol_heads.front();  // the one from which submitted predictors borrow
    return std::find(target_.protocol_heads.begin(), target_.protocol_heads.end(), head) !=
           target_.protocol_heads.end();
  }

  // Headroom's own heads that bounds need and the run does not name.
  std::vector<std::string> heads_for_bounds(const Roster& roster) const {
    const auto is_there = [&](const std::string& name) {
      return std::any_of(roster.heads.begin(), roster.heads.end(),
                         [&](const RosterEntry& head) { return head.file->shipped && head.name == name; });
    };
    const bool any_submitted = std::any_of(roster.heads.begin(), roster.heads.end(),
                                           [](const RosterEntry& head) { return !head.file->shipped; });
    if (options_.bounds_per_head && !any_submitted) return {};
    std::vector<std::string> missing;
    for (const std::string& name : target_.protocol_heads) {
      if (is_of_bounds(name) && !is_there(name)) missing.push_back(name);
    }
    return missing;
  }

  WorkerSettings settings_of(const std::string& name) const {
    WorkerSettings settings;
    settings.worker_program = options_.worker_program;
    settings.mode = options_.sandbox;
    settings.limits = options_.limits;
    settings.limits.set_total_time_s(total_time_s_);
    settings.budget = std::make_shared<TimeBudget>(total_time_s_);
    settings.stop = stop_;
    settings.seed = options_.seed;
    settings.output_slots = slots_;
    settings.log = std::make_shared<PluginLog>();
    for (const auto& [key, value] : options_.plugin_options) {
      // Keys hold no '.', names may: "a.csv.file" is of "a.csv", not of "a".
      if (key.rfind('.') == name.size() && key.starts_with(name))
        settings.options.emplace_back(key.substr(name.size() + 1), value);
    }
    return settings;
  }

  // ---- one plugin each; called from several threads ----

  // A plugin that was opened and introduced, or is known to be at fault.
  struct Candidate {
    RosterEntry entry;
    std::string kind = {};  // of a submission, as far as its file tells
  };

  enum class Use { one_embedding, fusion, submission };

  // An entry as far as it came, and what went wrong with the machine.
  struct Introduced {
    RosterEntry entry;
    Result<void> outcome;
  };

  Result<Candidate> open_predictor(const PredictorSpec& spec, Use use = Use::one_embedding) const {
    RosterEntry entry;
    entry.name = spec.name;
    const bool is_of_fusion = use == Use::fusion;
    const fs::path path = library_of(spec);
    if (spec.path.empty() && !fs::exists(path)) {
      return bad_input(fmt::format("there is no {} '{}'", is_of_fusion ? "fusion predictor" : "head", spec.name),
                       is_of_fusion ? "--fusion-predictor" : "--predictor", named_instead(spec.name, is_of_fusion));
    }
    entry.settings = settings_of(spec.name);
    auto place = place_of_plugin(path, options_.shipped_plugins);
    if (!place) return tl::unexpected<Error>(place.error());
    if (!place->vectors.empty()) {
      return bad_input("it holds vectors and no predictor", path.string(), "give it with --embedding");
    }
    take_named_folder(spec.data_folder, *place);
    if (auto opened = open_place(entry, path, *place); !opened) return tl::unexpected<Error>(opened.error());
    if (auto introduced = introduce(entry, PluginKind::PREDICTOR, use); !introduced)
      return tl::unexpected<Error>(introduced.error());
    return Candidate{std::move(entry)};
  }

  Result<Candidate> open_embedding(const EmbeddingSpec& spec) const {
    RosterEntry entry;
    entry.name = spec.name;
    entry.settings = settings_of(spec.name);
    fs::path vectors = spec.path;
    if (is_plugin(spec.path)) {
      auto place = place_of_plugin(spec.path, options_.shipped_plugins);
      if (!place) return tl::unexpected<Error>(place.error());
      take_named_folder(spec.data_folder, *place);
      vectors = place->vectors;
      if (place->library.filename() == kPythonRunner && !options_.python_path.empty()) {
        auto modules = python_modules(options_.python_path);
        if (!modules) return tl::unexpected<Error>(modules.error());
        entry.settings.granted_folder = modules->environment;
        entry.settings.python_path = modules->folder;
      }
      if (vectors.empty()) {
        if (auto opened = open_place(entry, spec.path, *place); !opened) return tl::unexpected<Error>(opened.error());
      }
    }
    if (!vectors.empty()) {
      auto data = open_data_file(vectors, kMaxDataFileBytes, stop_);
      if (!data) return tl::unexpected<Error>(data.error());
      if (auto opened = open_reader(entry, std::move(*data), kTable); !opened)
        return tl::unexpected<Error>(opened.error());
      if (!spec.part.empty()) entry.settings.options.emplace_back("part", spec.part);
      entry.part = spec.part;
    }
    if (auto introduced = introduce(entry, PluginKind::EMBEDDING); !introduced)
      return tl::unexpected<Error>(introduced.error());
    return Candidate{std::move(entry)};
  }

  Result<Candidate> open_predictions(const PredictionsSpec& spec) const {
    RosterEntry entry;
    entry.name = spec.name;
    entry.settings = settings_of(spec.name);
    entry.settings.options.clear();
    entry.holds_predictions = true;
    entry.settings.most_answer_bytes = kMostPredictionBytes;
    auto data = open_data_file(spec.path, kMaxDataFileBytes, stop_);
    if (!data) return tl::unexpected<Error>(data.error());
    if (auto opened = open_reader(entry, std::move(*data), kPredictions); !opened) {
      return tl::unexpected<Error>(opened.error());
    }
    const std::pair<const char*, std::string> options[] = {
        {"predicted", form_name(spec.form)},
        {"values", spec.values == "fractional" ? "counts" : spec.values},
        {"controls", fmt::format("{}", fmt::join(options_.labels.controls, "\n"))},
        {"keep_labels", fmt::format("{}", fmt::join(options_.labels.kept, "\n"))},
        {"pert_col", spec.pert_column},
        {"context_col", spec.context_column},
        {"fold_col", spec.fold_column},
        {"gene_col", spec.gene_column},
        {"where", fmt::format("{}", fmt::join(spec.where, "\n"))},
        {"required", fmt::format("{}", fmt::join(spec.required_columns, "\n"))}};
    if (auto said = add_what_the_task_says(spec, entry); !said) return tl::unexpected<Error>(said.error());
    if (!target_.classes.empty() && spec.form == PredictedForm::cells) {
      entry.settings.options.emplace_back("sums", "true");
    } else if (!target_.classes.empty()) {
      entry.settings.options.emplace_back("plane", target_.classes.front());
    }
    for (const auto& [key, value] : options) {
      if (!value.empty()) entry.settings.options.emplace_back(key, value);
    }
    if (auto introduced = introduce(entry, PluginKind::EMBEDDING); !introduced)
      return tl::unexpected<Error>(introduced.error());
    return Candidate{std::move(entry)};
  }

  // How the deltas were made that finished predictions are compared with.
  Result<void> add_what_the_task_says(const PredictionsSpec& spec, RosterEntry& entry) const {
    auto& options = entry.settings.options;
    const DeltaOrigin origin = review_.task != nullptr ? review_.task->origin : DeltaOrigin();
    if (spec.target_sum && origin.target_sum && *spec.target_sum != *origin.target_sum) {
      return bad_input(fmt::format("the task's cells were scaled to {:g}", *origin.target_sum),
                       fmt::format("--target-sum {:g}", *spec.target_sum),
                       "leave it out, or make the task again with headroom prepare --target-sum");
    }
    const auto target_sum = spec.target_sum ? spec.target_sum : origin.target_sum;
    if (target_sum) options.emplace_back("target_sum", fmt::format("{}", *target_sum));
    if (!target_sum && origin.target_sum_is_unknown) options.emplace_back("scale_is_known", "false");
    if (!origin.controls.empty()) {
      options.emplace_back("task_controls", fmt::format("{}", fmt::join(origin.controls, "\n")));
    }
    if (origin.n_total_genes) options.emplace_back("total_genes", fmt::format("{}", *origin.n_total_genes));
    if (origin.batch_column.empty()) return {};
    options.emplace_back("batch_col", origin.batch_column);
    const std::string batches = fmt::format("{}", fmt::join(origin.batches, "\n"));
    constexpr std::size_t kMostBytes = 32 << 10;  // of one option: what is longer is taken by the column's name alone
    if (batches.size() <= kMostBytes) options.emplace_back("batches", batches);
    return {};
  }

  // Its own faults stay with it: an error is the machine's or the user's.
  Result<Candidate> open_submission(const SubmissionSpec& spec) const {
    RosterEntry entry;
    entry.name = spec.name;
    entry.settings = settings_of(spec.name);
    std::string kind = "unknown";
    const auto refuse = [&](const std::string& why) { entry.fault = WorkerFault{WorkerVerdict::LOAD_FAILED, why}; };
    const auto most_bytes = most_file_bytes(options_.submissions.size());
    const bool is_model = spec.fault.empty() && is_model_name(spec.path.filename().string());
    if (!spec.fault.empty()) {
      refuse(spec.fault);
    } else if (const auto regular = is_model ? require_regular_file(spec.path) : Result<void>(); !regular) {
      refuse(told_of(regular.error(), spec.path));  // its runner would wait for who writes into a FIFO
    } else if (is_plugin(spec.path)) {
      const ChargedTime charged(entry.settings.budget.get());
      fs::path library = spec.path;
      if (is_model) {
        auto place = place_of_plugin(spec.path, options_.shipped_plugins);
        if (!place) return tl::unexpected<Error>(place.error());
        library = place->library;
        entry.settings.model = place->model;
        entry.given_path = spec.path.string();
        if (auto given = give_runtime(entry, library); !given) return tl::unexpected<Error>(given.error());
      }
      if (auto file = open_plugin_file(library, most_bytes, stop_); !file) {
        if (file.error().kind == ErrorKind::interrupted) return tl::unexpected<Error>(file.error());
        refuse(told_of(file.error(), library));
      } else {
        entry.file = std::make_shared<const PluginFile>(std::move(*file));
      }
    } else {
      kind = "vectors";
      const ChargedTime charged(entry.settings.budget.get());
      if (auto data = open_data_file(spec.path, most_bytes, stop_); !data) {
        if (data.error().kind == ErrorKind::interrupted) return tl::unexpected<Error>(data.error());
        refuse(told_of(data.error(), spec.path));
      } else if (auto opened = open_reader(entry, std::move(*data), kTable); !opened) {
        return tl::unexpected<Error>(opened.error());
      }
    }
    if (!entry.file) {
      const fs::path path = spec.path.empty() ? fs::path(spec.name) : spec.path;
      entry.file =
          std::make_shared<const PluginFile>(PluginFile{path.string(), path.filename().string(), "", false, {}});
    }
    fs::path folder = spec.data_folder;
    if (!entry.fault && !entry.settings.model.empty() && folder.empty()) {
      // Beside it lie others' submissions.
      const ChargedTime charged(entry.settings.budget.get());
      auto own = PrivateFolder::copy_of_file(spec.path, {{}, stop_, most_bytes});
      if (!own && own.error().kind != ErrorKind::bad_input) return tl::unexpected<Error>(own.error());
      if (!own) {
        refuse(told_of(own.error(), spec.path));
      } else {
        entry.own_folder = std::move(*own);
        folder = entry.own_folder->path();
      }
    }
    if (!entry.fault && !folder.empty()) {
      if (auto given = give_folder(entry, folder); !given) {
        if (given.error().kind == ErrorKind::interrupted) return tl::unexpected<Error>(given.error());
        refuse(told_of(given.error(), spec.data_folder.empty() ? spec.path : folder));
      }
    }
    if (auto introduced = introduce(entry, std::nullopt, Use::submission); !introduced) {
      // Nothing but its own files is bad input here.
      if (introduced.error().kind != ErrorKind::bad_input) return tl::unexpected<Error>(introduced.error());
      refuse(introduced.error().line());
    }
    return Candidate{std::move(entry), std::move(kind)};
  }

  // A plugin of the user's own, with its folder.
  Result<void> open_place(RosterEntry& entry, const fs::path& given, const PluginPlace& place) const {
    if (auto opened = open_library(entry, place.library); !opened) return opened;
    if (auto runtime = give_runtime(entry, place.library); !runtime) return runtime;
    if (place.data_folder.empty()) return {};
    entry.given_path = given.string();
    entry.settings.model = place.model;
    if (!place.is_file) return give_folder(entry, place.data_folder);
    if (auto own = take_own_files(entry, place); !own) return own;
    return give_folder(entry, entry.own_folder->path());
  }

  static void take_named_folder(const fs::path& folder, PluginPlace& place) {
    if (folder.empty()) return;
    place.data_folder = folder;
    place.is_file = false;
  }

  // Beside a model that is given as a file may lie the task, results and others' models: it sees a copy of its own
  // files. What else lies there does not change what its evaluations were made from.
  Result<void> take_own_files(RosterEntry& entry, const PluginPlace& place) const {
    const ChargedTime charged(entry.settings.budget.get());
    auto own = own_files_of(place, entry.settings.options, {{}, stop_, {}});
    if (!own) return tl::unexpected<Error>(own.error());
    entry.own_folder = std::move(*own);
    return {};
  }

  // The library of ONNX Runtime, where the user names one for this plugin.
  Result<void> give_runtime(RosterEntry& entry, const fs::path& library) const {
    auto runtime = take_named_runtime(library, entry.settings.options, stop_);
    if (!runtime) return tl::unexpected<Error>(runtime.error());
    if (!*runtime) return {};
    entry.runtime = std::move(*runtime);
    entry.settings.data_file = entry.runtime.get();
    entry.settings.data_file_option = kRuntimeOption;
    return {};
  }

  Result<void> give_folder(RosterEntry& entry, const fs::path& folder) const {
    if (folder.empty()) return {};
    const ChargedTime charged(entry.settings.budget.get());
    const FolderPatience patience = folder_patience(entry.settings.budget.get(), stop_);
    entry.settings.data_folder = folder;
    note_folder(entry, patience.most_files);
    auto hash = sha256_of_folder(folder, patience);
    if (!hash) return tl::unexpected<Error>(hash.error());
    entry.data_folder_sha256 = std::move(*hash);
    return {};
  }

  // One of Headroom's own readers with the untrusted file that it is to read, of which the host sees bytes alone.
  Result<void> open_reader(RosterEntry& entry, DataFile data, std::string_view reader) const {
    entry.data = std::make_shared<const DataFile>(std::move(data));
    entry.settings.data_file = entry.data.get();
    entry.settings.data_file_option = "file";
    entry.is_read = vector_files_ == VectorFiles::read || reader != kTable ||
                    (review_.is_asked && review_.reviewed.count(entry.data->sha256) == 0);
    if (reader == kTable && review_.reviewed_vectors.contains(entry.name)) entry.is_read = false;
    if (options_.labels.merge) entry.settings.options.emplace_back("merge_labels", "true");
    entry.settings.options.emplace_back("format", display_text(entry.data->file_name));
    if (reader != kTable) return open_library(entry, options_.shipped_plugins / reader);
    // One copy for all files: a round has hundreds of them.
    const auto table = table_.get([&] {
      Introduced opened;
      opened.outcome = open_library(opened.entry, options_.shipped_plugins / reader);
      return opened;
    });
    entry.file = table->entry.file;
    entry.fault = table->entry.fault;
    return table->outcome;
  }

  // What Headroom's own reader says of itself does not depend on a file that it is not to read: one worker tells it for
  // all of them.
  Result<void> meet_unread(RosterEntry& entry) const {
    const auto described = described_.get([&] {
      Introduced first{entry, {}};
      first.entry.settings.budget.reset();  // it is no matter of this one file
      first.outcome = meet(first.entry, options_, review_);
      return first;
    });
    if (!described->outcome || described->entry.fault) return meet(entry, options_, review_);
    entry.description = described->entry.description;
    entry.settings.introduced = described->entry.settings.introduced;
    entry.confinement = described->entry.confinement;
    return {};
  }

  // A path that is not there is the user's mistake; a file that is no library is the plugin's fault.
  Result<void> open_library(RosterEntry& entry, const fs::path& path) const {
    std::error_code ignored;
    if (!fs::exists(path, ignored)) return bad_input("no such plugin", path.string(), "check the path");
    auto file = open_plugin_file(path);
    if (!file) {
      if (file.error().kind != ErrorKind::plugin_fault) return tl::unexpected<Error>(file.error());
      entry.fault = WorkerFault{WorkerVerdict::LOAD_FAILED, file.error().line()};
      entry.file =
          std::make_shared<const PluginFile>(PluginFile{path.string(), path.filename().string(), "", false, {}});
      return {};
    }
    entry.file = std::make_shared<const PluginFile>(std::move(*file));
    return {};
  }

  // `kind`: what the plugin must be, if anything.
  Result<void> introduce(RosterEntry& entry, std::optional<PluginKind> kind, Use use = Use::one_embedding) const {
    if (entry.fault) return {};
    // Headroom's own heads are trusted, and serve every embedding.
    if (entry.file->shipped && !entry.data) entry.settings.budget.reset();
    auto met = entry.data && !entry.is_read ? meet_unread(entry) : meet(entry, options_, review_);
    if (!met || entry.fault) return met;
    if (const auto found = review_.reviewed_vectors.find(entry.name);
        entry.data && !entry.is_read && found != review_.reviewed_vectors.end()) {
      entry.doubts = found->second;
      entry.is_read = true;
    }
    if (use != Use::submission) take_own_limits(entry);
    const std::string why = use == Use::fusion ? unsuited_for_fusion(entry.description, target_.task_kind)
                                               : unsuited_because(entry.description, target_.task_kind);
    if (!why.empty()) {
      entry.fault = WorkerFault{WorkerVerdict::UNSUITED, why};
      return {};
    }
    if (kind && entry.description.kind() != *kind) {
      entry.fault =
          WorkerFault{WorkerVerdict::PLUGIN_ERROR,
                      *kind == PluginKind::EMBEDDING ? "it is a predictor, not an embedding: give it with --predictor"
                                                     : "it is an embedding, not a predictor: give it with --embedding"};
    }
    return {};
  }

  // What whoever named the plugin lets it have by default.
  void take_own_limits(RosterEntry& entry) const {
    const WorkerLimits limits = with_own_limits(options_.limits, entry.description);
    entry.settings.limits.set_wall_time_s(limits.wall_time_s());
    entry.settings.limits.set_address_space_bytes(limits.address_space_bytes());
    if (!entry.settings.budget) return;
    const double total_s = total_time_s(limits, n_contexts());
    if (total_s == total_time_s_) return;
    entry.settings.limits.set_total_time_s(total_s);
    entry.settings.budget = std::make_shared<TimeBudget>(total_s);
  }

  std::size_t n_contexts() const { return review_.task != nullptr ? review_.task->contexts.size() : 1; }

  // ---- all plugins, one after the other: which of the user's flags are theirs ----

  void settle_options(const RosterEntry& entry) {
    for (const PluginOption& option : entry.description.options())
      unused_options_.erase(entry.name + "." + option.key());
    if (entry.fault) forget_keys_of(entry.name);
  }

  Result<void> settle_head(RosterEntry& entry) {
    settle_options(entry);
    if (entry.fault) return {};
    auto grid = make_grid(entry, options_, unused_grid_);
    if (!grid) return tl::unexpected<Error>(grid.error());
    entry.grid = std::move(*grid);
    return {};
  }

  Result<void> place_submission(Candidate& candidate, Roster& roster) {
    RosterEntry& entry = candidate.entry;
    if (options_.is_one_of_several && is_of_another_target(entry)) {
      roster.submissions.push_back({"predictor", true, 0, entry.name});
      return {};
    }
    const bool is_head = !entry.fault && entry.description.kind() == PluginKind::PREDICTOR;
    if (is_head) {
      candidate.kind = "predictor";
      if (auto settled = settle_head(entry); !settled) return settled;
    } else {
      if (!entry.fault && candidate.kind == "unknown") candidate.kind = "embedding";
      settle_options(entry);
    }
    auto& entries = is_head ? roster.heads : roster.embeddings;
    roster.submissions.push_back({candidate.kind, is_head, entries.size()});
    entries.push_back(std::move(entry));
    return {};
  }

  // Flags for a plugin that could not even be loaded are not called unknown.
  void forget_keys_of(const std::string& name) {
    for (auto* keys : {&unused_grid_, &unused_options_}) {
      std::erase_if(*keys,
                    [&](const std::string& key) { return key.rfind('.') == name.size() && key.starts_with(name); });
    }
  }

  tl::unexpected<Error> unknown_grid(const Roster& roster) const {
    std::vector<std::string> known;
    for (const RosterEntry& head : roster.heads) {
      for (const std::string& name : head.grid.names) known.push_back(head.name + "." + name);
    }
    return bad_input(
        fmt::format("there is no hyperparameter '{}'", *unused_grid_.begin()), "--grid",
        known.empty() ? "the heads of this run have none" : fmt::format("they are {}", fmt::join(known, ", ")));
  }

  tl::unexpected<Error> unknown_option(const Roster& roster) const {
    std::vector<std::string> known;
    for (const auto* entries : {&roster.heads, &roster.embeddings}) {
      for (const RosterEntry& entry : *entries) {
        for (const PluginOption& option : entry.description.options()) known.push_back(entry.name + "." + option.key());
      }
    }
    return bad_input(
        fmt::format("there is no option '{}'", *unused_options_.begin()), "--set",
        known.empty() ? "the plugins of this run declare none" : fmt::format("they are {}", fmt::join(known, ", ")));
  }

  const Target& target_;
  const RunOptions& options_;
  VectorFiles vector_files_;
  const FileReview& review_;
  double total_time_s_;  // of each plugin
  std::stop_token stop_;
  std::shared_ptr<OutputSlots> slots_;
  mutable MadeOnce<Introduced> table_, described_;  // the library of kTable, and what it says of itself
  std::set<std::string> unused_grid_, unused_options_;
};

}  // namespace

Result<Roster> load_roster(const Target& target, const RunOptions& options, ThreadPool& pool, VectorFiles vector_files,
                           const FileReview& review, const std::stop_token& stop, Progress* progress) {
  return RosterLoader(target, options, vector_files, review, stop).load(pool, progress);
}

void raise_doubts(Roster& roster, Review& review) {
  std::set<std::size_t> submitted;
  for (const SubmissionPlace& place : roster.submissions) {
    if (!place.is_head) submitted.insert(place.index);
  }
  for (std::size_t i = 0; i < roster.embeddings.size(); ++i) {
    RosterEntry& entry = roster.embeddings[i];
    for (const Doubt& doubt : entry.doubts) {
      if (submitted.count(i) > 0 && !review.accepts(doubt.code, doubt.where) && review.stops(doubt)) {
        if (!entry.fault) {
          entry.fault = WorkerFault{WorkerVerdict::PLUGIN_ERROR, refusal_of(doubt).line()};
        }
      } else {
        review.raise(doubt);
      }
    }
  }
  for (const RosterEntry& entry : roster.predictions) {
    for (const Doubt& doubt : entry.doubts) review.raise(doubt);
  }
}

Result<void> require_readable_predictions(const Roster& roster) {
  for (const RosterEntry& entry : roster.predictions) {
    if (!entry.fault || entry.fault->verdict != WorkerVerdict::PLUGIN_ERROR) continue;
    return bad_input(display_text(entry.fault->message));
  }
  return {};
}

Result<void> read_vector_files(Roster& roster, const RunOptions& options, ThreadPool& pool, const FileReview& review) {
  std::vector<RosterEntry*> unread;
  for (RosterEntry& entry : roster.embeddings) {
    if (!entry.is_read && !entry.fault) unread.push_back(&entry);
  }
  std::vector<Result<void>> met(unread.size());
  pool.for_each(unread.size(), [&](std::size_t i) {
    RosterEntry& entry = *unread[i];
    entry.is_read = true;
    entry.description.Clear();  // as of any plugin that fails
    entry.confinement.Clear();
    met[i] = meet(entry, options, review);
  });
  for (const auto& one : met) {
    if (!one) return one;
  }
  return {};
}

PluginRecord describe(const RosterEntry& entry) {
  PluginRecord record;
  record.set_name(entry.name);
  record.set_file(display_text(entry.file->file_name));
  record.set_sha256(entry.file->sha256);
  record.set_shipped(entry.file->shipped);
  *record.mutable_description() = entry.description;
  if (!entry.data_folder_sha256.empty()) record.set_data_sha256(entry.data_folder_sha256);
  if (!entry.settings.model.empty()) record.set_file(display_text(entry.settings.model));
  if (entry.data) {
    record.set_file(display_text(entry.data->file_name + (entry.part.empty() ? "" : "#" + entry.part)));
    record.set_data_sha256(entry.data->sha256);
  }
  return record;
}

}  // namespace headroom
