// What every method of one split shares: its rows, the sealed training deltas that workers map, and the
// test deltas, which never leave the host.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "evaluation/rows_across.hpp"
#include "matrix/matrix.hpp"
#include "plan/split.hpp"
#include "plan/target.hpp"
#include "plugin_host/shared_segment.hpp"
#include "protocol/metrics.hpp"
#include "task/task.hpp"

namespace headroom {

struct FoldData {
  const Target* target = nullptr;       // of the task
  std::size_t context = 0;              // index into Task::contexts: the one whose rows are tested
  std::string name;                     // the split's
  std::vector<TaskRow> training, test;  // its rows, ascending
  // Of its rows, ascending: `context` alone, or all of the task where it spans several.
  std::vector<std::size_t> contexts;
  // Where a context's first row stands among the rows of `contexts` below each other, one a context of the task.
  std::vector<std::int32_t> first_place;
  std::shared_ptr<const RowsAcross> across;  // what is told of its rows beside features
  SharedMatrix training_deltas;              // training rows × genes, sealed: the only deltas a worker ever sees
  SplitTruth truth;                          // of the test rows, and what metrics need of it
  TargetExclusion exclusion;                 // which genes they leave out

  bool spans_contexts() const { return contexts.size() > 1; }
  // Of a row among those of `contexts`: where vectors of the split have it.
  std::int32_t place(const TaskRow& at) const { return first_place[at.context] + at.row; }
};

// Perturbation ids of the rows of `contexts`, in the order of their places.
std::vector<std::string> ids_of_places(const Task& task, const FoldData& fold);

// Of the rows that it trains on and tests: its own alone, or all of the task where it spans several.
std::vector<std::size_t> contexts_of(const Task& task, const Split& split);

// Fails only if the memory is not to be had.
Result<FoldData> make_fold_data(const Task& task, const Split& split, const std::vector<Metric>& metrics,
                                ExcludedTargets excluded = ExcludedTargets::as_published);

// Training rows × training rows: the inner products of the training deltas over genes, sealed. What predictors that
// tell their errors are given, besides what they see anyway. `products`: those of all rows of the context
// (inner_products_of_rows), from which they are picked; null: they are made anew. Fails only if the memory is not to be
// had.
Result<SharedMatrix> make_training_gram(const FoldData& fold, const Matrix* products);

// Predictions for all test rows from those for the covered ones: a test row without an embedding is predicted as the
// target says, by what all training rows tell (protocol section 3.1). `covered_tests`: positions in FoldData::test,
// ascending. Planes of predictions lie below each other.
Matrix with_stand_ins(const Target& target, const FoldData& fold, const RowIndex& covered_tests,
                      Matrix covered_predictions);

// What all training rows of the fold tell: planes × genes.
Matrix constant_prediction(ConstantPrediction predict, const FoldData& fold);

// One prediction (planes × genes) for every test row: planes · tests × genes, plane below plane.
Matrix for_all_tests(const Matrix& prediction, Eigen::Index n_tests);

}  // namespace headroom
