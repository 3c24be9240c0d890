#include "project_template/project_folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace headroom {
namespace {

// Creates the file; one that is there, a symbolic link too, is never followed or overwritten.
Result<void> write_new_file(const std::filesystem::path& path, std::string_view text) {
  const auto failed = [&] {
    return harness_fault(std::string("cannot be written: ") + strerror(errno), path.string());
  };
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0) return failed();
  while (!text.empty()) {
    const ssize_t n = write(file, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const auto error = failed();
      close(file);
      return error;
    }
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (close(file) != 0) return failed();
  return {};
}

// Makes the folder unless it is there and empty. The result tells whether it was made.
Result<bool> make_empty_folder(const std::filesystem::path& folder) {
  std::error_code failed;
  const auto status = std::filesystem::status(folder, failed);
  if (!std::filesystem::exists(status)) {
    if (std::filesystem::create_directory(folder, failed)) return true;
    return bad_input("the folder cannot be made: " + failed.message(), folder.string(),
                     "name a folder inside one that exists");
  }
  if (!std::filesystem::is_directory(status)) {
    return bad_input("there is a file of this name", folder.string(), "choose another name");
  }
  const bool is_empty = std::filesystem::is_empty(folder, failed);
  if (failed) return bad_input("the folder cannot be read: " + failed.message(), folder.string());
  if (!is_empty) return bad_input("the folder is not empty", folder.string(), "choose another name, or remove it");
  return false;
}

std::string quoted(const std::string& path) {
  const std::string plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+";
  if (!path.empty() && path.find_first_not_of(plain) == std::string::npos) return path;
  std::string text = "'";
  for (const char c : path) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace

Result<PluginProjectKind> plugin_project_kind(std::string_view text, std::string_view target) {
  if (target != "lfc" && target != "deg") {
    return bad_input("no target: '" + std::string(target) + "'", "--target", "it is lfc or deg");
  }
  if (text == "embedding") return PluginProjectKind::embedding;
  if (text == "predictor") {
    return target == "deg" ? PluginProjectKind::class_predictor : PluginProjectKind::predictor;
  }
  return bad_input("no kind of plugin: '" + std::string(text) + "'", "--kind", "it is embedding or predictor");
}

Result<PluginProjectLanguage> plugin_project_language(std::string_view text) {
  if (text == "c++") return PluginProjectLanguage::cpp;
  if (text == "c") return PluginProjectLanguage::c;
  if (text == "python") return PluginProjectLanguage::python;
  return bad_input("no project for the language '" + std::string(text) + "'", "--language", "it is c++, c or python");
}

Result<void> write_plugin_project(const std::filesystem::path& folder, std::string_view name, PluginProjectKind kind,
                                  PluginProjectLanguage language) {
  const auto files = plugin_project(name, kind, language);
  if (!files) return tl::unexpected<Error>(files.error());
  const auto is_new = make_empty_folder(folder);
  if (!is_new) return tl::unexpected<Error>(is_new.error());
  std::error_code ignored;
  for (std::size_t i = 0; i < files->size(); ++i) {
    const auto written = write_new_file(folder / (*files)[i].name, (*files)[i].text);
    if (written) continue;
    for (std::size_t j = 0; j <= i; ++j) std::filesystem::remove(folder / (*files)[j].name, ignored);
    if (*is_new) std::filesystem::remove(folder, ignored);
    return written;
  }
  return {};
}

std::filesystem::path sdk_package_of(const std::filesystem::path& program) {
  const std::filesystem::path root = program.parent_path().parent_path();
  if (root == "/usr" || root == "/usr/local") return {};
  std::error_code ignored;
  for (const char* folder : {"sdk", "lib/cmake/headroom-sdk"}) {
    if (std::filesystem::exists(root / folder / "headroom-sdkConfig.cmake", ignored)) return root / folder;
  }
  return {};
}

std::string plugin_project_next_steps(const std::filesystem::path& folder, std::string_view name,
                                      PluginProjectLanguage language, const std::filesystem::path& sdk_folder) {
  if (language == PluginProjectLanguage::python) {
    return "headroom check " + quoted((folder / "model.py").string()) + "\n";
  }
  const std::string build = quoted((folder / "build").string());
  const std::string sdk = sdk_folder.empty() ? "" : " -D headroom-sdk_DIR=" + quoted(sdk_folder.string());
  return "cmake -S " + quoted(folder.string()) + " -B " + build + sdk + "\n" + "cmake --build " + build + "\n" +
         "headroom check " + quoted((folder / "build" / (std::string(name) + ".so")).string()) + "\n";
}

}  // namespace headroom
