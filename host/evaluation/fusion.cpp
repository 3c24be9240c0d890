#include "evaluation/fusion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "evaluation/context_features.hpp"
#include "numerics/pca.hpp"
#include "protocol/kfold.hpp"
#include "protocol/reduced_features.hpp"

namespace headroom {
namespace {

bool covers(const FusedEmbedding& block, std::int32_t place) {
  return block.embedding->present[static_cast<std::size_t>(place)] != 0;
}

// Positions of rows that at least one block covers.
RowIndex covered_positions(const std::vector<FusedEmbedding>& blocks, const FoldData& fold,
                           const std::vector<TaskRow>& rows) {
  RowIndex covered;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool any = std::any_of(blocks.begin(), blocks.end(),
                                 [&](const auto& block) { return covers(block, fold.place(rows[i])); });
    if (any) covered.push_back(static_cast<std::int32_t>(i));
  }
  return covered;
}

// Rows of a fold that the fusion covers, as one block has them.
struct BlockRows {
  std::vector<std::uint8_t> present;  // per covered row of the fusion
  RowIndex positions;                 // of those that are, among the covered rows
  RowIndex places;                    // the same, as rows of the vectors
};

BlockRows rows_of(const FusedEmbedding& block, const FoldData& fold, const std::vector<TaskRow>& rows,
                  const RowIndex& covered) {
  BlockRows of_block;
  for (std::size_t i = 0; i < covered.size(); ++i) {
    const std::int32_t place = fold.place(rows[static_cast<std::size_t>(covered[i])]);
    of_block.present.push_back(covers(block, place) ? 1 : 0);
    if (!of_block.present.back()) continue;
    of_block.positions.push_back(static_cast<std::int32_t>(i));
    of_block.places.push_back(place);
  }
  return of_block;
}

// The block that shares no covered training row with any other one.
std::optional<std::size_t> block_apart(const std::vector<BlockRows>& training) {
  for (std::size_t b = 0; b < training.size(); ++b) {
    bool shares = false;
    for (std::size_t other = 0; other < training.size() && !shares; ++other) {
      if (other == b) continue;
      shares = std::any_of(training[b].positions.begin(), training[b].positions.end(), [&](std::int32_t position) {
        return training[other].present[static_cast<std::size_t>(position)] != 0;
      });
    }
    if (!shares) return b;
  }
  return std::nullopt;
}

// Rows among those that the block covers: which of its rows are among `held_out`, as positions in block.positions.
RowIndex held_out_of_block(const BlockRows& block, const RowIndex& held_out) {
  RowIndex positions;
  for (std::size_t i = 0; i < block.positions.size(); ++i) {
    if (std::binary_search(held_out.begin(), held_out.end(), block.positions[i])) {
      positions.push_back(static_cast<std::int32_t>(i));
    }
  }
  return positions;
}

// The block's rows in their places among n rows; the others are zero. `places`: ascending positions.
Matrix spread(const Matrix& rows, const RowIndex& places, std::size_t n) {
  if (places.size() == n) return rows;
  Matrix all = Matrix::Zero(static_cast<Eigen::Index>(n), rows.cols());
  for (std::size_t i = 0; i < places.size(); ++i) all.row(places[i]) = rows.row(static_cast<Eigen::Index>(i));
  return all;
}

// Where the block's rows among `rows` (ascending positions) lie in `rows`.
RowIndex places_among(const BlockRows& block, const RowIndex& rows) {
  RowIndex places;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (block.present[static_cast<std::size_t>(rows[i])]) places.push_back(static_cast<std::int32_t>(i));
  }
  return places;
}

// Without inner splits: all training rows, and the test rows.
Result<ReducedFeatures> reduce_once(const Matrix& training, const Matrix& test, Eigen::Index common_dim) {
  const RowIndex rows = all_rows(training.rows());
  auto pca = fit_pca(training, rows, common_dim, ColumnScaling::unit_variance);
  if (!pca) return tl::unexpected<Error>(pca.error());
  ReducedFeatures reduced;
  reduced.final_fit = {pca_scores(*pca, training, rows), pca_scores(*pca, test, all_rows(test.rows()))};
  reduced.effective_dim = pca->axes.rows();
  return reduced;
}

// The same of features that are used as they are.
ReducedFeatures kept_once(const Matrix& training, const Matrix& test) {
  ReducedFeatures kept;
  kept.final_fit = {training, test};
  kept.effective_dim = training.cols();
  return kept;
}

