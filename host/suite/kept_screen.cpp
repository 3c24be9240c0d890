#include "suite/kept_screen.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "cells/cell_groups.hpp"
#include "cells/cell_source.hpp"
#include "suite/cell_remarks.hpp"
#include "suite/compare_cells.hpp"
#include "suite/predicted_cells.hpp"

namespace headroom {
namespace {

// Halves in the published order: labels ascending, the control among them.
std::vector<CellParts> halves_of(const CellPanel& real, const CellPanel::Context& context) {
  std::vector<std::pair<std::string, std::size_t>> order;
  order.emplace_back(real.control_labels.empty() ? std::string("control") : real.control_labels[0], 0);
  for (std::size_t p = 0; p < context.labels.size(); ++p) order.emplace_back(context.labels[p], 1 + p);
  std::sort(order.begin(), order.end());
  std::vector<std::size_t> sizes;
  for (const auto& [label, at] : order) {
    sizes.push_back(real.n_cells(at == 0 ? *context.control : context.group[at - 1]));
  }
  const std::vector<CellParts> split = split_groups(sizes, split_seeds(kOfficialSplits));
  std::vector<CellParts> parts(split.size());
  for (std::size_t i = 0; i < order.size(); ++i) parts[order[i].second] = split[i];
  return parts;
}

void append(const std::vector<double>& values, std::vector<double>& to) {
  to.insert(to.end(), values.begin(), values.end());
}

}  // namespace

Result<KeptContext> reduce_context(const CellPanel& real, const CellPanel::Context& context, const Reduction& how,
                                   ThreadPool& pool, Progress& progress, std::stop_token stop) {
  KeptContext out;
  if (how.keep_cells) out.cells.resize(context.labels.size());
  std::vector<TopCells> top(how.top_genes.size());
  SumsOfCells sums;
  const std::size_t n = context.labels.size(), n_control = real.n_cells(*context.control);
  const std::string where =
      real.contexts.size() > 1 ? fmt::format("{}, context '{}'", real.path, context.name) : real.path;
  if (n_control < 2) {
    return bad_input(fmt::format("{} control cell is too few to split in halves", n_control), where,
                     "the replicate needs 2 or more");
  }
  if (std::all_of(context.group.begin(), context.group.end(), [&](auto group) { return real.n_cells(group) < 2; })) {
    return bad_input(fmt::format("each of the {} perturbations has one cell, so there are no halves", n), where,
                     "the replicate needs 2 or more cells of a perturbation");
  }
  OwnGenes own = own_genes(context.labels, real);
  const auto n_without = static_cast<std::size_t>(
      std::count_if(own.begin(), own.end(), [](const auto& gene) { return !gene.has_value(); }));
  if (n_without == n) {
    return bad_input(
        fmt::format("none of the {} perturbations is a measured gene, so that no own gene can be left out", n), where,
        "name perturbations by gene symbols or ids of var");
  }
  {
    CellRows rows;
    if (auto taken = real.take(*context.control, rows); !taken) return tl::unexpected(taken.error());
    make_group_counts(rows, real.n_genes(), out.control);
  }
  if (how.finds_top_genes) {
    const auto n_rows = static_cast<Eigen::Index>(n), n_genes = static_cast<Eigen::Index>(real.n_genes());
    sums = {Matrix(n_rows, n_genes), Matrix(n_rows, n_genes), Vector(n_rows)};
  }
  std::optional<ClassicSideBuilder> classic;
  if (how.classic) {
    std::vector<double> totals = real.totals(*context.control);
    for (const std::uint32_t group : context.group) append(real.totals(group), totals);
    classic.emplace(totals, out.control, n, how.classic_energy, pool);
  }
  PanelNames names = PanelNames::of(context.name, context.labels, real.gene_ids(), std::move(own));
  names.excluded = how.excluded;
  auto truth = panel_truth(
      std::move(names), out.control, halves_of(real, context),
      [&](std::size_t p, GroupCounts& counts) -> Result<void> {
        static thread_local CellRows rows;  // large, and wanted again for the next group
        if (auto taken = real.take(context.group[p], rows); !taken) return taken;
        make_group_counts(rows, real.n_genes(), counts);
        if (how.keep_cells) out.cells[p] = counts;
        if (classic) classic->add(p, counts);
        if (how.finds_top_genes) set_log_sums(counts, static_cast<Eigen::Index>(p), sums);
        if (!top.empty()) top[p] = {how.top_genes[p], log_cells(counts, how.top_genes[p])};
        return {};
      },
      pool, progress, stop);
  if (!truth) {
    Error error = truth.error();
    if (error.where.empty()) error.where = where;
    return tl::unexpected(std::move(error));
  }
  out.truth = std::move(*truth);
  out.notes = remarks_on_screen(out.truth, out.control);
  if (classic) out.classic = classic->take();
  if (how.finds_top_genes) {
    const FloatMatrix weights = wmse_weights(sums);
    for (std::vector<std::uint32_t>& genes : top_genes({weights.data(), weights.rows(), weights.cols()})) {
      top.push_back({std::move(genes), {}});
    }
  }
  out.truth.top = std::move(top);
  return out;
}

Result<void> fill_top_cells(const CellPanel& real, const CellPanel::Context& context, ThreadPool& pool,
                            PanelTruth& truth) {
  const GroupMaker make = cells_of_groups(real, context.group);
  std::vector<std::optional<Error>> errors(truth.top.size());
  pool.for_each(truth.top.size(), [&](std::size_t p) {
    static thread_local GroupCounts counts;  // large, and wanted again for the next group
    if (auto made = make(p, counts); !made) {
      errors[p] = made.error();
    } else {
      truth.top[p].cells = log_cells(counts, truth.top[p].genes);
    }
  });
  for (const auto& error : errors) {
    if (error) return tl::unexpected(*error);
  }
  return {};
}

Result<KeptScreen> reduce_prepared_cells(const std::filesystem::path& cells, const PrepareOptions& options,
                                         const std::vector<std::vector<std::uint32_t>>& top_genes, ThreadPool& pool,
                                         Progress& progress, std::stop_token stop) {
  auto source = open_cells(cells, options);
  if (!source) return tl::unexpected(source.error());
  // What is doubtful about them was told and settled when the deltas were made.
  Review review;
  std::vector<std::string> notes;
  CellPanel panel;
  panel.source = std::move(*source);
  panel.path = panel.source->path();
  auto groups = group_cells(*panel.source, options.columns, Design::global, options.min_cells, {}, review);
  if (!groups) return tl::unexpected(groups.error());
  auto genes = choose_genes(*panel.source, options.genes, review, notes);
  if (!genes) return tl::unexpected(genes.error());
  panel.groups = std::move(*groups);
  panel.genes = std::move(*genes);
  // Halves go by the order of the file, whatever the batches.
  std::fill(panel.groups.batch_of_cell.begin(), panel.groups.batch_of_cell.end(), 0u);
  panel.control_labels = panel.groups.control_labels;
  std::map<std::uint32_t, CellPanel::Context> contexts;
  for (std::uint32_t g = 0; g < panel.groups.groups.size(); ++g) {
    const CellGroups::Group& group = panel.groups.groups[g];
    CellPanel::Context& context = contexts[group.context];
    context.name = panel.groups.contexts[group.context];
    if (group.is_control) {
      context.control = g;
    } else {
      context.labels.push_back(group.perturbation);
      context.group.push_back(g);
    }
  }
  for (auto& [number, context] : contexts) panel.contexts.push_back(std::move(context));
  CellPanelOptions read_options;
  if (options.memory_limit_bytes) read_options.memory_limit_bytes = *options.memory_limit_bytes / 2;
  if (auto read = read_counts(panel, read_options, pool, progress, stop); !read) return tl::unexpected(read.error());
  KeptScreen out;
  out.path = panel.path;
  out.genes = panel.gene_ids();
  out.control_labels = panel.control_labels;
  auto next = top_genes.begin();
  for (const CellPanel::Context& context : panel.contexts) {
    Reduction how;
    for (std::size_t p = 0; p < context.labels.size() && next != top_genes.end(); ++p) how.top_genes.push_back(*next++);
    auto reduced = reduce_context(panel, context, how, pool, progress, stop);
    if (!reduced) return tl::unexpected(reduced.error());
    out.contexts.push_back(std::move(*reduced));
  }
  return out;
}

}  // namespace headroom
