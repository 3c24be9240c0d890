// Marks rows as present with a value that is neither yes nor no.
#include <cmath>
#include <limits>

#include "bad_vectors.hpp"

static headroom_status embed(const headroom_host*, void*, const headroom_embedding_request*,
                             headroom_embedding_output* output) {
  hostile::fill(output, 1);
  output->present[0] = 255;
  return HEADROOM_OK;
}
HEADROOM_HOSTILE_EMBEDDING(hostile::two_columns, embed)
