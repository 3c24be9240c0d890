#include "review/condition_names.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "review/control_names.hpp"
#include "review/label_spelling.hpp"

namespace headroom {
namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

template <std::size_t n>
bool is_one_of(const std::string& word, const std::array<std::string_view, n>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Words of a label: runs of letters and digits, in lower case.
std::vector<std::string> tokens_of(std::string_view label) {
  std::vector<std::string> tokens(1);
  for (const char c : lower_case(label)) {
    if (is_lower(c) || is_digit(c)) {
      tokens.back() += c;
    } else if (!tokens.back().empty()) {
      tokens.emplace_back();
    }
  }
  if (tokens.back().empty()) tokens.pop_back();
  return tokens;
}

constexpr std::array<std::string_view, 11> kGuideWords = {
    "sg", "sgrna", "grna", "guide", "guides", "shrna", "sirna", "crrna", "construct", "protospacer", "oligo"};

// A sequence of a guide's length.
bool is_sequence(std::string_view token) {
  constexpr std::size_t kShortestGuide = 17;
  return token.size() >= kShortestGuide && token.find_first_not_of("acgtu") == std::string_view::npos;
}

// What tells one guide of a gene from another: 1, g1, sg2, guide3, p1p2, ensg00000141510, a, a sequence.
bool numbers_a_guide(std::string_view text) {
  constexpr std::array<std::string_view, 13> kBefore = {"sgrna", "crrna", "grna", "shrna", "sirna", "guide", "ensg",
                                                        "sg",    "sh",    "si",   "g",     "p",     "t"};
  if (text.size() == 1 && is_lower(text[0])) return true;
  if (is_sequence(text)) return true;
  for (const std::string_view before : kBefore) {
    if (text.starts_with(before)) {
      text.remove_prefix(before.size());
      break;
    }
  }
  return !text.empty() && is_digit(text[0]);
}

// The target's name and nothing else but what numbers a guide: A_sg1, ATF2g1, sgA-1, TP53_P1P2, 12_A_P1_ENSG…; or a
// name that says guide or is a sequence.
bool is_guide_of(std::string_view label, std::string_view target) {
  std::vector<std::string> rest = tokens_of(label);
  const bool says_guide = std::any_of(rest.begin(), rest.end(), [](const std::string& token) {
    return is_sequence(token) || is_one_of(token.substr(0, token.find_first_of("0123456789")), kGuideWords);
  });
  if (says_guide) return true;
  for (const std::string& word : tokens_of(target)) {
    const auto at = std::find_if(rest.begin(), rest.end(), [&](const std::string& token) {
      const std::size_t begin = token.find(word);
      if (begin == std::string::npos) return false;
      const std::string_view before = std::string_view(token).substr(0, begin);
      const std::string_view after = std::string_view(token).substr(begin + word.size());
      return (before.empty() || before == "sg" || before == "sh" || before == "si") &&
             (after.empty() || numbers_a_guide(after));
    });
    if (at == rest.end()) return false;
    rest.erase(at);
  }
  return std::all_of(rest.begin(), rest.end(), [](const std::string& token) { return numbers_a_guide(token); });
}

}  // namespace

std::vector<std::string> words_of(std::string_view column) {
  std::vector<std::string> words(1);
  for (std::size_t i = 0; i < column.size(); ++i) {
    const char c = column[i];
    const bool begins = is_upper(c) && i > 0 && is_lower(column[i - 1]);
    if (begins && !words.back().empty()) words.emplace_back();
    if (is_upper(c) || is_lower(c) || is_digit(c)) {
      words.back() += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

bool names_condition(std::string_view column) {
  constexpr std::array<std::string_view, 16> kWords = {
      "dose",      "doses",      "dosage", "conc", "concentration", "concentrations", "time",     "times",
      "timepoint", "timepoints", "hours",  "hour", "hrs",           "duration",       "celltype", "cellline"};
  const std::vector<std::string> words = words_of(column);
  if (!words.empty() && (words.front() == "n" || words.front() == "num")) return false;  // a number of times
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string word = words[i];
    while (word.size() > 3 && is_digit(word.back())) word.pop_back();
    if (is_one_of(word, kWords)) return true;
    if (word == "cell" && i + 1 < words.size() && (words[i + 1] == "type" || words[i + 1] == "line")) return true;
  }
  return false;
}

bool names_target(std::string_view column) {
  constexpr std::array<std::string_view, 6> kWords = {"target", "targets", "gene", "genes", "targetgene", "genetarget"};
  const std::vector<std::string> words = words_of(column);
  // n_genes, gene_counts and the like are measurements of the cell.
  constexpr std::array<std::string_view, 10> kMeasures = {"n",   "num",     "number", "count",    "counts",
                                                          "pct", "percent", "total",  "detected", "score"};
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) { return is_one_of(word, kWords); }) &&
         std::none_of(words.begin(), words.end(), [&](const std::string& word) { return is_one_of(word, kMeasures); });
}

std::vector<std::uint32_t> groups_of_several_values(std::span<const std::uint32_t> group_of_row, std::size_t n_groups,
                                                    std::span<const std::int32_t> code_of_row) {
  constexpr std::int32_t kNoneYet = -1;
  std::vector<std::int32_t> first(n_groups, kNoneYet);
  std::vector<bool> several(n_groups, false);
  std::set<std::int32_t> values;
  std::size_t n_rows = 0;
  constexpr std::size_t kManyValues = 1000;  // no screen has so many doses
  for (std::size_t row = 0; row < group_of_row.size(); ++row) {
    const std::uint32_t group = group_of_row[row];
    const std::int32_t code = code_of_row[row];
    if (group == kNoGroup || code < 0) continue;
    ++n_rows;
    if (values.size() <= kManyValues) values.insert(code);
    if (first[group] == kNoneYet) first[group] = code;
    several[group] = several[group] || first[group] != code;
  }
  std::vector<std::uint32_t> groups;
  constexpr std::size_t kFewRowsAValue = 2;
  if (values.size() > kManyValues || (values.size() > 20 && values.size() * kFewRowsAValue > n_rows)) return groups;
  for (std::uint32_t g = 0; g < n_groups; ++g) {
    if (several[g]) groups.push_back(g);
  }
  return groups;
}

std::vector<std::string> targets_of_several_guides(std::span<const std::string> labels,
                                                   std::span<const std::string> target_of,
                                                   std::string_view pert_column) {
  std::map<std::string, std::vector<std::size_t>> labels_of;
  std::set<std::string> targets;
  for (std::size_t l = 0; l < labels.size(); ++l) {
    const std::string& target = target_of[l];
    if (target.empty() || names_control(target) || names_missing(target) || target == labels[l]) continue;
    labels_of[target].push_back(l);
    targets.insert(lower_case(target));
  }
  bool column_says_so = false;
  for (const std::string& word : words_of(pert_column)) column_says_so = column_says_so || is_one_of(word, kGuideWords);
  const auto is_guide = [&](const std::string& label, const std::string& target) {
    if (column_says_so) return true;
    if (label.find_first_of("+;") != std::string::npos) return false;  // a combination
    const std::vector<std::string> tokens = tokens_of(label);
    const auto n_targets = std::count_if(tokens.begin(), tokens.end(), [&](const std::string& token) {
      return targets.contains(token) || (names_control_surely(token) && token != lower_case(target));
    });
    return n_targets <= 1 && is_guide_of(label, target);
  };
  std::vector<std::string> several;
  for (const auto& of_target : labels_of) {
    const std::string& target = of_target.first;
    const auto n = std::count_if(of_target.second.begin(), of_target.second.end(),
                                 [&](std::size_t l) { return is_guide(labels[l], target); });
    if (n >= 2) several.push_back(target);
  }
  return several;
}

}  // namespace headroom