// One block's features: standardised and projected by its own rows, or as they are; then spread over all covered rows.
Result<BlockFeatures> make_block(const FusedEmbedding& fused, const BlockRows& training, const BlockRows& test,
                                 const std::vector<RowIndex>& inner_queries, bool is_raw, Eigen::Index common_dim,
                                 ThreadPool& pool) {
  const std::size_t n_training = training.present.size();
  std::vector<RowIndex> held_out;
  for (const RowIndex& queries : inner_queries) {
    held_out.push_back(held_out_of_block(training, queries));
    if (held_out.back().size() < training.positions.size()) continue;
    return bad_input(fmt::format("block '{}': no training row of an inner split has a vector", fused.name));
  }
  const auto reduce = [&]() -> Result<ReducedFeatures> {
    const Matrix own_training = gather_rows(fused.embedding->vectors, training.places);
    const Matrix own_test = gather_rows(fused.embedding->vectors, test.places);
    if (is_raw && held_out.empty()) return kept_once(own_training, own_test);
    if (is_raw) return split_features(own_training, own_test, held_out);
    return held_out.empty() ? reduce_once(own_training, own_test, common_dim)
                            : reduce_features(own_training, own_test, held_out, common_dim, pool);
  };
  // Without inner splits they depend on the block's own rows alone.
  const bool is_shared = held_out.empty() && !is_raw && fused.reduced != nullptr;
  const std::shared_ptr<const Result<ReducedFeatures>> made =
      is_shared ? fused.reduced->get(reduce) : std::make_shared<const Result<ReducedFeatures>>(reduce());
  const Result<ReducedFeatures>& reduced = *made;
  if (!reduced) return bad_input(fmt::format("block '{}': {}", fused.name, reduced.error().line()));

  BlockFeatures block;
  block.name = fused.name;
  block.splits.effective_dim = reduced->effective_dim;
  for (std::size_t s = 0; s < inner_queries.size(); ++s) {
    const RowIndex kept = complement_rows(n_training, inner_queries[s]);
    block.splits.inner.push_back(
        {spread(reduced->inner[s].training, places_among(training, kept), kept.size()),
         spread(reduced->inner[s].query, places_among(training, inner_queries[s]), inner_queries[s].size())});
  }
  block.splits.final_fit = {spread(reduced->final_fit.training, training.positions, n_training),
                            spread(reduced->final_fit.query, test.positions, test.present.size())};
  block.training_present = training.present;
  block.test_present = test.present;
  return block;
}

}  // namespace

RowIndex covered_tests(const std::vector<FusedEmbedding>& blocks, const FoldData& fold) {
  return covered_positions(blocks, fold, fold.test);
}

Result<HeadFeatures> make_fusion_features(const std::vector<FusedEmbedding>& blocks, const FoldData& fold,
                                          const RunOptions& options, const BlockMaking& making, ThreadPool& pool) {
  HeadFeatures features;
  features.training_rows = covered_positions(blocks, fold, fold.training);
  const RowIndex tests = covered_positions(blocks, fold, fold.test);
  features.test_rows = tests;
  features.across = fold.across;
  std::vector<BlockRows> training, test;
  for (const FusedEmbedding& block : blocks) {
    training.push_back(rows_of(block, fold, fold.training, features.training_rows));
    test.push_back(rows_of(block, fold, fold.test, tests));
    const std::size_t n = training.back().positions.size();
    if (n >= static_cast<std::size_t>(options.inner_folds)) continue;
    return bad_input(
        fmt::format("block '{}' has a vector for {} of the {} training perturbations; at least {} are needed",
                    block.name, n, fold.training.size(), options.inner_folds),
        {}, n == 0 ? "check that its ids are of the same kind as the task's" : "");
  }
  if (const auto apart = block_apart(training); apart && blocks.size() > 1) {
    return bad_input(fmt::format("block '{}' shares no training perturbation with another block", blocks[*apart].name),
                     {}, "leave it out, or give it vectors of the same perturbations");
  }
  if (making.inner_selection) {
    const auto seed = fold.target->inner_folds_shuffled ? std::optional(options.inner_seed) : std::nullopt;
    features.inner_queries = inner_splits(fold.across.get(), features.training_rows, options.inner_folds, seed);
    if (auto enough = require_queries(features.inner_queries); !enough) return tl::unexpected<Error>(enough.error());
  }
  std::vector<Result<BlockFeatures>> made(blocks.size());
  pool.for_each(blocks.size(), [&](std::size_t b) {
    made[b] =
        make_block(blocks[b], training[b], test[b], features.inner_queries, making.is_raw, options.common_dim, pool);
  });
  for (auto& block : made) {
    if (!block) return tl::unexpected<Error>(block.error());
    features.blocks.push_back(std::move(*block));
  }
  if (making.tells_contexts && fold.spans_contexts()) {
    ReducedFeatures of_contexts = context_features_of(features, options.common_dim);
    if (of_contexts.effective_dim > 0) features.blocks.push_back({kContextBlock, std::move(of_contexts), {}, {}});
  }
  return features;
}

std::vector<BlockCoverage> coverage_of(const HeadFeatures& features) {
  std::vector<BlockCoverage> coverage;
  for (const BlockFeatures& block : features.blocks) {
    if (block.name == kContextBlock) continue;
    const auto n = std::count(block.test_present.begin(), block.test_present.end(), std::uint8_t{1});
    coverage.push_back({block.name, static_cast<int>(n), static_cast<int>(block.splits.effective_dim)});
  }
  return coverage;
}

void keep_facts(const FittedFacts& facts, FoldEvaluation& evaluation) {
  for (const FittedBlock& block : facts.blocks) {
    evaluation.fusion.weights.push_back({block.name, block.kernel, block.weight});
  }
  for (const FittedValue& told : facts.values) {
    if (told.name == kLeaveOneOutError) {
      evaluation.fusion.loo_l2 = told.value;
    } else if (told.name == kOutOfFoldError) {
      evaluation.fusion.out_of_fold_l2 = told.value;
    } else {
      evaluation.best_params.emplace(told.name, told.value);
    }
  }
}

}  // namespace headroom
