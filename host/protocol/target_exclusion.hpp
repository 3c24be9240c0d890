// Which genes metrics leave out because perturbations aim at them (--exclude-targets): that a gene changes which was
// knocked down says nothing of a model.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "matrix/matrix.hpp"

namespace headroom {

enum class ExcludedTargets {
  as_published,  // as each metric is defined: PDS_L1 leaves out the perturbation's own gene, no other metric any
  own,           // every metric leaves out the perturbation's own gene, where it is measured
  panel,         // every metric leaves out the measured targets of all perturbations of the context
  none,          // no metric leaves out any
};

// As --exclude-targets writes them.
inline constexpr std::array<std::pair<ExcludedTargets, std::string_view>, 4> kExcludedTargets = {
    {{ExcludedTargets::as_published, "published"},
     {ExcludedTargets::own, "own"},
     {ExcludedTargets::panel, "panel"},
     {ExcludedTargets::none, "none"}}};

constexpr std::string_view exclusion_name(ExcludedTargets excluded) {
  return kExcludedTargets[static_cast<std::size_t>(excluded)].second;
}

constexpr std::optional<ExcludedTargets> exclusion_by_name(std::string_view name) {
  for (const auto& [excluded, its_name] : kExcludedTargets) {
    if (its_name == name) return excluded;
  }
  return std::nullopt;
}

// Column of the gene that each row aims at; none where it is not measured. Empty as a whole: of no row.
using OwnGeneColumns = std::vector<std::optional<Eigen::Index>>;

struct TargetExclusion {
  ExcludedTargets excluded = ExcludedTargets::as_published;
  OwnGeneColumns own_gene;               // one a test perturbation, or empty
  std::vector<Eigen::Index> panel = {};  // ascending; of `panel` alone
};

// Columns that are left for all rows, ascending; empty: all.
inline std::vector<Eigen::Index> columns_left(const TargetExclusion& exclusion, Eigen::Index n_columns) {
  if (exclusion.excluded != ExcludedTargets::panel || exclusion.panel.empty()) return {};
  std::vector<Eigen::Index> left;
  auto next = exclusion.panel.begin();
  for (Eigen::Index column = 0; column < n_columns; ++column) {
    if (next != exclusion.panel.end() && *next == column) {
      ++next;
    } else {
      left.push_back(column);
    }
  }
  return left;
}

}  // namespace headroom
