// The features of a fusion in one fold (protocol section 9): each embedding a block of its own, standardised and
// projected by the training rows that it covers, over the rows that at least one of them covers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "evaluation/embedding.hpp"
#include "evaluation/fold_data.hpp"
#include "evaluation/head.hpp"
#include "evaluation/made_once.hpp"
#include "evaluation/run_results.hpp"
#include "outcome/outcome.hpp"
#include "parallel/thread_pool.hpp"
#include "plan/run_options.hpp"

namespace headroom {

inline constexpr const char* kLeaveOneOutError = "loo_L2";
inline constexpr const char* kOutOfFoldError = "out_of_fold_L2";

// Of a fusion over several contexts. No embedding's name has a blank.
inline constexpr const char* kContextBlock = "control profile";

struct FusedEmbedding {
  std::string name;
  std::shared_ptr<const Embedding> embedding;  // of the fold's context
  // What all fusions of the fold share that make no inner selection: its own rows, reduced. May be null.
  MadeOnce<Result<ReducedFeatures>>* reduced = nullptr;
};

// Positions in fold.test that at least one block covers, ascending.
RowIndex covered_tests(const std::vector<FusedEmbedding>& blocks, const FoldData& fold);

// How the blocks of a fusion's predictor are made.
struct BlockMaking {
  bool inner_selection = false;
  bool is_raw = false;           // as the embeddings give them (headroom.needs/1)
  bool tells_contexts = true;    // of rows of several contexts: a further block with features of these, kContextBlock
  bool operator==(const BlockMaking&) const = default;
};

// `inner_selection`: with the inner splits, for heads that have several settings, and components capped by the smallest
// of their training parts; else the final fit alone. Fails with a sentence where too few training rows are covered, by
// a block or in an inner split, and where a block shares no training perturbation with another one: nothing could tell
// then which of them to trust.
Result<HeadFeatures> make_fusion_features(const std::vector<FusedEmbedding>& blocks, const FoldData& fold,
                                          const RunOptions& options, const BlockMaking& making, ThreadPool& pool);

// Of test rows, by block.
std::vector<BlockCoverage> coverage_of(const HeadFeatures& features);

// What the predictor of a fusion tells of its fit: weights of blocks, its errors (kLeaveOneOutError, kOutOfFoldError),
// and all other numbers among the hyperparameters that were chosen, which keep their own names.
void keep_facts(const FittedFacts& facts, FoldEvaluation& evaluation);

}  // namespace headroom
