// Gives vectors that are not numbers.
#include <cmath>
#include <limits>

#include "bad_vectors.hpp"

static headroom_status embed(const headroom_host*, void*, const headroom_embedding_request*,
                             headroom_embedding_output* output) {
  hostile::fill(output, std::nan(""));
  return HEADROOM_OK;
}
HEADROOM_HOSTILE_EMBEDDING(hostile::two_columns, embed)
