#include "evaluation/fold_data.hpp"

#include <string_view>
#include <unordered_map>

#include "numerics/blas.hpp"

namespace headroom {
namespace {

OwnGeneColumns own_gene_columns(const Task& task, const TaskContext& context, const RowIndex& rows) {
  std::unordered_map<std::string_view, Eigen::Index> column_of;
  for (std::size_t g = 0; g < task.gene_ids.size(); ++g)
    column_of.emplace(task.gene_ids[g], static_cast<Eigen::Index>(g));
  OwnGeneColumns columns;
  for (const std::int32_t row : rows) {
    const auto found = column_of.find(context.pert_ids[static_cast<std::size_t>(row)]);
    columns.push_back(found == column_of.end() ? std::nullopt : std::optional(found->second));
  }
  return columns;
}

}  // namespace

Result<FoldData> make_fold_data(const Task& task, std::size_t context, std::int32_t fold,
                                const std::vector<Metric>& metrics) {
  const TaskContext& source = task.contexts[context];
  FoldData data;
  data.context = context;
  data.fold = fold;
  for (std::size_t row = 0; row < source.pert_ids.size(); ++row) {
    (source.fold_of_row[row] == fold ? data.test_rows : data.training_rows).push_back(static_cast<std::int32_t>(row));
  }
  const auto n_training = static_cast<Eigen::Index>(data.training_rows.size());

  auto shared = SharedMatrix::create(n_training, source.deltas.cols());
  if (!shared) return tl::unexpected<Error>(shared.error());
  data.training_deltas = std::move(*shared);
  MatrixMap training = data.training_deltas.view();
  RowVector mean = RowVector::Zero(source.deltas.cols());
  for (Eigen::Index i = 0; i < n_training; ++i) {
    training.row(i) = source.deltas.row(data.training_rows[static_cast<std::size_t>(i)]);
    mean += training.row(i);
  }
  mean /= static_cast<double>(n_training);
  if (auto sealed = data.training_deltas.seal(); !sealed) return tl::unexpected<Error>(sealed.error());

  data.truth = make_truth_cache(gather_rows(source.deltas, data.test_rows), std::move(mean),
                                own_gene_columns(task, source, data.test_rows), std::nullopt, metrics);
  return data;
}

Result<SharedMatrix> make_training_gram(const FoldData& fold, const Matrix* products) {
  const auto n = static_cast<Eigen::Index>(fold.training_rows.size());
  auto gram = SharedMatrix::create(n, n);
  if (!gram) return gram;
  MatrixMap inner = gram->view();
  if (products != nullptr) {
    for (Eigen::Index i = 0; i < n; ++i) {
      inner.row(i) = products->row(fold.training_rows[static_cast<std::size_t>(i)])(fold.training_rows);
    }
  } else {
    gram_of_rows(1.0, fold.training_deltas.view(), 0.0, inner);
    mirror_lower_triangle(inner);
  }
  if (auto sealed = gram->seal(); !sealed) return tl::unexpected<Error>(sealed.error());
  return gram;
}

Matrix with_missing_as_train_mean(const FoldData& fold, const RowIndex& covered_tests, Matrix covered_predictions) {
  const auto n_tests = static_cast<Eigen::Index>(fold.test_rows.size());
  if (covered_predictions.rows() == n_tests) return covered_predictions;
  Matrix predictions = fold.truth.mean_training_delta.replicate(n_tests, 1);
  for (std::size_t i = 0; i < covered_tests.size(); ++i) {
    predictions.row(covered_tests[i]) = covered_predictions.row(static_cast<Eigen::Index>(i));
  }
  return predictions;
}

}  // namespace headroom
