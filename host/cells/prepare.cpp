#include "cells/prepare.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <mutex>
#include <new>
#include <numeric>
#include <set>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "cells/cell_buckets.hpp"
#include "cells/cell_source.hpp"
#include "io/atomic_file.hpp"
#include "io/column_names.hpp"
#include "io/csv_writer.hpp"
#include "io/delimited.hpp"
#include "io/h5ad_writer.hpp"
#include "io/text_file.hpp"
#include "protocol/kfold.hpp"

namespace headroom {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::uint64_t half_of_memory() {
  const long pages = ::sysconf(_SC_PHYS_PAGES), bytes = ::sysconf(_SC_PAGE_SIZE);
  return pages > 0 && bytes > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(bytes) / 2
                                : std::uint64_t{1} << 31;
}

// Cells may take half of the limit; groups in work, deltas and tables the rest.
std::uint64_t cells_memory(const PrepareOptions& options) {
  return options.memory_limit_bytes.value_or(half_of_memory()) / 2;
}

std::filesystem::path nearest_folder(const std::filesystem::path& path) {
  std::error_code ignored;
  std::filesystem::path folder = std::filesystem::absolute(path, ignored);
  while (!std::filesystem::is_directory(folder, ignored) && folder.has_relative_path()) folder = folder.parent_path();
  return folder;
}

// The genes that are kept, with their table.
struct Genes {
  std::vector<std::string> ids;     // source
  std::vector<std::uint32_t> map;   // source → kept
  std::vector<std::uint32_t> kept;  // kept → source
  std::string index_name;
  std::vector<AnnotationColumn> columns;  // kept
};

AnnotationColumn select_rows(const AnnotationColumn& column, const std::vector<std::uint32_t>& rows) {
  AnnotationColumn out{column.name, {}, {}, column.categorical};
  std::visit(
      [&](const auto& values) {
        std::decay_t<decltype(values)> chosen;
        chosen.reserve(rows.size());
        for (const std::uint32_t row : rows) chosen.push_back(values[row]);
        out.values = std::move(chosen);
      },
      column.values);
  if (!column.present.empty()) {
    for (const std::uint32_t row : rows) out.present.push_back(column.present[row]);
  }
  return out;
}

Result<std::unordered_set<std::string>> read_gene_list(const std::filesystem::path& path) {
  auto text = read_text_file(path);
  if (!text) return tl::unexpected(text.error());
  std::unordered_set<std::string> genes;
  for (std::size_t begin = 0; begin < text->size();) {
    const std::size_t end = std::min(text->find('\n', begin), text->size());
    std::string gene = text->substr(begin, end - begin);
    while (!gene.empty() && (gene.back() == '\r' || gene.back() == ' ' || gene.back() == '\t')) gene.pop_back();
    if (!gene.empty()) genes.insert(std::move(gene));
    begin = end + 1;
  }
  if (genes.empty()) return bad_input("the list of genes is empty", path.string(), "give one gene a line");
  return genes;
}

Result<Genes> choose_genes(const CellSource& source, const PrepareOptions& options, std::vector<std::string>& notes) {
  Genes genes;
  auto ids = source.gene_ids();
  if (!ids) return tl::unexpected(ids.error());
  auto columns = source.gene_columns();
  if (!columns) return tl::unexpected(columns.error());
  genes.ids = std::move(*ids);
  genes.index_name = source.gene_index_name();
  const std::size_t n = genes.ids.size();
  if (n == 0) return bad_input("there are no genes", source.path(), "give a matrix of cells × genes");
  const std::size_t n_distinct = std::unordered_set<std::string>(genes.ids.begin(), genes.ids.end()).size();
  if (n_distinct < n) notes.push_back(fmt::format("{} gene names repeat; told apart by position", n - n_distinct));

  std::vector<bool> keep(n, true);
  if (options.genes_file) {
    auto wanted = read_gene_list(*options.genes_file);
    if (!wanted) return tl::unexpected(wanted.error());
    // The list may hold ids of the index or of a column: the one that knows most of them.
    std::vector<std::string> best = genes.ids;
    const auto n_known = [&](const std::vector<std::string>& names) {
      return std::count_if(names.begin(), names.end(), [&](const std::string& name) { return wanted->contains(name); });
    };
    auto most = n_known(best);
    for (const AnnotationColumn& column : *columns) {
      std::vector<std::string> names(n);
      for (std::size_t i = 0; i < n; ++i) names[i] = column.text(i);
      if (const auto known = n_known(names); known > most) {
        most = known;
        best = std::move(names);
      }
    }
    if (most == 0) {
      return bad_input("none of the listed genes is there", options.genes_file->string(),
                       fmt::format("genes are called like '{}' in {}", genes.ids[0], source.path()));
    }
    for (std::size_t i = 0; i < n; ++i) keep[i] = wanted->contains(best[i]);
    const std::unordered_set<std::string> there(best.begin(), best.end());
    const auto absent =
        std::count_if(wanted->begin(), wanted->end(), [&](const std::string& gene) { return !there.contains(gene); });
    if (absent > 0) notes.push_back(fmt::format("{} of {} listed genes are not in the file", absent, wanted->size()));
  }
  genes.map.assign(n, CellBuckets::kGeneDropped);
  for (std::uint32_t i = 0; i < n; ++i) {
    if (!keep[i]) continue;
    genes.map[i] = static_cast<std::uint32_t>(genes.kept.size());
    genes.kept.push_back(i);
  }
  for (const AnnotationColumn& column : *columns) genes.columns.push_back(select_rows(column, genes.kept));
  return genes;
}

// Rows of the task: the groups that are perturbations, in order.
std::vector<std::uint32_t> task_rows(const CellGroups& groups) {
  std::vector<std::uint32_t> rows;
  for (std::uint32_t g = 0; g < groups.groups.size(); ++g) {
    if (!groups.groups[g].is_control) rows.push_back(g);
  }
  return rows;
}

std::string named(const CellGroups& groups, const CellGroups::Group& group) {
  return groups.contexts.size() > 1
             ? fmt::format("'{}' in context '{}'", group.perturbation, groups.contexts[group.context])
             : fmt::format("'{}'", group.perturbation);
}

Result<std::vector<std::string>> folds_from_column(const CellSource& source, const CellGroups& groups,
                                                   const std::string& name) {
  auto column = source.labels(name);
  if (!column) return tl::unexpected(column.error());
  std::vector<std::optional<std::int32_t>> code(groups.groups.size());
  for (std::size_t i = 0; i < groups.group_of_cell.size(); ++i) {
    const std::uint32_t g = groups.group_of_cell[i];
    if (g == CellGroups::kDropped || groups.groups[g].is_control) continue;
    if (code[g] && *code[g] != column->codes[i]) {
      return bad_input(
          fmt::format("cells of {} are in different folds of column '{}'", named(groups, groups.groups[g]), name),
          source.path(), "give every perturbation of a context one fold");
    }
    code[g] = column->codes[i];
  }
  std::vector<std::string> folds;
  for (const std::uint32_t g : task_rows(groups)) {
    if (*code[g] == LabelColumn::kMissing) {
      return bad_input(fmt::format("{} has no fold in column '{}'", named(groups, groups.groups[g]), name),
                       source.path(), "fill it in, or use --folds N");
    }
    folds.push_back(column->labels[static_cast<std::size_t>(*code[g])]);
  }
  return folds;
}

Result<std::vector<std::string>> folds_from_file(const CellGroups& groups, const std::filesystem::path& path,
                                                 std::vector<std::string>& notes) {
  auto reader = DelimitedReader::open(path);
  if (!reader) return tl::unexpected(reader.error());
  if (auto header = reader->read_header(); !header) return tl::unexpected(header.error());
  const auto pert = reader->require_column("pert_id");
  if (!pert) return tl::unexpected(pert.error());
  const auto fold = reader->require_column("test_split");
  if (!fold) return tl::unexpected(fold.error());
  const auto context = reader->column("context");
  std::map<std::pair<std::string, std::string>, std::string> fold_of;  // (context or "", perturbation)
  for (;;) {
    auto more = reader->next();
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
    const auto& cells = reader->cells();
    const std::pair<std::string, std::string> key(context ? std::string(cells[*context]) : std::string(), cells[*pert]);
    const auto [known, is_new] = fold_of.try_emplace(key, cells[*fold]);
    if (!is_new && known->second != cells[*fold]) {
      return reader->error(fmt::format("'{}' is in two folds", key.second), "give every perturbation one fold");
    }
  }
  std::vector<std::string> folds;
  std::set<std::pair<std::string, std::string>> used;
  for (const std::uint32_t g : task_rows(groups)) {
    const CellGroups::Group& group = groups.groups[g];
    const auto at = fold_of.find({context ? groups.contexts[group.context] : std::string(), group.perturbation});
    if (at == fold_of.end() || at->second.empty()) {
      return bad_input(fmt::format("{} has no fold", named(groups, group)), path.string(),
                       "add a line for it, or use --folds N");
    }
    used.insert(at->first);
    folds.push_back(at->second);
  }
  if (used.size() < fold_of.size()) {
    notes.push_back(
        fmt::format("{} rows of the fold file name perturbations that are not here", fold_of.size() - used.size()));
  }
  return folds;
}

Result<std::vector<std::string>> make_folds(const CellGroups& groups, const PrepareOptions& options,
                                            const std::string& where) {
  std::vector<std::string> folds;
  const std::vector<std::uint32_t> rows = task_rows(groups);
  for (std::size_t first = 0; first < rows.size();) {
    const std::uint32_t context = groups.groups[rows[first]].context;
    std::size_t last = first;
    while (last < rows.size() && groups.groups[rows[last]].context == context) ++last;
    if (last - first < static_cast<std::size_t>(options.n_folds)) {
      return bad_input(fmt::format("context '{}' has {} perturbations, too few for {} folds", groups.contexts[context],
                                   last - first, options.n_folds),
                       where, "give a smaller --folds, or drop the context");
    }
    const auto test_rows = kfold_test_rows(last - first, options.n_folds, options.fold_seed);
    folds.resize(last);
    for (std::size_t f = 0; f < test_rows.size(); ++f) {
      for (const std::int32_t row : test_rows[f]) folds[first + static_cast<std::size_t>(row)] = std::to_string(f);
    }
    first = last;
  }
  return folds;
}

// Folds as whole numbers where all are, so that other tools read them as such.
AnnotationColumn fold_column(const std::vector<std::string>& folds) {
  std::vector<std::int64_t> numbers;
  for (const std::string& fold : folds) {
    const auto number = parse_integer(fold);
    if (!number) return {"test_split", folds, {}, true};
    numbers.push_back(*number);
  }
  return {"test_split", std::move(numbers), {}, false};
}

struct Estimates {
  Matrix deltas;                                    // perturbations × genes
  std::vector<PerturbationEstimate> perturbations;  // without their delta
  // Per context of the groups: what its deltas were taken from, where that is one profile.
  std::vector<std::optional<RowVector>> controls;
};

// The profile that every delta of the context was taken from. In the matched design a delta is taken from the controls
// of the perturbation's own batches, so there is one only where all perturbations lie in the same batches.
std::optional<RowVector> control_of_all(const ContextControl& control, const CellGroups& groups,
                                        std::span<const std::uint32_t> rows) {
  if (control.design == Design::global) return control.profile.mean;
  const auto& batches = groups.groups[rows.front()].batches;
  const bool same =
      std::all_of(rows.begin(), rows.end(), [&](std::uint32_t row) { return groups.groups[row].batches == batches; });
  if (!same) return std::nullopt;
  RowVector mean = RowVector::Zero(control.moments.mean.cols());
  for (const std::uint32_t batch : batches) {
    mean += control.moments.mean.row(static_cast<Eigen::Index>(find_batch(control.moments.spans, batch)));
  }
  return mean / static_cast<double>(batches.size());
}

// What one thread needs for one perturbation after the other.
struct Worker {
  CellRows cells;
  CellBuckets::TakeBuffers take;
  BootstrapWorkspace workspace;
};

Error stopped() { return {ErrorKind::interrupted, "stopped while resampling", {}, {}}; }

Result<Estimates> estimate_all(CellBuckets& buckets, const CellGroups& groups, std::uint32_t n_genes,
                               const PrepareOptions& options, ThreadPool& pool, Progress& progress,
                               const std::stop_token& stop) {
  const std::vector<std::uint32_t> rows = task_rows(groups);
  Estimates out;
  out.deltas.resize(static_cast<Eigen::Index>(rows.size()), n_genes);
  out.perturbations.resize(rows.size());
  out.controls.resize(groups.contexts.size());
  std::mutex mutex;
  std::optional<Error> error;
  for (std::size_t first = 0; first < rows.size();) {
    const std::uint32_t context = groups.groups[rows[first]].context;
    std::size_t last = first;
    while (last < rows.size() && groups.groups[rows[last]].context == context) ++last;

    // A context's control is the group before its perturbations.
    ContextControl control;
    {
      CellRows cells;
      CellBuckets::TakeBuffers take;
      if (auto taken = buckets.take(rows[first] - 1, cells, take); !taken) return tl::unexpected(taken.error());
      take = {};
      control = prepare_control(std::move(cells), options.design, n_genes, groups.contexts[context], options.bootstrap,
                                pool, progress, stop);
    }

    if (stop.stop_requested()) return tl::unexpected(stopped());
    out.controls[context] = control_of_all(control, groups, std::span(rows).subspan(first, last - first));

    // Large groups first, so that none is left running alone at the end.
    std::vector<std::size_t> order(last - first);
    std::iota(order.begin(), order.end(), first);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return groups.groups[rows[a]].n_cells > groups.groups[rows[b]].n_cells;
    });
    std::vector<std::unique_ptr<Worker>> idle;
    pool.for_each(order.size(), [&](std::size_t i) {
      if (stop.stop_requested()) return;
      std::unique_lock lock(mutex);
      if (error) return;
      if (idle.empty())
        idle.push_back(
            std::unique_ptr<Worker>(new Worker{CellRows{}, CellBuckets::TakeBuffers{}, BootstrapWorkspace(control)}));
      std::unique_ptr<Worker> worker = std::move(idle.back());
      idle.pop_back();
      lock.unlock();
      const std::size_t row = order[i];
      const auto taken = buckets.take(rows[row], worker->cells, worker->take);
      if (taken) {
        PerturbationEstimate estimate =
            estimate_perturbation(control, worker->cells, groups.groups[rows[row]].perturbation, worker->workspace);
        out.deltas.row(static_cast<Eigen::Index>(row)) = estimate.delta;
        estimate.delta.resize(0);
        out.perturbations[row] = std::move(estimate);
        progress.advance(groups.groups[rows[row]].n_cells);
      }
      lock.lock();
      if (!taken) error = taken.error();
      idle.push_back(std::move(worker));
    });
    if (error) return tl::unexpected(*error);
    if (stop.stop_requested()) return tl::unexpected(stopped());
    first = last;
  }
  return out;
}

