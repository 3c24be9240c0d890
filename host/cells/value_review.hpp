// Whether the values of cells are what they were said to be (values.not_counts, values.not_log1p, values.odd_counts).
// What is needed is gathered while the cells pass by; nothing is read twice.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cells/normalise.hpp"
#include "outcome/outcome.hpp"
#include "review/review.hpp"

namespace headroom {

// A value in its place.
struct PlacedValue {
  std::uint64_t cell = 0;
  std::uint32_t gene = 0;
  double value = 0;
};

// Values of one kind that do not fit: how many, and the first ones in the order of the source.
struct MisfitValues {
  std::uint64_t n = 0;
  std::vector<PlacedValue> first;                        // at most kMostExamples
  std::uint64_t first_cell = UINT64_MAX, last_cell = 0;  // that have one

  void add(const PlacedValue& value) {
    ++n;
    first_cell = std::min(first_cell, value.cell);
    last_cell = std::max(last_cell, value.cell);
    if (first.size() < kMostExamples) first.push_back(value);
  }
  // `later` comes after this in the source.
  void append(const MisfitValues& later) {
    n += later.n;
    first_cell = std::min(first_cell, later.first_cell);
    last_cell = std::max(last_cell, later.last_cell);
    for (const PlacedValue& value : later.first) {
      if (first.size() < kMostExamples) first.push_back(value);
    }
  }
};

// What the pass found. Sums are over all genes of a cell.
struct ValueFindings {
  MisfitValues fractions;  // of values said to be counts
  MisfitValues negatives;
  MisfitValues beyond;  // beyond what a log1p of the total can reach
  double largest = 0;
  std::vector<double> totals;  // of each cell that is used; empty where the values are taken as they are
  // Of some of those cells: Σ expm1(x), Σ (2^x − 1), Σ (10^x − 1) and Σ expm1(expm1(x)), what an undone logarithm sums
  // to; and whether all their values, or all their expm1, are whole numbers.
  std::vector<double> undone_log1p, undone_log2, undone_log10, undone_twice;
  bool sampled_are_whole = true, undone_are_whole = true;
  std::uint64_t n_sampled_values = 0;
  std::vector<std::string> groups_without_counts;  // names of perturbations, and "the control"
};

struct ValueNames {
  std::string where;
  std::function<std::string(std::uint64_t cell)> cell;
  std::function<std::string(std::uint32_t gene)> gene;
  // The one file among several that has both cells; empty: there is one file only, or they lie in different ones.
  std::function<std::string(std::uint64_t first_cell, std::uint64_t last_cell)> file = {};
};

// Raises what is doubtful. Error (bad_input): negative values that are said, or accepted, to be counts, whose logarithm
// is not defined.
Result<void> review_values(const ValueFindings& findings, CellValues values, double target_sum, const ValueNames& names,
                           Review& review);

}  // namespace headroom
