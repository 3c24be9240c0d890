// What the items of a plan share while they are worked on: made by the first that needs it and freed by the last of its
// split or context.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "evaluation/depth_right_methods.hpp"
#include "evaluation/embedding.hpp"
#include "evaluation/embedding_similarity.hpp"
#include "evaluation/fold_data.hpp"
#include "evaluation/fold_gate.hpp"
#include "evaluation/made_once.hpp"
#include "evaluation/run_results.hpp"
#include "evaluation/trial_methods.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

// Of a method that is the mean over parts, the parts of one split.
struct PartsOfMean {
  std::vector<FoldEvaluation> parts;
  std::atomic<std::size_t> n_done{0};
};

struct SplitWork {
  MadeOnce<Result<FoldData>> data;
  MadeOnce<Result<SharedMatrix>> training_gram;            // for heads that give errors
  MadeOnce<Matrix> resample_counts;                        // test rows × resamples, for targets that score whole folds
  MadeOnce<TrialScores> trial_scores;                      // for targets whose cheaters are trials
  MadeOnce<DepthRightScores> depth_right;                  // for tasks that keep sampling errors
  std::vector<MadeOnce<Result<ReducedFeatures>>> reduced;  // per embedding, for fusions without inner selection
  std::map<std::size_t, PartsOfMean> means;                // by method
  std::mutex shelf_mutex;
  std::vector<std::vector<FoldWorker>> shelf;  // per head: idle workers of shipped predictors
  std::atomic<std::size_t> n_items_left{0};

  SplitWork(std::size_t n_embeddings, std::size_t n_heads) : reduced(n_embeddings), shelf(n_heads) {}
};

struct ContextWork {
  MadeOnce<Matrix> products;  // of all deltas with each other, over genes
  MadeOnce<Result<Matrix>> idealized;
  std::vector<MadeOnce<Answer<Embedding>>> embeddings;  // per plugin that does not want the training part
  // Of each of these what is compared at the end of the run; none where there is nothing to compare.
  std::vector<MadeOnce<std::optional<LeadingComponents>>> components;
  std::vector<std::unique_ptr<SplitWork>> splits;
  std::atomic<std::size_t> n_items_left{0};
  // For the observer: guarded by its mutex.
  std::size_t n_scale_items_left = 0;                // of nulls, cheaters and references
  std::map<std::size_t, std::size_t> n_splits_done;  // per method of a plugin
  std::vector<std::size_t> untold;                   // methods that are complete, while the bounds are not

  explicit ContextWork(std::size_t n_embeddings) : embeddings(n_embeddings), components(n_embeddings) {}
};

}  // namespace headroom
