#include "onnx/tensor.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <headroom/plugin.hpp>
#include <limits>
#include <sstream>
#include <type_traits>

namespace headroom::onnx {
namespace {

// Calls function(T()) with the C++ type of the elements; false where there is none.
template <class Function>
bool with_type(ElementType type, Function&& function) {
  switch (type) {
    case ElementType::float32:
      function(float());
      return true;
    case ElementType::float64:
      function(double());
      return true;
    case ElementType::float16:
      function(Eigen::half());
      return true;
    case ElementType::int64:
      function(std::int64_t());
      return true;
    case ElementType::int32:
      function(std::int32_t());
      return true;
    case ElementType::int8:
      function(std::int8_t());
      return true;
    case ElementType::uint8:
      function(std::uint8_t());
      return true;
    case ElementType::boolean:
      function(bool());
      return true;
  }
  return false;
}

// The largest double up to which every whole number has a double of its own.
constexpr double kMostWhole = 9007199254740992.0;  // 2^53

template <class T>
bool holds(double value) {
  if constexpr (std::is_same_v<T, bool>) return value == 0 || value == 1;
  if constexpr (std::is_integral_v<T>) {
    return std::trunc(value) == value && std::abs(value) <= kMostWhole &&
           value >= static_cast<double>(std::numeric_limits<T>::min()) &&
           value <= static_cast<double>(std::numeric_limits<T>::max());
  }
  return true;
}

}  // namespace

std::string name_of(ElementType type) {
  switch (type) {
    case ElementType::float32:
      return "float32";
    case ElementType::float64:
      return "float64";
    case ElementType::float16:
      return "float16";
    case ElementType::int64:
      return "int64";
    case ElementType::int32:
      return "int32";
    case ElementType::int8:
      return "int8";
    case ElementType::uint8:
      return "uint8";
    case ElementType::boolean:
      return "bool";
  }
  return "type " + std::to_string(static_cast<std::int32_t>(type));
}

bool is_known(ElementType type) {
  return with_type(type, [](auto) {});
}

std::vector<std::byte> tensor_bytes(const Matrix& values, const Port& port) {
  std::vector<std::byte> bytes;
  with_type(port.element, [&]<class T>(T) {
    bytes.resize(static_cast<std::size_t>(values.size()) * sizeof(T));
    std::byte* to = bytes.data();
    for (const double value : values.reshaped<Eigen::RowMajor>()) {
      if (!holds<T>(value)) {
        std::ostringstream number;
        number << value;
        throw sdk::Error("the input '" + port.name + "' takes numbers of the type " + name_of(port.element) +
                         ", the vocabulary has " + number.str());
      }
      const T number = static_cast<T>(value);
      std::memcpy(to, &number, sizeof(T));
      to += sizeof(T);
    }
  });
  return bytes;
}

Matrix numbers_of(const void* data, ElementType type, Eigen::Index n_rows, Eigen::Index n_columns) {
  Matrix numbers(n_rows, n_columns);
  const bool is_number = with_type(type, [&]<class T>(T) {
    const T* from = static_cast<const T*>(data);
    for (double& number : numbers.reshaped<Eigen::RowMajor>()) number = static_cast<double>(*from++);
  });
  if (!is_number) throw sdk::Error("a tensor is of " + name_of(type) + ", which is no number");
  return numbers;
}

std::vector<std::int64_t> shape_for(const Port& port, std::int64_t n_rows, std::int64_t n_columns) {
  std::vector<std::int64_t> shape = port.shape;
  const auto refuse = [&] {
    return sdk::Error("the input '" + port.name + "' has the shape " + shape_text(port.shape) +
                      ", which the vocabulary's " + std::to_string(n_columns) + " columns do not fill");
  };
  if (shape.empty()) throw refuse();
  shape.front() = n_rows;
  std::int64_t n_known = 1;
  std::int64_t* any = nullptr;
  for (auto at = shape.begin() + 1; at != shape.end(); ++at) {
    if (*at > 0) {
      n_known *= std::min(*at, n_columns + 1);  // more cannot be filled anyhow
      if (n_known > n_columns) throw refuse();
    } else if (any != nullptr || *at == 0) {
      throw refuse();
    } else {
      any = &*at;
    }
  }
  if (any != nullptr && n_columns % n_known == 0) {
    *any = n_columns / n_known;
  } else if (n_known != n_columns) {
    throw refuse();
  }
  return shape;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const std::int64_t size : shape) {
    text += (text.size() > 1 ? ", " : "") + (size < 0 ? std::string("any") : std::to_string(size));
  }
  return text + "]";
}

}  // namespace headroom::onnx
