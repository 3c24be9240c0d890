#include "protocol/reduced_features.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <optional>
#include <string>

#include "numerics/blas.hpp"
#include "numerics/pca.hpp"
#include "numerics/standardise.hpp"
#include "protocol/kfold.hpp"

namespace headroom {
namespace {

Result<void> check_finite(const ConstMatrixRef& matrix, const char* which) {
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    if (matrix.row(i).allFinite()) continue;
    Eigen::Index j = 0;
    while (std::isfinite(matrix(i, j))) ++j;
    return bad_input("the embedding holds a value that is not finite",
                     std::string(which) + " row " + std::to_string(i + 1) + ", column " + std::to_string(j + 1),
                     "remove the perturbation from the embedding or repair it");
  }
  return {};
}

Result<void> check_splits(const ConstMatrixRef& training, const ConstMatrixRef& test,
                          const std::vector<RowIndex>& held_out) {
  if (held_out.size() < 2) {
    return bad_input(std::to_string(held_out.size()) + " inner split(s)", {}, "inner selection needs at least 2");
  }
  if (training.rows() < static_cast<Eigen::Index>(held_out.size())) {
    return bad_input("only " + std::to_string(training.rows()) + " training row(s) have an embedding", {},
                     std::to_string(held_out.size()) + " inner splits need at least as many");
  }
  if (training.cols() == 0) return bad_input("the embedding has no columns", {}, "give it at least one dimension");
  if (test.rows() > 0 && test.cols() != training.cols()) {
    return harness_fault("training and test rows of an embedding differ in dimension",
                         std::to_string(training.cols()) + " and " + std::to_string(test.cols()));
  }
  std::size_t n_held_out = 0;
  for (const RowIndex& rows : held_out) n_held_out += rows.size();
  if (n_held_out != static_cast<std::size_t>(training.rows())) {
    return harness_fault("the inner splits do not partition the training rows");
  }
  return {};
}

Eigen::Index smallest_training_part(Eigen::Index n_rows, const std::vector<RowIndex>& held_out) {
  std::size_t largest_held_out = 0;
  for (const RowIndex& rows : held_out) largest_held_out = std::max(largest_held_out, rows.size());
  return n_rows - static_cast<Eigen::Index>(largest_held_out);
}

// The held-out parts of the training rows, from which the moments and the Gram matrix of every training part are
// summed.
class Parts {
 public:
  Parts(const ConstMatrixRef& training, const std::vector<RowIndex>& held_out, ThreadPool& pool)
      : moments_(held_out.size()), scatter_(held_out.size()) {
    pool.for_each(held_out.size(), [&](std::size_t p) {
      moments_[p] = column_moments(training, held_out[p]);
      Matrix centred(static_cast<Eigen::Index>(held_out[p].size()), training.cols());
      standardise_rows(training, held_out[p], centring(moments_[p]), centred);
      scatter_[p].resize(training.cols(), training.cols());
      gram_of_columns(1.0, centred, 0.0, scatter_[p]);
    });
  }

  Standardisation standardisation_without(std::optional<std::size_t> left_out) const {
    return standardisation(merge_moments(moments_, left_out));
  }

  // The lower triangle of ZᵀZ of all parts but `left_out`, standardised by `columns`: the scatter about each part's own
  // mean, summed, plus that of the parts' means about the common one. Nothing is subtracted, so nothing cancels.
  Matrix gram_without(std::optional<std::size_t> left_out, const Standardisation& columns) const {
    const RowVector weight = columns.scale.cwiseInverse();
    const Eigen::Index d = weight.size();
    std::vector<const Matrix*> terms;
    Matrix between(static_cast<Eigen::Index>(moments_.size()), d);
    Eigen::Index n_between = 0;
    for (std::size_t p = 0; p < moments_.size(); ++p) {
      if (p == left_out) continue;
      terms.push_back(&scatter_[p]);
      between.row(n_between++) =
          std::sqrt(static_cast<double>(moments_[p].n_rows)) * (moments_[p].mean - columns.mean).cwiseProduct(weight);
    }
    Matrix gram(d, d);
    for (Eigen::Index i = 0; i < d; ++i) {
      auto row = gram.row(i).head(i + 1);
      row = terms[0]->row(i).head(i + 1);
      for (std::size_t t = 1; t < terms.size(); ++t) row += terms[t]->row(i).head(i + 1);
      row.array() *= weight.head(i + 1).array() * weight[i];
    }
    gram_of_columns(1.0, between.topRows(n_between), 1.0, gram);
    return gram;
  }

