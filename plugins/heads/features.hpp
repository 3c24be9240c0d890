// The features of one block as the heads use them: absent training rows left out, in step with TrainingDeltas.
#pragma once

#include "headroom/predictor.hpp"

namespace headroom::heads {

class Features {
 public:
  // Copies the training rows only where some are absent.
  explicit Features(const sdk::Block& block) : block_(block) {
    const sdk::ConstMatrixMap all = block.training();
    if (block.c().training_present == nullptr) return;
    std::vector<Eigen::Index> rows;
    for (Eigen::Index i = 0; i < all.rows(); ++i) {
      if (block.training_present(i)) rows.push_back(i);
    }
    if (static_cast<Eigen::Index>(rows.size()) == all.rows()) return;
    copied_ = true;
    present_.resize(static_cast<Eigen::Index>(rows.size()), all.cols());
    for (std::size_t i = 0; i < rows.size(); ++i) present_.row(static_cast<Eigen::Index>(i)) = all.row(rows[i]);
  }

  // Training rows that are present × features.
  sdk::ConstMatrixMap training() const {
    if (!copied_) return block_.training();
    return sdk::ConstMatrixMap(present_.data(), present_.rows(), present_.cols(),
                               Eigen::OuterStride<>(present_.cols()));
  }
  // All query rows × features; absent ones hold zeros.
  sdk::ConstMatrixMap query() const { return block_.query(); }

 private:
  sdk::Block block_;
  sdk::Matrix present_;
  bool copied_ = false;
};

}  // namespace headroom::heads
