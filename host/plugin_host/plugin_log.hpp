// What a plugin said in all of its workers: their stdout, stderr and log calls, kept so that nobody has to guess why a
// plugin died.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace headroom {

class PluginLog {
 public:
  // Beyond it nothing is kept, only counted: a plugin with many workers may say a lot in each. Workers that failed have
  // room of their own behind it, for theirs are the words that are looked for.
  static constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 20, kMoreOfFailed = std::uint64_t{1} << 18;

  // What one worker said, if anything. `occasion`: what it was for, as "lineA, fold_0". From any thread.
  void add(const std::string& occasion, const std::string& said, bool has_failed = false);

  // All of it under headings, ordered by occasion and then by what was said, whenever it was; "" if nothing was said.
  std::string text() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> said_;  // occasion and words to how many workers
  std::uint64_t n_bytes_ = 0, n_bytes_cut_ = 0;
};

// What stands in a log where so many bytes of it were left out.
std::string cut_line(std::uint64_t n_bytes);

// The last lines that say something, on one line of at most `most_bytes` bytes: "loading weights | no such file". What
// only tells of progress is left out, and so is cut_line(). A line that was written over (\r) counts as several.
std::string last_words(std::string_view log, std::size_t most_bytes = 400);

// A reason with the last words behind it, unless it repeats the last line itself.
std::string with_last_words(std::string reason, std::string_view log);

}  // namespace headroom
