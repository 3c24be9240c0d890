// Numbers and lists of numbers one after the other, as they lie in memory, with a hash at the end: what a part of a
// screen is written in. One description of a layout serves writing and reading:
//
//   template <class Archive> void lay_out(Archive& archive, Thing& thing) { archive(thing.n, thing.values); }
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "matrix/label_matrix.hpp"
#include "matrix/matrix.hpp"

namespace headroom {

class ArchiveWriter {
 public:
  template <class... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void put(const T& value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void put(const std::string& text) {
    put(static_cast<std::uint64_t>(text.size()));
    bytes_ += text;
  }
  template <class T>
  void put(const std::vector<T>& values) {
    put(static_cast<std::uint64_t>(values.size()));
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
      bytes_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
    } else {
      for (const T& value : values) put(value);
    }
  }
  template <class Derived>
  void put(const Eigen::PlainObjectBase<Derived>& matrix) {
    put(static_cast<std::int64_t>(matrix.rows()));
    put(static_cast<std::int64_t>(matrix.cols()));
    bytes_.append(reinterpret_cast<const char*>(matrix.data()),
                  static_cast<std::size_t>(matrix.size()) * sizeof(typename Derived::Scalar));
  }
  template <class T>
  void put(const std::optional<T>& value) {
    put(static_cast<std::uint8_t>(value.has_value()));
    if (value) put(*value);
  }
  // Whatever has a layout of its own.
  template <class T>
  requires(std::is_class_v<T>&& requires(ArchiveWriter& archive, T& thing) {
    lay_out(archive, thing);
  }) void put(const T& thing) {
    lay_out(*this, const_cast<T&>(thing));  // which only reads it
  }

  std::string bytes_;
};

// Reads no further than the bytes go. What does not fit leaves is_good() false and the rest as it is.
class ArchiveReader {
 public:
  explicit ArchiveReader(std::string_view bytes) : left_(bytes) {}
  template <class... T>
  void operator()(T&... values) {
    (get(values), ...);
  }
  bool is_good() const { return is_good_; }
  bool is_at_end() const { return is_good_ && left_.empty(); }

 private:
  bool take(void* to, std::uint64_t n, std::uint64_t width) {
    is_good_ = is_good_ && n <= left_.size() / width;
    if (!is_good_) return false;
    if (n > 0) std::memcpy(to, left_.data(), n * width);
    left_.remove_prefix(n * width);
    return true;
  }
  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void get(T& value) { take(&value, 1, sizeof value); }
  // Of a list whose elements take at least `width` bytes each.
  std::uint64_t count(std::uint64_t width) {
    std::uint64_t n = 0;
    get(n);
    is_good_ = is_good_ && n <= left_.size() / width;
    return is_good_ ? n : 0;
  }
  void get(std::string& text) {
    text.resize(count(1));
    take(text.data(), text.size(), 1);
  }
  template <class T>
  void get(std::vector<T>& values) {
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
      values.resize(count(sizeof(T)));
      take(values.data(), values.size(), sizeof(T));
    } else {
      values.resize(count(1));
      for (T& value : values) get(value);
    }
  }
  template <class Derived>
  void get(Eigen::PlainObjectBase<Derived>& matrix) {
    std::int64_t rows = 0, cols = 0;
    get(rows);
    get(cols);
    constexpr std::uint64_t kWidth = sizeof(typename Derived::Scalar);
    const bool fits_shape = (Derived::RowsAtCompileTime == Eigen::Dynamic || rows == Derived::RowsAtCompileTime) &&
                            (Derived::ColsAtCompileTime == Eigen::Dynamic || cols == Derived::ColsAtCompileTime);
    const std::uint64_t most = left_.size() / kWidth;
    is_good_ = is_good_ && fits_shape && rows >= 0 && cols >= 0 &&
               (cols == 0 || static_cast<std::uint64_t>(rows) <= most / static_cast<std::uint64_t>(cols));
    if (!is_good_) return;
    matrix.resize(rows, cols);
    take(matrix.data(), static_cast<std::uint64_t>(matrix.size()), kWidth);
  }
  template <class T>
  void get(std::optional<T>& value) {
    std::uint8_t has = 0;
    get(has);
    value.reset();
    if (is_good_ && has != 0) get(value.emplace());
  }
  template <class T>
  requires(std::is_class_v<T>&& requires(ArchiveReader& archive, T& thing) {
    lay_out(archive, thing);
  }) void get(T& thing) {
    lay_out(*this, thing);
  }

  std::string_view left_;
  bool is_good_ = true;
};

}  // namespace headroom
