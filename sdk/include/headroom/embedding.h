/* The plugin contract, part 2a: embedding plugins, which give a vector for each perturbation.
 *
 * Calls, in order, all in one process: open (once), dimension, embed, close (once). One process serves one context and
 * one fold, and then ends. See plugin.h for the rules on growth, ownership, threads and errors.
 */
#ifndef HEADROOM_EMBEDDING_H
#define HEADROOM_EMBEDDING_H

#include "headroom/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct headroom_embedding_request {
  int64_t struct_size;
  int32_t task_kind; /* HEADROOM_TASK_* */
  int32_t reserved;  /* 0 */

  headroom_string context; /* name of the cell line; the one that every row belongs to while contexts is NULL */

  /* The perturbations to embed: training and test ones, in an order that does not tell them apart. Unique. */
  const headroom_string* ids;
  int64_t n_ids;

  /* The training part, only if the plugin declared wants_training; else NULL and 0. */
  const headroom_string* training_ids; /* a subset of ids */
  int64_t n_training;
  headroom_matrix training_deltas; /* training perturbations × genes: log fold changes, no NaN */
  const headroom_string* gene_ids;
  int64_t n_genes;

  /* Several contexts in one request: names, and an index into them per row. NULL and 0 while there is only one. */
  const headroom_string* contexts;
  int64_t n_contexts;
  const int32_t* id_contexts;
  const int32_t* training_contexts;
} headroom_embedding_request;

typedef struct headroom_embedding_output {
  int64_t struct_size;
  headroom_matrix_mut vectors; /* ids × dimension, zero at first; every present row must be finite */
  uint8_t* present;            /* one per id, 0 at first: set to 1 where the plugin knows the perturbation */
} headroom_embedding_output;

typedef struct headroom_embedding {
  int64_t struct_size;
  int32_t wants_training; /* 1: give me the training part; results are then marked "supervised embedding" */
  int32_t reserved;       /* 0 */

  /* Loads weights and files. *state is handed to the other calls. May be NULL: then state is NULL. */
  headroom_status (*open)(const headroom_host* host, void** state);
  /* Sets *dimension, at least 1: the columns of the vectors for this request. */
  headroom_status (*dimension)(const headroom_host* host, void* state, const headroom_embedding_request* request,
                               int64_t* dimension);
  headroom_status (*embed)(const headroom_host* host, void* state, const headroom_embedding_request* request,
                           headroom_embedding_output* output);
  /* Frees the state. May be NULL. Not called after a failed open. */
  void (*close)(void* state);
} headroom_embedding;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HEADROOM_EMBEDDING_H */
