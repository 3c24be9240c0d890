// Labels of the DEG task (protocol section 8): which genes respond to each perturbation of a context, and in which
// direction; and the labels that resampled cells give, one set a trial, kept so that bounds of any folds can be made.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "io/h5ad_writer.hpp"
#include "matrix/label_matrix.hpp"
#include "matrix/matrix.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

// The labels of every trial, two bits each: 20 trials of 2,000 perturbations × 6,640 genes are 66 MB, and mostly zeros
// on disc. A row holds its trials one after another, each ceil(genes / 4) bytes.
class DegTrials {
 public:
  DegTrials() = default;
  // All labels 0.
  DegTrials(int n_trials, Eigen::Index n_perturbations, Eigen::Index n_genes);

  int n_trials() const { return n_trials_; }
  Eigen::Index n_perturbations() const { return packed_.rows(); }
  Eigen::Index n_genes() const { return n_genes_; }

  // Perturbations × genes of one trial, all or those of the named rows.
  LabelMatrix labels(int trial) const;
  LabelMatrix labels(int trial, const RowIndex& rows) const;
  // n_genes() labels of one perturbation. Distinct perturbations may be set at the same time.
  void get(int trial, Eigen::Index perturbation, std::int8_t* labels) const;
  void set(int trial, Eigen::Index perturbation, const std::int8_t* labels);

  // As packed: perturbations × (trials · ceil(genes / 4)). Bits 2i and 2i + 1 of a byte are gene 4 · byte + i: 0, 1
  // (+1) or 2 (−1); what is beyond the last gene is 0.
  const ByteMatrix& packed() const { return packed_; }
  ByteMatrix& packed() { return packed_; }
  // Whether a row holds nothing else.
  bool is_valid(Eigen::Index perturbation) const;

  bool operator==(const DegTrials&) const = default;

 private:
  Eigen::Index n_bytes() const { return (n_genes_ + 3) / 4; }

  int n_trials_ = 0;
  Eigen::Index n_genes_ = 0;
  ByteMatrix packed_;
};

// The control's cells, as far as a label call asks for them: of each plate, or of the whole context where its plates
// are pooled, in one row.
struct DegControlCells {
  std::vector<std::string> plates;  // distinct; one without a name: pooled
  std::vector<double> n_cells;      // one a plate, at least 2
  Matrix mean, squared_error;       // plates × genes: SampleMoments (deg/welch.hpp) of log-normalised values

  bool is_pooled() const { return plates.size() == 1 && plates.front().empty(); }
  bool operator==(const DegControlCells&) const = default;
};

struct DegLabels {
  LabelMatrix labels;            // perturbations × genes: −1, 0, +1; 0 in rows without labels
  std::vector<bool> has_labels;  // one a perturbation
  // Labels called anew from resampled cells; none: the file does not keep them.
  std::optional<DegTrials> trials;
  // Labels called from two disjoint halves of the cells, of the perturbation and of its control, as two trials.
  std::optional<DegTrials> halves;
  // What labels of other cells, such as predicted ones, can be called against; none: the file does not keep it.
  std::optional<DegControlCells> control;
};

// t and adjusted p behind the labels, for those who want them; NaN in rows without labels.
struct DegStatistics {
  Matrix t, q;  // perturbations × genes
};

// Adds to a task that is to be written: the layer `deg`, the column `has_deg`, and where there are trials and control
// cells the tables `uns/headroom_deg_trials` and `uns/headroom_deg_control`. `of_contexts`, named by `contexts`, lie
// below each other in the order of content.obs_index and must live until the file is written; obs_index and var_index
// are final. Error (harness_fault): shapes that disagree.
Result<void> add_deg_labels(std::span<const DegLabels> of_contexts, std::span<const std::string> contexts,
                            H5adContent& content);

// What names the rows and genes of a file, so that trials of other rows are told from its own.
Result<std::string> axes_digest(std::span<const std::string> obs_index, std::span<const std::string> var_index);

// Texts and bytes of the table, and the version of the packing.
inline constexpr const char* kTrialsVersionKey = "version";
inline constexpr const char* kTrialsCountKey = "n_trials";
inline constexpr const char* kTrialsAxesKey = "axes_sha256";
inline constexpr const char* kTrialsBytesKey = "two_bits_a_label";
inline constexpr const char* kHalvesBytesKey = "two_bits_a_label_of_halves";  // as of 2 trials; files may lack it
inline constexpr const char* kTrialsVersion = "1";

// Those of the control's cells: lists of a row each, separated by line breaks, and the moments as doubles.
inline constexpr const char* kControlVersionKey = "version";
inline constexpr const char* kControlContextsKey = "contexts";
inline constexpr const char* kControlPlatesKey = "plates";
inline constexpr const char* kControlCountsKey = "n_cells";
inline constexpr const char* kControlGenesKey = "genes_sha256";
inline constexpr const char* kControlMeanKey = "mean";
inline constexpr const char* kControlErrorKey = "squared_error";
inline constexpr const char* kControlVersion = "1";

}  // namespace headroom
