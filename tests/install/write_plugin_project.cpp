// write_plugin_project FOLDER NAME embedding|predictor c++|c: the files of `headroom new`, from the library behind it.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "plugin_project.hpp"

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const std::filesystem::path folder = argv[1];
  const auto kind = argv[3] == std::string("embedding") ? headroom::PluginProjectKind::embedding
                                                        : headroom::PluginProjectKind::predictor;
  const auto language =
      argv[4] == std::string("c") ? headroom::PluginProjectLanguage::c : headroom::PluginProjectLanguage::cpp;
  const auto files = headroom::plugin_project(argv[2], kind, language);
  if (!files) {
    std::fprintf(stderr, "%s\n", files.error().line().c_str());
    return 2;
  }
  std::filesystem::create_directories(folder);
  for (const auto& file : *files) {
    std::ofstream stream(folder / file.name);
    stream << file.text;
    if (!stream.flush()) return 4;
  }
  return 0;
}
