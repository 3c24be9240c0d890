/* An embedding plugin in plain C11: how often each letter and digit occurs in the perturbation's id. */
#include <headroom/embedding.h>

#include <stddef.h>

#define TEXT(literal) {literal, sizeof(literal) - 1}
enum { LETTERS = 26, DIMENSION = LETTERS + 10 };

static headroom_status dimension(const headroom_host* host, void* state, const headroom_embedding_request* request,
                                 int64_t* columns) {
  (void)host, (void)state, (void)request;
  *columns = DIMENSION;
  return HEADROOM_OK;
}

static headroom_status embed(const headroom_host* host, void* state, const headroom_embedding_request* request,
                             headroom_embedding_output* output) {
  (void)state;
  if (output->vectors.cols != DIMENSION) {
    const headroom_string message = TEXT("the output does not have 36 columns");
    host->set_error(host->handle, message);
    return HEADROOM_ERROR;
  }
  for (int64_t i = 0; i < request->n_ids; ++i) {
    const headroom_string id = request->ids[i];
    double* row = output->vectors.data + i * output->vectors.row_stride; /* NaN at first */
    for (int64_t column = 0; column < output->vectors.cols; ++column) row[column] = 0.0;
    for (int64_t c = 0; c < id.size; ++c) {
      const char letter = (char)(id.data[c] & ~0x20); /* upper case */
      if (letter >= 'A' && letter <= 'Z') row[letter - 'A'] += 1.0;
      if (id.data[c] >= '0' && id.data[c] <= '9') row[LETTERS + id.data[c] - '0'] += 1.0;
    }
    output->present[i] = 1;
  }
  return HEADROOM_OK;
}

static const headroom_embedding embedding = {
    .struct_size = sizeof(headroom_embedding), .dimension = dimension, .embed = embed};

static const headroom_plugin plugin = {
    .struct_size = sizeof(headroom_plugin),
    .abi_major = HEADROOM_ABI_MAJOR,
    .abi_minor = HEADROOM_ABI_MINOR,
    .kind = HEADROOM_KIND_EMBEDDING,
    .name = TEXT("letters"),
    .version = TEXT("1.0.0"),
    .description = TEXT("Counts of letters and digits in the perturbation's id"),
    .licence = TEXT("Apache-2.0"),
    .capability = &embedding};

const headroom_plugin* headroom_plugin_entry(uint32_t abi_major, uint32_t index) {
  return abi_major == HEADROOM_ABI_MAJOR && index == 0 ? &plugin : NULL;
}
