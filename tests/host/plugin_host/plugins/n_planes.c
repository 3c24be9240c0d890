/* Classes alone, however many: a plane each, of class frequencies with one further row of every class. */
#include <headroom/predictor.h>
#include <stddef.h>

#define TEXT(literal) \
  { literal, sizeof(literal) - 1 }

static headroom_status predict(const headroom_host* host, const headroom_predictor_request* request,
                               headroom_predictor_output* output) {
  const headroom_matrix labels = request->delta_rows;
  if (request->n_planes != request->n_classes) {
    const headroom_string message = TEXT("planes and classes differ in number");
    host->set_error(host->handle, message);
    return HEADROOM_ERROR;
  }
  for (int64_t gene = 0; gene < labels.cols; ++gene) {
    for (int32_t plane = 0; plane < request->n_planes; ++plane) {
      double of_class = 1.0, n = (double)request->n_classes;
      for (int64_t i = 0; i < request->n_training; ++i) {
        const int64_t row = request->training_rows ? request->training_rows[i] : i;
        if (request->training_labelled && !request->training_labelled[i]) continue;
        of_class += labels.data[row * labels.row_stride + gene] == (double)plane;
        n += 1.0;
      }
      for (int64_t s = 0; s < request->settings.rows; ++s) {
        const headroom_matrix_mut to = output->predictions[s * request->n_planes + plane];
        for (int64_t q = 0; q < request->n_query; ++q) to.data[q * to.row_stride + gene] = of_class / n;
      }
    }
  }
  return HEADROOM_OK;
}

static const headroom_predictor predictor = {.struct_size = sizeof(headroom_predictor),
                                             .task_kinds = HEADROOM_SUPPORTS_CLASSES,
                                             .min_blocks = 1,
                                             .predict = predict};

static const headroom_plugin plugin = {.struct_size = sizeof(headroom_plugin),
                                       .abi_major = HEADROOM_ABI_MAJOR,
                                       .abi_minor = HEADROOM_ABI_MINOR,
                                       .kind = HEADROOM_KIND_PREDICTOR,
                                       .name = TEXT("n_planes"),
                                       .version = TEXT("1.0.0"),
                                       .description = TEXT("Class frequencies with one further row of every class"),
                                       .licence = TEXT("Apache-2.0"),
                                       .capability = &predictor};

const headroom_plugin* headroom_plugin_entry(uint32_t abi_major, uint32_t index) {
  return abi_major == HEADROOM_ABI_MAJOR && index == 0 ? &plugin : NULL;
}
