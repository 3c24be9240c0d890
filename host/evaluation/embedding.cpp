#include "evaluation/embedding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>

#include "evaluation/combined_vectors.hpp"
#include "evaluation/context_features.hpp"
#include "evaluation/context_numbers.hpp"
#include "evaluation/fold_gate.hpp"
#include "evaluation/unchanged_folder.hpp"
#include "numerics/numpy_random.hpp"
#include "protocol/kfold.hpp"
#include "protocol/reduced_features.hpp"

namespace headroom {
namespace {

// What a plugin is asked for: an id, of a context of the task.
struct Asked {
  const std::string* id;
  std::uint32_t context;
};

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

Matrix side_by_side(const Matrix& left, const Matrix& right) {
  Matrix both(left.rows(), left.cols() + right.cols());
  both << left, right;
  return both;
}

// Heads that look at features alone see the context of a row by further columns.
void append_context_features(HeadFeatures& features, Eigen::Index common_dim) {
  const ReducedFeatures of_contexts = context_features_of(features, common_dim);
  if (of_contexts.effective_dim == 0) return;
  ReducedFeatures& splits = features.blocks.front().splits;
  for (std::size_t s = 0; s < splits.inner.size(); ++s) {
    splits.inner[s].training = side_by_side(splits.inner[s].training, of_contexts.inner[s].training);
    splits.inner[s].query = side_by_side(splits.inner[s].query, of_contexts.inner[s].query);
  }
  splits.final_fit.training = side_by_side(splits.final_fit.training, of_contexts.final_fit.training);
  splits.final_fit.query = side_by_side(splits.final_fit.query, of_contexts.final_fit.query);
}

}  // namespace

Answer<Embedding> ask_for_embedding(const RosterEntry& plugin, const Task& task,
                                    const std::vector<std::size_t>& contexts, const FoldData* fold, std::uint32_t seed,
                                    Combine combine, WorkerUsageSoFar* usage, int n_threads) {
  // All perturbations, context by context, then the parts of combinations that are none themselves.
  std::vector<Asked> asked;
  std::vector<CombinedVectors> combined;
  const auto ask_for = [&](const std::vector<std::string>& ids, std::size_t c) {
    for (const std::string& id : ids) asked.push_back({&id, static_cast<std::uint32_t>(c)});
  };
  for (const std::size_t c : contexts) ask_for(task.contexts[c].pert_ids, c);
  const std::size_t n = asked.size();
  for (const std::size_t c : contexts) combined.emplace_back(task.contexts[c].pert_ids, combine);
  for (std::size_t i = 0; i < contexts.size(); ++i) ask_for(combined[i].extra_ids(), contexts[i]);
  const RowIndex order = shuffled_positions(asked.size(), seed);
  const ContextNumbers numbers(task, contexts);

  EmbeddingQuestion question;
  question.context = task.contexts[contexts.front()].name;
  question.task_kind = target_of(task).task_kind;
  const Matrix profiles = numbers.control_profiles();
  if (contexts.size() > 1) question.contexts.names = numbers.names();
  if (plugin.description.wants_control_profiles()) {
    question.contexts = numbers.with_control_profiles(profiles);
    question.gene_ids = task.gene_ids;
  }
  for (const std::int32_t position : order) {
    const Asked& one = asked[static_cast<std::size_t>(position)];
    question.ids.push_back(*one.id);
    if (contexts.size() > 1) question.id_contexts.push_back(numbers.of({one.context, 0}));
  }
  if (fold != nullptr) {
    EmbeddingTraining& training = question.training.emplace();
    training.ids = ids_of(task, fold->training);
    training.deltas = fold->training_deltas;
    training.gene_ids = task.gene_ids;
    if (contexts.size() > 1) training.contexts = numbers.of(fold->training);
  }

  auto worker = start_for_fold(
      plugin,
      {fold != nullptr ? fold->context : contexts.front(), fold != nullptr ? std::optional(fold->name) : std::nullopt},
      n_threads);
  if (!worker) return tl::unexpected<WorkerFault>(worker.error());
  auto answer = worker->session->embed(question);
  if (!answer) return tl::unexpected<WorkerFault>(answer.error());
  if (auto same = require_unchanged_folder(plugin); !same) return tl::unexpected<WorkerFault>(same.error());
  if (usage != nullptr) *usage = worker->session->usage();
  worker->session.reset();  // with the memory that it wrote its answer to

  Embedding embedding;
  embedding.vectors = std::move(answer->vectors);
  move_rows(embedding.vectors, order);
  embedding.present.assign(asked.size(), 0);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    embedding.present[static_cast<std::size_t>(order[i])] = answer->present[i];
  }
  if (combine == Combine::none) return embedding;
  std::size_t first = 0, first_extra = n;
  for (std::size_t i = 0; i < contexts.size(); ++i) {
    combined[i].fill(embedding.vectors, embedding.present, first, first_extra);
    first += task.contexts[contexts[i]].pert_ids.size();
    first_extra += combined[i].extra_ids().size();
  }
  embedding.vectors.conservativeResize(static_cast<Eigen::Index>(n), Eigen::NoChange);
  embedding.present.resize(n);
  return embedding;
}

RowIndex covered_tests(const Embedding& embedding, const FoldData& fold) {
  RowIndex covered;
  for (std::size_t i = 0; i < fold.test.size(); ++i) {
    if (embedding.present[static_cast<std::size_t>(fold.place(fold.test[i]))])
      covered.push_back(static_cast<std::int32_t>(i));
  }
  return covered;
}

Result<HeadFeatures> make_head_features(const Embedding& embedding, const FoldData& fold, const RunOptions& options,
                                        ThreadPool& pool) {
  HeadFeatures features;
  RowIndex training_places, test_places;
  for (std::size_t i = 0; i < fold.training.size(); ++i) {
    const std::int32_t row = fold.place(fold.training[i]);
    if (!embedding.present[static_cast<std::size_t>(row)]) continue;
    features.training_rows.push_back(static_cast<std::int32_t>(i));
    training_places.push_back(row);
  }
  features.test_rows = covered_tests(embedding, fold);
  features.across = fold.across;
  for (const std::int32_t position : features.test_rows) {
    test_places.push_back(fold.place(fold.test[static_cast<std::size_t>(position)]));
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
  features.inner_queries = inner_splits(fold.across.get(), features.training_rows, options.inner_folds, seed);
  if (auto enough = require_queries(features.inner_queries); !enough) return tl::unexpected<Error>(enough.error());
  const Matrix training = gather_rows(embedding.vectors, training_places);
  const Matrix test = gather_rows(embedding.vectors, test_places);
  auto splits = embedding.raw ? split_features(training, test, features.inner_queries)
                              : reduce_features(training, test, features.inner_queries, options.common_dim, pool);
  if (!splits) return tl::unexpected<Error>(splits.error());
  if (!embedding.raw) features.effective_dim = static_cast<int>(splits->effective_dim);
  features.blocks.push_back({"embedding", std::move(*splits), {}, {}});
  if (fold.spans_contexts() && !embedding.raw) append_context_features(features, options.common_dim);
  return features;
}

}  // namespace headroom
