// The gene PCA null: where perturbations are genes, a gene's responses to the training perturbations embed it
// (protocol section 5).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "matrix/matrix.hpp"

namespace headroom {

struct GenePcaEmbedding {
  Matrix vectors;                     // perturbations × components; zero where absent
  std::vector<std::uint8_t> present;  // perturbations: 1 where the perturbed gene is measured
};

// Below this share of perturbations whose gene is measured, the null does not apply.
inline constexpr double kLeastMeasuredShare = 0.1;

// Rows of the leading principal component scores of the genes × training-perturbations matrix, columns centred, not
// scaled: scikit-learn's PCA(common_dim).fit_transform(Y_trainᵀ), in the rows of the genes that were perturbed.
// common_dim is capped at the smaller side. training_deltas: training perturbations × genes; gene_ids: per column (of
// repeated ids the first counts); pert_ids: the perturbations to embed, training and test.
//
// The error is the reason why the null does not apply here: too few perturbations are measured genes, as with chemical
// ones. Time is a few tenths of a second at 1,600 × 6,640, memory one copy of the deltas; less of both where `products`
// are known: the inner products of the training deltas over genes (training perturbations squared).
tl::expected<GenePcaEmbedding, std::string> gene_pca_embedding(const ConstMatrixRef& training_deltas,
                                                               std::span<const std::string> gene_ids,
                                                               std::span<const std::string> pert_ids,
                                                               Eigen::Index common_dim,
                                                               const ConstMatrixMap* products = nullptr);

}  // namespace headroom
