// Checks of predictor plugins.
#pragma once

#include "conformance/specimen.hpp"

namespace headroom {

Answer<Finding> predictor_answers_no_queries(Specimen& specimen);
Answer<Finding> predictor_answers_single_rows(Specimen& specimen);
Answer<Finding> predictor_is_deterministic(Specimen& specimen);
Answer<Finding> predictor_respects_seed(Specimen& specimen);
Answer<Finding> predictor_ignores_thread_count(Specimen& specimen);
Answer<Finding> predictor_is_quiet_after_return(Specimen& specimen);
Answer<Finding> predictor_respects_row_order(Specimen& specimen);
Answer<Finding> predictor_rows_are_independent(Specimen& specimen);
Answer<Finding> predictor_is_finite(Specimen& specimen);
Answer<Finding> predictor_takes_many_queries(Specimen& specimen);
Answer<Finding> predictor_uses_training_rows_only(Specimen& specimen);
Answer<Finding> predictor_takes_its_blocks(Specimen& specimen);
Answer<Finding> predictor_answers_its_grid(Specimen& specimen);
Answer<Finding> predictor_flags_infeasible_settings(Specimen& specimen);
Answer<Finding> predictor_tells_true_errors(Specimen& specimen);
Answer<Finding> predictor_takes_published_size(Specimen& specimen);

}  // namespace headroom
