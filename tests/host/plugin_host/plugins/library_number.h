/* A predictor whose every answer is one number, number_of_library(), which the file that includes this computes with a
 * library of the system: to see that such a library can be loaded and used in a confined worker. */
#include <stddef.h>

#include "headroom/predictor.h"

#define TEXT(literal) \
  { literal, sizeof(literal) - 1 }

static double number_of_library(int32_t n_threads);

static headroom_status predict(const headroom_host* host, const headroom_predictor_request* request,
                               headroom_predictor_output* output) {
  const double number = number_of_library(host->n_threads);
  const headroom_matrix_mut* to = &output->predictions[0];
  (void)request;
  for (int64_t i = 0; i < to->rows; ++i) {
    for (int64_t j = 0; j < to->cols; ++j) to->data[i * to->row_stride + j] = number;
  }
  return HEADROOM_OK;
}

static const headroom_predictor kPredictor = {
    sizeof(headroom_predictor), HEADROOM_SUPPORTS_REGRESSION, 1, 1, 0, NULL, 0, predict};
static const headroom_plugin kPlugin = {sizeof(headroom_plugin),
                                        HEADROOM_ABI_MAJOR,
                                        HEADROOM_ABI_MINOR,
                                        HEADROOM_KIND_PREDICTOR,
                                        0,
                                        TEXT("library-number"),
                                        TEXT("1.0.0"),
                                        TEXT("a number that a library of the system computes"),
                                        TEXT("Apache-2.0"),
                                        NULL,
                                        0,
                                        NULL,
                                        0,
                                        &kPredictor,
                                        NULL};

#ifdef __cplusplus
extern "C"
#endif
    const headroom_plugin*
    headroom_plugin_entry(uint32_t abi_major, uint32_t index) {
  return abi_major == HEADROOM_ABI_MAJOR && index == 0 ? &kPlugin : NULL;
}
