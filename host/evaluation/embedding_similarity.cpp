#include "evaluation/embedding_similarity.hpp"

#include <cstdint>
#include <utility>

#include "numerics/average_linkage.hpp"
#include "numerics/canonical_correlation.hpp"
#include "numerics/pca.hpp"

namespace headroom {

std::optional<LeadingComponents> leading_components(const Embedding& embedding) {
  RowIndex rows;
  for (std::size_t row = 0; row < embedding.present.size(); ++row) {
    if (embedding.present[row]) rows.push_back(static_cast<std::int32_t>(row));
  }
  if (rows.size() < 2) return std::nullopt;
  const auto pca = fit_pca(embedding.vectors, rows, kComparedComponents, ColumnScaling::unit_variance);
  if (!pca || pca->rank == 0) return std::nullopt;
  const Matrix scores = pca_scores(*pca, embedding.vectors, rows);
  LeadingComponents leading{Matrix::Zero(static_cast<Eigen::Index>(embedding.present.size()), scores.cols()),
                            embedding.present};
  for (std::size_t i = 0; i < rows.size(); ++i) leading.scores.row(rows[i]) = scores.row(static_cast<Eigen::Index>(i));
  return leading;
}

namespace {

struct Compared {
  std::int64_t n_shared = 0;
  std::optional<double> value;
};

// One of the embeddings, with what it is compared by wherever another knows all of its perturbations.
struct Comparand {
  const LeadingComponents* components;
  std::size_t n_present = 0;
  Eigen::MatrixXd basis;
};

Comparand comparand_of(const LeadingComponents& components) {
  RowIndex rows;
  for (std::size_t row = 0; row < components.present.size(); ++row) {
    if (components.present[row]) rows.push_back(static_cast<std::int32_t>(row));
  }
  return {&components, rows.size(), centred_basis(gather_rows(components.scores, rows))};
}

Compared compare(const Comparand& a, const Comparand& b) {
  RowIndex shared;
  for (std::size_t row = 0; row < a.components->present.size(); ++row) {
    if (a.components->present[row] && b.components->present[row]) shared.push_back(static_cast<std::int32_t>(row));
  }
  const auto n_shared = static_cast<std::int64_t>(shared.size());
  if (n_shared < 2) return {n_shared, std::nullopt};
  Eigen::MatrixXd of_shared[2];
  const Eigen::MatrixXd* bases[2];
  for (const auto& [of, i] : {std::pair{&a, 0}, std::pair{&b, 1}}) {
    const bool is_whole = of->n_present == shared.size();
    if (!is_whole) of_shared[i] = centred_basis(gather_rows(of->components->scores, shared));
    bases[i] = is_whole ? &of->basis : &of_shared[i];
  }
  return {n_shared, mean_canonical_correlation_of_bases(*bases[0], *bases[1])};
}

}  // namespace

EmbeddingSimilarity compare_embeddings(const std::string& context, const std::vector<std::string>& names,
                                       const std::vector<LeadingComponents>& components, ThreadPool& pool) {
  const auto n = static_cast<Eigen::Index>(names.size());
  std::vector<Comparand> comparands(names.size());
  pool.for_each(names.size(), [&](std::size_t e) { comparands[e] = comparand_of(components[e]); });
  std::vector<std::vector<Compared>> compared(names.size(), std::vector<Compared>(names.size()));
  pool.for_each(names.size(), [&](std::size_t a) {
    for (std::size_t b = 0; b < a; ++b) compared[a][b] = compare(comparands[a], comparands[b]);
  });
  Matrix distances = Matrix::Zero(n, n);  // 1 where they cannot be compared: nothing says that they are alike
  for (std::size_t a = 0; a < names.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      compared[b][a] = compared[a][b];
      const double distance = 1 - compared[a][b].value.value_or(0);
      distances(static_cast<Eigen::Index>(a), static_cast<Eigen::Index>(b)) = distance;
      distances(static_cast<Eigen::Index>(b), static_cast<Eigen::Index>(a)) = distance;
    }
  }
  EmbeddingSimilarity similarity;
  similarity.set_context(context);
  const std::vector<std::size_t> order = order_of_average_linkage(distances);
  for (const std::size_t e : order) similarity.add_embeddings(names[e]);
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (std::size_t j = i + 1; j < order.size(); ++j) {
      const Compared& pair = compared[order[i]][order[j]];
      SimilarPair& written = *similarity.add_pairs();
      written.set_first(names[order[i]]);
      written.set_second(names[order[j]]);
      written.set_n_shared(pair.n_shared);
      if (pair.value) written.set_mean_canonical_correlation(*pair.value);
    }
  }
  return similarity;
}

}  // namespace headroom
