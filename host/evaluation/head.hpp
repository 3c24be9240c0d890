// One embedding, or several as blocks, through one head in one fold (protocol sections 3 and 9): choose the
// hyperparameters on inner splits of the training rows, refit on all of them with the best, predict the test rows.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "evaluation/rows_across.hpp"
#include "evaluation/run_results.hpp"
#include "matrix/matrix.hpp"
#include "plan/hyperparameter_grid.hpp"
#include "plan/target.hpp"
#include "plugin_host/worker_session.hpp"
#include "protocol/reduced_features.hpp"

namespace headroom {

// Features of all rows that came from one embedding. Rows that it does not cover are zero, and marked.
struct BlockFeatures {
  std::string name;        // as the predictor is told
  ReducedFeatures splits;  // of every inner split and of the final fit on the covered test rows
  std::vector<std::uint8_t> training_present, test_present;  // per training row, per covered test row; empty: all are
};

// What a head works on in one fold, whatever embeddings it came from. Positions count the fold's training rows (rows of
// the shared training deltas) that have an embedding.
struct HeadFeatures {
  RowIndex training_rows;               // covered training rows, as rows of the shared training deltas, ascending
  std::vector<RowIndex> inner_queries;  // per inner split: positions in training_rows that are held out, ascending;
                                        // none: for heads with a single setting, which is not scored then
  std::vector<BlockFeatures> blocks;    // at least one
  RowIndex test_rows;                   // covered test rows, as positions in the fold's, ascending
  std::shared_ptr<const RowsAcross> across;  // of all rows of the fold; may be null
  std::optional<int> effective_dim;  // components after the cap; absent for features that are used as they are, and
                                     // for several blocks, which have one each
};

// What a head fitted on all training rows with one setting.
struct Refit {
  Matrix predictions;                // planes · covered test rows × genes, plane below plane, finite
  std::optional<FittedFacts> facts;  // as the predictor tells them; it may tell none
};

struct HeadOutcome {
  Matrix predictions;                        // planes · covered test rows × genes, plane below plane, finite
  std::optional<Eigen::Index> best_setting;  // none: no setting is feasible on the inner splits
  std::vector<GridPointScore> inner_scores;  // in grid order
  std::optional<FittedFacts> facts;          // of the refit
};

// Asks the worker for every inner split and the final fit. Fails with the worker's fault, and with BAD_OUTPUT where a
// prediction is not finite; that no setting is feasible is an outcome (no_feasible_setting() is its fault, for whom it
// is one). A head with a single setting still runs the inner splits that the features have: their scores are reported.
// `training_deltas`: the fold's training rows × genes, sealed. A predictor
// that gives errors is asked for these in the inner splits, and needs `training_gram` for it; for others it is null.
Answer<HeadOutcome> evaluate_head(const Target& target, WorkerSession& predictor, const HyperparameterGrid& grid,
                                  const HeadFeatures& features, const std::string& context,
                                  const SharedMatrix& training_deltas, const SharedMatrix* training_gram);

WorkerFault no_feasible_setting(const HeadFeatures& features, const HyperparameterGrid& grid);

// The last step of evaluate_head() alone: all training rows, one setting of the grid.
Answer<Refit> refit(const Target& target, WorkerSession& predictor, const HyperparameterGrid& grid,
                    Eigen::Index setting, const HeadFeatures& features, const std::string& context,
                    const SharedMatrix& training_deltas);

}  // namespace headroom
