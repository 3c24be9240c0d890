#include "cell_metrics/cell_panel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "cells/control_rule.hpp"
#include "cells/label_columns.hpp"
#include "cells/measured_genes.hpp"
#include "cells/name_list.hpp"
#include "review/control_names.hpp"
#include "review/label_review.hpp"
#include "task/task.hpp"

namespace headroom {
namespace {

// Of memory that a thread takes groups with: a control is far larger than a perturbation.
constexpr std::size_t kKeptBytes = std::size_t{32} << 20;

// Which cells are controls, as the real side's rule says or, where none need be there, as labels look.
struct ControlCells {
  std::vector<bool> flagged;   // cells; empty: labels say it
  std::vector<bool> of_label;  // labels
  std::string picked;
};

std::vector<std::int64_t> cells_of_labels(const LabelColumn& labels) {
  std::vector<std::int64_t> n_cells(labels.labels.size(), 0);
  for (const std::int32_t code : labels.codes) {
    if (code != LabelColumn::kMissing) ++n_cells[static_cast<std::size_t>(code)];
  }
  return n_cells;
}

Result<ControlCells> control_cells(const CellSource& source, const CellPanelOptions& options,
                                   const LabelColumn& perturbations) {
  ControlCells out;
  out.of_label.assign(perturbations.labels.size(), false);
  if (options.needs_control) {
    auto rule = find_controls(source, options.columns, perturbations, cells_of_labels(perturbations));
    if (!rule) return tl::unexpected(rule.error());
    out.flagged = std::move(rule->flagged);
    out.picked = rule->picked;
    for (std::size_t l = 0; l < out.of_label.size(); ++l) {
      out.of_label[l] = out.flagged.empty() && is_given_control(perturbations.labels[l], rule->labels);
    }
    return out;
  }
  const std::vector<std::string>& given = options.columns.labels.controls;
  for (std::size_t l = 0; l < out.of_label.size(); ++l) {
    out.of_label[l] =
        given.empty() ? names_control(perturbations.labels[l]) : is_given_control(perturbations.labels[l], given);
  }
  return out;
}

// What every label is, and which are spellings of one.
ReadLabels read_labels(const LabelColumn& labels, const std::vector<bool>& is_control, LabelOptions options,
                       CellPanel& panel) {
  const std::vector<std::int64_t> n_cells = cells_of_labels(labels);
  options.controls.clear();
  for (std::size_t l = 0; l < labels.labels.size(); ++l) {
    if (is_control[l]) options.controls.push_back(labels.labels[l]);
  }
  MeasuredGenes measured(*panel.source);
  return review_labels(
      labels.labels, n_cells, options, [&](std::string_view name) { return measured(name); },
      fmt::format("{}, column '{}'", panel.path, labels.name), panel.review);
}

}  // namespace

std::vector<std::string> CellPanel::gene_ids() const {
  std::vector<std::string> ids;
  for (const std::uint32_t gene : genes.kept) ids.push_back(genes.ids[gene]);
  return ids;
}

std::vector<std::vector<std::string>> CellPanel::gene_namings() const {
  std::vector<std::vector<std::string>> namings{gene_ids()};
  for (const AnnotationColumn& column : genes.columns) {
    if (const auto* texts = std::get_if<std::vector<std::string>>(&column.values)) namings.push_back(*texts);
  }
  return namings;
}

std::vector<double> CellPanel::totals(std::uint32_t group) const {
  std::size_t first = 0;
  for (std::uint32_t g = 0; g < group; ++g) first += n_cells(g);
  const auto begin = total_of_cell.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(n_cells(group))};
}

Result<void> CellPanel::take(std::uint32_t group, CellRows& rows) const {
  static thread_local CellBuckets::TakeBuffers memory;  // large, and wanted again for the next group
  auto taken = buckets->take(group, rows, memory);
  if (memory.stored.bytes.size() > kKeptBytes) memory = {};
  return taken;
}

