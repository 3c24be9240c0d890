// Checks of embedding plugins.
#pragma once

#include "conformance/specimen.hpp"

namespace headroom {

Answer<Finding> embedding_knows_example_ids(const Specimen& specimen);
Answer<Finding> embedding_dimension_is_stable(const Specimen& specimen);
Answer<Finding> embedding_masks_unknown_ids(const Specimen& specimen);
Answer<Finding> embedding_answers_no_ids(const Specimen& specimen);
Answer<Finding> embedding_answers_one_id(const Specimen& specimen);
Answer<Finding> embedding_treats_duplicates_alike(const Specimen& specimen);
Answer<Finding> embedding_is_deterministic(const Specimen& specimen);
Answer<Finding> embedding_respects_seed(const Specimen& specimen);
Answer<Finding> embedding_ignores_thread_count(const Specimen& specimen);
Answer<Finding> embedding_is_quiet_after_return(const Specimen& specimen);
Answer<Finding> embedding_respects_row_order(const Specimen& specimen);
Answer<Finding> embedding_rows_are_independent(const Specimen& specimen);
Answer<Finding> embedding_is_finite(const Specimen& specimen);
Answer<Finding> embedding_takes_published_size(const Specimen& specimen);

}  // namespace headroom
