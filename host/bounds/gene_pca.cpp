#include "bounds/gene_pca.hpp"

#include <algorithm>
#include <cassert>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "bounds/centred_products.hpp"
#include "numerics/blas.hpp"
#include "numerics/pca.hpp"

namespace headroom {
namespace {

// Scores of these genes where the products of the training deltas take the place of the genes × perturbations matrix:
// its columns are the deltas, centred over genes. Absent where that side is the dearer one, or digits would be lost.
std::optional<Matrix> scores_from_products(const ConstMatrixRef& training_deltas, const ConstMatrixMap& products,
                                           const RowIndex& genes, Eigen::Index common_dim) {
  const auto n_genes = static_cast<double>(training_deltas.cols()),
             n_rows = static_cast<double>(training_deltas.rows());
  if (pca_cost_by_columns(n_genes, n_rows) > pca_cost_by_rows(n_genes, n_rows)) return std::nullopt;
  const Vector means = training_deltas.rowwise().mean();
  auto centred =
      centred_products(products, [&](Eigen::Index i, Eigen::Index j) { return n_genes * means[i] * means[j]; });
  if (!centred) return std::nullopt;
  const auto axes = sound_eigenpairs(*centred, std::min({common_dim, training_deltas.rows(), training_deltas.cols()}));
  if (!axes) return std::nullopt;

  Matrix responses(training_deltas.rows(), static_cast<Eigen::Index>(genes.size()));
  for (Eigen::Index i = 0; i < responses.rows(); ++i) {
    for (Eigen::Index j = 0; j < responses.cols(); ++j) {
      responses(i, j) = training_deltas(i, genes[static_cast<std::size_t>(j)]) - means[i];
    }
  }
  Matrix scores(responses.cols(), axes->vectors.rows());
  gemm(Transpose::yes, Transpose::yes, 1.0, responses, axes->vectors, 0.0, scores);
  return scores;
}

}  // namespace

tl::expected<GenePcaEmbedding, std::string> gene_pca_embedding(const ConstMatrixRef& training_deltas,
                                                               std::span<const std::string> gene_ids,
                                                               std::span<const std::string> pert_ids,
                                                               Eigen::Index common_dim,
                                                               const ConstMatrixMap* products) {
  assert(gene_ids.size() == static_cast<std::size_t>(training_deltas.cols()));
  std::unordered_map<std::string_view, std::int32_t> column_of_gene;
  for (std::size_t g = 0; g < gene_ids.size(); ++g) column_of_gene.emplace(gene_ids[g], static_cast<std::int32_t>(g));

  GenePcaEmbedding embedding;
  RowIndex measured_perts, their_genes;
  for (std::size_t p = 0; p < pert_ids.size(); ++p) {
    const auto found = column_of_gene.find(pert_ids[p]);
    embedding.present.push_back(found != column_of_gene.end());
    if (found == column_of_gene.end()) continue;
    measured_perts.push_back(static_cast<std::int32_t>(p));
    their_genes.push_back(found->second);
  }
  if (static_cast<double>(measured_perts.size()) < kLeastMeasuredShare * static_cast<double>(pert_ids.size()) ||
      measured_perts.empty()) {
    return tl::make_unexpected(std::to_string(measured_perts.size()) + " of " + std::to_string(pert_ids.size()) +
                               " perturbations are measured genes; gene PCA needs at least 10 %");
  }

  std::optional<Matrix> known;
  if (products != nullptr) known = scores_from_products(training_deltas, *products, their_genes, common_dim);
  if (!known) {
    const Matrix by_gene = training_deltas.transpose();
    const auto pca = fit_pca(by_gene, all_rows(by_gene.rows()), common_dim, ColumnScaling::none);
    if (!pca) return tl::make_unexpected(pca.error().line());
    known = pca_scores(*pca, by_gene, their_genes);
  }
  const Matrix& scores = *known;
  embedding.vectors = Matrix::Zero(static_cast<Eigen::Index>(pert_ids.size()), scores.cols());
  for (std::size_t i = 0; i < measured_perts.size(); ++i) {
    embedding.vectors.row(measured_perts[i]) = scores.row(static_cast<Eigen::Index>(i));
  }
  return embedding;
}

}  // namespace headroom
