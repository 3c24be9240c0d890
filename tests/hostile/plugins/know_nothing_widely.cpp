// Has a quarter of a million columns and knows no perturbation.
#include "bad_vectors.hpp"

static headroom_status dimension(const headroom_host*, void*, const headroom_embedding_request*,
                                 std::int64_t* columns) {
  *columns = std::int64_t{1} << 18;
  return HEADROOM_OK;
}
static headroom_status embed(const headroom_host*, void*, const headroom_embedding_request*,
                             headroom_embedding_output*) {
  return HEADROOM_OK;
}
HEADROOM_HOSTILE_EMBEDDING(dimension, embed)