std::string noise_table(const CellGroups& groups, const std::vector<std::uint32_t>& rows,
                        const std::vector<PerturbationEstimate>& estimates) {
  CsvWriter table(CsvTexts::exact);  // its ids are compared with those of the task
  for (const char* column :
       {"quantile", "L2", "MSE", "MAE", "Spearman", "Pearson", "pert_id", "n_batches_pert", "context", "n_cells",
        "closed_form", "split_half", "split_half_MSE", "split_half_MAE", "split_half_Spearman", "split_half_Pearson"}) {
    table.text(column);
  }
  table.end_row();
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const PerturbationEstimate& estimate = estimates[r];
    const CellGroups::Group& group = groups.groups[rows[r]];
    CsvWriter tail(CsvTexts::exact);
    tail.text(group.perturbation).number(std::int64_t{estimate.n_batches}).text(groups.contexts[group.context]);
    tail.number(std::int64_t{estimate.n_cells}).number(estimate.closed_form);
    for (int m = 0; m < kNoiseMetrics; ++m) {
      estimate.split_half ? tail.number((*estimate.split_half)[m]) : tail.nothing();
    }
    for (std::size_t q = 0; q < kNoiseQuantiles.size(); ++q) {
      table.number(kNoiseQuantiles[q]);
      for (const double value : estimate.quantiles[q]) table.number(value);
      table.fields(tail.str()).end_row();
    }
  }
  return table.str();
}

