// Vectors of the perturbations of a context, or of several, whoever made them, and the features that a head gets from
// them.
#pragma once

#include <cstdint>
#include <vector>

#include "evaluation/fold_data.hpp"
#include "evaluation/head.hpp"
#include "matrix/matrix.hpp"
#include "parallel/thread_pool.hpp"
#include "plan/roster.hpp"
#include "plan/run_options.hpp"
#include "task/task.hpp"

namespace headroom {

struct Embedding {
  Matrix vectors;  // perturbations of the contexts, below each other, × dimension; absent rows are zero; × 0 if all are
  std::vector<std::uint8_t> present;  // per row
  bool raw = false;  // given to the head as it is: no standardisation, no PCA (the idealized embedding)
};

// Asks the plugin, in a worker of its own, for all perturbations of the contexts (of the task, ascending) at once, in
// an order that does not tell training and test apart. A plugin that wants the training part gets it from `fold`;
// others get ids alone, and one answer serves every fold of the contexts. One that wants control profiles gets those
// that the task keeps. Combinations that it does not know get vectors of their parts, which are then asked for, too.
// The worker may use `n_threads` threads. `usage`, where given, is what it used.
Answer<Embedding> ask_for_embedding(const RosterEntry& plugin, const Task& task,
                                    const std::vector<std::size_t>& contexts, const FoldData* fold, std::uint32_t seed,
                                    Combine combine, WorkerUsageSoFar* usage = nullptr, int n_threads = 1);

// Covered rows, inner splits and features of one fold. Fails with a sentence where too few training rows are covered.
Result<HeadFeatures> make_head_features(const Embedding& embedding, const FoldData& fold, const RunOptions& options,
                                        ThreadPool& pool);

// Positions in fold.test that the embedding covers, ascending.
RowIndex covered_tests(const Embedding& embedding, const FoldData& fold);

}  // namespace headroom
