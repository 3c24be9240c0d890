#include "evaluation/combined_vectors.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "plan/split_families.hpp"

namespace headroom {

CombinedVectors::CombinedVectors(const std::vector<std::string>& ids, Combine combine) : combine_(combine) {
  if (combine == Combine::none) return;
  const auto parts = parts_of_perturbations(ids);
  std::map<std::string, std::size_t> row_of;
  for (std::size_t row = 0; row < ids.size(); ++row) row_of[ids[row]] = row;
  std::set<std::string> extra;
  for (std::size_t row = 0; row < ids.size(); ++row) {
    for (const std::string& part : parts[row]) {
      if (!row_of.contains(part)) extra.insert(part);
    }
  }
  extra_.assign(extra.begin(), extra.end());
  for (std::size_t row = 0; row < ids.size(); ++row) {
    if (parts[row] == std::vector<std::string>{ids[row]}) continue;
    Combination& combination = combinations_.emplace_back();
    combination.row = row;
    for (const std::string& part : parts[row]) {
      const auto known = row_of.find(part);
      const bool is_extra = known == row_of.end();
      const auto place = std::lower_bound(extra_.begin(), extra_.end(), part) - extra_.begin();
      combination.parts.emplace_back(is_extra, is_extra ? static_cast<std::size_t>(place) : known->second);
    }
  }
}

void CombinedVectors::fill(Matrix& vectors, std::vector<std::uint8_t>& present, std::size_t first,
                           std::size_t first_extra) const {
  for (const Combination& combination : combinations_) {
    const std::size_t row = first + combination.row;
    if (present[row]) continue;
    std::vector<std::size_t> rows;
    for (const auto& [is_extra, place] : combination.parts) rows.push_back((is_extra ? first_extra : first) + place);
    const bool all_there = std::all_of(rows.begin(), rows.end(), [&](std::size_t part) { return present[part] != 0; });
    if (!all_there) continue;
    RowVector vector = vectors.row(static_cast<Eigen::Index>(rows.front()));
    for (std::size_t i = 1; i < rows.size(); ++i) {
      const auto part = vectors.row(static_cast<Eigen::Index>(rows[i]));
      vector = combine_ == Combine::max ? RowVector(vector.cwiseMax(part)) : RowVector(vector + part);
    }
    if (combine_ == Combine::mean) vector /= static_cast<double>(rows.size());
    vectors.row(static_cast<Eigen::Index>(row)) = vector;
    present[row] = 1;
  }
}

}  // namespace headroom
