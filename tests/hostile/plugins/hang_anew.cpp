// Wants the training part, is asked in every fold for it, and never answers.
#include "bad_vectors.hpp"

static headroom_status embed(const headroom_host*, void*, const headroom_embedding_request*,
                             headroom_embedding_output*) {
  for (;;) sleep(1000);
}

const headroom_plugin* headroom_plugin_entry(std::uint32_t major, std::uint32_t index) {
  static const headroom_embedding embedding{sizeof(headroom_embedding), 1,     0,      nullptr,
                                            hostile::two_columns,       embed, nullptr};
  static const headroom_plugin plugin = hostile::describe(HEADROOM_KIND_EMBEDDING, &embedding);
  return major == HEADROOM_ABI_MAJOR && index == 0 ? &plugin : nullptr;
}
