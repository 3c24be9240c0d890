/* The plugin contract, part 2b: predictor plugins, which map features of perturbations to their deltas.
 *
 * There is one pure call, predict: training features and deltas, query features and a whole grid of hyperparameter
 * settings go in, one prediction per setting comes out. Nothing is kept between calls, so the answer depends on the
 * request alone. A nearest-neighbour predictor sorts once for every k; a lasso walks one path for every alpha.
 * A second call, errors, is an optional shortcut for the inner selection.
 * See plugin.h for the rules on growth, ownership, threads and errors.
 */
#ifndef HEADROOM_PREDICTOR_H
#define HEADROOM_PREDICTOR_H

#include "headroom/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A hyperparameter that the predictor declares. Integers are passed as whole doubles. */
typedef struct headroom_hyperparameter {
  int64_t struct_size;
  headroom_string name; /* letters, digits, '_': users write --grid PLUGIN.NAME=V,V */
  headroom_string help; /* one line: meaning and unit */
  int32_t is_integer;   /* 1: only whole numbers are accepted */
  int32_t reserved;     /* 0 */
  double minimum;       /* values outside [minimum, maximum] are refused before any work; infinities are allowed */
  double maximum;
  const double* grid; /* the values that are tried when the user names none, in order; at least one */
  int64_t n_grid;
} headroom_hyperparameter;

/* One set of features of all rows: an embedding after standardisation and projection, or raw. */
typedef struct headroom_block {
  int64_t struct_size;
  headroom_string name;
  headroom_matrix training;        /* training rows × features, finite where present */
  headroom_matrix query;           /* query rows × the same features */
  const uint8_t* training_present; /* one per training row; NULL: all present. An absent row's features are zero. */
  const uint8_t* query_present;    /* one per query row; NULL: all present */
} headroom_block;

typedef struct headroom_predictor_request {
  int64_t struct_size;
  int32_t task_kind; /* HEADROOM_TASK_* */
  int32_t n_planes;  /* predictions per setting: 1 for regression, one per class otherwise */

  headroom_string context; /* name of the cell line; the one that every row belongs to while contexts is NULL */

  const headroom_block* const* blocks; /* min_blocks to max_blocks of them */
  int64_t n_blocks;

  /* Deltas (or labels as doubles). Training row i is row training_rows[i] of delta_rows; rows that are not named are
   * not part of this call. training_rows is NULL where training row i is simply row i. */
  headroom_matrix delta_rows; /* shared rows × genes */
  const int32_t* training_rows;
  int64_t n_training;
  int64_t n_query;

  headroom_matrix settings; /* settings × hyperparameters, columns in the order of their declaration */

  /* Several contexts in one request: names, and an index into them per row. NULL and 0 while there is only one. */
  const headroom_string* contexts;
  int64_t n_contexts;
  const int32_t* training_contexts;
  const int32_t* query_contexts;
} headroom_predictor_request;

typedef struct headroom_predictor_output {
  int64_t struct_size;
  /* settings × planes matrices of query rows × genes: setting s, plane p is predictions[s * n_planes + p]. Every value
   * of a feasible setting must be written and finite. What they hold at first is unspecified. */
  const headroom_matrix_mut* predictions;
  /* One per setting, 1 at first: set to 0 for a setting that cannot be fitted here (k above the training rows). Its
   * prediction is not read and the setting never wins. */
  uint8_t* feasible;
} headroom_predictor_output;

/* Since ABI 1.1. What errors is asked: how far the predictions for queries whose deltas are known lie from them. The
 * queries are training perturbations that an inner split holds out, so their deltas are rows of delta_rows, too. */
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
  headroom_matrix_mut errors; /* settings × query rows: L2 norm over genes of prediction - delta, finite, >= 0 */
  uint8_t* feasible;          /* as for predict */
} headroom_errors_output;

#define HEADROOM_SUPPORTS_REGRESSION 1u  /* bits of headroom_predictor::task_kinds */
#define HEADROOM_SUPPORTS_THREE_CLASS 2u

typedef struct headroom_predictor {
  int64_t struct_size;
  uint32_t task_kinds; /* HEADROOM_SUPPORTS_* */
  int32_t min_blocks;  /* >= 1 */
  int32_t max_blocks;  /* >= min_blocks; 0: no upper bound */
  int32_t reserved;    /* 0 */

  const headroom_hyperparameter* const* hyperparameters; /* NULL and 0: one setting with no columns */
  int64_t n_hyperparameters;

  headroom_status (*predict)(const headroom_host* host, const headroom_predictor_request* request,
                             headroom_predictor_output* output);
  /* Since ABI 1.1, or NULL. The errors of what predict would answer, up to rounding, without writing it out: whoever
   * fills it saves the host and itself the traffic of settings × query rows × genes. Serves the choice of
   * hyperparameters alone; results are always computed by the host, from predictions. Regression only. */
  headroom_status (*errors)(const headroom_host* host, const headroom_errors_request* request,
                            headroom_errors_output* output);
} headroom_predictor;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HEADROOM_PREDICTOR_H */
