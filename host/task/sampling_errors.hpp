// What a task keeps of its cells beside the deltas, so that ceilings of the right depth can be made of any folds and
// genes (metrics.md section 6): the sampling error of every delta, and how far the deltas of disjoint halves of the
// cells lie apart. And the weights of WMSE, which are made of cells, too.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/h5ad.hpp"
#include "matrix/label_matrix.hpp"
#include "matrix/matrix.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

struct Task;

// Of one context.
struct SamplingErrors {
  // perturbations × genes: the standard error of the delta that comes from the perturbation's own cells; where
  // `with_control`, that from the control's cells is in it.
  FloatMatrix error;
  // true: each delta has control cells of its own (matched design), which others may share. false: all have one
  // control.
  bool with_control = false;
  // Of that control: its standard error, and per split half of the difference between its halves' profiles (splits ×
  // genes). Empty where `with_control`.
  RowVector control_error;
  Matrix control_halves;
  // Per split, perturbations × genes: half of the difference between the deltas of two disjoint halves of the cells,
  // own control halves included, in steps of kHalfStep of the delta's whole standard error. As a draw of noise it has
  // the size of the delta's own.
  std::vector<LabelMatrix> halves;
  std::vector<std::uint8_t> has_halves;  // one a perturbation: 0 where no batch could be halved

  // The whole standard error of a gene of a perturbation.
  double whole_error(Eigen::Index perturbation, Eigen::Index gene) const;
  // genes: half of the difference of one split.
  RowVector half_difference(std::size_t split, Eigen::Index perturbation) const;
};

inline constexpr double kHalfStep = 0.0625;  // of a standard error; a code of 127 is 7.9 of them
inline constexpr int kKeptSplits = 4;
inline constexpr std::int8_t kNoHalves = -128;  // throughout the rows of perturbations that cannot be halved

// The code of a difference, and what it stands for.
std::int8_t half_code(double difference, double whole_error);
inline double half_of_code(std::int8_t code, double whole_error) { return kHalfStep * code * whole_error; }

// Layers and columns.
inline constexpr const char* kSamplingErrorLayer = "sampling_error";
inline constexpr const char* kHalfLayerPrefix = "half_difference_";   // and the split's number from 0
inline constexpr const char* kWeightsLayer = "weights";               // of WMSE, made elsewhere: these win
inline constexpr const char* kPreparedWeightsLayer = "wmse_weights";  // as prepare makes them
// Text in uns: whose errors the layer holds.
inline constexpr const char* kSamplingErrorKey = "headroom_sampling_error";
inline constexpr const char* kErrorsOfPerturbation = "perturbation";
inline constexpr const char* kErrorsWithControl = "perturbation and control";

std::string control_error_column(const std::string& context);
std::string control_half_column(int split, const std::string& context);

// Whether the file keeps them of the deltas that are read (`deltas_layer`: TaskOptions::layer).
bool has_sampling_errors(const H5adFile& file, const std::string& deltas_layer);

// Fills TaskContext::sampling of every context. `source_rows`: the file's row of each perturbation of each context.
// Errors (bad_input): a number that is no standard error, parts that are missing.
Result<void> read_sampling_errors(const H5adFile& file, const std::vector<std::vector<std::size_t>>& source_rows,
                                  Task* task);

// The layer of weights that WMSE goes by: the one named, else `weights`, else `wmse_weights`; empty: there is none.
Result<std::string> find_weights(const H5adFile& file, const std::string& named);

// Fills TaskContext::weights. Errors (bad_input): a weight that is negative or no finite number, a row without any.
Result<void> read_weights(const H5adFile& file, const std::string& layer,
                          const std::vector<std::vector<std::size_t>>& source_rows, Task* task);

}  // namespace headroom
