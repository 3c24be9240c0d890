#include "review/doubt.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace headroom {
namespace {

constexpr std::array kCodes = {
    DoubtCode{"labels.same_perturbation", Severity::refused}, DoubtCode{"labels.like_control", Severity::refused},
    DoubtCode{"labels.like_missing", Severity::noted},        DoubtCode{"labels.several_per_gene", Severity::refused},
    DoubtCode{"rows.conditions_merged", Severity::refused},   DoubtCode{"controls.unflagged", Severity::noted},
    DoubtCode{"features.not_genes", Severity::noted},         DoubtCode{"values.not_counts", Severity::refused},
    DoubtCode{"values.not_log1p", Severity::refused},         DoubtCode{"values.odd_counts", Severity::noted},
    DoubtCode{"predictions.other_scale", Severity::refused},  DoubtCode{"predictions.other_genes", Severity::refused},
    DoubtCode{"predictions.left_out", Severity::noted},       DoubtCode{"folds.words", Severity::refused},
    DoubtCode{"genes.target_unknown", Severity::noted},       DoubtCode{"genes.ids_by_chance", Severity::refused},
    DoubtCode{"matrix.orientation", Severity::noted},         DoubtCode{"vectors.elsewhere", Severity::refused},
    DoubtCode{"vectors.row_numbers", Severity::refused},      DoubtCode{"vectors.flat", Severity::noted},
    DoubtCode{"output.not_ours", Severity::refused},
};

const DoubtCode* find(std::string_view code) {
  const auto at = std::find_if(kCodes.begin(), kCodes.end(), [&](const DoubtCode& each) { return each.code == code; });
  return at == kCodes.end() ? nullptr : &*at;
}

}  // namespace

std::span<const DoubtCode> doubt_codes() { return kCodes; }

bool is_doubt_code(std::string_view code) { return find(code) != nullptr; }

Severity severity_of(std::string_view code) {
  const DoubtCode* known = find(code);
  if (known == nullptr) throw std::logic_error("no such doubt: " + std::string(code));
  return known->severity;
}

std::string_view severity_name(Severity severity) { return severity == Severity::refused ? "refused" : "noted"; }

Error Doubt::error() const {
  std::string fact = what;
  if (!examples.empty()) {
    fact += fmt::format(": {}{}", fmt::join(examples, ", "),
                        examples.size() == kMostExamples && n > static_cast<std::int64_t>(kMostExamples) ? ", …" : "");
  }
  return Error{ErrorKind::bad_input, fmt::format("[{}] {}", code, fact), where, remedy};
}

std::vector<std::string> examples_of(std::span<const std::string> names) {
  return {names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kMostExamples))};
}

}  // namespace headroom
