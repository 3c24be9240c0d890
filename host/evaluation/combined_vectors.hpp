// Vectors of combinations A+B that an embedding does not know: made of those of their parts (protocol section 10).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "matrix/matrix.hpp"
#include "task/split_request.hpp"

namespace headroom {

// The combinations among `ids` (a single that is written as A+ctrl is one of one part), and which parts must be asked
// for beside them.
class CombinedVectors {
 public:
  // Of one context.
  CombinedVectors(const std::vector<std::string>& ids, Combine combine);

  // Parts that are no ids themselves, distinct, ascending.
  const std::vector<std::string>& extra_ids() const { return extra_; }

  // Fills the rows of combinations that are absent and whose parts are all there. `vectors`, `present`: rows
  // [first, first + ids) are the ids', rows [first_extra, …) the extra ones'.
  void fill(Matrix& vectors, std::vector<std::uint8_t>& present, std::size_t first, std::size_t first_extra) const;

 private:
  struct Combination {
    std::size_t row = 0;                              // of the ids
    std::vector<std::pair<bool, std::size_t>> parts;  // whether it is an extra one, and its row there
  };

  Combine combine_;
  std::vector<std::string> extra_;
  std::vector<Combination> combinations_;
};

}  // namespace headroom