Result<std::unique_ptr<CellPanel>> open_cell_panel(const std::filesystem::path& path, const CellPanelOptions& options) {
  auto source = open_h5ad_cells(path, options.layer);
  if (!source) return tl::unexpected(source.error());
  auto out = std::make_unique<CellPanel>();
  CellPanel& panel = *out;
  panel.source = std::move(*source);
  panel.path = panel.source->path();
  const std::size_t n_cells = panel.source->n_cells();
  if (n_cells >= UINT32_MAX) return bad_input("there are more than 2^32 cells", panel.path, "split the file");

  panel.review = Review(options.review);
  std::vector<std::string> notes;
  auto genes = choose_genes(*panel.source, {}, panel.review, notes);
  if (!genes) return tl::unexpected(genes.error());
  panel.genes = std::move(*genes);
  auto read = read_perturbations(*panel.source, options.columns);
  if (!read) return tl::unexpected(read.error());
  const LabelColumn& labels = read->labels;
  panel.pert_column = labels.name;
  auto controls = control_cells(*panel.source, options, labels);
  if (!controls) return tl::unexpected(controls.error());
  const auto context_name =
      options.columns.context_col ? options.columns.context_col : default_context_column(panel.source->columns());
  auto contexts = read_or_one(*panel.source, context_name, std::string(kSingleContext));
  if (!contexts) return tl::unexpected(contexts.error());
  panel.context_column = context_name.value_or("");
  const auto meant = filtered_cells(*panel.source, options.columns.where);
  if (!meant) return tl::unexpected(meant.error());
  panel.picked.push_back(fmt::format("perturbations: column '{}'", labels.name));
  if (!controls->picked.empty()) panel.picked.push_back(controls->picked);
  panel.picked.push_back(context_name ? fmt::format("contexts: column '{}'", *context_name)
                                      : std::string("contexts: none named, so one"));
  // A prediction without contexts is of the one that is asked for.
  std::vector<std::string> wanted;
  if (context_name || options.needs_control) wanted = options.columns.contexts;
  for (const std::string& name : wanted) {
    if (is_there(contexts->labels, name)) continue;
    return bad_input(fmt::format("there is no context '{}'", name), panel.path,
                     fmt::format("the contexts are: {}", list_of(contexts->labels)));
  }

  const ReadLabels of_labels = read_labels(labels, controls->of_label, options.columns.labels, panel);

  // Groups: by context the control, then perturbations ascending.
  const std::size_t n_slots = labels.labels.size() + 1;
  std::vector<std::uint64_t> n_in(contexts->labels.size() * n_slots, 0);
  std::vector<std::uint64_t> slot(n_cells, UINT64_MAX);
  for (std::size_t c = 0; c < n_cells; ++c) {
    const std::int32_t code = labels.codes[c], context = contexts->codes[c];
    const bool is_control = !controls->flagged.empty()
                                ? controls->flagged[c]
                                : code != LabelColumn::kMissing && controls->of_label[static_cast<std::size_t>(code)];
    const bool is_wanted = context != LabelColumn::kMissing &&
                           (wanted.empty() || is_there(wanted, contexts->labels[static_cast<std::size_t>(context)]));
    const bool has_perturbation =
        code != LabelColumn::kMissing && of_labels.role[static_cast<std::size_t>(code)] != LabelRole::missing;
    if (!is_wanted || (!is_control && (!has_perturbation || !(*meant)[c]))) {
      ++panel.n_left_out;
      continue;
    }
    slot[c] = static_cast<std::uint64_t>(context) * n_slots +
              (is_control ? 0 : 1 + of_labels.stands_for[static_cast<std::size_t>(code)]);
    ++n_in[slot[c]];
    if (is_control && code != LabelColumn::kMissing) {
      const std::string& label = labels.labels[static_cast<std::size_t>(code)];
      if (!is_there(panel.control_labels, label)) panel.control_labels.push_back(label);
    }
  }
  std::sort(panel.control_labels.begin(), panel.control_labels.end());
  CellGroups& groups = panel.groups;
  groups.batches = {"all"};
  std::vector<std::uint32_t> group_of_slot(n_in.size(), CellGroups::kDropped);
  for (std::uint32_t k = 0; k < contexts->labels.size(); ++k) {
    CellPanel::Context context{contexts->labels[k], {}, {}, std::nullopt};
    for (std::size_t s = 0; s < n_slots; ++s) {
      const std::uint64_t n = n_in[k * n_slots + s];
      if (n == 0) continue;
      const auto group = static_cast<std::uint32_t>(groups.groups.size());
      group_of_slot[k * n_slots + s] = group;
      groups.groups.push_back({static_cast<std::uint32_t>(panel.contexts.size()),
                               s == 0 ? "" : labels.labels[s - 1],
                               s == 0,
                               static_cast<std::uint32_t>(n),
                               {0},
                               {}});
      if (s == 0) {
        context.control = group;
      } else {
        context.labels.push_back(labels.labels[s - 1]);
        context.group.push_back(group);
      }
    }
    if (context.labels.empty() && !context.control) continue;
    if (context.labels.empty()) {
      return bad_input(fmt::format("context '{}' has control cells and no perturbation", context.name), panel.path,
                       "leave these cells out, or choose contexts with --context");
    }
    if (options.needs_control && !context.control) {
      return bad_input(fmt::format("context '{}' has no control cells", context.name), panel.path,
                       fmt::format("what was taken as {}; give --control", controls->picked));
    }
    groups.contexts.push_back(context.name);
    panel.contexts.push_back(std::move(context));
  }
  if (panel.contexts.empty()) return bad_input("no perturbation is there", panel.path, "see --pert-col and --control");
  groups.batch_of_cell.assign(n_cells, 0);
  groups.group_of_cell.resize(n_cells);
  for (std::size_t c = 0; c < n_cells; ++c) {
    groups.group_of_cell[c] = slot[c] == UINT64_MAX ? CellGroups::kDropped : group_of_slot[slot[c]];
  }
  return out;
}

