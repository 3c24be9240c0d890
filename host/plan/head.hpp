// A head as results know it: by its name, and whose bounds stand in its table.
#pragma once

#include <string>

namespace headroom {

// A predictor through which embeddings are evaluated. It has one table per context and metric, in which stand the
// methods without a predictor and those through it. A head that is not one of Headroom's own never sees the idealized
// embedding: its table borrows `idealized+knn` and knn's nulls (protocol section 6).
struct Head {
  std::string name;
  bool shipped = true;
  std::string borrows;  // "knn" for a submitted predictor, else empty
};

}  // namespace headroom
