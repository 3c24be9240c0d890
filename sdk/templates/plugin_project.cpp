#include "plugin_project.hpp"

#include <utility>

#include "plugin_project_texts.hpp"

namespace headroom {
namespace {

constexpr std::size_t kLongestName = 64;

// ASCII only, whatever the locale.
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_plugin_name(std::string_view name) {
  if (name.empty() || name.size() > kLongestName || !is_letter(name.front())) return false;
  for (const char c : name) {
    if (!is_letter(c) && !is_digit(c) && c != '_' && c != '-' && c != '.') return false;
  }
  return true;
}

// "my-model_v2" → "MyModelV2"
std::string class_name(std::string_view name) {
  std::string result;
  bool upper = true;
  for (const char c : name) {
    if (!is_letter(c) && !is_digit(c)) {
      upper = true;
      continue;
    }
    result += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = false;
  }
  return result;
}

using Replacements = std::vector<std::pair<std::string_view, std::string>>;

std::string filled(std::string_view text, const Replacements& replacements) {
  std::string result(text);
  for (const auto& [mark, value] : replacements) {
    for (auto at = result.find(mark); at != std::string::npos; at = result.find(mark, at + value.size())) {
      result.replace(at, mark.size(), value);
    }
  }
  return result;
}

// No build: the model, and what to do with it.
std::vector<PluginProjectFile> python_project(const std::string& own, PluginProjectKind kind) {
  namespace texts = plugin_project_texts;
  const bool embedding = kind == PluginProjectKind::embedding, classes = kind == PluginProjectKind::class_predictor;
  const Replacements replacements = {
      {"@NAME@", own},
      {"@KIND@", embedding ? "embedding" : "predictor"},
      {"@RUN_FLAGS@", std::string(embedding ? "--embedding " : "--embedding VECTORS.h5ad --predictor ") + own +
                          "=model.py" + (classes ? " --target deg" : "")}};
  const std::string_view source = embedding ? texts::embedding_py
                                  : classes ? texts::predictor_classes_py
                                            : texts::predictor_py;
  return {{"README.md", filled(texts::readme_python, replacements)}, {"model.py", filled(source, replacements)}};
}

}  // namespace

Result<std::vector<PluginProjectFile>> plugin_project(std::string_view name, PluginProjectKind kind,
                                                      PluginProjectLanguage language) {
  if (!is_plugin_name(name)) {
    return bad_input("not a plugin's name: '" + std::string(name) + "'", {},
                     "begin with a letter; use letters, digits, '_', '-', '.', at most 64 of them");
  }
  const bool embedding = kind == PluginProjectKind::embedding;
  const bool cpp = language == PluginProjectLanguage::cpp;
  const std::string own(name);
  if (language == PluginProjectLanguage::python) return python_project(own, kind);
  const std::string extension = cpp ? "cpp" : "c";
  const bool classes = kind == PluginProjectKind::class_predictor;
  const std::string run_flags =
      std::string(embedding ? "--embedding build/" : "--embedding VECTORS.h5ad --predictor build/") + own + ".so" +
      (classes ? " --target deg" : "");
  const Replacements replacements = {{"@NAME@", own},
                                     {"@CLASS@", class_name(name)},
                                     {"@EXTENSION@", extension},
                                     {"@CMAKE_LANGUAGE@", cpp ? "CXX" : "C"},
                                     {"@KIND@", embedding ? "embedding" : "predictor"},
                                     {"@RUN_FLAGS@", run_flags}};
  namespace texts = plugin_project_texts;
  const std::string_view source = embedding ? (cpp ? texts::embedding_cpp : texts::embedding_c)
                                  : classes ? (cpp ? texts::predictor_classes_cpp : texts::predictor_classes_c)
                                            : (cpp ? texts::predictor_cpp : texts::predictor_c);
  return std::vector<PluginProjectFile>{{"CMakeLists.txt", filled(texts::cmake_lists, replacements)},
                                        {"README.md", filled(texts::readme, replacements)},
                                        {own + "." + extension, filled(source, replacements)}};
}

}  // namespace headroom