void take_spellings(const std::vector<std::string>& labels, const LabelOptions& options, CellPanel::Context& context) {
  if (!options.merge) return;
  std::map<std::string, std::string> label_of_key;
  for (const std::string& label : labels) label_of_key.emplace(perturbation_key(label, options), label);
  std::vector<std::pair<std::string, std::uint32_t>> named;
  for (std::size_t i = 0; i < context.labels.size(); ++i) {
    const auto found = label_of_key.find(perturbation_key(context.labels[i], options));
    const bool is_free = found != label_of_key.end() && !is_there(context.labels, found->second);
    named.emplace_back(is_free ? found->second : context.labels[i], context.group[i]);
  }
  std::sort(named.begin(), named.end());
  for (std::size_t i = 0; i < named.size(); ++i) std::tie(context.labels[i], context.group[i]) = named[i];
}

Result<void> read_counts(CellPanel& panel, const CellPanelOptions& options, ThreadPool& pool, Progress& progress,
                         std::stop_token stop) {
  CellSource& source = *panel.source;
  const auto cell_name = [&source](std::uint64_t cell) {
    const auto all = source.barcodes();
    return all && cell < all->size() ? (*all)[cell] : std::string("?");
  };
  CellBuckets::Options bucket;
  bucket.values = options.keep_fractions ? CellValues::fractional : CellValues::counts;
  bucket.keep_fractions = options.keep_fractions;
  bucket.normalise = false;
  bucket.gene_map = panel.genes.map;
  bucket.n_genes = static_cast<std::uint32_t>(panel.n_genes());
  bucket.memory_limit_bytes = options.memory_limit_bytes;
  std::error_code none;
  bucket.spill_folder = std::filesystem::temp_directory_path(none);
  bucket.where = panel.path;
  bucket.cell_name = cell_name;
  bucket.gene_name = [&panel](std::uint32_t gene) { return panel.genes.ids[gene]; };
  panel.buckets = std::make_unique<CellBuckets>(panel.groups, source, std::move(bucket));
  progress.begin("reading cells", static_cast<std::int64_t>(source.n_cells()), "cells");
  const auto delivered = source.deliver(*panel.buckets, pool, progress, stop);
  progress.end();
  if (!delivered) return tl::unexpected(delivered.error());
  panel.buckets->end_pass();

  ValueFindings found = panel.buckets->findings([](std::uint32_t) { return std::string(); });
  panel.total_of_cell = std::move(found.totals);
  const auto at = [&](const PlacedValue& value) {
    return fmt::format("gene '{}' of cell '{}' (row {}) holds {}", panel.genes.ids[value.gene], cell_name(value.cell),
                       value.cell, value.value);
  };
  if (found.negatives.n > 0) {
    return bad_input(fmt::format("{} values are negative: {}", found.negatives.n, at(found.negatives.first[0])),
                     panel.path, "give raw counts");
  }
  if (found.fractions.n > 0) {
    return bad_input(fmt::format("{} values are fractional, and cell-level metrics need raw counts: {}",
                                 found.fractions.n, at(found.fractions.first[0])),
                     panel.path,
                     "give raw counts, or --values fractional where a mean response or corrected counts are meant");
  }
  return {};
}

}  // namespace headroom
