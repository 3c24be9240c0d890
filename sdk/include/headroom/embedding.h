/* The plugin contract, part 2a: embedding plugins, which give a vector for each perturbation.
 *
 * Calls, in order, all in one process: open (once), dimension, embed, close (once). A run starts one process for each
 * context, which serves all its folds; for a plugin that wants the training part, one for each context and fold, or for
 * each split over several contexts. Each is asked once, and then ends. Only `headroom check` asks more than once in a
 * process. See plugin.h for the rules on growth, ownership, threads, states and errors.
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

  headroom_string context; /* name of the cell line, where there is one; empty where the rows are of several */

  /* The perturbations to embed: training and test ones, in an order that does not tell them apart. Unique; where the
   * rows are of several contexts, unique together with their context. */
  const headroom_string* ids;
  int64_t n_ids;

  /* The training part, only if the plugin declared wants_training; else NULL and 0. */
  const headroom_string* training_ids; /* a subset of ids */
  int64_t n_training;
  headroom_matrix training_deltas; /* training perturbations × genes: log fold changes (or class numbers), no NaN */
  const headroom_string* gene_ids; /* with the training part and with control profiles; else NULL and 0 */
  int64_t n_genes;

  /* The names of the contexts, at least one, and the number of its context for each row: contexts[id_contexts[i]] is
   * that of ids[i]. The numbers are NULL where there is one context. */
  const headroom_string* contexts;
  int64_t n_contexts;
  const int32_t* id_contexts;
  const int32_t* training_contexts;

  /* Features of the contexts, only if the plugin declared wants_control_profiles; else NULL and 0. */
  const headroom_context_block* const* context_blocks;
  int64_t n_context_blocks;
} headroom_embedding_request;

typedef struct headroom_embedding_output {
  int64_t struct_size;
  headroom_matrix_mut vectors; /* ids × dimension, NaN at first; every present row must be finite */
  uint8_t* present;            /* one per id, 0 at first: set to 1 where the plugin knows the perturbation */
} headroom_embedding_output;

typedef struct headroom_embedding {
  int64_t struct_size;
  int32_t wants_training;         /* 1: give me the training part; results are then marked "supervised embedding" */
  int32_t wants_control_profiles; /* 1: give me the contexts' control profiles, where the task has them */

  /* Loads weights and files. *state is handed to the other calls. May be NULL: then state is NULL.
   * Main thread; described. Afterwards: opened, unless it failed. */
  headroom_status (*open)(const headroom_host* host, void** state);
  /* Sets *dimension, at least 1: the columns of the vectors for this request. Main thread; opened. */
  headroom_status (*dimension)(const headroom_host* host, void* state, const headroom_embedding_request* request,
                               int64_t* dimension);
  /* Fills the rows of the perturbations that it knows. Main thread; opened, and after dimension for the same request. */
  headroom_status (*embed)(const headroom_host* host, void* state, const headroom_embedding_request* request,
                           headroom_embedding_output* output);
  /* Frees the state. May be NULL. Not called after a failed open, nor where the process is ended by force.
   * Main thread; opened. Afterwards nothing else is called. */
  void (*close)(void* state);
} headroom_embedding;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HEADROOM_EMBEDDING_H */
