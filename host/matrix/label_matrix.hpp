// Matrices of labels of genes (protocol section 8): −1 down, 0 not differential, +1 up; and of bytes that pack them.
// Row-major like the host's other matrices: a row is one perturbation.
#pragma once

#include <Eigen/Core>
#include <cstdint>

namespace headroom {

using LabelMatrix = Eigen::Matrix<std::int8_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ByteMatrix = Eigen::Matrix<std::uint8_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
// Numbers of which seven digits are enough, at half the size.
using FloatMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstLabelMap = Eigen::Map<const LabelMatrix>;
using ConstFloatMap = Eigen::Map<const FloatMatrix>;
using ConstByteMap = Eigen::Map<const ByteMatrix>;

}  // namespace headroom
