// Gives the largest and the smallest of numbers: awkward, but numbers.
#include <cmath>
#include <limits>

#include "bad_vectors.hpp"

static headroom_status embed(const headroom_host*, void*, const headroom_embedding_request*,
                             headroom_embedding_output* output) {
  hostile::fill(output, 1e308);
  output->vectors.data[0] = std::numeric_limits<double>::denorm_min();
  return HEADROOM_OK;
}
HEADROOM_HOSTILE_EMBEDDING(hostile::two_columns, embed)
