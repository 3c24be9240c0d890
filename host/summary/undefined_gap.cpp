#include "summary/undefined_gap.hpp"

namespace headroom {

std::string why_undefined(const GapResult& gap) {
  if (gap.defined()) return {};
  if (!gap.has_value()) return "a bound is missing";
  return gap.value() <= 0 ? "BAP is not better than WAP" : "the gap's interval contains 0";
}

}  // namespace headroom
