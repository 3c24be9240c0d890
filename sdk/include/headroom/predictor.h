/* The plugin contract, part 2b: predictor plugins, which map features of perturbations to their deltas or classes.
 *
 * There is one pure call, predict: training features and deltas, query features and a whole grid of hyperparameter
 * settings go in, one prediction per setting comes out. Nothing is kept between calls, so the answer depends on the
 * request alone. A nearest-neighbour predictor sorts once for every k; a lasso walks one path for every alpha.
 * A run starts a process for each context, fold and embedding; it is asked once or more for every inner split (a large
 * grid comes in parts) and once for the refit, and ends. held_out_errors.h is an optional shortcut for the inner splits.
 * See plugin.h for the rules on growth, ownership, threads, states and errors.
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

/* One set of features of all rows: an embedding after standardisation and projection, or raw. A predictor that takes
 * several blocks gets every row that at least one block has: rows that a block lacks stay in, marked as absent there. */
typedef struct headroom_block {
  int64_t struct_size;
  headroom_string name;
  headroom_matrix training;        /* training rows × features, finite; zero where absent */
  headroom_matrix query;           /* query rows × the same features */
  const uint8_t* training_present; /* one per training row; NULL: all present */
  const uint8_t* query_present;    /* one per query row; NULL: all present */
} headroom_block;

typedef struct headroom_predictor_request {
  int64_t struct_size;
  int32_t task_kind; /* HEADROOM_TASK_* */
  int32_t n_planes;  /* predictions per setting: 1 for regression, else n_classes */

  headroom_string context; /* name of the cell line, where there is one; empty where the rows are of several */

  const headroom_block* const* blocks; /* min_blocks to max_blocks of them */
  int64_t n_blocks;

  /* Deltas, or class numbers 0 to n_classes - 1 as doubles. Training row i is row training_rows[i] of delta_rows; rows
   * that are not named are not part of this call. training_rows is NULL where training row i is simply row i. */
  headroom_matrix delta_rows; /* shared rows × genes */
  const int32_t* training_rows;
  int64_t n_training;
  int64_t n_query;

  headroom_matrix settings; /* settings × hyperparameters, columns in the order of their declaration */

  /* The names of the contexts, at least one, and the number of its context for each row: contexts[query_contexts[i]] is
   * that of query row i. The numbers are NULL where there is one context. */
  const headroom_string* contexts;
  int64_t n_contexts;
  const int32_t* training_contexts;
  const int32_t* query_contexts;
  const headroom_context_block* const* context_blocks; /* features of the contexts, as far as the task has them */
  int64_t n_context_blocks;

  /* Which rows are of the same perturbation: their numbers are equal, in training and query rows and across contexts.
   * The numbers, 0 to n_perturbations - 1, are drawn anew for each request: they mean nothing beyond it, and tell
   * neither names, nor an order, nor what is tested. Never NULL where there are rows. */
  const int32_t* training_perturbations;
  const int32_t* query_perturbations;
  int64_t n_perturbations;

  /* HEADROOM_TASK_CLASSES only, else NULL and 0: the classes' names, in the order of their numbers and planes, */
  const headroom_string* classes;
  int64_t n_classes; /* >= 2 */
  /* and one mark per training row: 0 where the perturbation has no labels, so that the row is there for its features
   * alone and its row of delta_rows says nothing. NULL: all are labelled. */
  const uint8_t* training_labelled;
} headroom_predictor_request;

typedef struct headroom_predictor_output {
  int64_t struct_size;
  /* settings × planes matrices of query rows × genes: setting s, plane p is predictions[s * n_planes + p]. Every value
   * of a feasible setting must be written and finite; all are NaN at first. The planes of classes are probabilities:
   * none below 0, and their sum is 1 for every query row and gene (within 1e-9). */
  const headroom_matrix_mut* predictions;
  /* One per setting, 1 at first: set to 0 for a setting that cannot be fitted here (k above the training rows). Its
   * prediction is not read and the setting never wins. */
  uint8_t* feasible;
} headroom_predictor_output;

#define HEADROOM_SUPPORTS_REGRESSION 1u /* bits of headroom_predictor::task_kinds */
#define HEADROOM_SUPPORTS_CLASSES 2u    /* any number; HEADROOM_UNSUPPORTED for one that it does not do */

typedef struct headroom_predictor {
  int64_t struct_size;
  uint32_t task_kinds; /* HEADROOM_SUPPORTS_* */
  int32_t min_blocks;  /* >= 1 */
  int32_t max_blocks;  /* >= min_blocks; 0: no upper bound */
  /* 1: it makes its own use of the contexts of the rows and of their context blocks. 0: it may be given rows of several
   * contexts all the same, and looks at features and deltas only; what features can say of the contexts, the host puts
   * into the blocks. */
  int32_t uses_contexts;

  const headroom_hyperparameter* const* hyperparameters; /* NULL and 0: one setting with no columns */
  int64_t n_hyperparameters;

  /* Main thread; described: a predictor is not opened, and has no state. */
  headroom_status (*predict)(const headroom_host* host, const headroom_predictor_request* request,
                             headroom_predictor_output* output);
} headroom_predictor;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HEADROOM_PREDICTOR_H */
