#include "evaluation/roster.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "io/sha256.hpp"
#include "terminal/display_text.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;

bool is_library(const fs::path& path) { return path.extension() == ".so"; }

// Every combination of the values, the last hyperparameter varying fastest.
Matrix all_combinations(const std::vector<std::vector<double>>& values) {
  Eigen::Index n = 1;
  for (const auto& v : values) n *= static_cast<Eigen::Index>(v.size());
  Matrix settings(n, static_cast<Eigen::Index>(values.size()));
  for (Eigen::Index row = 0; row < n; ++row) {
    Eigen::Index rest = row;
    for (Eigen::Index h = settings.cols() - 1; h >= 0; --h) {
      const auto& v = values[static_cast<std::size_t>(h)];
      const auto size = static_cast<Eigen::Index>(v.size());
      settings(row, h) = v[static_cast<std::size_t>(rest % size)];
      rest /= size;
    }
  }
  return settings;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (end > begin) lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

Result<void> check_grid_values(const Hyperparameter& declared, const std::vector<double>& values,
                               const std::string& key) {
  if (values.empty()) return bad_input("a grid without values", "--grid " + key, "write it as " + key + "=V,V,...");
  for (const double value : values) {
    const bool in_range = value >= declared.minimum() && value <= declared.maximum();
    if (!std::isfinite(value) || !in_range || (declared.is_integer() && value != std::floor(value))) {
      return bad_input(fmt::format("{:g} is not allowed", value), "--grid " + key,
                       fmt::format("it is {} from {:g} to {:g}", declared.is_integer() ? "a whole number" : "a number",
                                   declared.minimum(), declared.maximum()));
    }
  }
  return {};
}

// The grid of one predictor: its own values, replaced where the user named others. Keys used are taken out of `unused`.
Result<HyperparameterGrid> make_grid(const RosterEntry& entry, const RunOptions& options,
                                     std::set<std::string>& unused) {
  HyperparameterGrid grid;
  std::vector<std::vector<double>> values;
  for (const Hyperparameter& declared : entry.description.hyperparameters()) {
    const std::string key = entry.name + "." + declared.name();
    const auto given = options.grid.find(key);
    grid.names.push_back(declared.name());
    if (given == options.grid.end()) {
      values.emplace_back(declared.grid().begin(), declared.grid().end());
      continue;
    }
    unused.erase(key);
    if (auto checked = check_grid_values(declared, given->second, key); !checked)
      return tl::unexpected<Error>(checked.error());
    values.push_back(given->second);
  }
  grid.settings = all_combinations(values);
  return grid;
}

class RosterLoader {
 public:
  explicit RosterLoader(const RunOptions& options) : options_(options), slots_(std::make_shared<OutputSlots>()) {
    for (const auto& [key, values] : options.grid) unused_grid_.insert(key);
    for (const auto& [key, value] : options.plugin_options) unused_options_.insert(key);
  }

  Result<Roster> load() {
    Roster roster;
    for (const PredictorSpec& spec : options_.predictors) {
      auto entry = load_predictor(spec);
      if (!entry) return tl::unexpected<Error>(entry.error());
      roster.heads.push_back(std::move(*entry));
    }
    for (const RosterEntry& head : roster.heads) {
      if (head.file->shipped || head.name != "knn") continue;
      return bad_input("the name 'knn' is taken by the head whose bounds every submitted predictor borrows",
                       "--predictor " + head.file->path, "give it another: NAME=PATH.so");
    }
    for (const EmbeddingSpec& spec : options_.embeddings) {
      auto entry = load_embedding(spec);
      if (!entry) return tl::unexpected<Error>(entry.error());
      roster.embeddings.push_back(std::move(*entry));
    }
    for (const SubmissionSpec& spec : options_.submissions) {
      if (auto loaded = load_submission(spec, roster); !loaded) return tl::unexpected<Error>(loaded.error());
    }
    roster.n_tables = roster.heads.size();
    // A submitted predictor borrows knn's bounds.
    const auto is_knn = [](const RosterEntry& e) { return e.file->shipped && e.name == "knn"; };
    const bool all_shipped =
        std::all_of(roster.heads.begin(), roster.heads.end(), [](const RosterEntry& e) { return e.file->shipped; });
    if (!all_shipped && std::none_of(roster.heads.begin(), roster.heads.end(), is_knn)) {
      auto knn = load_predictor({"knn", {}});
      if (!knn) return tl::unexpected<Error>(knn.error());
      roster.heads.push_back(std::move(*knn));
    }
    for (const PredictionsSpec& spec : options_.predictions) {
      auto entry = load_predictions(spec);
      if (!entry) return tl::unexpected<Error>(entry.error());
      roster.predictions.push_back(std::move(*entry));
    }
    if (!unused_grid_.empty()) return unknown_grid(roster);
    if (!unused_options_.empty()) return unknown_option(roster);
    return roster;
  }

 private:
  WorkerSettings settings_of(const std::string& name) const {
    WorkerSettings settings;
    settings.worker_program = options_.worker_program;
    settings.mode = options_.sandbox;
    settings.limits = options_.limits;
    settings.seed = options_.seed;
    settings.output_slots = slots_;
    for (const auto& [key, value] : options_.plugin_options) {
      // Keys hold no '.', names may: "a.csv.file" is of "a.csv", not of "a".
      if (key.rfind('.') == name.size() && key.starts_with(name))
        settings.options.emplace_back(key.substr(name.size() + 1), value);
    }
    return settings;
  }

  Result<RosterEntry> load_predictor(const PredictorSpec& spec) {
    RosterEntry entry;
    entry.name = spec.name;
    const fs::path path = spec.path.empty() ? options_.shipped_plugins / (spec.name + ".so") : spec.path;
    if (spec.path.empty() && !fs::exists(path)) {
      return bad_input(fmt::format("there is no head '{}'", spec.name), "--predictor",
                       "name one: knn, lasso, ridge or PATH.so");
    }
    if (auto opened = open_library(entry, path); !opened) return tl::unexpected<Error>(opened.error());
    entry.settings = settings_of(spec.name);
    if (auto given = give_folder(entry, spec.data_folder); !given) return tl::unexpected<Error>(given.error());
    if (auto introduced = introduce(entry, PluginKind::PREDICTOR); !introduced)
      return tl::unexpected<Error>(introduced.error());
    if (entry.fault) {
      forget_keys_of(entry.name);
      return entry;
    }
    auto grid = make_grid(entry, options_, unused_grid_);
    if (!grid) return tl::unexpected<Error>(grid.error());
    entry.grid = std::move(*grid);
    return entry;
  }

  Result<RosterEntry> load_embedding(const EmbeddingSpec& spec) {
    RosterEntry entry;
    entry.name = spec.name;
    entry.settings = settings_of(spec.name);
    if (auto given = give_folder(entry, spec.data_folder); !given) return tl::unexpected<Error>(given.error());
    if (is_library(spec.path)) {
      if (auto opened = open_library(entry, spec.path); !opened) return tl::unexpected<Error>(opened.error());
    } else {
      auto data = open_data_file(spec.path);
      if (!data) return tl::unexpected<Error>(data.error());
      if (auto opened = open_reader(entry, std::move(*data), "table.so"); !opened)
        return tl::unexpected<Error>(opened.error());
    }
    if (auto introduced = introduce(entry, PluginKind::EMBEDDING); !introduced)
      return tl::unexpected<Error>(introduced.error());
    if (entry.fault) forget_keys_of(entry.name);
    return entry;
  }

  // The options are ours alone: --set does not reach the reader.
  Result<RosterEntry> load_predictions(const PredictionsSpec& spec) {
    RosterEntry entry;
    entry.name = spec.name;
    entry.settings = settings_of(spec.name);
    entry.settings.options.clear();
    auto data = open_data_file(spec.path);
    if (!data) return tl::unexpected<Error>(data.error());
    if (auto opened = open_reader(entry, std::move(*data), "predictions.so"); !opened) {
      return tl::unexpected<Error>(opened.error());
    }
    const std::pair<const char*, std::string> options[] = {
        {"predicted", form_name(spec.form)},
        {"values", spec.values},
        {"control", spec.control},
        {"pert_col", spec.pert_column},
        {"context_col", spec.context_column},
        {"fold_col", spec.fold_column},
        {"gene_col", spec.gene_column},
        {"required", fmt::format("{}", fmt::join(spec.required_columns, "\n"))}};
    for (const auto& [key, value] : options) {
      if (!value.empty()) entry.settings.options.emplace_back(key, value);
    }
    const std::set<std::string> unused = unused_options_;
    if (auto introduced = introduce(entry, PluginKind::EMBEDDING); !introduced)
      return tl::unexpected<Error>(introduced.error());
    unused_options_ = unused;
    return entry;
  }

  // Its own faults stay with it: an error is the machine's or the user's.
  Result<void> load_submission(const SubmissionSpec& spec, Roster& roster) {
    RosterEntry entry;
    entry.name = spec.name;
    entry.settings = settings_of(spec.name);
    std::string kind = "unknown";
    const auto refuse = [&](const std::string& why) { entry.fault = WorkerFault{WorkerVerdict::LOAD_FAILED, why}; };
    if (!spec.fault.empty()) {
      refuse(spec.fault);
    } else if (is_library(spec.path)) {
      if (auto file = open_plugin_file(spec.path); !file) {
        refuse(file.error().what);
      } else {
        entry.file = std::make_shared<const PluginFile>(std::move(*file));
      }
    } else {
      kind = "vectors";
      if (auto data = open_data_file(spec.path); !data) {
        refuse(data.error().what);
      } else if (auto opened = open_reader(entry, std::move(*data), "table.so"); !opened) {
        return opened;
      }
    }
    if (!entry.file) {
      const fs::path path = spec.path.empty() ? fs::path(spec.name) : spec.path;
      entry.file =
          std::make_shared<const PluginFile>(PluginFile{path.string(), path.filename().string(), "", false, {}});
    }
    if (!entry.fault && !spec.data_folder.empty()) {
      if (auto given = give_folder(entry, spec.data_folder); !given) refuse(given.error().what);
    }
    if (auto introduced = introduce(entry, std::nullopt); !introduced) return introduced;
    if (entry.fault) forget_keys_of(entry.name);

    const bool is_head = !entry.fault && entry.description.kind() == PluginKind::PREDICTOR;
    if (is_head) {
      kind = "predictor";
      auto grid = make_grid(entry, options_, unused_grid_);
      if (!grid) return tl::unexpected<Error>(grid.error());
      entry.grid = std::move(*grid);
    } else if (!entry.fault && kind == "unknown") {
      kind = "embedding";
    }
    auto& entries = is_head ? roster.heads : roster.embeddings;
    roster.submissions.push_back({kind, is_head, entries.size()});
    entries.push_back(std::move(entry));
    return {};
  }

  static Result<void> give_folder(RosterEntry& entry, const fs::path& folder) {
    if (folder.empty()) return {};
    auto hash = sha256_of_folder(folder);
    if (!hash) return tl::unexpected<Error>(hash.error());
    entry.settings.data_folder = folder;
    entry.data_folder_sha256 = std::move(*hash);
    return {};
  }

  // One of Headroom's own readers with the untrusted file that it is to read, of which the host sees bytes alone.
  Result<void> open_reader(RosterEntry& entry, DataFile data, const char* reader) {
    entry.data = std::make_shared<const DataFile>(std::move(data));
    entry.settings.data_file = entry.data.get();
    entry.settings.data_file_option = "file";
    entry.settings.options.emplace_back("format", display_text(entry.data->file_name));
    return open_library(entry, options_.shipped_plugins / reader);
  }

  // A path that is not there is the user's mistake; a file that is no library is the plugin's fault.
  Result<void> open_library(RosterEntry& entry, const fs::path& path) {
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

  // Has the plugin describe itself in a worker of its own; `kind`: what it must be, if anything. The user's options are
  // given only once it is known that the plugin declares them: an unknown one is the user's mistake, not the plugin's.
  Result<void> introduce(RosterEntry& entry, std::optional<PluginKind> kind) {
    if (entry.fault) return {};
    WorkerSettings settings = entry.settings;
    std::erase_if(settings.options, [&](const auto& option) {
      return options_.plugin_options.contains(entry.name + "." + option.first);
    });
    auto session = WorkerSession::start(*entry.file, settings);
    if (!session) {
      if (session.error().verdict == WorkerVerdict::HOST_FAULT) {
        return tl::unexpected<Error>(Error{ErrorKind::sandbox_unavailable, session.error().message, entry.file->path,
                                           "--sandbox relaxed takes the best that is to be had"});
      }
      entry.fault = session.error();
      return {};
    }
    entry.description = (*session)->description();
    entry.confinement = (*session)->confinement();
    if (entry.data) {
      (*session)->finish();  // its log is complete only now
      entry.notes = lines_of((*session)->log());
    }
    for (const PluginOption& option : entry.description.options())
      unused_options_.erase(entry.name + "." + option.key());
    if (kind && entry.description.kind() != *kind) {
      entry.fault =
          WorkerFault{WorkerVerdict::PLUGIN_ERROR,
                      *kind == PluginKind::EMBEDDING ? "it is a predictor, not an embedding: give it with --predictor"
                                                     : "it is an embedding, not a predictor: give it with --embedding"};
    }
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

  const RunOptions& options_;
  std::shared_ptr<OutputSlots> slots_;
  std::set<std::string> unused_grid_, unused_options_;
};

}  // namespace

Result<Roster> load_roster(const RunOptions& options) { return RosterLoader(options).load(); }

PluginRecord describe(const RosterEntry& entry) {
  PluginRecord record;
  record.set_name(entry.name);
  record.set_file(display_text(entry.file->file_name));
  record.set_sha256(entry.file->sha256);
  record.set_shipped(entry.file->shipped);
  *record.mutable_description() = entry.description;
  if (!entry.data_folder_sha256.empty()) record.set_data_sha256(entry.data_folder_sha256);
  if (entry.data) {
    record.set_file(display_text(entry.data->file_name));
    record.set_data_sha256(entry.data->sha256);
  }
  return record;
}

}  // namespace headroom
