/* Extension "headroom.progress/1", offered by the host: how far a long call has come, for whoever waits for it.
 *
 * headroom_host::extension returns a const headroom_progress* for this id, or NULL where the host does not listen.
 */
#ifndef HEADROOM_PROGRESS_H
#define HEADROOM_PROGRESS_H

#include "headroom/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HEADROOM_PROGRESS "headroom.progress/1"

typedef struct headroom_progress {
  int64_t struct_size;
  /* `done` of `total` units ("epochs") are done; total 0: unknown. Call it as often as is convenient: a line of the log
   * is written for the first, the last, and each further hundredth. `handle` is headroom_host::handle.
   * Main thread; during a call. */
  void (*report)(void* handle, int64_t done, int64_t total, headroom_string unit);
} headroom_progress;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HEADROOM_PROGRESS_H */
