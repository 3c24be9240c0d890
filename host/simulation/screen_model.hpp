// What is true of a simulated screen before any cell is measured: genes, perturbations, their effects, and what
// embeddings know of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "matrix/matrix.hpp"

namespace headroom {

struct ScreenSize {
  int n_perturbations = 160;
  int n_genes = 800;
  std::int64_t n_cells = 11'000;  // over all contexts, controls included; 0: no cells, deltas with noise instead
  int n_batches = 4;
  int n_contexts = 1;
  int n_modules = 8;  // perturbations of a module act alike: what a good embedding finds
  int n_factors = 8;  // rank of the shared effects
  int embedding_dim = 64;
  double mean_depth = 800;       // counts a cell
  double context_share = 0.3;    // of the response that is a context's own, in variance
  int n_partial_embeddings = 0;  // that each know another part of the factors and nothing of the rest

  static constexpr double kControlShare = 0.1;     // of a context's cells
  static constexpr double kUnmeasuredShare = 0.1;  // of the perturbed genes
  static constexpr double kDepthSpread = 0.35;     // standard deviation of log depth
  static constexpr double kBatchSpread = 0.12;     // of a batch's log effect on a gene, cut off at kBatchLimit
  static constexpr double kBatchLimit = 0.3;
};

struct ScreenModel {
  ScreenSize size;
  std::uint64_t seed = 0;

  std::vector<std::string> gene_ids, gene_symbols;  // measured, ids ascending
  std::vector<std::string> pert_ids, pert_symbols;  // ids ascending; some are not measured
  std::vector<std::int32_t> pert_gene;              // perturbation → measured gene, or -1
  std::vector<std::string> contexts;                // ascending
  std::vector<std::string> batches;

  Matrix factors;                    // perturbations × factors: what the effects are made of
  std::vector<double> dispersion;    // genes: θ of the negative binomial (variance m + m²/θ)
  std::vector<RowVector> log_rate;   // contexts: control's log share of a cell's counts, genes
  std::vector<Matrix> log_change;    // contexts: perturbations × genes, change of the log share before renormalising
  std::vector<Matrix> batch_effect;  // contexts: batches × genes
};

// Everything follows from size and seed.
ScreenModel make_screen_model(const ScreenSize& size, std::uint64_t seed);

// One simulated embedding: ids (perturbations and genes that were never perturbed, in random order) × dimensions.
struct SimulatedEmbedding {
  std::string name;
  std::vector<std::string> ids;
  Matrix values;
};

// "good" (the factors with little noise), "weak" (with much), "noise" (nothing); and "part1", "part2", …, of
// n_partial_embeddings: part i knows the factors i - 1, i - 1 + n, … as "good" does.
std::vector<SimulatedEmbedding> make_embeddings(const ScreenModel& model);

}  // namespace headroom
