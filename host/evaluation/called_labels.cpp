#include "evaluation/called_labels.hpp"

namespace headroom {

std::uint32_t most_cells_without_labels(const DegControlCells& control) {
  return control.is_pooled() ? kMostUnlabelledCells : kMostPlateCells;
}

PlateVotes::PlateVotes(const DegControlCells& control, Eigen::Index n_rows)
    : control_(control),
      cutoffs_(static_cast<std::uint32_t>(control.mean.cols())),
      n_votes_(static_cast<std::size_t>(n_rows), 0) {
  up_.setZero(n_rows, control.mean.cols());
  down_.setZero(n_rows, control.mean.cols());
}

void PlateVotes::add_plate(const ConstMatrixRef& sums) {
  const auto plate = static_cast<Eigen::Index>(n_plates_);
  const double n_control = control_.n_cells[n_plates_++];
  const Eigen::Index n_genes = control_.mean.cols();
  std::vector<std::int8_t> labels(static_cast<std::size_t>(n_genes));
  LabelCall call;
  for (Eigen::Index row = 0; row < sums.rows(); ++row) {
    const double n_cells = sums(row, 2 * n_genes);
    if (n_cells <= most_cells_without_labels(control_)) continue;
    call.start(n_cells, n_control);
    for (Eigen::Index g = 0; g < n_genes; ++g) {
      call.add(sample_moments(n_cells, sums(row, g), sums(row, n_genes + g)),
               {control_.mean(plate, g), control_.squared_error(plate, g)});
    }
    call.finish(cutoffs_, labels.data());
    ++n_votes_[static_cast<std::size_t>(row)];
    for (Eigen::Index g = 0; g < n_genes; ++g) {
      up_(row, g) += labels[static_cast<std::size_t>(g)] > 0;
      down_(row, g) += labels[static_cast<std::size_t>(g)] < 0;
    }
  }
}

LabelMatrix PlateVotes::labels() const {
  LabelMatrix labels = LabelMatrix::Zero(up_.rows(), up_.cols());
  for (Eigen::Index row = 0; row < labels.rows(); ++row) {
    const std::uint32_t n = n_votes_[static_cast<std::size_t>(row)];
    if (n == 0) continue;
    for (Eigen::Index g = 0; g < labels.cols(); ++g) {
      const std::uint32_t n_up = up_(row, g), n_down = down_(row, g);
      labels(row, g) = majority(n_down, n - n_up - n_down, n_up);
    }
  }
  return labels;
}

}  // namespace headroom
