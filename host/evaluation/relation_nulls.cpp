#include "evaluation/relation_nulls.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "plan/bound_names.hpp"
#include "plan/split_families.hpp"

namespace headroom {
namespace {

// `tell(test)`: planes × genes, or nothing where the null has nothing to go by.
Matrix for_each_test(const FoldData& fold, const std::function<std::optional<Matrix>(const TaskRow&)>& tell) {
  const auto n_tests = static_cast<Eigen::Index>(fold.test.size());
  Matrix predictions = for_all_tests(constant_prediction(fold.target->stand_in, fold), n_tests);
  for (Eigen::Index i = 0; i < n_tests; ++i) {
    const auto told = tell(fold.test[static_cast<std::size_t>(i)]);
    if (!told) continue;
    for (Eigen::Index plane = 0; plane < told->rows(); ++plane) predictions.row(plane * n_tests + i) = told->row(plane);
  }
  return predictions;
}

// The perturbation's mean in the contexts that are trained on.
Matrix mean_elsewhere(const Task& task, const FoldData& fold) {
  std::map<std::string, RowIndex> elsewhere;
  for (std::size_t i = 0; i < fold.training.size(); ++i) {
    if (fold.training[i].context == fold.context) continue;
    elsewhere[id_of(task, fold.training[i])].push_back(static_cast<std::int32_t>(i));
  }
  const ConstMatrixMap training = fold.training_deltas.view();
  return for_each_test(fold, [&](const TaskRow& test) -> std::optional<Matrix> {
    const auto found = elsewhere.find(id_of(task, test));
    if (found == elsewhere.end()) return std::nullopt;
    return fold.target->mean_prediction(training, found->second);
  });
}

// The mean of the tested context's own training rows.
Matrix mean_of_context(const FoldData& fold) {
  RowIndex own;
  for (std::size_t i = 0; i < fold.training.size(); ++i) {
    if (fold.training[i].context == fold.context) own.push_back(static_cast<std::int32_t>(i));
  }
  std::optional<Matrix> mean;
  if (!own.empty()) mean = fold.target->mean_prediction(fold.training_deltas.view(), own);
  return for_each_test(fold, [&](const TaskRow&) { return mean; });
}

// Deltas of the parts of a combination that were measured alone and are trained on; an unseen part is told by the mean
// of the training singles.
Matrix told_by_parts(const Task& task, const FoldData& fold, bool is_sum) {
  const std::vector<std::string>& ids = task.contexts[fold.context].pert_ids;
  const std::vector<std::vector<std::string>> parts = parts_of_perturbations(ids);
  const ConstMatrixMap training = fold.training_deltas.view();
  std::map<std::string, Eigen::Index> single_of_part;
  RowIndex singles;
  for (std::size_t i = 0; i < fold.training.size(); ++i) {
    const auto& of_row = parts[static_cast<std::size_t>(fold.training[i].row)];
    if (of_row.size() != 1) continue;
    single_of_part.emplace(of_row.front(), static_cast<Eigen::Index>(i));
    singles.push_back(static_cast<std::int32_t>(i));
  }
  std::optional<RowVector> unseen;
  if (!singles.empty()) unseen = fold.target->mean_prediction(training, singles);
  return for_each_test(fold, [&](const TaskRow& test) -> std::optional<Matrix> {
    RowVector sum = RowVector::Zero(training.cols());
    std::optional<RowVector> larger;
    for (const std::string& part : parts[static_cast<std::size_t>(test.row)]) {
      const auto single = single_of_part.find(part);
      if (single == single_of_part.end() && !unseen) return std::nullopt;
      if (single == single_of_part.end()) {
        sum += *unseen;
        continue;
      }
      const RowVector delta = training.row(single->second);
      sum += delta;
      if (!larger || delta.norm() > larger->norm()) larger = delta;
    }
    if (is_sum) return sum;
    if (larger) return *larger;
    return unseen ? std::optional<Matrix>(*unseen) : std::nullopt;
  });
}

}  // namespace

Matrix predict_by_relation(const std::string& name, const Task& task, const FoldData& fold) {
  if (name == kNullMeanElsewhere) return mean_elsewhere(task, fold);
  if (name == kNullTargetMean) return mean_of_context(fold);
  return told_by_parts(task, fold, name == kNullSumOfParts);
}

}  // namespace headroom
