// Gives a single infinity among good values.
#include <cmath>
#include <limits>

#include "bad_vectors.hpp"

static headroom_status embed(const headroom_host*, void*, const headroom_embedding_request*,
                             headroom_embedding_output* output) {
  hostile::fill(output, 1);
  output->vectors.data[1] = std::numeric_limits<double>::infinity();
  return HEADROOM_OK;
}
HEADROOM_HOSTILE_EMBEDDING(hostile::two_columns, embed)
