#include "evaluation/context_features.hpp"

#include <algorithm>

#include "protocol/kfold.hpp"

namespace headroom {

ReducedFeatures context_features_of(const HeadFeatures& features, Eigen::Index common_dim) {
  ReducedFeatures made;
  if (!features.across) return made;
  const RowsAcross& rows = *features.across;
  const Matrix of_contexts = rows.context_features.leftCols(std::min(common_dim, rows.context_features.cols()));
  made.effective_dim = of_contexts.cols();
  if (of_contexts.cols() == 0) return made;
  const auto of_rows = [&](const std::vector<std::int32_t>& contexts, const RowIndex& chosen) {
    RowIndex numbers;
    for (const std::int32_t row : chosen) numbers.push_back(contexts[static_cast<std::size_t>(row)]);
    return gather_rows(of_contexts, numbers);
  };
  const auto training_rows_at = [&](const RowIndex& positions) {
    RowIndex chosen;
    for (const std::int32_t i : positions) chosen.push_back(features.training_rows[static_cast<std::size_t>(i)]);
    return chosen;
  };
  for (const RowIndex& held_out : features.inner_queries) {
    const RowIndex kept = training_rows_at(complement_rows(features.training_rows.size(), held_out));
    made.inner.push_back({of_rows(rows.training_contexts, kept),
                          of_rows(rows.training_contexts, training_rows_at(held_out))});
  }
  made.final_fit = {of_rows(rows.training_contexts, features.training_rows),
                    of_rows(rows.test_contexts, features.test_rows)};
  return made;
}

}  // namespace headroom
