// Labels called on predicted cells, as prepare calls them on measured ones (protocol section 8): against the control
// cells of the task, over all cells or by the majority of plates.
#pragma once

#include <cstdint>
#include <vector>

#include "deg/label_call.hpp"
#include "matrix/label_matrix.hpp"
#include "matrix/matrix.hpp"
#include "task/deg_labels.hpp"

namespace headroom {

class PlateVotes {
 public:
  // `control` must live as long as this.
  PlateVotes(const DegControlCells& control, Eigen::Index n_rows);

  // The cells of one plate, in the order of control.plates. `sums`: rows × (2 · genes + 1), Σx and Σx² of every gene
  // and the number of cells. A row votes if it has as many cells as the protocol asks of a measured perturbation.
  void add_plate(const ConstMatrixRef& sums);

  // Whether some plate voted for a row, and the labels; 0 where none did.
  bool has_labels(Eigen::Index row) const { return n_votes_[static_cast<std::size_t>(row)] > 0; }
  LabelMatrix labels() const;

 private:
  const DegControlCells& control_;
  RankCutoffs cutoffs_;
  std::size_t n_plates_ = 0;
  std::vector<std::uint32_t> n_votes_;                                                       // one a row
  Eigen::Matrix<std::uint32_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> up_, down_;  // rows × genes
};

// More than this many cells are needed: of the perturbation where plates are pooled, else on the plate.
std::uint32_t most_cells_without_labels(const DegControlCells& control);

}  // namespace headroom
