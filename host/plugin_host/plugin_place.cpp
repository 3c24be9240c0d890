#include "plugin_host/plugin_place.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <system_error>

namespace headroom {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLibraryEnding = ".so", kPythonEnding = ".py", kOnnxEnding = ".onnx";
constexpr std::array<std::string_view, 6> kVectorEndings = {".h5ad", ".csv", ".csv.gz", ".tsv", ".tsv.gz", ".npz"};
// In this order: who ships several means the first.
constexpr std::array<std::string_view, 3> kPluginsOfFolder = {"plugin.so", "model.py", "model.onnx"};
// Lies beside model.onnx, and is none of the vectors that the folder might be.
constexpr std::string_view kVocabulary = "vocabulary.csv";

bool ends_after_a_name(std::string_view file, std::string_view ending) {
  return file.size() > ending.size() && file.ends_with(ending);
}

Result<fs::path> runner_of(std::string_view model, const fs::path& runners) {
  const bool is_python = ends_after_a_name(model, kPythonEnding);
  const fs::path runner = runners / (is_python ? kPythonRunner : kOnnxRunner);
  std::error_code ignored;
  if (fs::exists(runner, ignored)) return runner;
  return bad_input(std::string("this Headroom runs no models in ") + (is_python ? "Python" : "ONNX") + ": " +
                       runner.filename().string() + " is not installed",
                   std::string(model),
                   is_python ? "install the package headroom-python, or python3-dev and build Headroom again"
                             : "build or install all of Headroom");
}

}  // namespace

bool is_model_name(std::string_view file) {
  return ends_after_a_name(file, kPythonEnding) || ends_after_a_name(file, kOnnxEnding);
}

bool is_plugin_name(std::string_view file) { return ends_after_a_name(file, kLibraryEnding) || is_model_name(file); }

std::string_view vector_ending(std::string_view file) {
  std::string_view longest;
  for (const std::string_view ending : kVectorEndings) {
    if (ends_after_a_name(file, ending) && ending.size() > longest.size()) longest = ending;
  }
  return longest;
}

bool is_litter(std::string_view name) {
  constexpr std::array<std::string_view, 4> kLitter = {"__MACOSX", "__pycache__", "Thumbs.db", "desktop.ini"};
  const auto same = [&](std::string_view other) {
    return name.size() == other.size() && std::equal(name.begin(), name.end(), other.begin(), [](char a, char b) {
             return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
           });
  };
  return name.starts_with('.') || name.starts_with("~$") || name.ends_with('~') ||
         std::any_of(kLitter.begin(), kLitter.end(), same);
}

Result<std::vector<std::string>> names_in(const fs::path& folder) {
  std::error_code error;
  std::vector<std::string> names;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) names.push_back(at->path().filename().string());
  if (error) return bad_input("the folder cannot be listed: " + error.message(), folder.string(), "check it");
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::string> plugin_file_of_folder(const fs::path& folder) {
  auto names = names_in(folder);
  if (!names) return tl::unexpected<Error>(names.error());
  for (const std::string_view usual : kPluginsOfFolder) {
    if (std::find(names->begin(), names->end(), usual) != names->end()) return std::string(usual);
  }
  // Libraries beside a plugin have names of their own: libfoo.so.1 is none, libfoo.so might be.
  std::vector<std::string> plugins, vectors;
  for (const std::string& name : *names) {
    if (is_litter(name)) continue;
    if (is_plugin_name(name)) plugins.push_back(name);
    if (!vector_ending(name).empty() && name != kVocabulary) vectors.push_back(name);
  }
  if (plugins.size() == 1) return plugins.front();
  if (plugins.size() > 1) {
    return bad_input("it holds " + std::to_string(plugins.size()) +
                         " plugins and none of them is called plugin.so, model.py or model.onnx",
                     folder.string(), "name one so");
  }
  if (vectors.size() == 1) return vectors.front();
  return bad_input(vectors.empty() ? "it holds neither a plugin (.so, .py, .onnx) nor a file of vectors"
                                   : "it holds " + std::to_string(vectors.size()) + " files of vectors and no plugin",
                   folder.string(),
                   vectors.empty() ? "put plugin.so, model.py or model.onnx into it" : "name one of them");
}

Result<PluginPlace> place_of_plugin(const fs::path& path, const fs::path& runners) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return bad_input("no such plugin", path.string(), "check the path");
  PluginPlace place;
  std::string file = path.filename().string();
  fs::path folder = path.parent_path().empty() ? fs::path(".") : path.parent_path();
  if (fs::is_directory(path, ignored)) {
    auto chosen = plugin_file_of_folder(path);
    if (!chosen) return tl::unexpected<Error>(chosen.error());
    file = std::move(*chosen);
    folder = path;
    if (!is_plugin_name(file)) {
      place.vectors = folder / file;
      return place;
    }
    place.data_folder = folder;
  }
  if (!is_model_name(file)) {
    place.library = folder / file;
    return place;
  }
  auto runner = runner_of(file, runners);
  if (!runner) return tl::unexpected<Error>(runner.error());
  place.library = std::move(*runner);
  place.model = std::move(file);
  place.data_folder = folder;
  return place;
}

}  // namespace headroom
