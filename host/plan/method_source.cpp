#include "plan/method_source.hpp"

#include <algorithm>
#include <array>

#include "plan/evaluation_inputs.hpp"

namespace headroom {
namespace {

std::size_t once(const RunOptions&) { return 1; }

std::size_t once_a_seed(const RunOptions& options) { return static_cast<std::size_t>(options.n_random_embeddings); }

void add_nothing(EvaluationInputs&, const InputSources&, const PlannedMethod&) {}

void add_noise(EvaluationInputs& inputs, const InputSources& sources, const PlannedMethod&) {
  add_noise_inputs(inputs, sources.noise);
}

void add_genes(EvaluationInputs& inputs, const InputSources& sources, const PlannedMethod&) {
  inputs.push_back(sources.genes);
}

void add_seed(EvaluationInputs& inputs, const InputSources& sources, const PlannedMethod&) {
  inputs.push_back({"seed", std::to_string(sources.options.seed)});
}

void add_seeds(EvaluationInputs& inputs, const InputSources& sources, const PlannedMethod&) {
  inputs.push_back({"random embeddings", std::to_string(once_a_seed(sources.options))});
}

void add_embeddings(EvaluationInputs& inputs, const InputSources& sources, const PlannedMethod& method) {
  if (effective_combine(sources.options) != Combine::none) {
    inputs.push_back({"unknown combinations", combine_name(effective_combine(sources.options))});
  }
  for (const std::size_t e : method.embeddings) {
    add_embedding_inputs(inputs, sources.roster.embeddings[e], sources.genes);
  }
}

void add_predictions(EvaluationInputs& inputs, const InputSources& sources, const PlannedMethod& method) {
  add_embedding_inputs(inputs, sources.roster.predictions[method.index], sources.genes);
}

// The longest first, so that no thread ends late. The idealized embedding has one row a perturbation and is taken as it
// is: heads are slowest on it.
constexpr std::array kSources = {
    MethodSource{MethodKind::constant_null, "constant_null", false, true, false, false, 0.01, once, add_nothing},
    MethodSource{MethodKind::relation_null, "relation_null", false, true, false, false, 0.01, once, add_nothing},
    MethodSource{MethodKind::noise, "noise", false, true, true, false, 0.01, once, add_noise},
    MethodSource{MethodKind::trials, "trials", false, true, true, false, 0.1, once, add_nothing},
    MethodSource{MethodKind::depth_right, "depth_right", false, true, true, false, 0.2, once, add_seed},
    MethodSource{MethodKind::idealized, "idealized", true, true, true, false, 2, once, add_nothing},
    MethodSource{MethodKind::embedding, "embedding", true, false, false, false, 1, once, add_embeddings},
    MethodSource{MethodKind::fusion, "fusion", true, false, false, true, 1, once, add_embeddings},
    MethodSource{MethodKind::predictions, "predictions", false, false, false, false, 0.1, once, add_predictions},
    MethodSource{MethodKind::made_cells, "made_cells", false, true, true, false, 2, once, add_seed},
    MethodSource{MethodKind::predicted_cells, "predicted_cells", false, false, false, false, 2, once, add_predictions},
    MethodSource{MethodKind::gene_pca, "gene_pca", true, true, false, false, 1, once, add_genes},
    MethodSource{MethodKind::random, "random", true, true, false, false, 1, once_a_seed, add_seeds},
};

}  // namespace

std::span<const MethodSource> method_sources() { return kSources; }

const MethodSource& source_of(MethodKind kind) {
  return *std::find_if(kSources.begin(), kSources.end(),
                       [&](const MethodSource& source) { return source.kind == kind; });
}

}  // namespace headroom
