// JSON reference values as matrices, and the matrices that tests make up.
#pragma once

#include <cstdint>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "matrix/matrix.hpp"

namespace headroom {

inline nlohmann::json read_json(const std::string& path) {
  std::ifstream file(path);
  return nlohmann::json::parse(file);
}

// Null reads as NaN.
inline Vector vector_of(const nlohmann::json& list) {
  Vector vector(static_cast<Eigen::Index>(list.size()));
  for (Eigen::Index i = 0; i < vector.size(); ++i) {
    const nlohmann::json& value = list[static_cast<std::size_t>(i)];
    vector[i] = value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
  }
  return vector;
}

inline Matrix matrix_of(const nlohmann::json& rows) {
  Matrix matrix(static_cast<Eigen::Index>(rows.size()), static_cast<Eigen::Index>(rows.at(0).size()));
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) matrix.row(i) = vector_of(rows[static_cast<std::size_t>(i)]);
  return matrix;
}

inline Matrix normal_matrix(Eigen::Index rows, Eigen::Index cols, std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  Matrix matrix(rows, cols);
  for (Eigen::Index i = 0; i < rows; ++i) {
    for (Eigen::Index j = 0; j < cols; ++j) matrix(i, j) = normal(generator);
  }
  return matrix;
}

}  // namespace headroom
