#include "evaluation/fold_data.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "numerics/blas.hpp"
#include "plan/left_out_genes.hpp"
#include "task/split_request.hpp"

namespace headroom {
namespace {

// rows × genes; none where a context has none.
std::optional<Matrix> weights_of(const Task& task, const std::vector<TaskRow>& rows) {
  Matrix weights(static_cast<Eigen::Index>(rows.size()), static_cast<Eigen::Index>(task.gene_ids.size()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& of_context = task.contexts[rows[i].context].weights;
    if (!of_context) return std::nullopt;
    weights.row(static_cast<Eigen::Index>(i)) = of_context->row(rows[i].row).cast<double>();
  }
  return weights;
}

}  // namespace

std::vector<std::size_t> contexts_of(const Task& task, const Split& split) {
  // The splits of a file share what is made for a context, and any of them may span several.
  const bool spans = split.family == kFamilyFile
                         ? task.contexts.size() > 1
                         : std::any_of(split.training.begin(), split.training.end(),
                                       [&](const TaskRow& at) { return at.context != split.context; });
  if (!spans) return {split.context};
  std::vector<std::size_t> all(task.contexts.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

Result<FoldData> make_fold_data(const Task& task, const Split& split, const std::vector<Metric>& metrics,
                                ExcludedTargets excluded) {
  FoldData data;
  data.target = &target_of(task);
  data.context = split.context;
  data.name = split.name;
  data.training = split.training;
  data.test = split.test;
  data.contexts = contexts_of(task, split);
  data.first_place.assign(task.contexts.size(), 0);
  std::int32_t n_places = 0;
  for (const std::size_t c : data.contexts) {
    data.first_place[c] = n_places;
    n_places += static_cast<std::int32_t>(task.contexts[c].pert_ids.size());
  }
  data.across = std::make_shared<const RowsAcross>(rows_across(task, data.contexts, data.training, data.test));
  const auto n_training = static_cast<Eigen::Index>(data.training.size());

  auto shared = SharedMatrix::create(n_training, static_cast<Eigen::Index>(task.gene_ids.size()));
  if (!shared) return tl::unexpected<Error>(shared.error());
  data.training_deltas = std::move(*shared);
  MatrixMap training = data.training_deltas.view();
  for (Eigen::Index i = 0; i < n_training; ++i) {
    const TaskRow& at = data.training[static_cast<std::size_t>(i)];
    training.row(i) = task.contexts[at.context].deltas.row(at.row);
  }
  if (auto sealed = data.training_deltas.seal(); !sealed) return tl::unexpected<Error>(sealed.error());

  data.exclusion = target_exclusion(task, data.test, data.context, excluded);
  const bool is_weighted = std::find(metrics.begin(), metrics.end(), Metric::WMSE) != metrics.end();
  std::optional<Matrix> weights;
  if (is_weighted) weights = weights_of(task, data.test);
  data.truth = data.target->make_truth({deltas_of(task, data.test), data.exclusion, std::move(weights)},
                                       std::as_const(data.training_deltas).view(), metrics);
  return data;
}

std::vector<std::string> ids_of_places(const Task& task, const FoldData& fold) {
  std::vector<std::string> ids;
  for (const std::size_t c : fold.contexts) {
    ids.insert(ids.end(), task.contexts[c].pert_ids.begin(), task.contexts[c].pert_ids.end());
  }
  return ids;
}

Result<SharedMatrix> make_training_gram(const FoldData& fold, const Matrix* products) {
  const auto n = static_cast<Eigen::Index>(fold.training.size());
  auto gram = SharedMatrix::create(n, n);
  if (!gram) return gram;
  MatrixMap inner = gram->view();
  if (products != nullptr) {
    RowIndex rows;
    for (const TaskRow& at : fold.training) rows.push_back(at.row);
    for (Eigen::Index i = 0; i < n; ++i) inner.row(i) = products->row(rows[static_cast<std::size_t>(i)])(rows);
  } else {
    gram_of_rows(1.0, fold.training_deltas.view(), 0.0, inner);
    mirror_lower_triangle(inner);
  }
  if (auto sealed = gram->seal(); !sealed) return tl::unexpected<Error>(sealed.error());
  return gram;
}

Matrix with_stand_ins(const Target& target, const FoldData& fold, const RowIndex& covered_tests,
                      Matrix covered_predictions) {
  const auto n_tests = static_cast<Eigen::Index>(fold.test.size());
  const auto n_planes = static_cast<Eigen::Index>(target.n_planes);
  const auto n_covered = static_cast<Eigen::Index>(covered_tests.size());
  if (n_covered == n_tests) return covered_predictions;
  Matrix predictions = for_all_tests(constant_prediction(target.stand_in, fold), n_tests);
  for (Eigen::Index plane = 0; plane < n_planes; ++plane) {
    for (Eigen::Index i = 0; i < n_covered; ++i) {
      predictions.row(plane * n_tests + covered_tests[static_cast<std::size_t>(i)]) =
          covered_predictions.row(plane * n_covered + i);
    }
  }
  return predictions;
}

Matrix constant_prediction(ConstantPrediction predict, const FoldData& fold) {
  const ConstMatrixMap training = fold.training_deltas.view();
  RowIndex rows(fold.training.size());
  std::iota(rows.begin(), rows.end(), 0);
  return predict(training, rows);
}

Matrix for_all_tests(const Matrix& prediction, Eigen::Index n_tests) {
  Matrix predictions(prediction.rows() * n_tests, prediction.cols());
  for (Eigen::Index plane = 0; plane < prediction.rows(); ++plane) {
    predictions.middleRows(plane * n_tests, n_tests) = prediction.row(plane).replicate(n_tests, 1);
  }
  return predictions;
}

}  // namespace headroom
