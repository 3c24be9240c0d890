/* The plugin contract, part 1: what every plugin exports and what it is given.
 *
 * A plugin is a shared library that exports one C function, headroom_plugin_entry. Only plain structs cross the
 * boundary: fixed-width integers, doubles, pointers. This header compiles as C11 and as C++11 to C++20.
 *
 * Rules that hold for everything below and for embedding.h and predictor.h:
 *  - Growth. A struct that begins with `struct_size` may gain fields at its end in a later minor version. Whoever fills
 *    it writes sizeof of the struct that it was compiled with; whoever reads it looks at no field beyond that. All
 *    fields below are those of ABI 1.0 and always there; a field that says "since ABI 1.n" is asked for with
 *    HEADROOM_HAS_FIELD. A function that is added later is an extension, found by its id. The three value types
 *    headroom_string, headroom_matrix and headroom_matrix_mut are frozen for the ABI major.
 *  - Ownership. Everything that the worker passes in belongs to the worker and is valid until the call returns.
 *    Everything that a descriptor points to belongs to the plugin and must live as long as the process (static data).
 *    Nothing that a plugin allocates is freed by the worker, and nothing of the worker's by the plugin.
 *  - Threads. All calls come from one thread, one at a time: "main thread" below. A plugin may use up to
 *    headroom_host::n_threads threads; all of them must be quiet when the call returns.
 *  - State. Beside each function stands in which state of the plugin it is called: described (its library is loaded, and
 *    no more), opened, or during a call (from inside a function of the plugin, before that returns).
 *  - Errors. A function returns HEADROOM_OK, or another status after having said why with headroom_host::set_error.
 *    No C++ exception may leave a plugin function.
 *  - Text is UTF-8, given as pointer and length in bytes, not terminated by a zero.
 */
#ifndef HEADROOM_PLUGIN_H
#define HEADROOM_PLUGIN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEADROOM_ABI_MAJOR 1u /* a library built for another major is refused by name */
#define HEADROOM_ABI_MINOR 0u /* only ever adds fields, flags and extensions */

#if defined(__GNUC__)
#define HEADROOM_EXPORT __attribute__((visibility("default")))
#else
#define HEADROOM_EXPORT
#endif

/* Whether the struct at `pointer`, which the other side filled, reaches as far as `field`. */
#define HEADROOM_HAS_FIELD(pointer, field)                                                 \
  ((const char*)&(pointer)->field + sizeof((pointer)->field) - (const char*)(pointer) <= \
   (pointer)->struct_size)

typedef struct headroom_string {
  const char* data; /* may be NULL when size is 0 */
  int64_t size;     /* bytes */
} headroom_string;

/* Row-major doubles: element (i, j) is data[i * row_stride + j]. row_stride >= cols, counted in elements. */
typedef struct headroom_matrix {
  const double* data;
  int64_t rows;
  int64_t cols;
  int64_t row_stride;
} headroom_matrix;

typedef struct headroom_matrix_mut {
  double* data;
  int64_t rows;
  int64_t cols;
  int64_t row_stride;
} headroom_matrix_mut;

typedef int32_t headroom_status;
#define HEADROOM_OK 0          /* done; every output that was asked for is filled */
#define HEADROOM_ERROR 1       /* failed; set_error said why */
#define HEADROOM_UNSUPPORTED 2 /* this plugin does not do that (a kind of task, a number of blocks); set_error said what */

#define HEADROOM_LOG_INFO 0
#define HEADROOM_LOG_WARNING 1

/* What is predicted. */
#define HEADROOM_TASK_REGRESSION 0 /* log fold changes (deltas): one plane */
#define HEADROOM_TASK_CLASSES 1    /* one of n_classes labels per perturbation and gene: one plane of probabilities each */

