#include "io/annotation_column.hpp"

#include <fmt/format.h>

#include <cmath>

namespace headroom {

std::size_t AnnotationColumn::size() const {
  return std::visit([](const auto& list) { return list.size(); }, values);
}

std::string AnnotationColumn::text(std::size_t row) const {
  if (!is_present(row)) return {};
  if (const auto* texts = std::get_if<std::vector<std::string>>(&values)) return (*texts)[row];
  if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&values)) return fmt::to_string((*integers)[row]);
  if (const auto* flags = std::get_if<std::vector<bool>>(&values)) return (*flags)[row] ? "True" : "False";
  const double number = std::get<std::vector<double>>(values)[row];
  constexpr double kExactInteger = 9007199254740992.0;  // 2^53
  if (std::abs(number) < kExactInteger && number == std::trunc(number)) {
    return fmt::to_string(static_cast<std::int64_t>(number));
  }
  return fmt::to_string(number);
}

}  // namespace headroom
