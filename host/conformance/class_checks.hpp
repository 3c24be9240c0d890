// Checks of predictor plugins that do tasks of classes. Whatever they ask, `ask` refuses planes that are no
// probabilities.
#pragma once

#include "conformance/specimen.hpp"

namespace headroom {

Answer<Finding> predictor_gives_class_probabilities(Specimen& specimen);
Answer<Finding> predictor_takes_any_number_of_classes(Specimen& specimen);
Answer<Finding> predictor_leaves_out_unlabelled_rows(Specimen& specimen);

}  // namespace headroom
