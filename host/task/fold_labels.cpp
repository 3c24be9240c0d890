#include "task/fold_labels.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>

#include "io/delimited.hpp"

namespace headroom {
namespace {

constexpr std::array<std::string_view, 4> kTrainingWords{"train", "training", "trn", "seen"};
constexpr std::array<std::string_view, 7> kValidationWords{"val",        "valid", "validation", "dev",
                                                           "evaluation", "eval",  "tune"};
constexpr std::array<std::string_view, 7> kTestWords{"test", "testing", "tst", "holdout", "heldout", "unseen", "ood"};
constexpr std::array<std::string_view, 4> kTrueWords{"true", "t", "yes", "y"};
constexpr std::array<std::string_view, 4> kFalseWords{"false", "f", "no", "n"};
constexpr std::array<std::string_view, 3> kNumberedStems{"fold", "split", "testsplit"};

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Letters and digits in lower case: "Held-out" is "heldout".
std::string plain_word(std::string_view label) {
  std::string word;
  for (const char c : label) {
    if (c >= 'A' && c <= 'Z') word += static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) word += c;
  }
  return word;
}

// "3.0" and "3" as 3.
std::optional<std::string> whole_number(std::string_view label) {
  constexpr double kExact = 9e15;
  const auto value = parse_number(label);
  if (!value || !std::isfinite(*value) || *value != std::floor(*value) || std::abs(*value) > kExact) {
    return std::nullopt;
  }
  return fmt::format("{:.0f}", *value);
}

std::map<std::string, std::size_t> count_labels(const FoldLabels& labels) {
  std::map<std::string, std::size_t> counts;
  for (const auto& of_context : labels) {
    for (const std::string& label : of_context) ++counts[label];
  }
  counts.erase("");
  return counts;
}

std::vector<std::string> with_counts(const std::map<std::string, std::size_t>& counts) {
  std::vector<std::pair<std::string, std::size_t>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> texts;
  for (const auto& [label, n] : sorted) texts.push_back(fmt::format("{} ({})", label, n));
  return texts;
}

// "test_set", "Testset", "in_test" and "3-test" say test.
std::string split_word(std::string_view label) {
  std::string word = plain_word(label);
  word.erase(0, word.find_first_not_of("0123456789"));
  for (const std::string_view end : {"set", "split", "data", "fold", "part"}) {
    if (word.size() > end.size() && word.ends_with(end)) word.resize(word.size() - end.size());
  }
  for (const std::string_view begin : {"in", "is"}) {
    if (word.starts_with(begin)) word.erase(0, begin.size());
  }
  return word;
}

bool are_split_words(const std::map<std::string, std::size_t>& counts) {
  bool any_training = false, any_other = false, all_flags = !counts.empty();
  for (const auto& [label, n] : counts) {
    const std::string word = split_word(label);
    any_training = any_training || is_one_of(kTrainingWords, word);
    any_other = any_other || is_one_of(kTestWords, word) || is_one_of(kValidationWords, word);
    all_flags = all_flags && (is_one_of(kTrueWords, word) || is_one_of(kFalseWords, word));
  }
  return (any_training && any_other) || all_flags;
}

// "0.0" becomes "0" where every label is a whole number.
void normalise_numbers(FoldLabels* labels) {
  const auto counts = count_labels(*labels);
  if (!std::all_of(counts.begin(), counts.end(), [](const auto& entry) { return whole_number(entry.first); })) return;
  for (auto& of_context : *labels) {
    for (std::string& label : of_context) {
      if (!label.empty()) label = *whole_number(label);
    }
  }
}

// The label that a test value means: exactly, or as a number, or without regard to case.
std::optional<std::string> label_of(const std::string& value, const std::map<std::string, std::size_t>& counts) {
  if (counts.count(value) > 0) return value;
  if (const auto number = whole_number(value); number && counts.count(*number) > 0) return number;
  std::optional<std::string> found;
  for (const auto& [label, n] : counts) {
    if (plain_word(label) != plain_word(value)) continue;
    if (found) return std::nullopt;
    found = label;
  }
  return found;
}

Result<FoldReading> read_one_column(FoldColumns columns, const FoldRule& rule) {
  const auto& test_value = rule.test_value;
  FoldReading reading;
  reading.labels = std::move(columns.labels.front());
  if (rule.trained_on && !test_value) {
    reading.unlabelled_is_training = true;
    for (auto& of_context : reading.labels) {
      for (std::string& label : of_context) {
        if (label == *rule.trained_on) label.clear();
      }
    }
  }
  normalise_numbers(&reading.labels);
  const auto counts = count_labels(reading.labels);
  if (!test_value) {
    if (!rule.trained_on && are_split_words(counts)) reading.split_words = with_counts(counts);
    return reading;
  }
  const auto tested = label_of(*test_value, counts);
  if (!tested) {
    return bad_input(fmt::format("no perturbation has '{}' in column '{}'", *test_value, columns.names.front()),
                     columns.where,
                     fmt::format("give one of these to --test-value: {}", fmt::join(with_counts(counts), ", ")));
  }
  reading.unlabelled_is_training = true;
  for (auto& of_context : reading.labels) {
    for (std::string& label : of_context) {
      if (label != *tested) label.clear();
    }
  }
  return reading;
}

std::string number_of(std::string_view column) {
  const std::size_t last = column.find_last_not_of("0123456789");
  const std::string digits(column.substr(last == std::string_view::npos ? 0 : last + 1));
  return digits.empty() ? std::string(column) : whole_number(digits).value_or(digits);
}

Result<FoldReading> read_several_columns(const FoldColumns& columns, const std::vector<TaskContext>& contexts,
                                         const std::optional<std::string>& test_value) {
  FoldReading reading;
  reading.unlabelled_is_training = true;
  for (const TaskContext& context : contexts) reading.labels.emplace_back(context.pert_ids.size());
  std::vector<FoldLabels> tested_by(columns.names.size());
  for (std::size_t k = 0; k < columns.names.size(); ++k) {
    FoldLabels labels = columns.labels[k];
    normalise_numbers(&labels);
    const auto counts = count_labels(labels);
    const auto wanted = test_value ? label_of(*test_value, counts) : std::nullopt;
    const auto is_tested = [&](const std::string& label) {
      if (test_value) return wanted && label == *wanted;
      const std::string word = plain_word(label);
      return is_one_of(kTestWords, word) || is_one_of(kTrueWords, word) || word == "1";
    };
    const std::string name = number_of(columns.names[k]);
    bool any = false;
    for (std::size_t c = 0; c < labels.size(); ++c) {
      for (std::size_t row = 0; row < labels[c].size(); ++row) {
        if (labels[c][row].empty() || !is_tested(labels[c][row])) continue;
        any = true;
        std::string& label = reading.labels[c][row];
        if (!label.empty()) {
          return bad_input(
              fmt::format("perturbation '{}' is tested in folds {} and {}", contexts[c].pert_ids[row], label, name),
              columns.where, "choose one column with --fold-col and its test label with --test-value");
        }
        label = name;
      }
    }
    if (!any) {
      return bad_input(fmt::format("column '{}' says of no perturbation that it is tested", columns.names[k]),
                       columns.where,
                       fmt::format("its labels are {}; say which of them means so with --test-value",
                                   fmt::join(with_counts(counts), ", ")));
    }
  }
  return reading;
}

}  // namespace

