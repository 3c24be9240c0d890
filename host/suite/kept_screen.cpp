#include "suite/kept_screen.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>

#include "cell_metrics/metric_values.hpp"
#include "cells/cell_groups.hpp"
#include "deg/benjamini_hochberg.hpp"
#include "io/h5ad.hpp"
#include "io/h5ad_writer.hpp"
#include "io/hdf5_block.hpp"
#include "matrix/label_matrix.hpp"
#include "suite/compare_cells.hpp"

namespace headroom {
namespace {

constexpr const char* kVersionKey = "headroom_cell_metrics";
constexpr const char* kVersion = "1";
constexpr const char* kControlsKey = "control_labels";

std::string lines(const std::vector<std::string>& texts) { return fmt::format("{}", fmt::join(texts, "\n")); }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::string table_name(std::size_t context) { return fmt::format("cell_metrics_{}", context); }

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

// Numbers that live until the file is written.
struct Written {
  std::vector<double> begin, control_total, totals, replicates, replicate_rows;
  std::vector<std::uint8_t> cells, counts;
};

template <class T>
std::vector<std::uint8_t> bytes_of(const std::vector<T>& values) {
  std::vector<std::uint8_t> out(values.size() * sizeof(T));
  if (!values.empty()) std::memcpy(out.data(), values.data(), out.size());
  return out;
}

ConstMatrixMap column(const std::vector<double>& values) {
  return {values.data(), static_cast<Eigen::Index>(values.size()), 1, Eigen::OuterStride<>(1)};
}
ConstByteMap words(const std::vector<std::uint8_t>& bytes) {
  return {reinterpret_cast<const ByteMatrix::Scalar*>(bytes.data()), static_cast<Eigen::Index>(bytes.size() / 4), 4};
}

void add_context(const KeptContext& context, Written& kept, UnsTable& table) {
  const GroupCounts& control = context.control;
  kept.begin.assign(control.begin.begin(), control.begin.end());
  kept.control_total = control.total;
  for (const auto& of_perturbation : context.truth.totals) {
    kept.totals.insert(kept.totals.end(), of_perturbation.begin(), of_perturbation.end());
  }
  kept.cells = bytes_of(control.cell);
  kept.counts = bytes_of(std::vector<float>(control.count.begin(), control.count.end()));
  std::vector<std::string> names;
  for (const auto& split : context.truth.replicate_metrics) {
    for (const MetricValues& metric : split) {
      if (&split == &context.truth.replicate_metrics.front()) names.push_back(metric.name);
      kept.replicates.push_back(metric.total.value_or(std::numeric_limits<double>::quiet_NaN()));
      kept.replicate_rows.push_back(static_cast<double>(metric.n));
    }
  }
  table.texts["context"] = context.truth.names.context;
  table.texts["replicate_metrics"] = lines(names);
  table.numbers["control_begin"].push_back(column(kept.begin));
  table.numbers["control_total"].push_back(column(kept.control_total));
  table.numbers["totals"].push_back(column(kept.totals));
  table.numbers["replicates"].push_back(column(kept.replicates));
  table.numbers["replicate_rows"].push_back(column(kept.replicate_rows));
  table.numbers["control_sampling"].push_back({&context.truth.control.sampling, 1, 1, Eigen::OuterStride<>(1)});
  table.bytes["control_cell"].push_back(words(kept.cells));
  table.bytes["control_count"].push_back(words(kept.counts));
}

class KeptReader {
 public:
  explicit KeptReader(const H5adFile& file) : file_(file) {}

  tl::unexpected<Error> damaged(const std::string& what) const {
    return bad_input("what is kept of the cells is damaged: " + what, file_.path(),
                     "make it again with headroom prepare --cell-metrics");
  }

  Result<std::vector<double>> numbers(const std::string& table, const char* key) const {
    auto dataset = file_.uns_dataset(table + "/" + key);
    if (!dataset) return tl::unexpected(dataset.error());
    if (dataset->dims.size() != 2 || dataset->dims[1] != 1) return damaged(fmt::format("'{}' has another shape", key));
    std::vector<double> out(dataset->dims[0]);
    if (out.empty()) return out;
    const hsize_t start[2] = {0, 0}, count[2] = {dataset->dims[0], 1};
    if (auto done = hdf5::read_block(*dataset, start, count, H5T_NATIVE_DOUBLE, out.data()); !done) {
      return tl::unexpected(done.error());
    }
    return out;
  }

