#include "evaluation/rows_across.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "evaluation/context_numbers.hpp"
#include "numerics/pca.hpp"
#include "protocol/kfold.hpp"

namespace headroom {
namespace {

Matrix features_of_contexts(const RowsAcross& rows) {
  const auto n_contexts = static_cast<Eigen::Index>(rows.contexts.size());
  const Matrix none(n_contexts, 0);
  const std::set<std::int32_t> trained(rows.training_contexts.begin(), rows.training_contexts.end());
  const bool all_known = std::all_of(rows.has_profile.begin(), rows.has_profile.end(), [](auto has) { return has; });
  if (trained.size() < 2 || !all_known) return none;
  const RowIndex trained_rows(trained.begin(), trained.end());
  // As many profiles span one dimension less.
  const auto most = static_cast<Eigen::Index>(trained.size()) - 1;
  const auto pca = fit_pca(rows.control_profiles, trained_rows, most, ColumnScaling::unit_variance);
  if (!pca || pca->rank == 0) return none;
  return pca_scores(*pca, rows.control_profiles, all_rows(n_contexts));
}

}  // namespace

RowsAcross rows_across(const Task& task, const std::vector<std::size_t>& contexts, const std::vector<TaskRow>& training,
                       const std::vector<TaskRow>& tests) {
  const ContextNumbers numbers(task, contexts);
  RowsAcross rows;
  rows.contexts = numbers.names();
  rows.control_profiles = numbers.control_profiles();
  for (const std::size_t c : contexts) rows.has_profile.push_back(task.contexts[c].control_profile ? 1 : 0);
  rows.training_contexts = numbers.of(training);
  rows.test_contexts = numbers.of(tests);
  std::map<std::string, std::int32_t> code_of;
  const auto codes = [&](const std::vector<TaskRow>& of_rows) {
    std::vector<std::int32_t> told;
    for (const TaskRow& at : of_rows) {
      told.push_back(code_of.try_emplace(id_of(task, at), static_cast<std::int32_t>(code_of.size())).first->second);
    }
    return told;
  };
  rows.training_perturbations = codes(training);
  rows.test_perturbations = codes(tests);
  rows.context_features = features_of_contexts(rows);
  return rows;
}

std::vector<RowIndex> inner_splits(const RowsAcross* across, const RowIndex& training, int n_splits,
                                   std::optional<std::uint32_t> seed) {
  if (across == nullptr || across->contexts.size() < 2) return kfold_test_rows(training.size(), n_splits, seed);
  std::map<std::int32_t, RowIndex> rows_of;  // by perturbation, in the order of their first rows
  for (std::size_t i = 0; i < training.size(); ++i) {
    rows_of[across->training_perturbations[static_cast<std::size_t>(training[i])]].push_back(
        static_cast<std::int32_t>(i));
  }
  const auto& tested = across->test_perturbations;
  const bool any_seen =
      std::any_of(tested.begin(), tested.end(), [&](std::int32_t code) { return rows_of.contains(code); });
  if (any_seen) return kfold_test_rows(training.size(), n_splits, seed);
  std::vector<const RowIndex*> groups;
  for (const auto& [code, rows] : rows_of) groups.push_back(&rows);
  std::vector<RowIndex> splits;
  for (const RowIndex& held_out : kfold_test_rows(groups.size(), n_splits, seed)) {
    RowIndex& rows = splits.emplace_back();
    for (const std::int32_t group : held_out) {
      const RowIndex& of_group = *groups[static_cast<std::size_t>(group)];
      rows.insert(rows.end(), of_group.begin(), of_group.end());
    }
    std::sort(rows.begin(), rows.end());
  }
  return splits;
}

Result<void> require_queries(const std::vector<RowIndex>& inner_queries) {
  const bool any_empty =
      std::any_of(inner_queries.begin(), inner_queries.end(), [](const RowIndex& queries) { return queries.empty(); });
  if (!any_empty) return {};
  return bad_input(fmt::format("its training rows are of fewer perturbations than the {} inner folds hold out",
                               inner_queries.size()));
}

}  // namespace headroom