H5adContent task_content(const CellGroups& groups, const std::vector<std::uint32_t>& rows, const Genes& genes,
                         const Estimates& estimates, const std::vector<std::string>& folds) {
  H5adContent content;
  std::vector<std::string> pert_id, context;
  std::vector<std::int64_t> n_cells, n_batches;
  const bool one_context = groups.groups[rows.front()].context == groups.groups[rows.back()].context;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const CellGroups::Group& group = groups.groups[rows[r]];
    pert_id.push_back(group.perturbation);
    context.push_back(groups.contexts[group.context]);
    n_cells.push_back(estimates.perturbations[r].n_cells);
    n_batches.push_back(estimates.perturbations[r].n_batches);
    content.obs_index.push_back(one_context ? group.perturbation : context.back() + "|" + group.perturbation);
  }
  content.obs_columns.push_back({"pert_id", std::move(pert_id), {}, false});
  content.obs_columns.push_back({"context", std::move(context), {}, true});
  content.obs_columns.push_back(fold_column(folds));
  content.obs_columns.push_back({"n_cells", std::move(n_cells), {}, false});
  content.obs_columns.push_back({"n_batches", std::move(n_batches), {}, false});
  for (const std::uint32_t gene : genes.kept) content.var_index.push_back(genes.ids[gene]);
  for (const AnnotationColumn& column : genes.columns) {
    if (!column.name.starts_with(kControlProfilePrefix)) content.var_columns.push_back(column);
  }
  for (std::size_t c = 0; c < groups.contexts.size(); ++c) {
    if (!estimates.controls[c]) continue;
    content.var_columns.push_back({control_profile_column(groups.contexts[c]),
                                   std::vector<double>(estimates.controls[c]->begin(), estimates.controls[c]->end()),
                                   {},
                                   false});
  }
  const bool lacks_control = std::any_of(
      rows.begin(), rows.end(), [&](std::uint32_t row) { return !estimates.controls[groups.groups[row].context]; });
  if (lacks_control) {
    content.uns[kControlNoteKey] =
        "in the matched design each perturbation is compared with the control of its own batches, and here "
        "perturbations lie in different ones";
  }
  DenseX x;
  x.row_blocks.emplace_back(estimates.deltas.data(), estimates.deltas.rows(), estimates.deltas.cols(),
                            Eigen::OuterStride<>(estimates.deltas.cols()));
  content.x = std::move(x);
  content.gzip_level = 0;  // the last digits of deltas are noise: compressing them costs seconds and saves little
  return content;
}

