/* A host in one file for the outside projects: opens a plugin as the worker does, asks it a small question, and checks
 * the answer's form. outside_host PLUGIN.so NAME; prints one line and exits with 0 if all is well. */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "headroom/embedding.h"
#include "headroom/predictor.h"

enum { ROWS = 6, QUERIES = 2, FEATURES = 3, GENES = 4, MOST_SETTINGS = 16, MOST_COLUMNS = 4096 };

static const headroom_plugin* plugin;

static void fail(const char* what) {
  fprintf(stderr, "outside_host: %s\n", what);
  exit(1);
}

static void set_error(void* handle, headroom_string message) {
  (void)handle;
  fprintf(stderr, "plugin says: %.*s\n", (int)message.size, message.data);
}
static void log_line(void* handle, int32_t level, headroom_string message) {
  (void)handle, (void)level, (void)message;
}
static headroom_string option(void* handle, headroom_string key) {
  (void)handle;
  for (int64_t i = 0; i < plugin->n_options; ++i) {
    const headroom_option* o = plugin->options[i];
    if (o->key.size == key.size && memcmp(o->key.data, key.data, (size_t)key.size) == 0) return o->default_value;
  }
  return (headroom_string){NULL, 0};
}
static const void* extension(void* handle, headroom_string id) {
  (void)handle, (void)id;
  return NULL;
}

static const headroom_host host = {.struct_size = sizeof(headroom_host),
                                   .set_error = set_error,
                                   .log = log_line,
                                   .option = option,
                                   .extension = extension,
                                   .seed = 1,
                                   .n_threads = 1};

static const headroom_string context = {"K562", 4};

static void ask_embedding(const headroom_embedding* embedding) {
  void* state = NULL;
  if (embedding->open && embedding->open(&host, &state) != HEADROOM_OK) fail("open failed");
  const headroom_string ids[2] = {{"TP53", 4}, {"MYC", 3}};
  const headroom_embedding_request request = {
      .struct_size = sizeof request, .context = {"K562", 4}, .ids = ids, .n_ids = 2, .contexts = &context, .n_contexts = 1};
  int64_t columns = 0;
  if (embedding->dimension(&host, state, &request, &columns) != HEADROOM_OK) fail("dimension failed");
  if (columns < 1 || columns > MOST_COLUMNS) fail("dimension is out of range");
  double* vectors = calloc((size_t)(2 * columns), sizeof(double));
  uint8_t present[2] = {0, 0};
  headroom_embedding_output output = {sizeof output, {vectors, 2, columns, columns}, present};
  if (embedding->embed(&host, state, &request, &output) != HEADROOM_OK) fail("embed failed");
  if (!present[0] || !present[1]) fail("a perturbation is not present");
  if (memcmp(vectors, vectors + columns, (size_t)columns * sizeof(double)) == 0) fail("two ids, one vector");
  for (int64_t i = 0; i < 2 * columns; ++i) {
    if (!isfinite(vectors[i])) fail("a number is not finite");
  }
  free(vectors);
  if (embedding->close) embedding->close(state);
}

static void ask_predictor(const headroom_predictor* predictor) {
  double training[ROWS * FEATURES], query[QUERIES * FEATURES], deltas[ROWS * GENES], settings[MOST_SETTINGS];
  for (int i = 0; i < ROWS * FEATURES; ++i) training[i] = (i * 7) % 5 - 2.0;
  for (int i = 0; i < QUERIES * FEATURES; ++i) query[i] = (i * 3) % 4 - 1.0;
  for (int i = 0; i < ROWS * GENES; ++i) deltas[i] = (i * 5) % 11 - 5.0;
  if (predictor->n_hyperparameters != 1) fail("this host asks for one hyperparameter");
  const headroom_hyperparameter* h = predictor->hyperparameters[0];
  if (h->n_grid < 1 || h->n_grid > MOST_SETTINGS) fail("the grid is out of range");
  memcpy(settings, h->grid, (size_t)h->n_grid * sizeof(double));

  headroom_block block = {.struct_size = sizeof block,
                          .training = {training, ROWS, FEATURES, FEATURES},
                          .query = {query, QUERIES, FEATURES, FEATURES}};
  const headroom_block* blocks[1] = {&block};
  int32_t numbers[ROWS + QUERIES];
  for (int i = 0; i < ROWS + QUERIES; ++i) numbers[i] = i;
  const headroom_predictor_request request = {.struct_size = sizeof request,
                                              .n_planes = 1,
                                              .blocks = blocks,
                                              .n_blocks = 1,
                                              .delta_rows = {deltas, ROWS, GENES, GENES},
                                              .n_training = ROWS,
                                              .n_query = QUERIES,
                                              .settings = {settings, h->n_grid, 1, 1},
                                              .contexts = &context,
                                              .n_contexts = 1,
                                              .training_perturbations = numbers,
                                              .query_perturbations = numbers + ROWS,
                                              .n_perturbations = ROWS + QUERIES};
  static double predictions[MOST_SETTINGS][QUERIES * GENES];
  headroom_matrix_mut views[MOST_SETTINGS];
  uint8_t feasible[MOST_SETTINGS];
  for (int s = 0; s < MOST_SETTINGS; ++s) {
    for (int i = 0; i < QUERIES * GENES; ++i) predictions[s][i] = NAN;
    views[s] = (headroom_matrix_mut){predictions[s], QUERIES, GENES, GENES};
    feasible[s] = 1;
  }
  headroom_predictor_output output = {sizeof output, views, feasible};
  if (predictor->predict(&host, &request, &output) != HEADROOM_OK) fail("predict failed");
  for (int64_t s = 0; s < h->n_grid; ++s) {
    for (int i = 0; feasible[s] && i < QUERIES * GENES; ++i) {
      if (!isfinite(predictions[s][i])) fail("a prediction is not finite");
    }
  }
}

int main(int argc, char** argv) {
  if (argc != 3) fail("usage: outside_host PLUGIN.so NAME");
  void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (!library) fail(dlerror());
  const headroom_plugin* (*entry)(uint32_t, uint32_t) = NULL;
  *(void**)&entry = dlsym(library, HEADROOM_ENTRY_SYMBOL);
  if (!entry) fail("no entry");
  plugin = entry(HEADROOM_ABI_MAJOR, 0);
  if (!plugin) fail("no plugin of this ABI major");
  if (plugin->name.size != (int64_t)strlen(argv[2]) || memcmp(plugin->name.data, argv[2], strlen(argv[2])) != 0) {
    fail("another name than the project's");
  }
  if (plugin->kind == HEADROOM_KIND_EMBEDDING) {
    ask_embedding(plugin->capability);
  } else {
    ask_predictor(plugin->capability);
  }
  printf("%s answers\n", argv[2]);
  return 0;
}
