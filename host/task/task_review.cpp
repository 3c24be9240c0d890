#include "task/task_review.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "io/column_names.hpp"
#include "io/row_labels.hpp"
#include "review/condition_names.hpp"
#include "review/row_numbers.hpp"
#include "task/target_gene.hpp"

namespace headroom {

Result<GeneColumns> read_gene_columns(const H5adFile& file, const std::optional<std::string>& wanted) {
  GeneColumns genes;
  if (!file.has_column(H5adAxis::var, kRowNames)) {
    auto index = file.read_index(H5adAxis::var);
    if (!index) return tl::unexpected(index.error());
    genes.names.emplace_back(kRowNames);
    genes.ids.push_back(std::move(*index));
  } else {
    genes.names.emplace_back(kRowNames);
    auto column = file.read_column(H5adAxis::var, kRowNames);
    if (!column) return tl::unexpected(column.error());
    auto& ids = genes.ids.emplace_back();
    for (std::size_t i = 0; i < column->size(); ++i) ids.push_back(column->text(i));
  }
  for (const std::string& name : file.columns(H5adAxis::var)) {
    if (name == kRowNames || is_kept_of_control(name)) continue;
    auto column = file.read_column(H5adAxis::var, name);
    const bool is_wanted = name == wanted;
    if (!column && is_wanted) return tl::unexpected(column.error());
    if (!column || (!is_wanted && !std::holds_alternative<std::vector<std::string>>(column->values))) continue;
    genes.names.push_back(name);
    auto& ids = genes.ids.emplace_back();
    for (std::size_t i = 0; i < column->size(); ++i) ids.push_back(column->text(i));
  }
  return genes;
}

ReadLabels review_perturbations(const H5adFile& file, const LabelColumn& perts, const std::vector<bool>& control,
                                const GeneColumns& genes, const TaskOptions& options, Review& review) {
  std::vector<std::int64_t> n_rows(perts.labels.size(), 0);
  for (std::size_t row = 0; row < perts.codes.size(); ++row) {
    if (!control[row] && perts.codes[row] != LabelColumn::kMissing)
      ++n_rows[static_cast<std::size_t>(perts.codes[row])];
  }
  const auto is_gene = [&](std::string_view name) {
    return std::any_of(genes.ids.begin(), genes.ids.end(), [&](const std::vector<std::string>& ids) {
      return std::find(ids.begin(), ids.end(), name) != ids.end();
    });
  };
  const std::string where = perts.name == kRowNames ? fmt::format("{}, row names", file.path())
                                                    : fmt::format("{}, column '{}'", file.path(), perts.name);
  return review_labels(perts.labels, n_rows, options.labels, is_gene, where, review);
}

namespace {

// As a whole, or each context by itself, whose rows were put below each other.
bool are_only_numbered(const LabelColumn& row_names, const std::optional<LabelColumn>& contexts) {
  if (are_row_numbers(row_names.labels)) return true;
  if (!contexts) return false;
  std::vector<std::vector<std::string>> of_context(contexts->labels.size());
  for (std::size_t row = 0; row < row_names.labels.size(); ++row) {
    const std::int32_t context = contexts->codes[row];
    if (context != LabelColumn::kMissing)
      of_context[static_cast<std::size_t>(context)].push_back(row_names.labels[row]);
  }
  return std::all_of(of_context.begin(), of_context.end(),
                     [](const std::vector<std::string>& names) { return names.empty() || are_row_numbers(names); });
}

}  // namespace

Result<void> require_named_rows(const H5adFile& file, const LabelColumn& row_names,
                                const std::optional<LabelColumn>& contexts) {
  if (!are_only_numbered(row_names, contexts)) return {};
  std::vector<std::string> names;
  for (const std::string& name : file.columns(H5adAxis::obs)) {
    const auto column = file.read_labels(H5adAxis::obs, name);
    if (!column) continue;                                 // told of as such
    std::set<std::pair<std::int32_t, std::int32_t>> seen;  // once in each context
    bool is_name = true;
    for (std::size_t row = 0; row < column->codes.size() && is_name; ++row) {
      const std::int32_t code = column->codes[row];
      is_name = code != LabelColumn::kMissing && seen.emplace(contexts ? contexts->codes[row] : 0, code).second;
    }
    if (is_name) names.push_back(name);
  }
  if (names.empty()) return {};
  return bad_input("its rows are only numbered, and no column has a usual name of perturbations", file.path(),
                   fmt::format("name the column of perturbations, {}, with --pert-col; --pert-col {} takes the numbers",
                               fmt::join(names, " or "), kRowNames));
}

void review_guides(const H5adFile& file, const LabelColumn& perts, const std::vector<std::size_t>& rows,
                   const TaskOptions& options, Review& review) {
  if (options.pert_column || options.group_column) return;
  for (const std::string& name : file.columns(H5adAxis::obs)) {
    if (name == perts.name || !names_target(name)) continue;
    const auto column = file.read_labels(H5adAxis::obs, name);
    if (!column) continue;  // an odd column that nobody uses
    std::map<std::string, std::set<std::string>> targets_of;
    for (const std::size_t row : rows) {
      const std::int32_t code = column->codes[row];
      auto& targets = targets_of[perts.labels[static_cast<std::size_t>(perts.codes[row])]];
      if (code != LabelColumn::kMissing) targets.insert(column->labels[static_cast<std::size_t>(code)]);
    }
    std::vector<std::string> labels, targets;
    for (const auto& [label, of_label] : targets_of) {
      labels.push_back(label);
      targets.push_back(of_label.size() == 1 ? *of_label.begin() : std::string());
    }
    const std::vector<std::string> several = targets_of_several_guides(labels, targets, perts.name);
    if (several.empty()) continue;
    review.raise(
        {"labels.several_per_gene", fmt::format("{}, column '{}'", file.path(), perts.name),
         fmt::format("by column '{}' {} gene{} the target of several perturbations, so that a gene would stand "
                     "in training and test",
                     name, several.size(), several.size() == 1 ? " is" : "s are"),
         static_cast<std::int64_t>(several.size()), examples_of(several),
         fmt::format("--group-col {} keeps the guides of a gene in one fold, --pert-col {} takes them as they "
                     "are",
                     name, perts.name == kRowNames ? std::string(kRowNames) : perts.name)});
    return;
  }
}

void review_gene_ids(const TaskOptions& options, const Task& task, Review& review) {
  if (options.gene_column) return;
  std::set<std::string> perts;
  for (const TaskContext& context : task.contexts) perts.insert(context.pert_ids.begin(), context.pert_ids.end());
  const std::vector<std::string> ids(perts.begin(), perts.end());
  const std::size_t n = n_ids_by_chance(ids, task.gene_ids);
  if (n == 0) return;
  review.raise({"genes.ids_by_chance", fmt::format("{}, {} of var", task.path, task.columns.gene_source),
                fmt::format("{} perturbation ids are numbers that are also row numbers of var: each would be taken for "
                            "the gene of that row",
                            n),
                static_cast<std::int64_t>(n), examples_of(ids),
                "name the column of var with the gene ids by --gene-col, or that of the perturbations by --pert-col"});
}

Result<void> find_targets(const H5adFile& file, const GeneColumns& genes, const TaskOptions& options,
                          const std::vector<std::vector<std::size_t>>& source_rows, Review& review, Task* task) {
  std::vector<std::vector<std::string>> columns{task->gene_ids};
  for (std::size_t i = 0; i < genes.names.size(); ++i) {
    if (genes.names[i] != task->columns.gene_source) columns.push_back(genes.ids[i]);
  }
  std::vector<std::string> labels;
  if (options.target_column) {
    const auto column = file.read_column(H5adAxis::obs, *options.target_column);
    if (!column) return tl::unexpected(column.error());
    for (const auto& rows : source_rows) {
      for (const std::size_t row : rows) labels.push_back(column->text(row));
    }
  } else {
    for (const TaskContext& context : task->contexts) {
      labels.insert(labels.end(), context.pert_ids.begin(), context.pert_ids.end());
    }
  }
  TargetGenes targets = find_target_genes(labels, columns);
  auto next = targets.column.begin();
  for (TaskContext& context : task->contexts) {
    const auto end = next + static_cast<std::ptrdiff_t>(context.pert_ids.size());
    context.target_gene.assign(next, end);
    next = end;
  }
  std::sort(targets.unknown.begin(), targets.unknown.end());
  targets.unknown.erase(std::unique(targets.unknown.begin(), targets.unknown.end()), targets.unknown.end());
  if (targets.unknown.empty() || options.target_column) return {};
  review.raise({"genes.target_unknown", task->path,
                fmt::format("metrics that leave out a perturbation's own gene leave out none for {}, although their "
                            "labels seem to hold the name of a measured gene",
                            targets.unknown.size()),
                static_cast<std::int64_t>(targets.unknown.size()), examples_of(targets.unknown),
                "name the column of obs with the target gene by --target-col"});
  return {};
}

}  // namespace headroom
