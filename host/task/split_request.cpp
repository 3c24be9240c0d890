#include "task/split_request.hpp"

#include <fmt/format.h>

#include "io/delimited.hpp"

namespace headroom {

std::string split_text(const SplitRequest& request) {
  return fmt::format("{} few_percent={} test_doubles={} folds={} seed={} joint={}", request.family, request.few_percent,
                     request.test_doubles, request.n_folds, request.seed, request.joint ? 1 : 0);
}

std::optional<SplitRequest> split_of_text(std::string_view text) {
  SplitRequest request;
  const auto word = [&]() {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view first = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return first;
  };
  request.family = std::string(word());
  if (request.family.empty()) return std::nullopt;
  while (!text.empty()) {
    const std::string_view setting = word();
    const std::size_t equals = std::min(setting.find('='), setting.size());
    const std::string_view name = setting.substr(0, equals);
    const auto value = parse_number(setting.substr(std::min(equals + 1, setting.size())));
    if (!value || !(*value >= 0) || *value > 4294967295.0) return std::nullopt;
    if (name == "few_percent") request.few_percent = *value;
    if (name == "test_doubles") request.test_doubles = *value;
    if (name == "folds") request.n_folds = static_cast<int>(std::min(*value, 1e9));
    if (name == "seed") request.seed = static_cast<std::uint32_t>(*value);
    if (name == "joint") request.joint = *value != 0;
  }
  return request;
}

}  // namespace headroom