Result<std::unique_ptr<CellSource>> open_source(const std::filesystem::path& cells, const PrepareOptions& options) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(cells, ignored)) return open_h5ad_cells(cells, options.layer);
  if (!options.cell_table) {
    return bad_input("a Matrix Market folder does not say what its cells are", cells.string(),
                     "give the table of cells with --cells TABLE.tsv");
  }
  return open_matrix_market_cells(cells, *options.cell_table);
}

Result<PrepareReport> prepare_unguarded(const std::filesystem::path& cells, const std::filesystem::path& out_dir,
                                        const PrepareOptions& options, ThreadPool& pool, Progress& progress,
                                        const std::stop_token& stop) {
  PrepareReport report;
  Clock::time_point start = Clock::now();
  auto opened = open_source(cells, options);
  if (!opened) return tl::unexpected(opened.error());
  CellSource& source = **opened;
  if (source.n_cells() >= UINT32_MAX)
    return bad_input("there are more than 2^32 cells", source.path(), "split the file");
  auto groups = group_cells(source, options.columns, options.design, options.min_cells);
  if (!groups) return tl::unexpected(groups.error());
  report.picked = groups->picked;
  report.notes = groups->notes;
  auto genes = choose_genes(source, options, report.notes);
  if (!genes) return tl::unexpected(genes.error());
  const auto n_genes = static_cast<std::uint32_t>(genes->kept.size());

  const auto folds = options.fold_col    ? folds_from_column(source, *groups, *options.fold_col)
                     : options.fold_file ? folds_from_file(*groups, *options.fold_file, report.notes)
                                         : make_folds(*groups, options, source.path());
  if (!folds) return tl::unexpected(folds.error());
  report.picked.push_back(options.fold_col ? fmt::format("folds: column '{}'", *options.fold_col)
                          : options.fold_file
                              ? fmt::format("folds: {}", options.fold_file->string())
                              : fmt::format("folds: {}, shuffled with seed {}", options.n_folds, options.fold_seed));
  {
    auto barcodes = source.barcodes();
    if (!barcodes) return tl::unexpected(barcodes.error());
    std::sort(barcodes->begin(), barcodes->end());
    std::size_t repeats = 0;
    for (std::size_t i = 1; i < barcodes->size(); ++i) repeats += (*barcodes)[i] == (*barcodes)[i - 1];
    if (repeats > 0) report.notes.push_back(fmt::format("{} barcodes repeat; told apart by position", repeats));
  }

  CellBuckets::Options bucket_options;
  bucket_options.values = options.values;
  bucket_options.gene_map = genes->map;
  bucket_options.n_genes = n_genes;
  bucket_options.memory_limit_bytes = cells_memory(options);
  bucket_options.spill_folder = nearest_folder(out_dir);
  bucket_options.where = source.path();
  bucket_options.cell_name = [&](std::uint64_t cell) {
    const auto barcodes = source.barcodes();
    return barcodes && cell < barcodes->size() ? (*barcodes)[cell] : std::string("?");
  };
  bucket_options.gene_name = [&](std::uint32_t gene) { return genes->ids[gene]; };
  CellBuckets buckets(*groups, source, std::move(bucket_options));
  progress.begin("reading cells", static_cast<std::int64_t>(source.n_cells()), "cells");
  const auto delivered = source.deliver(buckets, pool, progress, stop);
  progress.end();
  if (!delivered) return tl::unexpected(delivered.error());
  buckets.end_pass();
  report.read_s = seconds_since(start);

  start = Clock::now();
  const std::vector<std::uint32_t> rows = task_rows(*groups);
  std::int64_t n_cells = 0;
  for (const CellGroups::Group& group : groups->groups) n_cells += group.n_cells;
  progress.begin("resampling", n_cells, "cells");
  auto estimates = estimate_all(buckets, *groups, n_genes, options, pool, progress, stop);
  progress.end();
  if (!estimates) return tl::unexpected(estimates.error());
  report.estimate_s = seconds_since(start);

  start = Clock::now();
  std::error_code failed;
  std::filesystem::create_directories(out_dir, failed);
  if (failed) return bad_input("the folder cannot be made: " + failed.message(), out_dir.string(), "choose another -o");
  report.task = out_dir / "task.h5ad";
  report.noise = out_dir / "noise.csv";
  // An earlier task must not stand beside the new noise table should the process end in between.
  std::filesystem::remove(report.task, failed);
  if (auto done = write_file_atomically(report.noise, noise_table(*groups, rows, estimates->perturbations)); !done) {
    return tl::unexpected(done.error());
  }
  if (auto done = write_h5ad(report.task, task_content(*groups, rows, *genes, *estimates, *folds)); !done) {
    return tl::unexpected(done.error());
  }
  report.write_s = seconds_since(start);

  for (std::uint32_t c = 0; c < groups->contexts.size(); ++c) {
    PreparedContext context{groups->contexts[c], 0, 0, 0, 0};
    std::set<std::uint32_t> batches;
    for (const CellGroups::Group& group : groups->groups) {
      if (group.context != c) continue;
      (group.is_control ? context.n_control_cells : context.n_cells) += group.n_cells;
      context.n_perturbations += group.is_control ? 0 : 1;
      batches.insert(group.batches.begin(), group.batches.end());
    }
    context.n_batches = batches.size();
    if (context.n_perturbations > 0) report.contexts.push_back(std::move(context));
  }
  for (const PreparedContext& c : report.contexts) report.n_cells_used += c.n_cells + c.n_control_cells;
  report.n_genes = n_genes;
  report.n_folds = std::set<std::string>(folds->begin(), folds->end()).size();
  report.n_cells_in_file = source.n_cells();
  report.n_entries = buckets.n_entries();
  report.file_bytes = source.stored_bytes();
  report.spilled_bytes = buckets.spilled_bytes();
  return report;
}

}  // namespace

