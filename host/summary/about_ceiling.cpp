#include "summary/about_ceiling.hpp"

#include <array>
#include <utility>

#include "bounds/ceiling_accuracy.hpp"
#include "evaluation/depth_right_methods.hpp"
#include "plan/bound_names.hpp"

namespace headroom {
namespace {

// Ceilings by whose control the second screen has.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kControls{
    {{kCeilingDepthRight, "own"}, {kCeilingDepthRightShared, "shared"}, {kCeilingTrueDeltas, "none"}}};

}  // namespace

bool is_about_ceiling(std::string_view method, Metric metric) {
  for (const auto& [name, control] : kControls) {
    if (method == name) return is_about("deltas", metric_name(metric), control, name_of(suited_way(metric)));
  }
  return false;
}

}  // namespace headroom
