#include "inspection/library_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <memory>

#include "io/sha256.hpp"
#include "plugin_host/model_fault.hpp"
#include "plugin_host/own_files.hpp"
#include "plugin_host/worker_session.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;

std::string level_name(ConfinementLevel level) {
  std::string name = ConfinementLevel_Name(level);
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

WorkerSettings settings_of(const InspectOptions& options) {
  WorkerSettings settings;
  settings.worker_program = options.worker_program;
  settings.mode = options.sandbox;
  settings.limits = options.limits;
  return settings;
}

// A worker with the plugin; nullptr with the inspection's fault where it could not be started.
Result<std::unique_ptr<WorkerSession>> start(const PluginFile& plugin, const WorkerSettings& settings,
                                             Inspection& inspection) {
  auto session = WorkerSession::start(plugin, settings);
  if (session) return std::move(*session);
  const WorkerFault& fault = session.error();
  if (fault.verdict == WorkerVerdict::HOST_FAULT) {
    Error error = error_of(fault);
    if (error.where.empty()) error.where = inspection.file;
    return tl::unexpected<Error>(std::move(error));
  }
  inspection.fault = std::string(verdict_name(fault.verdict)) + (fault.message.empty() ? "" : ": " + fault.message);
  return nullptr;
}

std::int64_t bytes_of(const fs::path& path) {
  std::error_code ignored;
  const auto size = fs::file_size(path, ignored);
  return ignored ? 0 : static_cast<std::int64_t>(size);
}

bool is_known(const Inspection& inspection, const std::string& name) {
  return name == "file" || name == "kind" || name == "fault" ||
         std::any_of(inspection.facts.begin(), inspection.facts.end(), [&](const Fact& f) { return f.name == name; });
}

std::string described(const Hyperparameter& hyperparameter) {
  return fmt::format("{}: {} ({} from {:g} to {:g})", hyperparameter.name(), fmt::join(hyperparameter.grid(), ", "),
                     hyperparameter.is_integer() ? "whole numbers" : "numbers", hyperparameter.minimum(),
                     hyperparameter.maximum());
}

// What a task of the kind asks for: a regression has one plane, classes have one each.
std::string task_kind_name(TaskKind kind) {
  return kind == TaskKind::CLASSES ? "classes (a plane for each)" : "regression (one plane)";
}

// "1", "1 to 4", "2 or more": how many blocks of features a request may hold.
std::string blocks_taken(const PluginDescription& description) {
  const int least = description.min_blocks(), most = description.max_blocks();
  if (most == 0) return fmt::format("{} or more", least);
  return least == most ? fmt::format("{}", least) : fmt::format("{} to {}", least, most);
}

// The limits that it has by default in place of the host's.
std::vector<std::string> own_limits(const PluginDescription& description) {
  std::vector<std::string> texts;
  const double wall_s = description.own_wall_time_s();
  const std::uint64_t bytes = description.own_address_space_bytes();
  if (wall_s > 0) texts.push_back(fmt::format("{:g} s for a request", wall_s));
  if (bytes > 0) texts.push_back(fmt::format("{:g} MiB of memory", static_cast<double>(bytes) / (1 << 20)));
  return texts;
}

void add_description(const PluginDescription& description, std::vector<Fact>& facts) {
  const bool is_predictor = description.kind() == PluginKind::PREDICTOR;
  facts.push_back(fact("name", description.name()));
  facts.push_back(fact("plugin_kind", is_predictor ? "predictor" : "embedding"));
  facts.push_back(fact("version", description.version()));
  facts.push_back(fact("description", description.description()));
  facts.push_back(fact("licence", description.licence()));
  facts.push_back(fact("abi", fmt::format("{}.{}", description.abi_major(), description.abi_minor())));
  facts.push_back(
      list_fact("training_datasets", {description.training_datasets().begin(), description.training_datasets().end()}));
  if (!is_predictor) {
    facts.push_back(fact("wants_training", description.wants_training()));
    facts.push_back(fact("wants_control_profiles", description.wants_control_profiles()));
  }
  std::vector<std::string> texts;
  for (const PluginOption& option : description.options()) {
    texts.push_back(fmt::format("{} = '{}': {}", option.key(), option.default_value(), option.help()));
  }
  facts.push_back(list_fact("options", texts));
  if (const std::vector<std::string> limits = own_limits(description); !limits.empty()) {
    facts.push_back(list_fact("own_limits", limits));
  }
  if (!is_predictor) return;
  texts.clear();
  for (const int kind : description.task_kinds()) texts.push_back(task_kind_name(static_cast<TaskKind>(kind)));
  facts.push_back(list_fact("task_kinds", texts));
  facts.push_back(fact("blocks", blocks_taken(description)));
  facts.push_back(fact("uses_contexts", description.uses_contexts()));
  facts.push_back(fact("gives_errors", description.gives_errors()));
  texts.clear();
  for (const Hyperparameter& hyperparameter : description.hyperparameters()) texts.push_back(described(hyperparameter));
  facts.push_back(list_fact("hyperparameters", texts));
}

}  // namespace

