#include "cells/prepare.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <memory>
#include <new>
#include <set>

#include "cells/cell_buckets.hpp"
#include "cells/cell_source.hpp"
#include "cells/gene_choice.hpp"
#include "cells/memory_shares.hpp"
#include "cells/perturbation_estimates.hpp"
#include "cells/prepared_folds.hpp"
#include "cells/screen_part.hpp"
#include "cells/task_content.hpp"
#include "cells/value_review.hpp"
#include "io/atomic_file.hpp"
#include "io/foreign_format.hpp"
#include "io/h5ad.hpp"
#include "io/h5ad_writer.hpp"
#include "review/doubt_record.hpp"
#include "review/row_numbers.hpp"

namespace headroom {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::filesystem::path nearest_folder(const std::filesystem::path& path) {
  std::error_code ignored;
  std::filesystem::path folder = std::filesystem::absolute(path, ignored);
  while (!std::filesystem::is_directory(folder, ignored) && folder.has_relative_path()) folder = folder.parent_path();
  return folder;
}

Result<std::unique_ptr<CellSource>> open_file(const std::filesystem::path& cells, const PrepareOptions& options) {
  std::error_code ignored;
  if (is_screen_part(cells)) {
    return bad_input("this is a part of a screen, which holds no cells", cells.string(),
                     "give it with the other parts to headroom prepare --join");
  }
  if (!std::filesystem::is_directory(cells, ignored)) {
    return open_h5ad_cells(cells, options.layer, options.transposed);
  }
  if (auto known = foreign_format(cells)) return tl::unexpected(std::move(*known));
  if (const auto matrix = find_in_folder(cells, {"matrix.mtx"}); !matrix) {
    const auto files = files_of_screen({cells});
    if (files && files->front() != cells) {
      return bad_input(fmt::format("this is a folder of {} files, where one file is meant", files->size()),
                       cells.string(), "name the file");
    }
    if (!options.cell_table) {
      return bad_input("the folder holds no .h5ad file, and " + matrix.error().what, cells.string(),
                       matrix.error().remedy);
    }
  }
  if (!options.cell_table) {
    return bad_input("a Matrix Market folder does not say what its cells are", cells.string(),
                     "give the table of cells with --cells TABLE.tsv");
  }
  return open_matrix_market_cells(cells, *options.cell_table, options.transposed);
}

// Before hours go by: whether the folder is there, or can be made, and written to.
Result<void> require_writable(const std::filesystem::path& out_dir) {
  const std::filesystem::path folder = nearest_folder(out_dir);
  std::error_code ignored;
  const std::filesystem::file_status there = std::filesystem::status(out_dir, ignored);
  if (std::filesystem::exists(there) && !std::filesystem::is_directory(there)) {
    return bad_input("the output is to be a folder, and is a file", out_dir.string(), "choose another -o");
  }
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return {};
  return bad_input(fmt::format("the folder cannot be written: {}", std::strerror(errno)), folder.string(),
                   "choose another -o");
}

// What was read of the cells, before anything is computed from them.
struct GatheredCells {
  std::unique_ptr<CellSource> source;
  CellGroups groups;
  GeneChoice genes;
  PreparedFolds folds;
  ValueNames names;
  std::unique_ptr<CellBuckets> buckets;  // after the pass
  std::vector<std::string> picked, notes;
};

// Whether a doubt stops the command where it is raised, or all are wanted.
enum class Doubts { stop, collect };

// Perturbations that are numbers, beside genes that are only counted.
void doubt_gene_ids(const CellGroups& groups, const GeneChoice& genes, const std::string& where, Review& review) {
  std::set<std::string> names;
  for (const CellGroups::Group& group : groups.groups) {
    if (!group.is_control) names.insert(group.perturbation);
  }
  const std::vector<std::string> perturbations(names.begin(), names.end());
  const std::size_t n = n_ids_by_chance(perturbations, genes.ids);
  if (n == 0) return;
  // A column of names that knows as many of them is what a run would take.
  for (const AnnotationColumn& column : genes.columns) {
    const auto* texts = std::get_if<std::vector<std::string>>(&column.values);
    if (texts == nullptr) continue;
    const std::set<std::string> there(texts->begin(), texts->end());
    const auto n_known = std::count_if(perturbations.begin(), perturbations.end(),
                                       [&](const std::string& id) { return there.contains(id); });
    if (static_cast<std::size_t>(n_known) > n) return;
  }
  review.raise({"genes.ids_by_chance", fmt::format("{}, var index", where),
                fmt::format("the genes are numbered in order, and {} of {} perturbations are such numbers: they would "
                            "be taken for genes by chance",
                            n, perturbations.size()),
                static_cast<std::int64_t>(n), examples_of(perturbations),
                "write the names of the genes into the var index"});
}

// Everything but the values of the cells. `with_folds`: whether the task to be is divided into them already.
Result<std::unique_ptr<GatheredCells>> gather_tables(const std::filesystem::path& cells, const PrepareOptions& options,
                                                     bool with_folds, Doubts doubts, Review& review) {
  const auto settled = [&]() -> Result<void> { return doubts == Doubts::stop ? review.settle() : Result<void>(); };
  auto gathered = std::make_unique<GatheredCells>();  // its parts refer to each other: it stays where it is
  GatheredCells& out = *gathered;
  auto opened = open_cells(cells, options);
  if (!opened) return tl::unexpected(opened.error());
  out.source = std::move(*opened);
  CellSource& source = *out.source;
  source.review(review);
  for (const Review::LeftOut& each : review.left_out()) {
    out.notes.push_back(fmt::format("{} {} are left out", each.n, each.what));
  }
  if (source.n_cells() >= UINT32_MAX)
    return bad_input("there are more than 2^32 cells", source.path(), "split the file");

  GroupRequirements requirements;
  const bool folds_are_made = !options.fold_col && !options.fold_file;
  if (folds_are_made && !options.untestable_folds) {
    requirements.least_perturbations = 2 * static_cast<std::size_t>(options.n_folds);
  }
  if (options.fold_col) requirements.used_columns.push_back(*options.fold_col);
  auto groups = group_cells(source, options.columns, options.design, options.min_cells, requirements, review);
  if (!groups) return tl::unexpected(groups.error());
  out.groups = std::move(*groups);
  out.picked = out.groups.picked;
  out.notes.insert(out.notes.end(), out.groups.notes.begin(), out.groups.notes.end());
  auto genes = choose_genes(source, options.genes, review, out.notes);
  if (!genes) return tl::unexpected(genes.error());
  out.genes = std::move(*genes);
  doubt_gene_ids(out.groups, out.genes, source.path(), review);
  if (auto done = settled(); !done) return tl::unexpected(done.error());

  if (with_folds) {
    auto folds = prepared_folds(source, out.groups, options, review, out.notes);
    if (!folds) return tl::unexpected(folds.error());
    out.folds = std::move(*folds);
    out.picked.push_back(out.folds.picked);
    if (auto done = settled(); !done) return tl::unexpected(done.error());
  }
  const auto n_repeats = n_repeated_barcodes(source);
  if (!n_repeats) return tl::unexpected(n_repeats.error());
  if (*n_repeats > 0) out.notes.push_back(fmt::format("{} barcodes repeat; told apart by position", *n_repeats));

  out.names.where = source.path();
  out.names.cell = [&source](std::uint64_t cell) {
    const auto all = source.barcodes();
    return all && cell < all->size() ? (*all)[cell] : std::string("?");
  };
  out.names.gene = [&out](std::uint32_t gene) { return out.genes.ids[gene]; };
  out.names.file = [files = source.files(), first = source.first_cells()](std::uint64_t begin, std::uint64_t last) {
    const auto file_of = [&](std::uint64_t cell) {
      return static_cast<std::size_t>(std::upper_bound(first.begin(), first.end(), cell) - first.begin()) - 1;
    };
    return files.size() > 1 && file_of(begin) == file_of(last) ? files[file_of(begin)] : std::string();
  };
  return gathered;
}

CellBuckets::Options bucket_options_of(const GatheredCells& gathered, const std::filesystem::path& out_dir,
                                       const PrepareOptions& options, const Review& review) {
  CellBuckets::Options out;
  out.values = options.values;
  out.target_sum = options.target_sum;
  out.keep_fractions = review.accepts("values.not_counts", gathered.names.where);
  out.gene_map = gathered.genes.map;
  out.n_genes = static_cast<std::uint32_t>(gathered.genes.kept.size());
  out.memory_limit_bytes = memory_shares(options.memory_limit_bytes, gathered.source->n_cells()).cells;
  out.spill_folder = nearest_folder(out_dir);
  out.where = gathered.names.where;
  out.cell_name = gathered.names.cell;
  out.gene_name = gathered.names.gene;
  return out;
}

// The pass over the cells.
Result<void> read_values(GatheredCells& gathered, CellBuckets::Options options, ThreadPool& pool, Progress& progress,
                         const std::stop_token& stop) {
  CellSource& source = *gathered.source;
  gathered.buckets = std::make_unique<CellBuckets>(gathered.groups, source, std::move(options));
  progress.begin("reading cells", static_cast<std::int64_t>(source.n_cells()), "cells");
  const auto delivered = source.deliver(*gathered.buckets, pool, progress, stop);
  progress.end();
  if (!delivered) return delivered;
  gathered.buckets->end_pass();
  return {};
}

Result<void> review_read_values(const GatheredCells& gathered, const PrepareOptions& options, Review& review) {
  const CellGroups& groups = gathered.groups;
  const ValueFindings findings = gathered.buckets->findings([&](std::uint32_t g) {
    const CellGroups::Group& group = groups.groups[g];
    return (group.is_control ? std::string("the control") : "'" + group.perturbation + "'") +
           (groups.contexts.size() > 1 ? " in " + groups.contexts[group.context] : "");
  });
  return review_values(findings, options.values, options.target_sum, gathered.names, review);
}

Result<std::unique_ptr<GatheredCells>> gather_cells(const std::filesystem::path& cells,
                                                    const std::filesystem::path& out_dir, const PrepareOptions& options,
                                                    Doubts doubts, Review& review, ThreadPool& pool, Progress& progress,
                                                    const std::stop_token& stop) {
  auto gathered = gather_tables(cells, options, true, doubts, review);
  if (!gathered) return gathered;
  auto read = read_values(**gathered, bucket_options_of(**gathered, out_dir, options, review), pool, progress, stop);
  if (!read) return tl::unexpected(read.error());
  if (auto reviewed = review_read_values(**gathered, options, review); !reviewed) {
    return tl::unexpected(reviewed.error());
  }
  if (doubts == Doubts::stop) {
    if (auto settled = review.settle(); !settled) return tl::unexpected(settled.error());
  }
  return gathered;
}

// The named parts of a screen, if all are estimates of it; none where they are something else.
Result<std::vector<std::filesystem::path>> screen_parts_of(const std::filesystem::path& cells,
                                                           const PrepareOptions& options) {
  std::vector<std::filesystem::path> named = {cells};
  named.insert(named.end(), options.more_cells.begin(), options.more_cells.end());
  if (!options.are_parts) return std::vector<std::filesystem::path>();
  auto files = files_of_screen(named);
  if (!files) return files;
  // A damaged one is known by its name.
  const auto is_part = [](const std::filesystem::path& file) {
    return is_screen_part(file) || file.extension() == kScreenPartExtension;
  };
  const auto cells_of = std::find_if_not(files->begin(), files->end(), is_part);
  if (cells_of == files->end()) return files;
  const auto part = std::find_if(files->begin(), files->end(), is_part);
  if (part == files->end()) return std::vector<std::filesystem::path>();
  return bad_input(fmt::format("this is no part of estimates, as is {}", part->string()), cells_of->string(),
                   "name parts that were all made with --screen, or none");
}

// A screen whose estimates were made in parts: its tables, and the estimates.
struct JoinedScreen {
  std::unique_ptr<GatheredCells> gathered;
  PerturbationEstimates estimates;
};

Result<JoinedScreen> join_screen(const std::vector<std::filesystem::path>& parts, const std::filesystem::path& out_dir,
                                 PrepareOptions options, Review& review) {
  if (options.addition) {
    return bad_input("cell-level metrics need all of the cells, which are not in parts made with --screen",
                     "--cell-metrics with --join", kCellMetricsOfParts);
  }
  const auto files = files_of_screen_part(parts.front());
  if (!files) return tl::unexpected(files.error());
  for (const std::string& file : *files) {
    std::error_code ignored;
    if (std::filesystem::exists(file, ignored)) continue;
    return bad_input("a file of the screen is not where its parts name it", file,
                     "join in the folder that the parts were made from, or make them with full paths after --screen");
  }
  options.are_parts = false;
  options.more_cells.assign(files->begin() + 1, files->end());
  auto gathered = gather_tables(files->front(), options, true, Doubts::stop, review);
  if (!gathered) return tl::unexpected(gathered.error());
  GatheredCells& tables = **gathered;
  tables.buckets =
      std::make_unique<CellBuckets>(tables.groups, *tables.source, bucket_options_of(tables, out_dir, options, review));
  auto estimates = join_screen_parts(parts, *tables.source, tables.groups, tables.genes, options, *tables.buckets);
  if (!estimates) return tl::unexpected(estimates.error());
  if (auto reviewed = review_read_values(tables, options, review); !reviewed) return tl::unexpected(reviewed.error());
  if (auto settled = review.settle(); !settled) return tl::unexpected(settled.error());
  return JoinedScreen{std::move(*gathered), std::move(*estimates)};
}

// Whether `path` may be replaced: it is not there, is empty, or prepare wrote it.
bool is_own_task(const std::filesystem::path& path) {
  const auto file = H5adFile::open(path);
  if (!file) return false;
  const std::vector<std::string> columns = file->columns(H5adAxis::obs);
  constexpr std::array<const char*, 5> kOwn = {"pert_id", "context", "test_split", "n_cells", "n_batches"};
  return columns.size() >= kOwn.size() && std::equal(kOwn.begin(), kOwn.end(), columns.begin());
}

bool is_own_noise(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string header;
  return std::getline(file, header) && header.starts_with("quantile,L2,MSE,MAE,Spearman,Pearson,pert_id,");
}

void doubt_outputs(const std::filesystem::path& cells, const std::filesystem::path& task,
                   const std::filesystem::path& noise, const PrepareOptions& options, Review& review) {
  const auto is_there = [](const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::exists(path, ignored);
  };
  const auto is_same = [](const std::filesystem::path& a, const std::filesystem::path& b) {
    std::error_code ignored;
    return std::filesystem::equivalent(a, b, ignored);
  };
  for (const auto& [output, is_own] : {std::pair{task, &is_own_task}, std::pair{noise, &is_own_noise}}) {
    if (!is_there(output)) continue;
    std::error_code ignored;
    bool is_input = is_same(output, cells);
    for (const auto& input : options.more_cells) is_input = is_input || is_same(output, input);
    for (const auto& input : {options.genes.genes_file, options.fold_file, options.cell_table}) {
      is_input = is_input || (input && is_same(output, *input));
    }
    if (!is_input && (std::filesystem::file_size(output, ignored) == 0 || is_own(output))) continue;
    review.raise(
        {"output.not_ours",
         output.string(),
         is_input ? "the output would replace an input" : "the output would replace a file that Headroom did not write",
         1,
         {},
         "choose another folder with -o, or move the file away"});
  }
}

Result<PrepareReport> prepare_unguarded(const std::filesystem::path& cells, const std::filesystem::path& out_dir,
                                        const PrepareOptions& options, Review& review, ThreadPool& pool,
                                        Progress& progress, const std::stop_token& stop) {
  PrepareReport report;
  report.task = out_dir / "task.h5ad";
  report.noise = out_dir / "noise.csv";
  Clock::time_point start = Clock::now();
  doubt_outputs(cells, report.task, report.noise, options, review);
  if (auto settled = review.settle(); !settled) return tl::unexpected(settled.error());
  if (auto writable = require_writable(out_dir); !writable) return tl::unexpected(writable.error());
  const auto parts = screen_parts_of(cells, options);
  if (!parts) return tl::unexpected(parts.error());
  std::unique_ptr<GatheredCells> gathered;
  Result<PerturbationEstimates> estimates;
  if (parts->empty()) {
    auto read = gather_cells(cells, out_dir, options, Doubts::stop, review, pool, progress, stop);
    if (!read) return tl::unexpected(read.error());
    gathered = std::move(*read);
  } else {
    auto joined = join_screen(*parts, out_dir, options, review);
    if (!joined) return tl::unexpected(joined.error());
    gathered = std::move(joined->gathered);
    estimates = std::move(joined->estimates);
  }
  const CellSource& source = *gathered->source;
  const CellGroups* const groups = &gathered->groups;
  CellBuckets& buckets = *gathered->buckets;
  report.picked = gathered->picked;
  report.notes = gathered->notes;
  report.notes.insert(report.notes.end(), review.understood().begin(), review.understood().end());
  const auto n_genes = static_cast<std::uint32_t>(gathered->genes.kept.size());
  report.read_s = seconds_since(start);

  start = Clock::now();
  const std::vector<std::uint32_t> rows = task_rows(*groups);
  std::int64_t n_cells = 0;
  for (const CellGroups::Group& group : groups->groups) n_cells += group.n_cells;
  if (parts->empty()) {
    progress.begin("resampling", n_cells, "cells");
    estimates = estimate_all(buckets, *groups, n_genes, options, pool, progress, stop);
    progress.end();
    if (!estimates) return tl::unexpected(estimates.error());
  }
  report.estimate_s = seconds_since(start);

  report.n_entries = buckets.n_entries();
  report.spilled_bytes = buckets.spilled_bytes();
  gathered->buckets.reset();  // nobody looks at the cells again

  start = Clock::now();
  H5adContent content = task_content(*groups, rows, gathered->genes, *estimates, gathered->folds);
  say_origin(*groups, gathered->genes, options, content);
  if (options.deg) {
    if (auto done = add_labels(*groups, rows, *estimates, content); !done) return tl::unexpected(done.error());
    report.notes.insert(report.notes.end(), estimates->label_notes.begin(), estimates->label_notes.end());
    for (const DegLabels& labels : estimates->labels) {
      report.n_labelled +=
          static_cast<std::size_t>(std::count(labels.has_labels.begin(), labels.has_labels.end(), true));
    }
  }
  if (!review.doubts().empty()) content.uns[kDoubtsKey] = doubts_json(review.doubts());
  if (options.addition) {
    if (auto added = options.addition(content); !added) return tl::unexpected(added.error());
  }
  std::error_code failed;
  std::filesystem::create_directories(out_dir, failed);
  if (failed) return bad_input("the folder cannot be made: " + failed.message(), out_dir.string(), "choose another -o");
  // An earlier task must not stand beside the new noise table should the process end in between.
  std::filesystem::remove(report.task, failed);
  const auto of_folds = fold_noise(*groups, rows, estimates->labels, gathered->folds);
  if (auto done = write_file_atomically(report.noise, noise_table(*groups, rows, estimates->perturbations, of_folds));
      !done) {
    return tl::unexpected(done.error());
  }
  if (auto done = write_h5ad(report.task, content); !done) return tl::unexpected(done.error());
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
  report.n_folds = gathered->folds.n_folds;
  report.n_cells_in_file = source.n_cells();
  report.file_bytes = source.stored_bytes();
  return report;
}

Result<std::unique_ptr<CellSource>> open_one(const std::filesystem::path& cells, const PrepareOptions& options) {
  return options.are_parts ? open_cell_part(cells) : open_file(cells, options);
}

// As files_of_screen() orders paths.
bool goes_before(const std::unique_ptr<CellSource>& a, const std::unique_ptr<CellSource>& b) {
  const auto place = [](const CellSource& source) {
    return std::pair(std::filesystem::path(source.path()).filename().string(), source.path());
  };
  return place(*a) < place(*b);
}

}  // namespace