  template <class T>
  Result<std::vector<T>> words(const std::string& table, const char* key) const {
    static_assert(sizeof(T) == 4);
    auto dataset = file_.uns_dataset(table + "/" + key);
    if (!dataset) return tl::unexpected(dataset.error());
    if (dataset->dims.size() != 2 || dataset->dims[1] != 4) return damaged(fmt::format("'{}' has another shape", key));
    std::vector<T> out(dataset->dims[0]);
    if (out.empty()) return out;
    const hsize_t start[2] = {0, 0}, count[2] = {dataset->dims[0], 4};
    if (auto done = hdf5::read_block(*dataset, start, count, H5T_NATIVE_UINT8, out.data()); !done) {
      return tl::unexpected(done.error());
    }
    return out;
  }

  Result<GroupCounts> control(const std::string& table) const {
    auto begin = numbers(table, "control_begin"), total = numbers(table, "control_total");
    if (!begin) return tl::unexpected(begin.error());
    if (!total) return tl::unexpected(total.error());
    auto cell = words<std::uint32_t>(table, "control_cell");
    if (!cell) return tl::unexpected(cell.error());
    auto count = words<float>(table, "control_count");
    if (!count) return tl::unexpected(count.error());
    GroupCounts out;
    out.n_cells = total->size();
    out.total = std::move(*total);
    if (begin->size() != file_.n_vars() + 1 || cell->size() != count->size()) return damaged("lists differ in length");
    double last = 0;
    for (const double each : *begin) {
      if (!(each >= last) || each > static_cast<double>(cell->size())) return damaged("genes overlap");
      last = each;
      out.begin.push_back(static_cast<std::uint64_t>(each));
    }
    if (out.begin.front() != 0 || out.begin.back() != cell->size()) return damaged("genes have gaps");
    for (std::size_t e = 0; e < cell->size(); ++e) {
      if ((*cell)[e] >= out.n_cells || !((*count)[e] > 0) || !std::isfinite((*count)[e])) {
        return damaged("a count of the control is none");
      }
    }
    for (const double each : out.total) {
      if (!(each >= 0)) return damaged("a total of the control is none");
    }
    out.cell = std::move(*cell);
    out.count.assign(count->begin(), count->end());
    return out;
  }

