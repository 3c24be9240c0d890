#include "plan/evaluation_key.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "io/sha256.hpp"

namespace headroom {
namespace {

constexpr std::size_t kHashDigits = 64;

bool is_hash(const std::string& value) {
  return value.size() == kHashDigits && value.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string shown(const std::string& value) {
  if (is_hash(value)) return "sha256 " + value.substr(0, 8) + "…";
  return value.size() > 40 ? value.substr(0, 40) + "…" : value;
}

const std::string* value_of(const EvaluationInputs& inputs, const std::string& name) {
  const auto found = std::find_if(inputs.begin(), inputs.end(), [&](const auto& input) { return input.name == name; });
  return found == inputs.end() ? nullptr : &found->value;
}

}  // namespace

std::string fingerprint_of(const EvaluationInputs& inputs) {
  std::string text;
  for (const auto& [name, value] : inputs) {
    text += fmt::format("{} {}\n{} {}\n", name.size(), name, value.size(), value);
  }
  return sha256_of_bytes(text).value_or(text);
}

std::vector<std::string> differences(const EvaluationInputs& stored, const EvaluationInputs& now) {
  std::vector<std::string> changes;
  for (const auto& [name, value] : now) {
    const std::string* before = value_of(stored, name);
    if (before == nullptr) {
      changes.push_back(fmt::format("{}: none, now {}", name, shown(value)));
    } else if (*before != value) {
      changes.push_back(fmt::format("{}: {}, now {}", name, shown(*before), shown(value)));
    }
  }
  for (const auto& [name, value] : stored) {
    if (value_of(now, name) == nullptr) changes.push_back(fmt::format("{}: {}, now none", name, shown(value)));
  }
  return changes;
}

}  // namespace headroom