Result<std::unique_ptr<CellSource>> open_cells(const std::filesystem::path& cells, const PrepareOptions& options) {
  std::vector<std::filesystem::path> named = {cells};
  named.insert(named.end(), options.more_cells.begin(), options.more_cells.end());
  const auto files = files_of_screen(named);
  if (!files) return tl::unexpected(files.error());
  if (files->size() == 1) {
    if (options.join.has_file_column) {
      return bad_input("one file is one batch", files->front().string(), "leave --batch-from out, or name more files");
    }
    return open_one(files->front(), options);
  }
  std::vector<std::unique_ptr<CellSource>> sources;
  for (const std::filesystem::path& file : *files) {
    auto source = open_one(file, options);
    if (!source) return source;
    sources.push_back(std::move(*source));
  }
  // Parts in the order of their own files, wherever they lie.
  if (options.are_parts) {
    std::stable_sort(sources.begin(), sources.end(), goes_before);
    const auto twice = std::adjacent_find(sources.begin(), sources.end(),
                                          [](const auto& a, const auto& b) { return a->path() == b->path(); });
    if (twice != sources.end()) {
      return bad_input("a file of the screen is there in two parts", (*twice)->path(), "name each part once");
    }
  }
  return join_cells(std::move(sources), options.join);
}

std::optional<Error> validate(const PrepareOptions& options) {
  const auto bad = [](std::string what, std::string remedy) {
    return Error{ErrorKind::bad_input, std::move(what), {}, std::move(remedy)};
  };
  if (auto error = validate(options.bootstrap)) return error;
  if (options.min_cells < 1) return bad(fmt::format("--min-cells is {}", options.min_cells), "give 1 or more");
  if (options.n_folds < 2) return bad(fmt::format("--folds is {}", options.n_folds), "give 2 or more");
  if (!options.columns.labels.controls.empty() && options.columns.control_col) {
    return bad("--control and --control-col are both given", "give one of them");
  }
  if (!(options.target_sum > 0) || !std::isfinite(options.target_sum)) {
    return bad(fmt::format("--target-sum is {}", options.target_sum), "give a positive number");
  }
  if (options.test_value && !options.fold_col && !options.fold_file) {
    return bad("--test-value is given without folds to choose from", "name them with --fold-col or --fold-file");
  }
  if (options.fold_col && options.fold_file)
    return bad("--fold-col and --fold-file are both given", "give one of them");
  if (options.deg_statistics && !options.deg) return bad("--deg-statistics is given without --deg", "give both");
  constexpr std::uint64_t kLeastMemory = 64 << 20;
  if (options.memory_limit_bytes && *options.memory_limit_bytes < kLeastMemory) {
    return bad(fmt::format("--memory-limit is {} bytes", *options.memory_limit_bytes), "give 64MiB or more");
  }
  return std::nullopt;
}

