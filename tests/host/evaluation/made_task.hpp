// A small task of made-up numbers and the options of a run on it, for tests that start real workers.
#pragma once

#include <cmath>
#include <filesystem>
#include <string>

#include "plan/run_options.hpp"
#include "task/task.hpp"

namespace headroom::testing {

// Numbers without a pattern, the same in every run.
inline double scattered(int i, int j, int k) { return std::sin(12.9898 * i + 78.233 * j + 37.719 * k + 1.0); }

// Contexts "A", "B", …; folds "f0", "f1", …, dealt in turn.
inline Task made_task(int n_contexts, int n_perturbations, int n_genes, int n_folds) {
  Task task;
  task.name = "made";
  task.path = "made.h5ad";
  task.sha256 = "made";
  for (int g = 0; g < n_genes; ++g) task.gene_ids.push_back("gene" + std::to_string(g));
  for (int f = 0; f < n_folds; ++f) task.fold_names.push_back("f" + std::to_string(f));
  for (int c = 0; c < n_contexts; ++c) {
    TaskContext context;
    context.name = std::string(1, static_cast<char>('A' + c));
    context.deltas.resize(n_perturbations, n_genes);
    for (int p = 0; p < n_perturbations; ++p) {
      context.pert_ids.push_back("p" + std::to_string(100 + p));
      context.fold_of_row.push_back((p + c) % n_folds);
      for (int g = 0; g < n_genes; ++g) context.deltas(p, g) = scattered(p, g, c);
    }
    task.contexts.push_back(std::move(context));
  }
  return task;
}

// kNN alone, on a grid that small tasks can answer; worker and plugins of this build.
inline RunOptions made_options() {
  RunOptions options;
  options.predictors = {{"knn", {}}};
  options.grid["knn.k"] = {1, 3};
  options.common_dim = 3;
  options.inner_folds = 3;
  options.n_random_embeddings = 2;
  options.worker_program = std::filesystem::path(HEADROOM_BUILD_DIR) / "bin" / "headroom-worker";
  options.shipped_plugins = std::filesystem::path(HEADROOM_BUILD_DIR) / "lib" / "headroom";
  options.sandbox = SandboxMode::RELAXED;
  return options;
}

}  // namespace headroom::testing
