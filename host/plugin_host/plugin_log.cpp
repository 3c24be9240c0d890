#include "plugin_host/plugin_log.hpp"

#include <algorithm>
#include <vector>

#include "terminal/display_text.hpp"

namespace headroom {
namespace {

constexpr std::size_t kMostLastLines = 4;
constexpr std::string_view kBetweenLines = " | ";
constexpr std::string_view kCut = " more bytes were cut]";
constexpr std::string_view kProgress = "progress: ";  // of the worker's services

std::string_view without_blank_ends(std::string_view line) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
  return line;
}

bool is_cut_line(std::string_view line) { return line.starts_with('[') && line.ends_with(kCut); }

}  // namespace

std::string cut_line(std::uint64_t n_bytes) { return "\n[" + std::to_string(n_bytes) + std::string(kCut) + "\n"; }

void PluginLog::add(const std::string& occasion, const std::string& said, bool has_failed) {
  if (said.empty()) return;
  const std::lock_guard lock(mutex_);
  std::pair key{occasion, said};
  if (const auto same = said_.find(key); same != said_.end()) {
    ++same->second;
  } else if (n_bytes_ + said.size() > kMostBytes + (has_failed ? kMoreOfFailed : 0)) {
    n_bytes_cut_ += said.size();
  } else {
    n_bytes_ += said.size();
    said_.emplace(std::move(key), 1);
  }
}

std::string PluginLog::text() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const auto& [occasion_and_words, n_workers] : said_) {
    const auto& [occasion, words] = occasion_and_words;
    text += "== " + display_text(occasion);
    if (n_workers > 1) text += " (" + std::to_string(n_workers) + " workers alike)";
    text += " ==\n" + words;
    if (words.back() != '\n') text += '\n';
  }
  if (n_bytes_cut_ > 0) text += "[" + std::to_string(n_bytes_cut_) + " more bytes of other workers were cut]\n";
  return text;
}

std::string last_words(std::string_view log, std::size_t most_bytes) {
  std::vector<std::string_view> lines;  // the last one first
  while (!log.empty() && lines.size() < kMostLastLines) {
    const std::size_t newline = log.find_last_of("\n\r");
    const std::string_view line = without_blank_ends(newline == std::string_view::npos ? log : log.substr(newline + 1));
    log = newline == std::string_view::npos ? std::string_view() : log.substr(0, newline);
    if (!line.empty() && !line.starts_with(kProgress) && !is_cut_line(line)) lines.push_back(line);
  }
  std::string words;
  for (const std::string_view line : lines) {
    // Whole lines, as many as there is room for; of the very last one at least its beginning.
    const std::string shown = display_text(line.substr(0, most_bytes));
    if (words.empty()) {
      words = shortened(shown, static_cast<int>(most_bytes));
    } else if (shown.size() + kBetweenLines.size() + words.size() <= most_bytes) {
      words = shown + std::string(kBetweenLines) + words;
    } else {
      break;
    }
  }
  return words;
}

std::string with_last_words(std::string reason, std::string_view log) {
  const std::string words = last_words(log);
  const std::size_t separator = words.rfind(kBetweenLines);
  const std::string last = separator == std::string::npos ? words : words.substr(separator + kBetweenLines.size());
  if (last.empty() || reason.find(last) != std::string::npos) return reason;
  return reason + "; its last words: " + words;
}

}  // namespace headroom
