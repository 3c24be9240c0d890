// The files of tests/reference/io and the numbers that make_fixtures.py put into them.
#pragma once

#include <cmath>
#include <filesystem>
#include <string>

#include "matrix/matrix.hpp"

namespace headroom::testing {

inline std::filesystem::path fixture(const std::string& name) {
  return std::filesystem::path(HEADROOM_SOURCE_DIR) / "tests" / "reference" / "io" / name;
}

// 6 × 5; see the script.
inline double fixture_value(Eigen::Index i, Eigen::Index j) {
  return (i + 2 * j) % 3 == 0 ? 0.0 : 10.0 * static_cast<double>(i) + static_cast<double>(j) + 0.5;
}

inline Matrix fixture_matrix(Eigen::Index rows, Eigen::Index cols) {
  Matrix matrix(rows, cols);
  for (Eigen::Index i = 0; i < rows; ++i) {
    for (Eigen::Index j = 0; j < cols; ++j) matrix(i, j) = fixture_value(i, j);
  }
  return matrix;
}

}  // namespace headroom::testing
