/* Extension "headroom.held-out-errors/1", offered by predictors for regression: how far predictions for held-out training
 * perturbations lie from their deltas, told without the predictions being written out.
 *
 * It saves the host and the plugin the traffic of settings × query rows × genes in the inner splits, and serves the choice
 * of hyperparameters alone: results are always computed by the host, from predictions. Offered by
 * headroom_plugin::extension, which returns a const headroom_held_out_errors* for this id.
 */
#ifndef HEADROOM_HELD_OUT_ERRORS_H
#define HEADROOM_HELD_OUT_ERRORS_H

#include "headroom/predictor.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HEADROOM_HELD_OUT_ERRORS "headroom.held-out-errors/1"

/* The queries are training perturbations that an inner split holds out, so their deltas are rows of delta_rows, too. */
typedef struct headroom_errors_request {
  int64_t struct_size;
  const headroom_predictor_request* request; /* as for predict */
  const int32_t* query_rows;                 /* query row i has the deltas in row query_rows[i] of delta_rows */
  /* Shared rows × shared rows: inner products over genes of the rows of delta_rows. The error of a weighted mean of
   * training deltas takes nothing else. */
  headroom_matrix gram;
} headroom_errors_request;

typedef struct headroom_errors_output {
  int64_t struct_size;
  headroom_matrix_mut errors; /* settings × query rows, NaN at first: L2 norm over genes of prediction - delta, finite */
  uint8_t* feasible;          /* as for predict */
} headroom_errors_output;

typedef struct headroom_held_out_errors {
  int64_t struct_size;
  /* The errors of what predict would answer, up to rounding. Main thread; described, as predict. */
  headroom_status (*errors)(const headroom_host* host, const headroom_errors_request* request,
                            headroom_errors_output* output);
} headroom_held_out_errors;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HEADROOM_HELD_OUT_ERRORS_H */
