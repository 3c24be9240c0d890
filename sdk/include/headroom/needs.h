/* Extension "headroom.needs/1", offered by plugins: what they need of the host beyond what plugins get by default.
 *
 * Offered by headroom_plugin::extension, which returns a const headroom_needs* for this id: static data. A field of 0 asks
 * for nothing.
 */
#ifndef HEADROOM_NEEDS_H
#define HEADROOM_NEEDS_H

#include "headroom/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HEADROOM_NEEDS "headroom.needs/1"

#define HEADROOM_MOST_NEEDED_WALL_S 604800.0                        /* a week */
#define HEADROOM_MOST_NEEDED_MEMORY_BYTES ((int64_t)1 << 46) /* 64 TiB */

typedef struct headroom_needs {
  int64_t struct_size;
  /* Predictors. 1: the blocks of a fusion are the embeddings as they are, neither standardised nor projected, zero where a
   * row is absent. (A single embedding comes standardised and projected to every predictor.) */
  int32_t raw_features;
  int32_t reserved; /* 0 */
  /* Its own default limits, in place of the host's: seconds of wall clock that one request may take, and the address
   * space of its process. They hold where the user names the plugin and no limit; what users set wins, and plugins that
   * are taken from a folder of submissions keep the host's. */
  double wall_time_s;
  int64_t memory_bytes;
} headroom_needs;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HEADROOM_NEEDS_H */
