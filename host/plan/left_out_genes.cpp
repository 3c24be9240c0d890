#include "plan/left_out_genes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "task/target_gene.hpp"

namespace headroom {
namespace {

constexpr Eigen::Index kLeastGenes = 2;  // over which a correlation can be

std::vector<Eigen::Index> panel_of(const Task& task, std::size_t context) {
  std::vector<TaskRow> all;
  for (std::size_t row = 0; row < task.contexts[context].pert_ids.size(); ++row) {
    all.push_back({static_cast<std::uint32_t>(context), static_cast<std::int32_t>(row)});
  }
  std::set<Eigen::Index> genes;
  for (const std::optional<Eigen::Index>& column : own_gene_columns(task, all)) {
    if (column) genes.insert(*column);
  }
  return {genes.begin(), genes.end()};
}

}  // namespace

OwnGeneColumns own_gene_columns(const Task& task, const std::vector<TaskRow>& rows) {
  // A task that was not read from a file has not been searched for its targets.
  std::map<std::size_t, OwnGeneColumns> searched;
  const std::vector<std::vector<std::string>> gene_ids{task.gene_ids};
  OwnGeneColumns columns;
  for (const TaskRow& at : rows) {
    const TaskContext& context = task.contexts[at.context];
    const auto row = static_cast<std::size_t>(at.row);
    if (!context.target_gene.empty()) {
      columns.push_back(context.target_gene[row]);
      continue;
    }
    auto& found = searched[at.context];
    if (found.empty()) found = find_target_genes(context.pert_ids, gene_ids).column;
    columns.push_back(found[row]);
  }
  return columns;
}

TargetExclusion target_exclusion(const Task& task, const std::vector<TaskRow>& tests, std::size_t context,
                                 ExcludedTargets excluded) {
  TargetExclusion exclusion{excluded, own_gene_columns(task, tests)};
  if (excluded == ExcludedTargets::panel) exclusion.panel = panel_of(task, context);
  return exclusion;
}

std::size_t n_excluded_targets(const Task& task, const std::vector<Split>& splits, std::size_t context,
                               ExcludedTargets excluded) {
  if (excluded == ExcludedTargets::none) return 0;
  if (excluded == ExcludedTargets::panel) return panel_of(task, context).size();
  std::size_t n = 0;
  for (const Split& split : splits) {
    const OwnGeneColumns own = own_gene_columns(task, split.test);
    n += static_cast<std::size_t>(std::count_if(own.begin(), own.end(), [](const auto& column) { return !!column; }));
  }
  return n;
}

Result<void> check_genes_left(const Task& task, ExcludedTargets excluded) {
  const auto n_genes = static_cast<Eigen::Index>(task.gene_ids.size());
  for (std::size_t c = 0; c < task.contexts.size(); ++c) {
    Eigen::Index n_left = n_genes;
    if (excluded == ExcludedTargets::own) n_left = n_genes - 1;
    if (excluded == ExcludedTargets::panel) n_left = n_genes - static_cast<Eigen::Index>(panel_of(task, c).size());
    if (n_left == n_genes || n_left >= kLeastGenes) continue;
    return bad_input(fmt::format("--exclude-targets {} leaves {} of {} genes in context '{}'", exclusion_name(excluded),
                                 n_left, n_genes, task.contexts[c].name),
                     task.path, "measure genes that no perturbation aims at, or leave the flag out");
  }
  return {};
}

}  // namespace headroom
