// Checks of predictor plugins.
#pragma once

#include "conformance/specimen.hpp"

namespace headroom {

Answer<Finding> predictor_answers_no_queries(const Specimen& specimen);
Answer<Finding> predictor_answers_single_rows(const Specimen& specimen);
Answer<Finding> predictor_is_deterministic(const Specimen& specimen);
Answer<Finding> predictor_respects_seed(const Specimen& specimen);
Answer<Finding> predictor_ignores_thread_count(const Specimen& specimen);
Answer<Finding> predictor_is_quiet_after_return(const Specimen& specimen);
Answer<Finding> predictor_respects_row_order(const Specimen& specimen);
Answer<Finding> predictor_rows_are_independent(const Specimen& specimen);
Answer<Finding> predictor_is_finite(const Specimen& specimen);
Answer<Finding> predictor_takes_many_queries(const Specimen& specimen);
Answer<Finding> predictor_uses_training_rows_only(const Specimen& specimen);
Answer<Finding> predictor_takes_its_blocks(const Specimen& specimen);
Answer<Finding> predictor_answers_its_grid(const Specimen& specimen);
Answer<Finding> predictor_flags_infeasible_settings(const Specimen& specimen);
Answer<Finding> predictor_tells_true_errors(const Specimen& specimen);
Answer<Finding> predictor_takes_published_size(const Specimen& specimen);

}  // namespace headroom
