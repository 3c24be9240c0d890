#include "evaluation/embedding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>

#include "evaluation/fold_gate.hpp"
#include "numerics/numpy_random.hpp"
#include "protocol/kfold.hpp"
#include "protocol/reduced_features.hpp"

namespace headroom {
namespace {

// Positions 0..n-1 in an order that depends on the seed alone.
RowIndex shuffled_positions(std::size_t n, std::uint32_t seed) {
  RowIndex order(n);
  std::iota(order.begin(), order.end(), 0);
  NumpyRandomState(seed).shuffle(std::span<std::int32_t>(order));
  return order;
}

// Row i becomes row to[i], without a second copy of what may be hundreds of megabytes.
void move_rows(Matrix& matrix, const RowIndex& to) {
  std::vector<bool> is_placed(to.size(), false);
  RowVector carried, next;
  for (std::size_t start = 0; start < to.size(); ++start) {
    if (is_placed[start]) continue;
    carried = matrix.row(static_cast<Eigen::Index>(start));
    for (auto at = static_cast<std::size_t>(to[start]); !is_placed[at]; at = static_cast<std::size_t>(to[at])) {
      next = matrix.row(static_cast<Eigen::Index>(at));
      matrix.row(static_cast<Eigen::Index>(at)) = carried;
      carried.swap(next);
      is_placed[at] = true;
    }
  }
}

}  // namespace

Answer<Embedding> ask_for_embedding(const RosterEntry& plugin, const Task& task, std::size_t context,
                                    const FoldData* fold, std::uint32_t seed, WorkerUsageSoFar* usage) {
  const TaskContext& source = task.contexts[context];
  const std::size_t n = source.pert_ids.size();
  const RowIndex order = shuffled_positions(n, seed);

  EmbeddingQuestion question;
  question.context = source.name;
  question.task_kind = target_of(task).task_kind;
  for (const std::int32_t row : order) question.ids.push_back(source.pert_ids[static_cast<std::size_t>(row)]);
  if (fold != nullptr) {
    EmbeddingTraining& training = question.training.emplace();
    training.ids = ids_of(task, fold->training);
    training.deltas = fold->training_deltas;
    training.gene_ids = task.gene_ids;
  }

  auto worker = start_for_fold(plugin, {context, fold != nullptr ? std::optional(fold->name) : std::nullopt});
  if (!worker) return tl::unexpected<WorkerFault>(worker.error());
  auto answer = worker->session->embed(question);
  if (!answer) return tl::unexpected<WorkerFault>(answer.error());
  if (usage != nullptr) *usage = worker->session->usage();
  worker->session.reset();  // with the memory that it wrote its answer to

  Embedding embedding;
  embedding.vectors = std::move(answer->vectors);
  move_rows(embedding.vectors, order);
  embedding.present.assign(n, 0);
  for (std::size_t i = 0; i < n; ++i) embedding.present[static_cast<std::size_t>(order[i])] = answer->present[i];
  return embedding;
}

RowIndex covered_tests(const Embedding& embedding, const FoldData& fold) {
  RowIndex covered;
  for (std::size_t i = 0; i < fold.test.size(); ++i) {
    if (embedding.present[static_cast<std::size_t>(fold.test[i].row)]) covered.push_back(static_cast<std::int32_t>(i));
  }
  return covered;
}

Result<HeadFeatures> make_head_features(const Embedding& embedding, const FoldData& fold, const RunOptions& options,
                                        ThreadPool& pool) {
  HeadFeatures features;
  RowIndex training_rows_of_context, test_rows_of_context;
  for (std::size_t i = 0; i < fold.training.size(); ++i) {
    const std::int32_t row = fold.training[i].row;
    if (!embedding.present[static_cast<std::size_t>(row)]) continue;
    features.training_rows.push_back(static_cast<std::int32_t>(i));
    training_rows_of_context.push_back(row);
  }
  for (const std::int32_t position : covered_tests(embedding, fold)) {
    test_rows_of_context.push_back(fold.test[static_cast<std::size_t>(position)].row);
  }
  const std::size_t n_covered = features.training_rows.size();
  if (n_covered < static_cast<std::size_t>(options.inner_folds)) {
    return bad_input(fmt::format("it has a vector for {} of the {} training perturbations; at least {} are needed",
                                 n_covered, fold.training.size(), options.inner_folds),
                     {},
                     n_covered == 0
                         ? "check that its ids are of the same kind as the task's (Ensembl ids, symbols, drug names)"
                         : "");
  }

  const auto seed = fold.target->inner_folds_shuffled ? std::optional(options.inner_seed) : std::nullopt;
  features.inner_queries = kfold_test_rows(n_covered, options.inner_folds, seed);
  const Matrix training = gather_rows(embedding.vectors, training_rows_of_context);
  const Matrix test = gather_rows(embedding.vectors, test_rows_of_context);
  auto splits = embedding.raw ? split_features(training, test, features.inner_queries)
                              : reduce_features(training, test, features.inner_queries, options.common_dim, pool);
  if (!splits) return tl::unexpected<Error>(splits.error());
  if (!embedding.raw) features.effective_dim = static_cast<int>(splits->effective_dim);
  features.blocks.push_back({"embedding", std::move(*splits), {}, {}});
  return features;
}

}  // namespace headroom