 private:
  const H5adFile& file_;
};

// q of the tested genes, from p: adjusting again gives the same.
void adjust(DeTable& table) {
  std::vector<double> p;
  for (const double each : table.p) {
    if (!std::isnan(each)) p.push_back(each);
  }
  const std::vector<double> q = adjusted_p(p);
  table.q.assign(table.p.size(), std::numeric_limits<double>::quiet_NaN());
  std::size_t next = 0;
  for (std::size_t g = 0; g < table.p.size(); ++g) {
    if (!std::isnan(table.p[g])) table.q[g] = q[next++];
  }
}

std::vector<double> row_of(const Matrix& matrix, std::size_t row) {
  const auto values = matrix.row(static_cast<Eigen::Index>(row));
  return {values.begin(), values.end()};
}

}  // namespace

Result<KeptContext> reduce_context(const CellPanel& real, const CellPanel::Context& context, bool keep_cells,
                                   ThreadPool& pool, Progress& progress, std::stop_token stop) {
  KeptContext out;
  if (keep_cells) out.cells.resize(context.labels.size());
  const std::size_t n = context.labels.size(), n_control = real.n_cells(*context.control);
  const std::string where =
      real.contexts.size() > 1 ? fmt::format("{}, context '{}'", real.path, context.name) : real.path;
  if (n_control < 2) {
    return bad_input(fmt::format("{} control cell is too few to split in halves", n_control), where,
                     "the replicate needs 2 or more");
  }
  std::vector<std::string> single;
  for (std::size_t p = 0; p < n; ++p) {
    if (real.n_cells(context.group[p]) < 2) single.push_back(context.labels[p]);
  }
  if (single.size() == n) {
    return bad_input(fmt::format("each of the {} perturbations has one cell, so there are no halves", n), where,
                     "the replicate needs 2 or more cells of a perturbation");
  }
  if (!single.empty()) {
    out.notes.push_back(fmt::format("{} perturbations have one cell and no part in the replicate: {}", single.size(),
                                    fmt::join(single, ", ")));
  }
  OwnGenes own = own_genes(context.labels, real);
  const auto n_without = static_cast<std::size_t>(
      std::count_if(own.begin(), own.end(), [](const auto& gene) { return !gene.has_value(); }));
  if (n_without == n) {
    return bad_input(
        fmt::format("none of the {} perturbations is a measured gene, so that no own gene can be left out", n), where,
        "name perturbations by gene symbols or ids of var");
  }
  if (n_without > 0) {
    out.notes.push_back(
        fmt::format("the own gene of {} of {} perturbations is not measured: they keep all genes", n_without, n));
  }
  {
    CellRows rows;
    if (auto taken = real.take(*context.control, rows); !taken) return tl::unexpected(taken.error());
    make_group_counts(rows, real.n_genes(), out.control);
  }
  const auto n_empty = std::count(out.control.total.begin(), out.control.total.end(), 0.0);
  if (n_empty > 0) out.notes.push_back(fmt::format("{} control cells hold no counts and count as zeros", n_empty));
  auto truth = panel_truth(
      PanelNames::of(context.name, context.labels, real.gene_ids(), std::move(own)), out.control,
      halves_of(real, context),
      [&](std::size_t p, GroupCounts& counts) -> Result<void> {
        CellRows rows;
        if (auto taken = real.take(context.group[p], rows); !taken) return taken;
        make_group_counts(rows, real.n_genes(), counts);
        if (keep_cells) out.cells[p] = counts;
        return {};
      },
      pool, progress, stop);
  if (!truth) {
    Error error = truth.error();
    if (error.where.empty()) error.where = where;
    return tl::unexpected(std::move(error));
  }
  out.truth = std::move(*truth);
  return out;
}

Result<KeptScreen> reduce_prepared_cells(const std::filesystem::path& cells, const PrepareOptions& options,
                                         ThreadPool& pool, Progress& progress, std::stop_token stop) {
  std::error_code ignored;
  const bool is_folder = std::filesystem::is_directory(cells, ignored);
  auto source = is_folder ? open_matrix_market_cells(cells, options.cell_table.value_or(""), options.transposed)
                          : open_h5ad_cells(cells, options.layer, options.transposed);
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
  for (const CellPanel::Context& context : panel.contexts) {
    auto reduced = reduce_context(panel, context, false, pool, progress, stop);
    if (!reduced) return tl::unexpected(reduced.error());
    out.contexts.push_back(std::move(*reduced));
  }
  return out;
}

Result<void> write_kept_screen(const std::filesystem::path& path, const KeptScreen& screen) {
  H5adContent content;
  content.var_index = screen.genes;
  content.uns[kVersionKey] = kVersion;
  content.uns[kControlsKey] = lines(screen.control_labels);
  AnnotationColumn ids, contexts, cells, sampling, own;
  std::vector<std::string> id_values, context_values, own_values;
  std::vector<std::int64_t> cell_values;
  std::vector<double> sampling_values;
  DenseX pooled, p, lfc;
  std::vector<Written> written(screen.contexts.size());
  for (std::size_t k = 0; k < screen.contexts.size(); ++k) {
    const PanelTruth& truth = screen.contexts[k].truth;
    for (std::size_t i = 0; i < truth.names.labels.size(); ++i) {
      content.obs_index.push_back(truth.names.context + ":" + truth.names.labels[i]);
      id_values.push_back(truth.names.labels[i]);
      context_values.push_back(truth.names.context);
      own_values.push_back(truth.names.own[i] ? truth.names.genes[*truth.names.own[i]] : "");
      cell_values.push_back(static_cast<std::int64_t>(truth.profiles[i].n_cells));
      sampling_values.push_back(truth.profiles[i].sampling);
      const auto row = [&](const std::vector<double>& values) {
        return ConstMatrixMap(values.data(), 1, static_cast<Eigen::Index>(values.size()),
                              Eigen::OuterStride<>(static_cast<Eigen::Index>(values.size())));
      };
      pooled.row_blocks.push_back(row(truth.profiles[i].pooled));
      p.row_blocks.push_back(row(truth.tables[i].p));
      lfc.row_blocks.push_back(row(truth.tables[i].lfc));
    }
    add_context(screen.contexts[k], written[k], content.uns_tables[table_name(k)]);
  }
  ids.name = "pert_id";
  ids.values = std::move(id_values);
  contexts.name = "context";
  contexts.values = std::move(context_values);
  own.name = "own_gene";
  own.values = std::move(own_values);
  cells.name = "n_cells";
  cells.values = std::move(cell_values);
  sampling.name = "sampling";
  sampling.values = std::move(sampling_values);
  content.obs_columns = {ids, contexts, own, cells, sampling};
  content.x = std::move(pooled);
  content.layers.emplace("p", std::move(p));
  content.layers.emplace("lfc", std::move(lfc));
  return write_h5ad(path, content);
}

bool is_kept_screen(const std::filesystem::path& path) {
  const auto file = H5adFile::open(path);
  return file && file->uns_text(kVersionKey).has_value();
}

Result<KeptScreen> read_kept_screen(const std::filesystem::path& path, ThreadPool& pool) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    return bad_input("the task keeps nothing of its cells that predicted ones could be compared with", path.string(),
                     "make it with headroom prepare --cell-metrics");
  }
  auto file = H5adFile::open(path);
  if (!file) return tl::unexpected(file.error());
  const KeptReader reader(*file);
  if (file->uns_text(kVersionKey).value_or("") != kVersion) return reader.damaged("it is of another version");
  auto genes = file->read_index(H5adAxis::var);
  if (!genes) return tl::unexpected(genes.error());
  std::map<std::string, std::size_t> place;
  for (std::size_t g = 0; g < genes->size(); ++g) place.emplace((*genes)[g], g);
  std::map<std::string, AnnotationColumn> columns;
  for (const char* name : {"pert_id", "context", "own_gene", "n_cells", "sampling"}) {
    auto column = file->read_column(H5adAxis::obs, name);
    if (!column) return tl::unexpected(column.error());
    columns[name] = std::move(*column);
  }
  const auto* sampling = std::get_if<std::vector<double>>(&columns["sampling"].values);
  const auto* n_cells = std::get_if<std::vector<std::int64_t>>(&columns["n_cells"].values);
  if (sampling == nullptr || n_cells == nullptr) return reader.damaged("a column holds no numbers");
  Matrix matrices[3];
  for (const auto& [name, matrix] :
       {std::pair{"X", &matrices[0]}, {"layers/p", &matrices[1]}, {"layers/lfc", &matrices[2]}}) {
    auto opened = file->matrix(name);
    if (!opened) return tl::unexpected(opened.error());
    auto read = opened->read();
    if (!read) return tl::unexpected(read.error());
    *matrix = std::move(*read);
  }

  KeptScreen out;
  out.path = path.string();
  out.genes = *genes;
  out.control_labels = lines_of(file->uns_text(kControlsKey).value_or(""));
  std::size_t first = 0;
  while (first < file->n_obs()) {
    const std::string table = table_name(out.contexts.size()), name = columns["context"].text(first);
    std::size_t last = first;
    while (last < file->n_obs() && columns["context"].text(last) == name) ++last;
    KeptContext context;
    auto control = reader.control(table);
    if (!control) return tl::unexpected(control.error());
    context.control = std::move(*control);
    auto totals = reader.numbers(table, "totals"), replicates = reader.numbers(table, "replicates"),
         rows = reader.numbers(table, "replicate_rows"), of_control = reader.numbers(table, "control_sampling");
    for (const auto* each : {&totals, &replicates, &rows, &of_control}) {
      if (!*each) return tl::unexpected(each->error());
    }
    std::vector<std::string> labels;
    OwnGenes own;
    for (std::size_t i = first; i < last; ++i) {
      labels.push_back(columns["pert_id"].text(i));
      const auto at = place.find(columns["own_gene"].text(i));
      own.push_back(at == place.end() ? std::nullopt : std::optional<std::size_t>(at->second));
    }
    if (!std::is_sorted(labels.begin(), labels.end())) return reader.damaged("perturbations do not ascend");
    PanelTruth& truth = context.truth;
    truth.names = PanelNames::of(name, std::move(labels), out.genes, std::move(own));
    truth.columns = make_control_columns(context.control, whole_group(context.control.n_cells), pool);
    truth.control = pooled_profiles(context.control, whole_group(context.control.n_cells), {false})[0];
    truth.control.sampling = of_control->empty() ? 0 : of_control->front();
    std::size_t at = 0;
    for (std::size_t i = first; i < last; ++i) {
      const auto n = static_cast<std::size_t>(std::max<std::int64_t>((*n_cells)[i], 0));
      if (at + n > totals->size()) return reader.damaged("there are fewer totals than cells");
      truth.totals.emplace_back(totals->begin() + static_cast<std::ptrdiff_t>(at),
                                totals->begin() + static_cast<std::ptrdiff_t>(at + n));
      at += n;
      PooledProfile profile;
      profile.pooled = row_of(matrices[0], i);
      profile.y = pooled_log(profile.pooled);
      profile.sampling = (*sampling)[i];
      profile.n_cells = n;
      truth.profiles.push_back(std::move(profile));
      DeTable de;
      de.p = row_of(matrices[1], i);
      de.lfc = row_of(matrices[2], i);
      adjust(de);
      truth.tables.push_back(std::move(de));
    }
    const std::vector<std::string> names = lines_of(file->uns_text(table + "/replicate_metrics").value_or(""));
    if (names.size() < kSuiteMembers || replicates->size() % names.size() != 0 || rows->size() != replicates->size()) {
      return reader.damaged("the replicates' numbers do not fit their names");
    }
    for (std::size_t i = 0; i < replicates->size(); ++i) {
      if (i % names.size() == 0) truth.replicate_metrics.emplace_back();
      MetricValues metric{names[i % names.size()], {}, (*replicates)[i], static_cast<std::size_t>((*rows)[i])};
      if (std::isnan((*replicates)[i])) metric.total.reset();
      truth.replicate_metrics.back().push_back(std::move(metric));
    }
    out.contexts.push_back(std::move(context));
    first = last;
  }
  if (out.contexts.empty()) return reader.damaged("there is no context");
  return out;
}

}  // namespace headroom
