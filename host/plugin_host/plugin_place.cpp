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
constexpr std::string_view kUsualVocabulary = "vocabulary.csv";
constexpr std::string_view kOnnxRuntime = "libonnxruntime.so";

bool ends_after_a_name(std::string_view file, std::string_view ending) {
  return file.size() > ending.size() && file.ends_with(ending);
}

// Whether it belongs to the ONNX model `model` that was given as a file.
bool is_beside_onnx(std::string_view file, std::string_view model, std::string_view vocabulary) {
  const std::string_view stem = model.substr(0, model.size() - kOnnxEnding.size());
  const auto is_of = [&](std::string_view name) {
    return file.size() > name.size() && file.starts_with(name) && file[name.size()] == '.';
  };
  if (is_of(vocabulary) && !vector_ending(file).empty()) return true;
  if (file == kOnnxRuntime || is_of(kOnnxRuntime)) return true;
  const bool is_of_stem = file.starts_with(stem);
  return (file.starts_with(model) && vector_ending(file).empty() && !is_plugin_name(file)) ||
         (is_of_stem && (file.substr(stem.size()) == ".data" || file.substr(stem.size()) == ".bin"));
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
  if (error)
    return bad_input("the folder cannot be listed: " + error.message(), folder.string(), "check its permissions");
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
    if (!vector_ending(name).empty() && name != kUsualVocabulary) vectors.push_back(name);
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

Result<std::vector<std::string>> files_of_model(const PluginPlace& place, std::string_view vocabulary) {
  std::vector<std::string> files = {place.model};
  if (!ends_after_a_name(place.model, kOnnxEnding)) return files;
  auto names = names_in(place.data_folder);
  if (!names) return tl::unexpected<Error>(names.error());
  for (std::string& name : *names) {
    std::error_code ignored;
    if (name == place.model || !is_beside_onnx(name, place.model, vocabulary)) continue;
    if (fs::is_regular_file(place.data_folder / name, ignored)) files.push_back(std::move(name));
  }
  std::sort(files.begin(), files.end());
  return files;
}

Result<PluginPlace> place_of_plugin(const fs::path& path, const fs::path& runners) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return bad_input("no such plugin", path.string(), "check the path");
  PluginPlace place;
  std::string file = path.filename().string();
  fs::path folder = path.parent_path().empty() ? fs::path(".") : path.parent_path();
  place.is_file = !fs::is_directory(path, ignored);
  if (!place.is_file) {
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
