// Checks of embedding plugins.
#pragma once

#include "conformance/specimen.hpp"

namespace headroom {

Answer<Finding> embedding_knows_example_ids(Specimen& specimen);
Answer<Finding> embedding_dimension_is_stable(Specimen& specimen);
Answer<Finding> embedding_masks_unknown_ids(Specimen& specimen);
Answer<Finding> embedding_answers_no_ids(Specimen& specimen);
Answer<Finding> embedding_answers_one_id(Specimen& specimen);
Answer<Finding> embedding_treats_duplicates_alike(Specimen& specimen);
Answer<Finding> embedding_is_deterministic(Specimen& specimen);
Answer<Finding> embedding_respects_seed(Specimen& specimen);
Answer<Finding> embedding_ignores_thread_count(Specimen& specimen);
Answer<Finding> embedding_is_quiet_after_return(Specimen& specimen);
Answer<Finding> embedding_respects_row_order(Specimen& specimen);
Answer<Finding> embedding_rows_are_independent(Specimen& specimen);
Answer<Finding> embedding_is_finite(Specimen& specimen);
Answer<Finding> embedding_takes_published_size(Specimen& specimen);

}  // namespace headroom
