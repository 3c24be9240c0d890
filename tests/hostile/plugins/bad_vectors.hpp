// Parts of embeddings whose output is bad.
#pragma once

#include "hostile.hpp"

namespace hostile {

inline headroom_status two_columns(const headroom_host*, void*, const headroom_embedding_request*,
                                   std::int64_t* columns) {
  *columns = 2;
  return HEADROOM_OK;
}

inline void fill(headroom_embedding_output* output, double value) {
  for (std::int64_t i = 0; i < output->vectors.rows; ++i) {
    output->present[i] = 1;
    for (std::int64_t j = 0; j < output->vectors.cols; ++j)
      output->vectors.data[i * output->vectors.row_stride + j] = value;
  }
}

}  // namespace hostile
