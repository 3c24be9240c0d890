// Not hostile at all: reads a file of its own data folder, and says so where it cannot.
#include "bad_vectors.hpp"

static headroom_status open_state(const headroom_host* host, void**) {
  const hostile::Call call{host, nullptr, nullptr};
  const int fd = open((call.data_folder() + "/weights.txt").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return HEADROOM_ERROR;
  close(fd);
  return HEADROOM_OK;
}
static headroom_status embed(const headroom_host*, void*, const headroom_embedding_request*,
                             headroom_embedding_output* output) {
  for (std::int64_t i = 0; i < output->vectors.rows; ++i) {
    output->present[i] = 1;
    output->vectors.data[i * output->vectors.row_stride] = static_cast<double>(i % 7);
    output->vectors.data[i * output->vectors.row_stride + 1] = static_cast<double>(i % 3);
  }
  return HEADROOM_OK;
}

const headroom_plugin* headroom_plugin_entry(std::uint32_t major, std::uint32_t index) {
  static const headroom_embedding embedding{sizeof(headroom_embedding), 0,     0,      open_state,
                                            hostile::two_columns,       embed, nullptr};
  static const headroom_plugin plugin = hostile::describe(HEADROOM_KIND_EMBEDDING, &embedding);
  return major == HEADROOM_ABI_MAJOR && index == 0 ? &plugin : nullptr;
}
