// The requests that embedding plugins are checked with.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "conformance/specimen.hpp"
#include "plugin_host/worker_session.hpp"

namespace headroom {

// CheckOptions::known_ids, or without any the symbols and Ensembl ids of human genes that many screens perturb, the
// first n of them; then made-up ids of the same look, until there are n. All different.
std::vector<std::string> example_ids(const CheckOptions& options, std::size_t n);

// Ids that no perturbation has, all different in their letters.
std::vector<std::string> unknown_ids();
// Ids that no perturbation has and that may surprise: empty, in another script, 10,000 characters long.
std::vector<std::string> odd_ids();

// Every fourth of the ids in alphabetical order: the same ones in whatever order they come.
std::vector<std::string> training_part_of(std::vector<std::string> ids);

// A question for these ids. If the plugin wants the training part, it gets `training_ids` (a subset of ids; none: no
// training part) with deltas that depend on each id alone.
Answer<EmbeddingQuestion> embedding_question(const Specimen& specimen, std::vector<std::string> ids,
                                             std::vector<std::string> training_ids);

}  // namespace headroom
