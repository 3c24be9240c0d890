// The requests that predictor plugins are checked with, and how they are asked.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "conformance/difference.hpp"
#include "conformance/specimen.hpp"
#include "plugin_host/worker_session.hpp"

namespace headroom {

// 120 training rows: the shipped grids (k up to 100) are feasible.
struct ExampleShape {
  Eigen::Index n_training = 120;
  Eigen::Index n_query = 25;
  Eigen::Index n_genes = 40;
  Eigen::Index n_features = 12;
  int n_blocks = 1;
  int n_classes = 3;   // in a task of classes
  int n_contexts = 1;  // over which the rows are spread
};

struct ExampleBlock {
  std::string name;
  Matrix training;                                            // training rows × features
  Matrix query;                                               // query rows × features
  std::vector<std::uint8_t> training_present, query_present;  // empty: all
};

// A whole request; every field may be changed before it is asked.
struct PredictorExample {
  std::vector<ExampleBlock> blocks;
  Matrix deltas;           // shared rows × genes
  RowIndex training_rows;  // of `deltas`; empty: all
  Eigen::Index n_query = 0;
  Matrix settings;  // settings × hyperparameters
  TaskKind task_kind = TaskKind::REGRESSION;
  int n_planes = 1;
  std::vector<std::string> classes;             // in a task of classes; then `deltas` holds class numbers
  std::vector<std::uint8_t> training_labelled;  // empty: all
  std::vector<std::string> contexts;            // more than one, or empty
  std::vector<std::int32_t> training_contexts, query_contexts;
  Matrix control_profiles;  // contexts × genes; empty where there is one context
  PerturbationCodes perturbations;
};

// Normal features; deltas that depend on them linearly, with noise; in a task of classes equal ranges of them. As many
// blocks as `shape` says; of several, each lacks each fifth row, and no row is lacked by all. Of several contexts, half
// of the queries are perturbations that are measured elsewhere. The declared grid.
PredictorExample predictor_example(const PluginDescription& description, const ExampleShape& shape, std::uint64_t seed);

// The same rows with their contexts named in the opposite order.
PredictorExample with_contexts_reversed(PredictorExample example);

// Every combination of the declared values if there are at most `most`; else each declared value once, the other
// hyperparameters at their first value.
Matrix declared_grid(const PluginDescription& description, Eigen::Index most);

// Asks for all settings, in as many calls as their size takes. `visit` gets each prediction of a feasible setting,
// found finite, as long as the call lasts; it may be empty. Returns the feasibility of each setting.
using VisitPrediction = std::function<void(Eigen::Index setting, int plane, const ConstMatrixMap& prediction)>;
Answer<std::vector<std::uint8_t>> ask(WorkerSession& session, const PredictorExample& example,
                                      const VisitPrediction& visit);

// The errors that a predictor tells of queries whose deltas are these rows of example.deltas.
Answer<ErrorsAnswer> ask_errors(WorkerSession& session, const PredictorExample& example, const RowIndex& query_rows);

// The same, with copies of all predictions; and from a worker of its own.
Answer<Predictions> predict(WorkerSession& session, const PredictorExample& example);
Answer<Predictions> predict_afresh(const Specimen& specimen, const PredictorExample& example, std::uint64_t seed,
                                   int n_threads = 1);
Answer<Predictions> predict_afresh(const Specimen& specimen, const PredictorExample& example);

}  // namespace headroom
