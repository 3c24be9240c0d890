#include "evaluation/granted_folders.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <system_error>

#include "plugin_host/plugin_place.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;

// Absolute and without links, as far as it is there.
fs::path real_path(const fs::path& path) {
  std::error_code error;
  fs::path real = fs::weakly_canonical(fs::absolute(path, error), error);
  if (!real.has_filename()) real = real.parent_path();  // "folder/"
  return real;
}

bool lies_in(const fs::path& path, const fs::path& folder) {
  const auto [at_folder, at_path] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return at_folder == folder.end();
}

// A plugin of the run, and what it may read of the user's folders.
struct Given {
  std::string flag;  // "--embedding mine"
  fs::path path;     // canonical
  fs::path folder;   // canonical; empty: none
  fs::path file;     // the plugin in it, canonical
};

Given given(const std::string& flag, const fs::path& path, const fs::path& data_folder) {
  std::error_code ignored;
  Given plugin{flag, real_path(path), {}, {}};
  if (!data_folder.empty()) plugin.folder = real_path(data_folder);
  if (!fs::is_directory(path, ignored)) return plugin;
  const std::string file = plugin_file_of_folder(path).value_or(std::string());
  if (!is_plugin_name(file)) return plugin;
  plugin.file = real_path(path / file);
  if (data_folder.empty()) plugin.folder = plugin.path;
  return plugin;
}

// The first of these that lies in the folder.
const GuardedPath* guarded_in(const fs::path& folder, const std::vector<GuardedPath>& guarded) {
  const auto found = std::find_if(guarded.begin(), guarded.end(), [&](const GuardedPath& one) {
    return !one.path.empty() && lies_in(real_path(one.path), folder);
  });
  return found == guarded.end() ? nullptr : &*found;
}

// A file of Headroom's in the folder that tells test labels or scores, by its name.
std::optional<fs::path> file_of_headroom(const fs::path& folder) {
  std::error_code error;
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    const fs::path name = at->path().filename();
    if (name == "task.h5ad" || name == "results.sqlite") return at->path();
  }
  return std::nullopt;
}

constexpr const char* kRemedy = "put the plugin and its data files into a folder of their own";

Result<void> check_folder(const std::string& flag, const fs::path& folder, const std::vector<GuardedPath>& guarded,
                          const std::vector<Given>& plugins, const fs::path& own_plugin, const char* remedy) {
  if (const GuardedPath* const found = guarded_in(folder, guarded)) {
    return bad_input(fmt::format("plugins may read this folder, and {} lies in it", found->what), flag, remedy);
  }
  for (const Given& other : plugins) {
    if (!lies_in(other.path, folder) || other.path == folder) continue;
    if (other.path == own_plugin) continue;  // once as a folder, once as its file
    return bad_input(fmt::format("plugins may read this folder, and another plugin lies in it ({})", other.flag), flag,
                     remedy);
  }
  if (const auto found = file_of_headroom(folder)) {
    return bad_input(fmt::format("plugins may read this folder, and it holds a task or results ({})", found->string()),
                     flag, remedy);
  }
  return {};
}

// Of a model that is given as a file: its companions are known by their names, and a task may be called like one.
Result<void> check_files(const std::string& flag, const fs::path& path, const std::vector<GuardedPath>& guarded) {
  PluginPlace place;
  place.model = path.filename().string();
  place.data_folder = path.parent_path().empty() ? fs::path(".") : path.parent_path();
  for (const std::string& name : files_of_model(place).value_or(std::vector<std::string>())) {
    if (const GuardedPath* const found = guarded_in(real_path(place.data_folder / name), guarded)) {
      return bad_input(fmt::format("the model may read {}, which is {}", name, found->what), flag, kRemedy);
    }
  }
  return {};
}

}  // namespace

Result<void> keep_apart(RunOptions& options, const std::vector<GuardedPath>& guarded) {
  std::vector<Given> plugins;
  std::error_code ignored;
  const auto take = [&](const char* flag, const auto& spec) -> Result<void> {
    const bool is_folder = fs::is_directory(spec.path, ignored);
    if (spec.path.empty() || (!is_folder && !is_plugin_name(spec.path.filename().string()))) return {};
    plugins.push_back(given(fmt::format("{} {}={}", flag, spec.name, spec.path.string()), spec.path, spec.data_folder));
    if (is_folder || !spec.data_folder.empty() || !is_model_name(spec.path.filename().string())) return {};
    return check_files(plugins.back().flag, spec.path, guarded);
  };
  for (const EmbeddingSpec& spec : options.embeddings) {
    if (auto fits = take("--embedding", spec); !fits) return fits;
  }
  for (const PredictorSpec& spec : options.predictors) {
    if (auto fits = take("--predictor", spec); !fits) return fits;
  }
  for (const PredictorSpec& spec : options.fusion_predictors) {
    if (auto fits = take("--fusion-predictor", spec); !fits) return fits;
  }
  for (const Given& plugin : plugins) {
    if (plugin.folder.empty()) continue;
    if (auto fits = check_folder(plugin.flag, plugin.folder, guarded, plugins,
                                 plugin.file.empty() ? plugin.path : plugin.file, kRemedy);
        !fits)
      return fits;
  }
  if (!options.python_path.empty()) {
    auto fits = check_folder("--python-path " + options.python_path.string(), real_path(options.python_path), guarded,
                             plugins, {}, "name a virtual environment that holds nothing but packages");
    if (!fits) return fits;
  }
  for (SubmissionSpec& spec : options.submissions) {
    if (spec.data_folder.empty() || !spec.fault.empty()) continue;
    if (const GuardedPath* const found = guarded_in(real_path(spec.data_folder), guarded)) {
      spec.fault = fmt::format("{} lies in its folder", found->what);
    }
  }
  return {};
}

}  // namespace headroom
