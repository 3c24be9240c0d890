// What the labels of folds say, wherever they stand: one column that names each perturbation's test fold, one of words
// (train, val, test), or several (fold_0 … fold_4) that each tell train from test.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "outcome/outcome.hpp"
#include "task/task.hpp"

namespace headroom {

// Fold names of every perturbation, context by context in the order of TaskContext::pert_ids; empty: it has none.
using FoldLabels = std::vector<std::vector<std::string>>;

// Labels as they lie in a file.
struct FoldColumns {
  std::vector<std::string> names;  // of the columns
  std::vector<FoldLabels> labels;  // one a column
  std::string where;               // the file, for errors
};

struct FoldReading {
  FoldLabels labels;
  // Perturbations without a label are training in every fold and tested in none.
  bool unlabelled_is_training = false;
  // The labels are words of a split (train, val, test; true, false), and nothing says which of them is tested: as they
  // are, each would be a test fold of its own. "train (16)", in the order of their counts.
  std::vector<std::string> split_words;
};

// Columns of these names that stand for one fold each: fold_0, fold_1, … (also fold0, split_0, split0, test_split_0),
// ascending by number; empty where there are fewer than two.
std::vector<std::string> numbered_fold_columns(const std::vector<std::string>& columns);

// Which labels are folds; by default all.
struct FoldRule {
  std::optional<std::string> test_value;  // this one alone; perturbations of all others are trained on
  std::optional<std::string> trained_on;  // all but this one, whose perturbations are trained on
};

// One column: whole numbers are the same fold however they are written ("0.0" is fold 0). Several: a perturbation is
// tested in the column that says test (or true, 1, yes; or the test value), and fold names are the columns' numbers.
// Errors: a test value that no perturbation has (the remedy lists the labels), a column that says test of none, two
// that say it of one.
Result<FoldReading> read_fold_labels(FoldColumns columns, const std::vector<TaskContext>& contexts,
                                     const FoldRule& rule = {});

// Raises folds.words for labels that are words of a split.
void raise_fold_words(const FoldReading& folds, const std::string& where, Review& review);

}  // namespace headroom
