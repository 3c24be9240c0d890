// How far ceilings that are made of a screen's cells miss what second screens score, by the back-test of
// tests/reference/ceilings. Where that is more than a twentieth of the gap, output says "about".
#pragma once

#include <span>
#include <string_view>

namespace headroom {

struct CeilingAccuracy {
  std::string_view level;    // "cells" or "deltas"
  std::string_view metric;   // by the name that results give it
  std::string_view control;  // of the second screen: "own" or "shared"
  std::string_view way;      // by which it is made: "simulation", "spearman_brown", "closed_form", "replicate"
  double error_of_gap = 0;   // median size over screens and parts of their cells
};

inline constexpr double kAboutErrorOfGap = 0.05;

// As the back-test found it (the last column of tests/reference/ceilings/accuracy.csv).
std::span<const CeilingAccuracy> ceiling_accuracies();

// Whether such a ceiling is off by more, or was never tried.
bool is_about(std::string_view level, std::string_view metric, std::string_view control, std::string_view way);

}  // namespace headroom