Result<PrepareReport> prepare(const std::filesystem::path& cells, const std::filesystem::path& out_dir,
                              const PrepareOptions& options, Review& review, ThreadPool& pool, Progress& progress,
                              std::stop_token stop) {
  if (auto error = validate(options)) return tl::unexpected(*error);
  try {
    return prepare_unguarded(cells, out_dir, options, review, pool, progress, stop);
  } catch (const std::bad_alloc&) {
    return harness_fault("out of memory", cells.string(),
                         "give a smaller --memory-limit, or keep fewer genes (--genes)");
  }
}

Result<PrepareReport> prepare(const std::filesystem::path& cells, const std::filesystem::path& out_dir,
                              const PrepareOptions& options, ThreadPool& pool, Progress& progress,
                              std::stop_token stop) {
  Review review;
  return prepare(cells, out_dir, options, review, pool, progress, stop);
}

Result<CellPart> prepare_part(const std::filesystem::path& cells, const std::filesystem::path& folder,
                              const PrepareOptions& options, ThreadPool& pool, Progress& progress,
                              const std::stop_token& stop) {
  if (auto error = validate(options)) return tl::unexpected(*error);
  if (auto writable = require_writable(folder); !writable) return tl::unexpected(writable.error());
  try {
    auto source = open_file(cells, options);
    if (!source) return tl::unexpected(source.error());
    return write_cell_part(**source, folder, pool, progress, stop);
  } catch (const std::bad_alloc&) {
    return harness_fault("out of memory", cells.string(), "split the file");
  }
}

