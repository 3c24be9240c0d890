/* The perturbation's mean in other contexts; where it is measured nowhere, the mean of the query's own context, or of
 * all. Plus a share of the context's control profile. */
#include <headroom/predictor.h>
#include <stddef.h>

#define TEXT(literal) \
  { literal, sizeof(literal) - 1 }

#include <string.h>

static const double grid[] = {0.0, 0.5};
static const headroom_hyperparameter control = {.struct_size = sizeof(headroom_hyperparameter),
                                                .name = TEXT("control"),
                                                .help = TEXT("share of the control profile that is added"),
                                                .minimum = 0.0,
                                                .maximum = 1.0,
                                                .grid = grid,
                                                .n_grid = 2};
static const headroom_hyperparameter* const hyperparameters[] = {&control};

static const headroom_matrix* control_profiles(const headroom_predictor_request* request) {
  for (int64_t b = 0; b < request->n_context_blocks; ++b) {
    const headroom_string name = request->context_blocks[b]->name;
    if (name.size == (int64_t)strlen(HEADROOM_CONTROL_PROFILE) &&
        memcmp(name.data, HEADROOM_CONTROL_PROFILE, (size_t)name.size) == 0) {
      return &request->context_blocks[b]->features;
    }
  }
  return NULL;
}

/* How well training row i suits query row q: 2 the same perturbation, 1 the same context, 0 neither. */
static int kinship(const headroom_predictor_request* request, int64_t i, int64_t q) {
  if (request->training_perturbations[i] == request->query_perturbations[q]) return 2;
  if (request->training_contexts == NULL) return 1;
  return request->training_contexts[i] == request->query_contexts[q];
}

static headroom_status predict(const headroom_host* host, const headroom_predictor_request* request,
                               headroom_predictor_output* output) {
  const headroom_matrix deltas = request->delta_rows;
  const headroom_matrix* profiles = control_profiles(request);
  (void)host;
  for (int64_t q = 0; q < request->n_query; ++q) {
    const int64_t context = request->query_contexts ? request->query_contexts[q] : 0;
    int closest = 0;
    for (int64_t i = 0; i < request->n_training; ++i) {
      if (kinship(request, i, q) > closest) closest = kinship(request, i, q);
    }
    for (int64_t gene = 0; gene < deltas.cols; ++gene) {
      double sum = 0.0, n = 0.0;
      for (int64_t i = 0; i < request->n_training; ++i) {
        const int64_t row = request->training_rows ? request->training_rows[i] : i;
        if (kinship(request, i, q) != closest) continue;
        sum += deltas.data[row * deltas.row_stride + gene];
        n += 1.0;
      }
      for (int64_t s = 0; s < request->settings.rows; ++s) {
        const headroom_matrix_mut to = output->predictions[s];
        const double share = request->settings.data[s * request->settings.row_stride];
        const double profile = profiles ? profiles->data[context * profiles->row_stride + gene] : 0.0;
        to.data[q * to.row_stride + gene] = sum / n + share * profile;
      }
    }
  }
  return HEADROOM_OK;
}

static const headroom_predictor predictor = {.struct_size = sizeof(headroom_predictor),
                                             .task_kinds = HEADROOM_SUPPORTS_REGRESSION,
                                             .min_blocks = 1,
                                             .uses_contexts = 1,
                                             .hyperparameters = hyperparameters,
                                             .n_hyperparameters = 1,
                                             .predict = predict};

static const headroom_plugin plugin = {.struct_size = sizeof(headroom_plugin),
                                       .abi_major = HEADROOM_ABI_MAJOR,
                                       .abi_minor = HEADROOM_ABI_MINOR,
                                       .kind = HEADROOM_KIND_PREDICTOR,
                                       .name = TEXT("contexts"),
                                       .version = TEXT("1.0.0"),
                                       .description = TEXT("Mean of the perturbation elsewhere"),
                                       .licence = TEXT("Apache-2.0"),
                                       .capability = &predictor};

const headroom_plugin* headroom_plugin_entry(uint32_t abi_major, uint32_t index) {
  return abi_major == HEADROOM_ABI_MAJOR && index == 0 ? &plugin : NULL;
}