std::vector<std::string> numbered_fold_columns(const std::vector<std::string>& columns) {
  std::vector<std::string> best;
  for (const std::string_view stem : kNumberedStems) {
    std::vector<std::pair<long, std::string>> found;
    for (const std::string& column : columns) {
      const std::size_t last = column.find_last_not_of("0123456789");
      if (last == std::string::npos || last + 1 == column.size() || column.size() - last > 5) continue;
      if (plain_word(column.substr(0, last + 1)) != stem) continue;
      found.emplace_back(std::stol(column.substr(last + 1)), column);
    }
    if (found.size() < 2) continue;
    std::sort(found.begin(), found.end());
    for (auto& [number, column] : found) best.push_back(std::move(column));
    break;
  }
  return best;
}

Result<FoldReading> read_fold_labels(FoldColumns columns, const std::vector<TaskContext>& contexts,
                                     const FoldRule& rule) {
  if (columns.names.size() == 1) return read_one_column(std::move(columns), rule);
  return read_several_columns(columns, contexts, rule.test_value);
}

void raise_fold_words(const FoldReading& folds, const std::string& where, Review& review) {
  std::string test = "test";
  for (const std::string& word : folds.split_words) {
    const std::string label = word.substr(0, word.rfind(" ("));
    const std::string plain = split_word(label);
    if (is_one_of(kTestWords, plain) || is_one_of(kTrueWords, plain)) test = label;
  }
  review.raise({"folds.words", where,
                fmt::format("the folds are words of a split, and each of the {} would be tested in turn, the others "
                            "trained on",
                            folds.split_words.size()),
                static_cast<std::int64_t>(folds.split_words.size()), examples_of(folds.split_words),
                fmt::format("give --test-value {} to test that part alone and train on all others", test)});
}

}  // namespace headroom
