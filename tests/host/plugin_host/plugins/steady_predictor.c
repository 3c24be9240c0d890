/* A predictor whose answers a test can compute: setting `scale` times the mean of the training deltas, plus the first
 * feature of the query row. A negative scale is called infeasible. */
#include <stddef.h>

#include "headroom/predictor.h"

#define TEXT(literal) \
  { literal, sizeof(literal) - 1 }

static headroom_status predict(const headroom_host* host, const headroom_predictor_request* request,
                               headroom_predictor_output* output) {
  const headroom_block* block = request->blocks[0];
  const headroom_matrix* deltas = &request->delta_rows;
  (void)host;
  for (int64_t s = 0; s < request->settings.rows; ++s) {
    const double scale = request->settings.data[s * request->settings.row_stride];
    if (scale < 0) output->feasible[s] = 0;
    for (int64_t plane = 0; plane < request->n_planes; ++plane) {
      const headroom_matrix_mut* to = &output->predictions[s * request->n_planes + plane];
      for (int64_t g = 0; g < deltas->cols; ++g) {
        double mean = 0;
        for (int64_t i = 0; i < request->n_training; ++i) {
          const int64_t row = request->training_rows ? request->training_rows[i] : i;
          mean += deltas->data[row * deltas->row_stride + g] / (double)request->n_training;
        }
        for (int64_t q = 0; q < request->n_query; ++q) {
          to->data[q * to->row_stride + g] =
              scale * mean + block->query.data[q * block->query.row_stride] + (double)plane;
        }
      }
    }
  }
  return HEADROOM_OK;
}

static const double kGrid[] = {1, 2};
static const headroom_hyperparameter kScale = {
    sizeof(headroom_hyperparameter), TEXT("scale"), TEXT("factor on the mean"), 0, 0, -10, 10, kGrid, 2};
static const headroom_hyperparameter* const kHyperparameters[] = {&kScale};
static const headroom_predictor kPredictor = {sizeof(headroom_predictor),
                                              HEADROOM_SUPPORTS_REGRESSION | HEADROOM_SUPPORTS_CLASSES,
                                              1,
                                              2,
                                              0,
                                              kHyperparameters,
                                              1,
                                              predict};
static const headroom_string kDatasets[] = {TEXT("atlas")};
static const headroom_plugin kPlugin = {sizeof(headroom_plugin),
                                        HEADROOM_ABI_MAJOR,
                                        HEADROOM_ABI_MINOR,
                                        HEADROOM_KIND_PREDICTOR,
                                        0,
                                        TEXT("steady-predictor"),
                                        TEXT("1.2.0"),
                                        TEXT("scaled mean"),
                                        TEXT("Apache-2.0"),
                                        kDatasets,
                                        1,
                                        NULL,
                                        0,
                                        &kPredictor,
                                        NULL};

const headroom_plugin* headroom_plugin_entry(uint32_t abi_major, uint32_t index) {
  return abi_major == HEADROOM_ABI_MAJOR && index == 0 ? &kPlugin : NULL;
}