Result<void> add_plugin_facts(const PluginPlace& place, const InspectOptions& options, Inspection& inspection) {
  const fs::path& path = place.library;
  const auto file = open_plugin_file(path);
  if (!file) {
    if (file.error().kind != ErrorKind::plugin_fault) return tl::unexpected<Error>(file.error());
    return bad_input(file.error().what, file.error().where, file.error().remedy);
  }
  if (place.model.empty()) {
    inspection.facts.push_back(fact("bytes", bytes_of(path)));
    inspection.facts.push_back(fact("sha256", file->sha256));
    inspection.facts.push_back(fact("shipped", file->shipped));
  } else {
    inspection.facts.push_back(fact("model", place.model));
    inspection.facts.push_back(fact("bytes", bytes_of(place.data_folder / place.model)));
    inspection.facts.push_back(fact("runner", path.filename().string()));
  }
  WorkerSettings settings = settings_of(options);
  settings.data_folder = place.data_folder;
  std::shared_ptr<const PrivateFolder> own_files;
  if (!place.model.empty() && place.is_file) {
    auto own = own_files_of(place, {});
    if (!own) return tl::unexpected<Error>(own.error());
    own_files = std::move(*own);
    settings.data_folder = own_files->path();
  }
  if (!settings.data_folder.empty()) {
    const auto hash = sha256_of_folder(settings.data_folder);
    if (!hash) return tl::unexpected<Error>(hash.error());
    inspection.facts.push_back(fact("folder_sha256", *hash));
  }
  settings.model = place.model;
  settings.only_describes = true;  // many a plugin cannot be opened without its files and options
  auto session = start(*file, settings, inspection);
  if (!session) return tl::unexpected<Error>(session.error());
  if (*session == nullptr) return {};
  const std::string fault = model_fault_of((*session)->description().description());
  if (!fault.empty() && !place.model.empty()) {
    inspection.fault = std::string(verdict_name(WorkerVerdict::PLUGIN_ERROR)) + ": " + fault;
    return {};
  }
  add_description((*session)->description(), inspection.facts);
  inspection.facts.push_back(fact("confinement", level_name((*session)->confinement().level())));
  return {};
}

Result<void> add_data_file_facts(const fs::path& path, const InspectOptions& options, Inspection& inspection) {
  const auto data = open_data_file(path);
  if (!data) return tl::unexpected<Error>(data.error());
  inspection.facts.push_back(fact("bytes", bytes_of(path)));
  inspection.facts.push_back(fact("sha256", data->sha256));
  const auto reader = open_plugin_file(options.shipped_plugins / "review.so");
  if (!reader) return tl::unexpected<Error>(reader.error());
  WorkerSettings settings = settings_of(options);
  settings.data_file = &*data;
  settings.options = {{"format", data->file_name}, {"flags", reading_flags_text(options.flags)}};
  auto session = start(*reader, settings, inspection);
  if (!session) return tl::unexpected<Error>(session.error());
  if (*session == nullptr) return {};
  (*session)->finish();  // its log is complete only now
  inspection.facts.push_back(fact("confinement", level_name((*session)->confinement().level())));
  const std::string log = (*session)->log();
  for (std::size_t begin = 0; begin < log.size();) {
    const std::size_t end = std::min(log.find('\n', begin), log.size());
    auto told = parse_fact_line(std::string_view(log).substr(begin, end - begin));
    // What the host found out itself is not for the worker to tell. A long list comes in parts, one after the other.
    Fact& last = inspection.facts.back();
    if (told && told->is_list && last.is_list && last.name == told->name) {
      std::move(told->values.begin(), told->values.end(), std::back_inserter(last.values));
    } else if (told && !is_known(inspection, told->name)) {
      inspection.facts.push_back(std::move(*told));
    }
    begin = end + 1;
  }
  return {};
}

}  // namespace headroom
