// From stored values to the values that pseudobulk averages (protocol section 1.1).
#pragma once

#include <array>
#include <cstdint>

namespace headroom {

// What the cells' file holds.
enum class CellValues {
  counts,  // integers: scaled to a total of 10,000 in each cell, then log1p
  log1p,   // already scaled and log-transformed: taken as they are, but negative values are refused
  asis,    // taken as they are
};

inline constexpr double kCellTotal = 10'000;

// log1p(count · 10,000 / total) of one cell after the other. Most counts of a cell are small and few, so each distinct
// small count costs one logarithm a cell.
class CountNormaliser {
 public:
  // total: the cell's sum of counts over all genes of the file, > 0.
  void start_cell(double total) {
    scale_ = kCellTotal / total;
    ++cell_;
  }
  // count: a whole number, not negative.
  double operator()(double count) {
    if (count >= kSmall) return logarithm(count);
    Known& known = table_[static_cast<std::size_t>(count)];
    if (known.cell != cell_) known = {logarithm(count), cell_};
    return known.value;
  }

 private:
  static constexpr std::size_t kSmall = 256;
  struct Known {
    double value = 0;
    std::uint64_t cell = 0;
  };

  double logarithm(double count) const;

  double scale_ = 0;
  std::uint64_t cell_ = 0;
  std::array<Known, kSmall> table_{};
};

}  // namespace headroom
