#include "inspection/review_facts.hpp"

#include <fmt/format.h>

namespace headroom {

std::vector<Fact> review_facts(const Review& review) {
  std::vector<std::string> left_out, doubts;
  for (const Review::LeftOut& each : review.left_out()) left_out.push_back(fmt::format("{}: {}", each.what, each.n));
  for (const Doubt& doubt : review.doubts()) {
    doubts.push_back(fmt::format("{}{}: {}", severity_name(doubt.severity()), doubt.accepted ? ", accepted" : "",
                                 doubt.error().line()));
  }
  std::vector<Fact> facts;
  if (!review.understood().empty()) facts.push_back(list_fact("understood", review.understood()));
  if (!left_out.empty()) facts.push_back(list_fact("left_out", left_out));
  if (!doubts.empty()) facts.push_back(list_fact("doubts", doubts));
  return facts;
}

}  // namespace headroom
