// A head as results know it: by its name, and whose bounds stand in its table.
#pragma once

#include <string>

namespace headroom {

// A predictor through which embeddings are evaluated. It has one table per context and metric, in which stand the
// methods without a predictor and those through it, and all nulls and cheaters: bounds belong to the task. With bounds
// per head only the head's own nulls and idealized method stand there; a head that is not one of Headroom's own never
// sees the idealized embedding, and its table borrows `idealized+knn` and knn's nulls (protocol section 6).
struct Head {
  std::string name;
  bool shipped = true;
  std::string borrows;      // with bounds per head: "knn" for a submitted predictor, else empty
  bool own_bounds = false;  // bounds per head
};

}  // namespace headroom
