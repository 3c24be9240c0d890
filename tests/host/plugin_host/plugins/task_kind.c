/* The same task, told two ways: the mean of the training deltas, or how often each class is among the labels. */
#include <headroom/predictor.h>
#include <stddef.h>

#define TEXT(literal) \
  { literal, sizeof(literal) - 1 }

static double target(const headroom_predictor_request* request, int64_t i, int64_t gene) {
  const int64_t row = request->training_rows ? request->training_rows[i] : i;
  return request->delta_rows.data[row * request->delta_rows.row_stride + gene];
}

static headroom_status predict(const headroom_host* host, const headroom_predictor_request* request,
                               headroom_predictor_output* output) {
  const int is_regression = request->task_kind == HEADROOM_TASK_REGRESSION;
  (void)host;
  for (int64_t gene = 0; gene < request->delta_rows.cols; ++gene) {
    for (int32_t plane = 0; plane < request->n_planes; ++plane) {
      double sum = 0.0, n = 0.0;
      for (int64_t i = 0; i < request->n_training; ++i) {
        if (request->training_labelled && !request->training_labelled[i]) continue;
        const double value = target(request, i, gene);
        sum += is_regression ? value : value == (double)plane;
        n += 1.0;
      }
      for (int64_t s = 0; s < request->settings.rows; ++s) {
        const headroom_matrix_mut to = output->predictions[s * request->n_planes + plane];
        for (int64_t q = 0; q < request->n_query; ++q) to.data[q * to.row_stride + gene] = sum / n;
      }
    }
  }
  return HEADROOM_OK;
}

static const headroom_predictor predictor = {.struct_size = sizeof(headroom_predictor),
                                             .task_kinds = HEADROOM_SUPPORTS_REGRESSION | HEADROOM_SUPPORTS_CLASSES,
                                             .min_blocks = 1,
                                             .predict = predict};

static const headroom_plugin plugin = {.struct_size = sizeof(headroom_plugin),
                                       .abi_major = HEADROOM_ABI_MAJOR,
                                       .abi_minor = HEADROOM_ABI_MINOR,
                                       .kind = HEADROOM_KIND_PREDICTOR,
                                       .name = TEXT("task_kind"),
                                       .version = TEXT("1.0.0"),
                                       .description = TEXT("Training mean, or class frequencies"),
                                       .licence = TEXT("Apache-2.0"),
                                       .capability = &predictor};

const headroom_plugin* headroom_plugin_entry(uint32_t abi_major, uint32_t index) {
  return abi_major == HEADROOM_ABI_MAJOR && index == 0 ? &plugin : NULL;
}
