// Says another dimension each time that it is asked.
#include "bad_vectors.hpp"

static headroom_status dimension(const headroom_host*, void*, const headroom_embedding_request*,
                                 std::int64_t* columns) {
  static std::int64_t said = 0;
  *columns = ++said;
  return HEADROOM_OK;
}
static headroom_status embed(const headroom_host*, void*, const headroom_embedding_request*,
                             headroom_embedding_output*) {
  return HEADROOM_OK;
}
HEADROOM_HOSTILE_EMBEDDING(dimension, embed)
