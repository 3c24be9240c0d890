// From stored values to the values that pseudobulk averages (protocol section 1.1).
#pragma once

#include <array>
#include <cstdint>

namespace headroom {

// What the cells' file holds.
enum class CellValues {
  counts,      // integers: scaled to one total in each cell, then log1p
  log1p,       // already scaled and log-transformed: taken as they are
  asis,        // taken as they are
  scaled,      // already scaled, not logged: log1p
  fractional,  // counts that were corrected for ambient RNA: as counts, but need not be whole
};

// The total that the cells of the protocol are scaled to.
inline constexpr double kCellTotal = 10'000;

// log1p(count · target / total) of one cell after the other. Most counts of a cell are small and few, so each distinct
// small count costs one logarithm a cell.
class CountNormaliser {
 public:
  explicit CountNormaliser(double target_sum = kCellTotal) : target_sum_(target_sum) {}

  // total: the cell's sum of counts over all genes of the file, > 0.
  void start_cell(double total) {
    scale_ = target_sum_ / total;
    ++cell_;
  }
  // count: not negative; a whole number unless fractional() is called.
  double operator()(double count) {
    if (count >= kSmall) return logarithm(count);
    Known& known = table_[static_cast<std::size_t>(count)];
    if (known.cell != cell_) known = {logarithm(count), cell_};
    return known.value;
  }

  double fractional(double count) const { return logarithm(count); }

 private:
  static constexpr std::size_t kSmall = 256;
  struct Known {
    double value = 0;
    std::uint64_t cell = 0;
  };

  double logarithm(double count) const;

  double target_sum_;
  double scale_ = 0;
  std::uint64_t cell_ = 0;
  std::array<Known, kSmall> table_{};
};

}  // namespace headroom
