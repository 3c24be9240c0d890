#include "cli/plugin_logs.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "io/atomic_file.hpp"

namespace headroom::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFirstTarget = "lfc";

bool is_plain(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c >= 0x80;
}

}  // namespace

std::string log_file_name(const std::string& plugin) {
  std::string name;
  for (const char c : plugin) {
    const auto byte = static_cast<unsigned char>(c);
    // '%' itself is written out, so that no two names become one.
    name += is_plain(byte) && !(name.empty() && c == '.') ? std::string(1, c) : fmt::format("%{:02x}", byte);
  }
  return name + ".log";
}

Result<void> keep_logs(const fs::path& folder, const RunResults& results, Store& store) {
  if (auto kept = store.put_logs(results.logs); !kept) return kept;
  if (folder.empty()) return {};
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    return bad_input("cannot make the folder for the plugins' logs: " + error.message(), folder.string(),
                     "give another with --logs");
  // A run of two targets asks every plugin twice.
  const std::string ending = results.target == kFirstTarget ? "" : "." + results.target;
  for (const PluginRecord& plugin : results.plugins) {
    const fs::path path = folder / log_file_name(plugin.name() + ending);
    const auto said = std::find_if(results.logs.begin(), results.logs.end(),
                                   [&](const PluginWords& words) { return words.plugin == plugin.name(); });
    if (said == results.logs.end()) {
      fs::remove(path, error);
    } else if (auto written = write_file_atomically(path, said->text); !written) {
      return written;
    }
  }
  return {};
}

}  // namespace headroom::cli
