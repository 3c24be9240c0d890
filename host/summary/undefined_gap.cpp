#include "summary/undefined_gap.hpp"

#include <fmt/format.h>

namespace headroom {

std::string why_undefined(const GapResult& gap) {
  if (gap.defined()) return {};
  if (!gap.has_value()) return "a bound is missing";
  return gap.value() <= 0 ? "BAP is not better than WAP" : "the gap's interval contains 0";
}

std::string other_ceiling_text(const ContextResult& context) {
  if (!context.has_other_ceiling()) return {};
  const OtherCeiling& other = context.other_ceiling();
  std::string gap = fmt::format("{:.4g}", other.gap().value());
  if (other.gap().has_ci_low() && other.gap().has_ci_high()) {
    gap += fmt::format(" [{:.4g}, {:.4g}]", other.gap().ci_low(), other.gap().ci_high());
  }
  return fmt::format("to what the true deltas would score ({} {:.4g}) there is a gap: {}; --ceiling {}",
                     other.bap().method(), other.bap().value(), gap, other.ceiling());
}

}  // namespace headroom
