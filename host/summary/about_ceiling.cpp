#include "summary/about_ceiling.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "bounds/ceiling_accuracy.hpp"
#include "evaluation/cell_methods.hpp"
#include "evaluation/depth_right_methods.hpp"
#include "plan/bound_names.hpp"

namespace headroom {
namespace {

// Ceilings by whose control the second screen has.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kControls{
    {{kCeilingDepthRight, "own"}, {kCeilingDepthRightShared, "shared"}, {kCeilingTrueDeltas, "none"}}};

bool is_of_cells(Metric metric) {
  const auto metrics = cell_metrics();
  return std::find(metrics.begin(), metrics.end(), metric) != metrics.end();
}

}  // namespace

bool is_about_ceiling(std::string_view method, Metric metric, ExcludedTargets excluded) {
  const auto found =
      std::find_if(kControls.begin(), kControls.end(), [method](const auto& each) { return each.first == method; });
  if (found == kControls.end()) return false;
  if (is_of_cells(metric)) {
    return is_about("cells", metric_name(metric), found->second, name_of(way_of_second_screen(metric, excluded)));
  }
  return is_about("deltas", metric_name(metric), found->second, name_of(suited_way(metric)));
}

}  // namespace headroom
