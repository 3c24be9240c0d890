// What every method of one context and fold shares: the split, the sealed training deltas that workers map, and the
// test deltas, which never leave the host.
#pragma once

#include <cstdint>
#include <vector>

#include "matrix/matrix.hpp"
#include "plugin_host/shared_segment.hpp"
#include "protocol/metrics.hpp"
#include "task/task.hpp"

namespace headroom {

struct FoldData {
  std::size_t context = 0;            // index into Task::contexts
  std::int32_t fold = 0;              // index into Task::fold_names
  RowIndex training_rows, test_rows;  // rows of the TaskContext, ascending
  SharedMatrix training_deltas;       // training rows × genes, sealed: the only deltas a worker ever sees
  TruthCache truth;                   // the test deltas, the mean training delta, and what metrics need of them
};

// Fails only if the memory is not to be had.
Result<FoldData> make_fold_data(const Task& task, std::size_t context, std::int32_t fold,
                                const std::vector<Metric>& metrics);

// Training rows × training rows: the inner products of the training deltas over genes, sealed. What predictors that
// tell their errors are given, besides what they see anyway. `products`: those of all rows of the context
// (inner_products_of_rows), from which they are picked; null: they are made anew. Fails only if the memory is not to be
// had.
Result<SharedMatrix> make_training_gram(const FoldData& fold, const Matrix* products);

// Predictions for all test rows from those for the covered ones: a test row without an embedding is predicted as the
// train mean over all training rows (protocol section 3.1). `covered_tests`: positions in test_rows, ascending.
Matrix with_missing_as_train_mean(const FoldData& fold, const RowIndex& covered_tests, Matrix covered_predictions);

}  // namespace headroom