std::optional<Error> validate(const PrepareOptions& options) {
  const auto bad = [](std::string what, std::string remedy) {
    return Error{ErrorKind::bad_input, std::move(what), {}, std::move(remedy)};
  };
  if (auto error = validate(options.bootstrap)) return error;
  if (options.min_cells < 1) return bad(fmt::format("--min-cells is {}", options.min_cells), "give 1 or more");
  if (options.n_folds < 2) return bad(fmt::format("--folds is {}", options.n_folds), "give 2 or more");
  if (options.columns.control && options.columns.control_col) {
    return bad("--control and --control-col are both given", "give one of them");
  }
  if (options.fold_col && options.fold_file)
    return bad("--fold-col and --fold-file are both given", "give one of them");
  constexpr std::uint64_t kLeastMemory = 64 << 20;
  if (options.memory_limit_bytes && *options.memory_limit_bytes < kLeastMemory) {
    return bad(fmt::format("--memory-limit is {} bytes", *options.memory_limit_bytes), "give 64MiB or more");
  }
  return std::nullopt;
}

Result<PrepareReport> prepare(const std::filesystem::path& cells, const std::filesystem::path& out_dir,
                              const PrepareOptions& options, ThreadPool& pool, Progress& progress,
                              std::stop_token stop) {
  if (auto error = validate(options)) return tl::unexpected(*error);
  try {
    return prepare_unguarded(cells, out_dir, options, pool, progress, stop);
  } catch (const std::bad_alloc&) {
    return harness_fault("out of memory", cells.string(),
                         "give a smaller --memory-limit, or keep fewer genes (--genes)");
  }
}

}  // namespace headroom
