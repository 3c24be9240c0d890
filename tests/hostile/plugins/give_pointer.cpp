// Returns a pointer to memory of its own in place of filling the output.
#include <cmath>
#include <limits>

#include "bad_vectors.hpp"

static headroom_status embed(const headroom_host*, void*, const headroom_embedding_request*,
                             headroom_embedding_output* output) {
  static double own[64] = {7, 7, 7, 7};
  output->vectors.data = own;
  for (std::int64_t i = 0; i < output->vectors.rows; ++i) output->present[i] = 1;
  return HEADROOM_OK;
}
HEADROOM_HOSTILE_EMBEDDING(hostile::two_columns, embed)