/* Given to every call: the worker's services and the settings of this run. Its functions are called during a call. */
typedef struct headroom_host {
  int64_t struct_size;
  void* handle; /* first argument of the functions below */

  /* Copies `message`; the last one before a failed return is what users read. Main thread. */
  void (*set_error)(void* handle, headroom_string message);
  /* A line for the run's log. Logs are capped; a flood is cut. level: HEADROOM_LOG_*. Any thread. */
  void (*log)(void* handle, int32_t level, headroom_string message);
  /* The value in effect of an option that the plugin declared, or {NULL, 0} for a key that it did not declare. Valid as
   * long as the process. Any thread. */
  headroom_string (*option)(void* handle, headroom_string key);
  /* A service that is not in this struct, by versioned id such as "headroom.progress/1", or NULL where this host does
   * not have it. What it points to lives as long as the process and grows as structs do. Main thread. */
  const void* (*extension)(void* handle, headroom_string id);

  uint64_t seed;                /* of everything random in the plugin: same seed, same numbers */
  int32_t n_threads;            /* >= 1 */
  int32_t reserved;             /* 0 */
  headroom_string data_folder;  /* where the plugin's own data files lie, readable; empty if it has none */
} headroom_host;

/* A setting that users give as --set PLUGIN.KEY=VALUE. */
typedef struct headroom_option {
  int64_t struct_size;
  headroom_string key;           /* letters, digits, '_' */
  headroom_string default_value; /* text; the plugin parses it */
  headroom_string help;          /* one line: meaning, unit, range */
} headroom_option;

/* Features of the contexts (cell lines) of a request, one row a context in the order of its `contexts`. The one of this
 * name holds each context's mean control profile, contexts × genes, on the scale that the deltas are differences of: */
#define HEADROOM_CONTROL_PROFILE "control_profile"
typedef struct headroom_context_block {
  int64_t struct_size;
  headroom_string name;
  headroom_matrix features; /* contexts × features, finite; zero where absent */
  const uint8_t* present;   /* one per context; NULL: all present */
} headroom_context_block;

#define HEADROOM_KIND_EMBEDDING 1 /* headroom_plugin::capability is a headroom_embedding (embedding.h) */
#define HEADROOM_KIND_PREDICTOR 2 /* ... is a headroom_predictor (predictor.h) */

/* The descriptor of one plugin: static data of the library. */
typedef struct headroom_plugin {
  int64_t struct_size;
  uint32_t abi_major; /* HEADROOM_ABI_MAJOR of the header that it was built with */
  uint32_t abi_minor;
  int32_t kind;     /* HEADROOM_KIND_* */
  int32_t reserved; /* 0 */

  headroom_string name;        /* letters, digits, '_', '-', '.'; what users and results call it */
  headroom_string version;     /* of the plugin: "1.2.0" */
  headroom_string description; /* one line */
  headroom_string licence;     /* SPDX identifier of code and weights: "Apache-2.0" */

  /* Names of the data sets that the model's weights were trained on; results show them, and an overlap with the task's
   * own data set is flagged. NULL and 0 if nothing was trained. */
  const headroom_string* training_datasets;
  int64_t n_training_datasets;

  const headroom_option* const* options; /* NULL and 0 if it has none */
  int64_t n_options;

  const void* capability; /* by kind: const headroom_embedding* or const headroom_predictor* */

  /* What the plugin offers beyond its capability, by versioned id such as "headroom.held-out-errors/1", or NULL where it
   * has none. The function may be NULL. Static data, no work. Main thread; described. */
  const void* (*extension)(headroom_string id);
} headroom_plugin;

/* The one exported symbol. Returns the descriptor of plugin `index` (0, 1, ...) of this library, and NULL past the last
 * or for an ABI major that the library does not speak. It is called before any other function, must not fail otherwise,
 * and does no work: load weights in `open`. Main thread; nothing of the plugin was called before. */
HEADROOM_EXPORT const headroom_plugin* headroom_plugin_entry(uint32_t abi_major, uint32_t index);

#define HEADROOM_ENTRY_SYMBOL "headroom_plugin_entry"

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HEADROOM_PLUGIN_H */
