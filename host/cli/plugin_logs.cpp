#include "cli/plugin_logs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <string_view>

#include "io/atomic_file.hpp"
#include "io/sha256.hpp"
#include "plugin_host/plugin_log.hpp"
#include "terminal/display_text.hpp"

namespace headroom::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFirstTarget = "lfc";

bool is_plain(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c >= 0x80;
}

// Of a name with its ending, ".deg.log" too, and of the name that a file has while it is written.
constexpr std::size_t kMostNameBytes = 150;

// Where a longer name is cut: before the byte that does not fit, with nothing left of an escape or a character.
std::size_t cut_of(const std::string& name) {
  std::size_t cut = kMostNameBytes;
  for (std::size_t back = 1; back <= 2; ++back) {
    if (name[kMostNameBytes - back] == '%') cut = kMostNameBytes - back;
  }
  while (cut > 0 && (static_cast<unsigned char>(name[cut]) & 0xC0) == 0x80) --cut;
  return cut;
}

// As PluginLog::text() begins, or what is left of it where there was no room for anything.
bool is_log_of_ours(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(fs::symlink_status(path, ignored))) return false;  // a FIFO is not waited for
  std::ifstream file(path, std::ios::binary);
  std::string line;
  if (!std::getline(file, line)) return false;
  return (line.starts_with("== ") && line.ends_with(" ==")) || line.ends_with("more bytes of other workers were cut]");
}

// The parts of a log, one a heading, in their order.
std::vector<std::string_view> parts_of(std::string_view log) {
  std::vector<std::string_view> parts;
  while (!log.empty()) {
    const std::size_t next = log.find("\n== ");
    const std::size_t end = next == std::string_view::npos ? log.size() : next + 1;
    parts.push_back(log.substr(0, end));
    log.remove_prefix(end);
  }
  return parts;
}

// What was said earlier and is not said again, then what is said now.
std::string joined_words(const std::string& earlier, const std::string& now) {
  const std::vector<std::string_view> said = parts_of(now);
  std::string text;
  for (const std::string_view part : parts_of(earlier)) {
    if (std::find(said.begin(), said.end(), part) != said.end()) continue;
    if (text.size() + part.size() + now.size() > PluginLog::kMostBytes + PluginLog::kMoreOfFailed) continue;
    text += part;
    if (text.back() != '\n') text += '\n';
  }
  return text + now;
}

}  // namespace

std::string log_file_name(const std::string& plugin) {
  std::string name;
  for (const char c : plugin) {
    const auto byte = static_cast<unsigned char>(c);
    // '%' itself is written out, so that no two names become one.
    name += is_plain(byte) && !(name.empty() && c == '.') ? std::string(1, c) : fmt::format("%{:02x}", byte);
  }
  if (name.size() > kMostNameBytes) {
    constexpr std::size_t kHashDigits = 16;  // '%~' is in no other name
    name = name.substr(0, cut_of(name)) + "%~" + sha256_of_bytes(plugin).value_or("").substr(0, kHashDigits);
  }
  return name + ".log";
}

Result<void> keep_logs(RunResults& results, Store& store, bool resumes) {
  if (resumes) {
    auto earlier = store.earlier_logs();
    if (!earlier) return tl::unexpected<Error>(earlier.error());
    for (PluginWords& words : *earlier) {
      const auto now = std::find_if(results.logs.begin(), results.logs.end(),
                                    [&](const PluginWords& one) { return one.plugin == words.plugin; });
      if (now == results.logs.end()) {
        results.logs.push_back(std::move(words));
      } else {
        now->text = joined_words(words.text, now->text);
      }
    }
  }
  return store.put_logs(results.logs);
}

std::vector<std::string> write_logs(const fs::path& folder, const RunResults& results) {
  std::vector<std::string> notes;
  if (folder.empty()) return notes;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    return {fmt::format("the folder for the plugins' logs cannot be made: {} ({}); results.sqlite holds what they said",
                        error.message(), folder.string())};
  }
  // A run of two targets asks every plugin twice.
  const std::string ending = results.target == kFirstTarget ? "" : "." + results.target;
  for (const PluginRecord& plugin : results.plugins) {
    const fs::path path = folder / log_file_name(plugin.name() + ending);
    const auto said = std::find_if(results.logs.begin(), results.logs.end(),
                                   [&](const PluginWords& words) { return words.plugin == plugin.name(); });
    const bool is_said = said != results.logs.end();
    const bool is_there = fs::exists(fs::symlink_status(path, error));
    if (is_there && !is_log_of_ours(path)) {
      if (is_said) {
        notes.push_back(fmt::format("{} is no log of Headroom's and stays as it is; results.sqlite holds what {} said",
                                    display_text(path.string()), display_text(plugin.name())));
      }
    } else if (!is_said) {
      fs::remove(path, error);
    } else if (auto written = write_file_atomically(path, said->text); !written) {
      notes.push_back(display_text(written.error().line()));
    }
  }
  return notes;
}

}  // namespace headroom::cli
