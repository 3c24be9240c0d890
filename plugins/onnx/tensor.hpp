// Numbers of the vocabulary as a tensor's, and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "matrix/matrix.hpp"
#include "onnx/model.hpp"

namespace headroom::onnx {

// "float32", "int64", ...; "type 8" of one that the runner does not know.
std::string name_of(ElementType type);

// Whether the runner can read and write numbers of the type.
bool is_known(ElementType type);

// The numbers in the order of `values`, as the port's type has them. Throws sdk::Error, which names the port and the
// number: an integer type gets a fraction, or what is beyond its range.
std::vector<std::byte> tensor_bytes(const Matrix& values, const Port& port);

// n_rows × n_columns numbers of the type, as they lie at `data`.
Matrix numbers_of(const void* data, ElementType type, Eigen::Index n_rows, Eigen::Index n_columns);

// The shape of n_rows rows of n_columns numbers for the port: its own, with the one dimension of any size beyond the
// first, if there is one, made to fit. Throws sdk::Error, which names the port and its shape, where nothing fits.
std::vector<std::int64_t> shape_for(const Port& port, std::int64_t n_rows, std::int64_t n_columns);

// "[any, 3, 224]".
std::string shape_text(const std::vector<std::int64_t>& shape);

}  // namespace headroom::onnx
