#include "bounds/random_embedding.hpp"

#include <Random123/philox.h>

#include <Random123/boxmuller.hpp>
#include <array>

namespace headroom {

Matrix random_embedding(Eigen::Index n_rows, Eigen::Index n_columns, std::uint64_t seed) {
  constexpr std::uint64_t kStream = 0x72616e646f6d;  // apart from other uses of the same seed
  constexpr Eigen::Index kPerBlock = 4;
  const r123::Philox4x64::key_type key = {{seed, kStream}};
  Matrix values(n_rows, n_columns);
  for (Eigen::Index row = 0; row < n_rows; ++row) {
    for (Eigen::Index first = 0; first < n_columns; first += kPerBlock) {
      const r123::Philox4x64::ctr_type counter = {
          {static_cast<std::uint64_t>(row), static_cast<std::uint64_t>(first / kPerBlock), 0, 0}};
      const auto words = r123::Philox4x64()(counter, key);
      const r123::double2 a = r123::boxmuller(words[0], words[1]), b = r123::boxmuller(words[2], words[3]);
      const std::array<double, kPerBlock> normals = {a.x, a.y, b.x, b.y};
      for (Eigen::Index k = 0; k < kPerBlock && first + k < n_columns; ++k) {
        values(row, first + k) = normals[static_cast<std::size_t>(k)];
      }
    }
  }
  return values;
}

}  // namespace headroom
