// Small raw results whose bounds and percentages can be worked out by hand: one context, two folds of three test
// perturbations, L2 and Pearson, one head.
#pragma once

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "evaluation/run_results.hpp"
#include "task/task.hpp"

namespace headroom {

inline Task example_task() {
  Task task;
  task.name = "Norman 2019";
  task.sha256 = "5f";
  task.gene_ids = {"g1", "g2"};
  TaskContext context;
  context.name = "K-562";
  context.pert_ids = {"a", "b", "c", "d", "e", "f,\"g\""};
  context.deltas = Matrix::Zero(6, 2);
  context.deltas.row(1) << 3, 4;
  context.fold_of_row = {0, 1, 0, 1, 0, 1};
  task.contexts = {context};
  task.fold_names = {"0", "1"};
  task.columns.fold_source = "column 'test_split'";
  return task;
}

// Every test perturbation of a fold gets the fold's value; the middle one is not covered.
inline MethodEvaluation example_method(const std::string& name, Role role, std::pair<double, double> l2,
                                       std::pair<double, double> pearson) {
  MethodEvaluation method;
  method.name = name;
  method.role = role;
  method.in_bound = role == Role::null_method || role == Role::cheater;
  method.status = Status::ok;
  for (int f = 0; f < 2; ++f) {
    FoldEvaluation fold;
    fold.status = Status::ok;
    fold.metric_values = {Vector::Constant(3, f == 0 ? l2.first : l2.second),
                          Vector::Constant(3, f == 0 ? pearson.first : pearson.second)};
    fold.covered = {1, 1, 1};
    fold.wall_s = 0.5;
    method.folds.push_back(fold);
  }
  return method;
}

// L2 medians: nulls 10 and 12, cheater 4, x 7, y 13.
inline RunResults example_results() {
  constexpr double undefined = std::numeric_limits<double>::quiet_NaN();
  RunResults results;
  results.metrics = {Metric::L2, Metric::Pearson};
  results.heads = {{"knn", true, ""}};
  results.settings.set_seed(7);
  results.settings.set_n_resamples(200);
  ContextEvaluation context;
  context.context = "K-562";
  context.splits = splits_within(example_task(), {}).value();
  context.methods = {example_method("train_mean", Role::null_method, {9, 11}, {undefined, undefined}),
                     example_method("random+knn", Role::null_method, {12, 12}, {0.25, 0.25}),
                     example_method("sampling_error_q90", Role::cheater, {4, 4}, {0.75, 0.75}),
                     example_method("x+knn", Role::plugin, {6, 8}, {0.5, 0.5}),
                     example_method("y+knn", Role::plugin, {13, 13}, {0.0, 0.0})};
  for (auto& method : context.methods) {
    if (method.name.ends_with("+knn")) {
      method.predictor = "knn";
      method.embedding = method.name.substr(0, method.name.find('+'));
    }
  }
  MethodEvaluation& x = context.methods[3];
  x.folds[0].covered = {1, 0, 1};
  x.folds[0].metric_values[0] << 5, 8, 5;
  x.folds[0].best_params = {{"k", 20}};
  x.folds[0].effective_dim = 16;
  x.folds[0].inner_scores = {{{{"k", 20}}, {-1, -2}, true}};
  MethodEvaluation failed;
  failed.name = "bad+knn";
  failed.predictor = "knn";
  failed.status = Status::failed;
  failed.reason = "crashed (SIGSEGV)";
  context.methods.push_back(failed);
  results.contexts = {context};
  PluginRecord plugin;
  plugin.set_name("x");
  plugin.mutable_description()->add_training_datasets("norman_2019");
  results.plugins = {plugin};
  return results;
}

}  // namespace headroom