 private:
  std::vector<ColumnMoments> moments_;
  std::vector<Matrix> scatter_;  // per part: columns × columns, lower triangle
};

}  // namespace

Result<ReducedFeatures> reduce_features(const ConstMatrixRef& training, const ConstMatrixRef& test,
                                        const std::vector<RowIndex>& held_out, Eigen::Index common_dim,
                                        ThreadPool& pool) {
  if (auto valid = check_splits(training, test, held_out); !valid) return tl::unexpected<Error>(valid.error());
  if (auto finite = check_finite(training, "training"); !finite) return tl::unexpected<Error>(finite.error());
  if (auto finite = check_finite(test, "test"); !finite) return tl::unexpected<Error>(finite.error());

  const Eigen::Index n = training.rows(), d = training.cols();
  ReducedFeatures reduced;
  reduced.inner.resize(held_out.size());
  reduced.effective_dim = std::min({common_dim, smallest_training_part(n, held_out), d});

  const double rows = static_cast<double>(n), columns = static_cast<double>(d);
  const double n_fits = static_cast<double>(held_out.size() + 1);
  const double shared_gram = rows * columns * columns;
  const bool by_columns =
      pca_cost_by_columns(rows, columns) - (1 - 1 / n_fits) * shared_gram < pca_cost_by_rows(rows, columns);
  std::optional<Parts> parts;
  if (by_columns) parts.emplace(training, held_out, pool);

  // The final fit, which has the most rows, starts first.
  std::vector<std::optional<Error>> errors(held_out.size() + 1);
  pool.for_each(held_out.size() + 1, [&](std::size_t fit) {
    const std::optional<std::size_t> left_out = fit == 0 ? std::nullopt : std::optional(fit - 1);
    const RowIndex training_rows =
        left_out ? complement_rows(static_cast<std::size_t>(n), held_out[*left_out]) : all_rows(n);
    const auto fitted = [&]() -> Result<Pca> {
      if (!parts) return fit_pca(training, training_rows, reduced.effective_dim, ColumnScaling::unit_variance);
      const Standardisation by = parts->standardisation_without(left_out);
      Matrix gram = parts->gram_without(left_out, by);
      if (!gram.diagonal().allFinite()) {
        return bad_input("the embedding holds values too large to square", {}, "scale it down");
      }
      return fit_pca_from_gram(training, training_rows, by, gram, reduced.effective_dim);
    }();
    if (!fitted) {
      errors[fit] = fitted.error();
      return;
    }
    ReducedSplit& split = left_out ? reduced.inner[*left_out] : reduced.final_fit;
    split.training = pca_scores(*fitted, training, training_rows);
    split.query = left_out ? pca_scores(*fitted, training, held_out[*left_out])
                           : pca_scores(*fitted, test, all_rows(test.rows()));
  });
  for (const auto& error : errors) {
    if (error) return tl::unexpected<Error>(*error);
  }
  return reduced;
}

Result<ReducedFeatures> split_features(const ConstMatrixRef& training, const ConstMatrixRef& test,
                                       const std::vector<RowIndex>& held_out) {
  if (auto valid = check_splits(training, test, held_out); !valid) return tl::unexpected<Error>(valid.error());
  if (auto finite = check_finite(training, "training"); !finite) return tl::unexpected<Error>(finite.error());
  if (auto finite = check_finite(test, "test"); !finite) return tl::unexpected<Error>(finite.error());
  ReducedFeatures split;
  for (const RowIndex& rows : held_out) {
    split.inner.push_back({gather_rows(training, complement_rows(static_cast<std::size_t>(training.rows()), rows)),
                           gather_rows(training, rows)});
  }
  split.final_fit = {training, test};
  split.effective_dim = training.cols();
  return split;
}

}  // namespace headroom
