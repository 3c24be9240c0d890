// Checks of requests whose rows are of several contexts, and of the anonymous numbers of their perturbations.
#pragma once

#include "conformance/specimen.hpp"

namespace headroom {

Answer<Finding> predictor_takes_several_contexts(Specimen& specimen);
Answer<Finding> predictor_ignores_perturbation_numbers(Specimen& specimen);
Answer<Finding> embedding_takes_several_contexts(Specimen& specimen);

}  // namespace headroom
