// Says that its vectors have fewer columns than none.
#include "bad_vectors.hpp"

static headroom_status dimension(const headroom_host*, void*, const headroom_embedding_request*,
                                 std::int64_t* columns) {
  *columns = -3;
  return HEADROOM_OK;
}
static headroom_status embed(const headroom_host*, void*, const headroom_embedding_request*,
                             headroom_embedding_output*) {
  return HEADROOM_OK;
}
HEADROOM_HOSTILE_EMBEDDING(dimension, embed)
