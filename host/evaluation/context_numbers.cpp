#include "evaluation/context_numbers.hpp"

#include <headroom/plugin.h>

#include <algorithm>

namespace headroom {

std::int32_t ContextNumbers::of(const TaskRow& row) const {
  return static_cast<std::int32_t>(std::lower_bound(contexts_.begin(), contexts_.end(), std::size_t{row.context}) -
                                   contexts_.begin());
}

std::vector<std::int32_t> ContextNumbers::of(const std::vector<TaskRow>& rows) const {
  std::vector<std::int32_t> numbers;
  for (const TaskRow& row : rows) numbers.push_back(of(row));
  return numbers;
}

std::vector<std::string> ContextNumbers::names() const {
  std::vector<std::string> names;
  for (const std::size_t c : contexts_) names.push_back(task_.contexts[c].name);
  return names;
}

Matrix ContextNumbers::control_profiles() const {
  Matrix profiles =
      Matrix::Zero(static_cast<Eigen::Index>(contexts_.size()), static_cast<Eigen::Index>(task_.gene_ids.size()));
  for (std::size_t i = 0; i < contexts_.size(); ++i) {
    const auto& profile = task_.contexts[contexts_[i]].control_profile;
    if (profile) profiles.row(static_cast<Eigen::Index>(i)) = *profile;
  }
  return profiles;
}

QuestionContexts ContextNumbers::with_control_profiles(const Matrix& profiles) const {
  QuestionContexts told;
  told.names = names();
  std::vector<std::uint8_t> present;
  for (const std::size_t c : contexts_) present.push_back(task_.contexts[c].control_profile ? 1 : 0);
  if (std::find(present.begin(), present.end(), 1) == present.end()) return told;
  told.blocks.push_back(
      {HEADROOM_CONTROL_PROFILE,
       ConstMatrixMap(profiles.data(), profiles.rows(), profiles.cols(), Eigen::OuterStride<>(profiles.cols())),
       std::move(present)});
  return told;
}

}  // namespace headroom
