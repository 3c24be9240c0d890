// The kernels of one block of features (protocol section 9): linear, or RBF exp(-d²/2m²) with m the median distance of
// the training rows; centred over the training rows that have the block, zero where a row lacks it, scaled to a mean
// diagonal of 1 over all training rows.
#pragma once

#include <cstdint>
#include <vector>

#include "headroom/predictor.hpp"
#include "heads/features.hpp"

namespace headroom::fusion {

enum class KernelKind { linear, rbf };
const char* name_of(KernelKind kind);

// The lower triangle of a symmetric matrix, row by row.
class LowerTriangle {
 public:
  explicit LowerTriangle(std::int64_t n = 0) : n_(n), values_(static_cast<std::size_t>(n * (n + 1) / 2)) {}

  std::int64_t n() const { return n_; }
  double* row(std::int64_t i) { return values_.data() + i * (i + 1) / 2; }  // i + 1 numbers
  const double* row(std::int64_t i) const { return values_.data() + i * (i + 1) / 2; }
  Eigen::Map<const Eigen::VectorXd> values() const {
    return {values_.data(), static_cast<Eigen::Index>(values_.size())};
  }
  // The same of these rows and columns alone, ascending.
  LowerTriangle of_rows(const std::vector<std::int64_t>& rows) const;

 private:
  std::int64_t n_;
  std::vector<double> values_;
};

// What takes a query row into a kernel: how it was centred and scaled.
struct KernelFrame {
  std::int64_t block = 0;
  KernelKind kind = KernelKind::linear;
  double median = 0;          // m; of rbf
  Eigen::VectorXd row_means;  // of the training rows that have the block: mean of the raw kernel over the others
  double mean = 0;            // of row_means
  double scale = 0;           // of the centred kernel; 0: the kernel is constant and says nothing
};

struct BlockKernel {
  KernelFrame frame;
  LowerTriangle values;  // training rows × training rows; empty where the scale is 0
};

// The kernels of block `block`, of the kinds named, on one thread.
std::vector<BlockKernel> block_kernels(const sdk::PredictorRequest& request, std::int64_t block,
                                       const std::vector<KernelKind>& kinds);

// Adds weight times the kernel between query rows and training rows to `sum` (query rows × training rows).
void add_query_kernel(const sdk::PredictorRequest& request, const KernelFrame& frame, double weight, int n_threads,
                      sdk::Matrix& sum);

}  // namespace headroom::fusion