Result<EstimatedPart> estimate_part(const std::filesystem::path& cells,
                                    const std::vector<std::filesystem::path>& screen,
                                    const std::filesystem::path& folder, const PrepareOptions& options, Review& review,
                                    ThreadPool& pool, Progress& progress, const std::stop_token& stop) {
  if (auto error = validate(options)) return tl::unexpected(*error);
  if (auto writable = require_writable(folder); !writable) return tl::unexpected(writable.error());
  try {
    const auto files = files_of_screen(screen);
    if (!files) return tl::unexpected(files.error());
    const auto own = std::find_if(files->begin(), files->end(), [&](const std::filesystem::path& file) {
      std::error_code ignored;
      return std::filesystem::equivalent(file, cells, ignored);
    });
    if (own == files->end()) {
      return bad_input("the file is not one of the screen", cells.string(), "name it with the others after --screen");
    }
    PrepareOptions of_screen = options;
    of_screen.more_cells.assign(files->begin() + 1, files->end());
    auto gathered = gather_tables(files->front(), of_screen, false, Doubts::stop, review);
    if (!gathered) return tl::unexpected(gathered.error());
    GatheredCells& tables = **gathered;

    ScreenPart part;
    part.file = static_cast<std::uint64_t>(own - files->begin());
    part.files = tables.source->files();
    auto identity = screen_identity(tables.groups, tables.genes, options);
    if (!identity) return tl::unexpected(identity.error());
    part.identity = std::move(*identity);
    const std::vector<std::uint32_t> rows = task_rows(tables.groups),
                                     homes = homes_of_rows(*tables.source, tables.groups);
    std::vector<std::uint8_t> is_ours(rows.size(), 0);
    CellBuckets::Options how = bucket_options_of(tables, folder, options, review);
    how.kept_groups.assign(tables.groups.groups.size(), 0);
    EstimatedPart report;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      if (homes[row] != part.file) continue;
      is_ours[row] = 1;
      part.rows.push_back(row);
      how.kept_groups[rows[row]] = 1;
      report.n_cells += tables.groups.groups[rows[row]].n_cells;
    }
    // The control of each context that has one of them: the last control before its perturbations.
    for (std::uint32_t g = 0, control = 0; g < tables.groups.groups.size(); ++g) {
      if (tables.groups.groups[g].is_control) control = g;
      if (how.kept_groups[g] != 0) how.kept_groups[control] = 1;
    }
    std::vector<std::uint64_t> first_cells = tables.source->first_cells();
    first_cells.push_back(tables.source->n_cells());
    how.first_tallied = first_cells[part.file];
    how.end_tallied = first_cells[part.file + 1];
    const std::uint64_t begin = how.first_tallied, end = how.end_tallied;
    if (auto read = read_values(tables, std::move(how), pool, progress, stop); !read) {
      return tl::unexpected(read.error());
    }
    part.tally = tables.buckets->tally(begin, end);
    progress.begin("resampling", static_cast<std::int64_t>(report.n_cells), "cells");
    auto estimates = estimate_some(*tables.buckets, tables.groups, static_cast<std::uint32_t>(tables.genes.kept.size()),
                                   options, is_ours, pool, progress, stop);
    progress.end();
    if (!estimates) return tl::unexpected(estimates.error());
    part.estimates = std::move(*estimates);
    report.n_perturbations = part.rows.size();
    report.n_of_screen = rows.size();
    report.path = folder / (cells.stem().string() + kScreenPartExtension);
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed)
      return bad_input("the folder cannot be made: " + failed.message(), folder.string(), "choose another -o");
    if (auto written = write_screen_part(report.path, std::move(part), tables.groups); !written) {
      std::filesystem::remove(folder, failed);  // unless something lies there
      return tl::unexpected(written.error());
    }
    return report;
  } catch (const std::bad_alloc&) {
    return harness_fault("out of memory", cells.string(),
                         "give a smaller --memory-limit, or keep fewer genes (--genes)");
  }
}

Result<void> review_cells(const std::filesystem::path& cells, const PrepareOptions& options, Review& review,
                          ThreadPool& pool, Progress& progress, std::stop_token stop) {
  if (auto error = validate(options)) return tl::unexpected(*error);
  try {
    std::error_code none;  // a confined reader sees no such folder, and needs none
    const auto gathered = gather_cells(cells, std::filesystem::temp_directory_path(none), options, Doubts::collect,
                                       review, pool, progress, stop);
    if (!gathered) return tl::unexpected(gathered.error());
    for (const std::string& line : (*gathered)->picked) review.understood(line);
    for (const std::string& line : (*gathered)->notes) review.understood(line);
    return {};
  } catch (const std::bad_alloc&) {
    return harness_fault("out of memory", cells.string(), "give a smaller --memory-limit");
  }
}

}  // namespace headroom
