#include "bounds/gene_pca.hpp"

#include <cassert>
#include <string_view>
#include <unordered_map>

#include "protocol/pca.hpp"

namespace headroom {

tl::expected<GenePcaEmbedding, std::string> gene_pca_embedding(const ConstMatrixRef& training_deltas,
                                                               std::span<const std::string> gene_ids,
                                                               std::span<const std::string> pert_ids,
                                                               Eigen::Index common_dim) {
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

  const Matrix by_gene = training_deltas.transpose();
  const auto pca = fit_pca(by_gene, all_rows(by_gene.rows()), common_dim, ColumnScaling::none);
  if (!pca) return tl::make_unexpected(pca.error().line());
  const Matrix scores = pca_scores(*pca, by_gene, their_genes);
  embedding.vectors = Matrix::Zero(static_cast<Eigen::Index>(pert_ids.size()), scores.cols());
  for (std::size_t i = 0; i < measured_perts.size(); ++i) {
    embedding.vectors.row(measured_perts[i]) = scores.row(static_cast<Eigen::Index>(i));
  }
  return embedding;
}

}  // namespace headroom
