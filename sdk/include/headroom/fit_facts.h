/* Extension "headroom.fit-facts/1", offered by the host: what a predictor fitted, for results to show beside its
 * scores.
 *
 * A predictor tells it inside `predict` for one setting, as the refit is: how much each block of features counts, and
 * named numbers such as a penalty that it chose by itself. Nothing is computed from what it tells. In calls with
 * several settings, and outside of predict, all of it is dropped. headroom_host::extension returns a const
 * headroom_fit_facts* for this id, or NULL where the host does not listen.
 *
 * What is told must keep the limits below; a call that breaks one has failed (bad output).
 */
#ifndef HEADROOM_FIT_FACTS_H
#define HEADROOM_FIT_FACTS_H

#include "headroom/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HEADROOM_FIT_FACTS "headroom.fit-facts/1"

#define HEADROOM_MOST_FITTED_WEIGHTS 512 /* calls of `weight` in one call of predict */
#define HEADROOM_MOST_FITTED_VALUES 64   /* ... and of `value` */

typedef struct headroom_fit_facts {
  int64_t struct_size;
  /* `weight`, finite, of block number `block` of the request. `kernel` says by which part of the predictor the block
   * counts, where there are several ("linear", "rbf", "knn"): letters, digits, '_', '-', '.', 64 bytes at most; empty
   * where there is one. Once for each block and kernel. `handle` is headroom_host::handle. Main thread; during a call.
   */
  void (*weight)(void* handle, int64_t block, headroom_string kernel, double weight);
  /* A finite number and its name: letters, digits, '_', 64 bytes at most, once for each name. Main thread; during a
   * call. */
  void (*value)(void* handle, headroom_string name, double value);
} headroom_fit_facts;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HEADROOM_FIT_FACTS_H */
