#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <new>
#include <numeric>
#include <unordered_set>

#include "io/column_names.hpp"
#include "io/h5ad.hpp"
#include "io/large_pages.hpp"
#include "io/row_labels.hpp"
#include "io/sha256.hpp"
#include "review/doubt_record.hpp"
#include "task/fold_assignment.hpp"
#include "task/task.hpp"

namespace headroom {
namespace {

constexpr int kDefaultFolds = 5;
// Gene PCA applies from this share of measured perturbations on (protocol section 5).
constexpr double kMeasuredShare = 0.1;

// Which file row each perturbation of each context comes from, in the order of TaskContext::pert_ids.
using SourceRows = std::vector<std::vector<std::size_t>>;

// Fills the contexts' names and perturbation ids.
Result<SourceRows> sort_rows(const H5adFile& file, const LabelColumn& perts, const std::optional<LabelColumn>& contexts,
                             const std::vector<bool>& control, const TaskOptions& options, Task* task) {
  std::map<std::string, std::vector<std::pair<std::string, std::size_t>>> rows_of;
  std::size_t n_controls = 0;
  for (std::size_t row = 0; row < file.n_obs(); ++row) {
    if (control[row]) {
      ++n_controls;
      continue;
    }
    const auto pert = label_of_row(perts, row, file.path());
    if (!pert) return tl::unexpected(pert.error());
    std::string context(kSingleContext);
    if (contexts) {
      const auto label = label_of_row(*contexts, row, file.path());
      if (!label) return tl::unexpected(label.error());
      context = **label;
    }
    rows_of[context].emplace_back(**pert, row);
  }
  if (n_controls > 0) {
    task->notes.push_back(fmt::format("{} control row{} ({}) {} left out", n_controls, n_controls == 1 ? "" : "s",
                                      kControlColumn, n_controls == 1 ? "is" : "are"));
  }
  if (rows_of.empty())
    return bad_input("the task has no perturbations", file.path(), "give rows that are not controls");

  if (!options.contexts.empty()) {
    std::vector<std::string> known;
    for (const auto& [name, rows] : rows_of) known.push_back(name);
    for (const std::string& name : options.contexts) {
      if (rows_of.count(name) == 0) {
        return bad_input(fmt::format("the task has no context '{}'", name), file.path(),
                         fmt::format("its contexts are: {}", fmt::join(known, ", ")));
      }
    }
    std::erase_if(rows_of, [&](const auto& entry) {
      return std::find(options.contexts.begin(), options.contexts.end(), entry.first) == options.contexts.end();
    });
  }

  SourceRows source_rows;
  for (auto& [name, rows] : rows_of) {
    std::sort(rows.begin(), rows.end());
    TaskContext context;
    context.name = name;
    source_rows.emplace_back();
    for (const auto& [pert, row] : rows) {
      if (!context.pert_ids.empty() && context.pert_ids.back() == pert) {
        return bad_input(fmt::format("perturbation '{}' is there twice in context '{}' (rows {} and {})", pert, name,
                                     source_rows.back().back() + 1, row + 1),
                         file.path(),
                         contexts ? "keep one row for each perturbation and context"
                                  : "keep one row a perturbation, or name the column of contexts with --context-col");
      }
      context.pert_ids.push_back(pert);
      source_rows.back().push_back(row);
    }
    task->contexts.push_back(std::move(context));
  }
  return source_rows;
}

// One pass over X; every row lands in its context's sorted place.
Result<void> read_rows(const H5adFile& file, const SourceRows& source_rows, Task* task) {
  const auto matrix = file.matrix();
  if (!matrix) return tl::unexpected(matrix.error());
  const auto n_genes = static_cast<Eigen::Index>(file.n_vars());
  std::vector<double*> targets(file.n_obs(), nullptr);
  for (std::size_t c = 0; c < task->contexts.size(); ++c) {
    Matrix& deltas = task->contexts[c].deltas;
    deltas.resize(static_cast<Eigen::Index>(source_rows[c].size()), n_genes);
    prefer_large_pages(deltas.data(), static_cast<std::size_t>(deltas.size()) * sizeof(double));
    for (std::size_t i = 0; i < source_rows[c].size(); ++i) {
      targets[source_rows[c][i]] = deltas.data() + static_cast<Eigen::Index>(i) * n_genes;
    }
  }
  if (auto done = matrix->scatter_rows(targets); !done) return done;

  for (const TaskContext& context : task->contexts) {
    // 0 · x is NaN for every NaN or infinity, so one product finds whether there is any.
    if (context.deltas.size() == 0 || (0.0 * context.deltas.array()).sum() == 0.0) continue;
    for (Eigen::Index row = 0; row < context.deltas.rows(); ++row) {
      for (Eigen::Index gene = 0; gene < n_genes; ++gene) {
        if (std::isfinite(context.deltas(row, gene))) continue;
        return bad_input(fmt::format("the delta of perturbation '{}' in context '{}' is {} for gene '{}'",
                                     context.pert_ids[static_cast<std::size_t>(row)], context.name,
                                     std::isnan(context.deltas(row, gene)) ? "NaN" : "infinite",
                                     task->gene_ids[static_cast<std::size_t>(gene)]),
                         file.path(), "leave the perturbation or the gene out");
      }
    }
  }
  return {};
}

// The var index or the text column of var that holds most perturbation ids; ties go to the first.
Result<void> choose_gene_ids(const H5adFile& file, const TaskOptions& options, Task* task) {
  std::unordered_set<std::string_view> perts;
  for (const TaskContext& context : task->contexts) perts.insert(context.pert_ids.begin(), context.pert_ids.end());
  task->n_perturbations = static_cast<std::int64_t>(perts.size());
  const auto n_matching = [&](const std::vector<std::string>& genes) {
    std::unordered_set<std::string_view> found;
    for (const std::string& gene : genes) {
      if (perts.count(gene) > 0) found.insert(gene);
    }
    return static_cast<std::int64_t>(found.size());
  };

  std::vector<std::string> candidates{kRowNames};
  if (options.gene_column) {
    candidates = {*options.gene_column};
  } else {
    for (const std::string& column : file.columns(H5adAxis::var)) {
      if (!column.starts_with(kControlProfilePrefix)) candidates.push_back(column);
    }
  }
  bool chosen = false;
  for (const std::string& candidate : candidates) {
    std::vector<std::string> genes;
    if (candidate == kRowNames && !file.has_column(H5adAxis::var, kRowNames)) {
      auto index = file.read_index(H5adAxis::var);
      if (!index) return tl::unexpected(index.error());
      genes = std::move(*index);
    } else {
      const auto column = file.read_column(H5adAxis::var, candidate);
      if (!column) return tl::unexpected(column.error());
      if (!options.gene_column && !std::holds_alternative<std::vector<std::string>>(column->values)) continue;
      for (std::size_t i = 0; i < column->size(); ++i) genes.push_back(column->text(i));
    }
    const std::int64_t n = n_matching(genes);
    if (chosen && n <= task->n_measured_perturbations) continue;
    chosen = true;
    task->gene_ids = std::move(genes);
    task->columns.gene_source = candidate;
    task->n_measured_perturbations = n;
  }
  task->perturbations_are_genes = static_cast<double>(task->n_measured_perturbations) >=
                                  kMeasuredShare * static_cast<double>(task->n_perturbations);

  const std::unordered_set<std::string_view> distinct(task->gene_ids.begin(), task->gene_ids.end());
  if (distinct.size() < task->gene_ids.size()) {
    task->notes.push_back(
        fmt::format("{} gene ids repeat; they are told apart by position", task->gene_ids.size() - distinct.size()));
  }
  return {};
}

// The control's expression per context, where the file keeps it.
Result<void> read_control_profiles(const H5adFile& file, Task* task) {
  task->control_note = file.uns_text(kControlNoteKey).value_or("");
  for (TaskContext& context : task->contexts) {
    const std::string name = control_profile_column(context.name);
    if (!file.has_column(H5adAxis::var, name)) continue;
    const auto column = file.read_column(H5adAxis::var, name);
    if (!column) return tl::unexpected(column.error());
    const auto* values = std::get_if<std::vector<double>>(&column->values);
    const bool usable = values != nullptr && column->present.empty() &&
                        std::all_of(values->begin(), values->end(), [](double value) { return std::isfinite(value); });
    if (!usable) {
      return bad_input(fmt::format("column '{}' of var holds values that are no finite numbers", name), file.path(),
                       "make the task again with headroom prepare, or leave the column out");
    }
    context.control_profile = Eigen::Map<const RowVector>(values->data(), static_cast<Eigen::Index>(values->size()));
  }
  return {};
}

// Labels of a column, reordered to the contexts' perturbations.
Result<FoldLabels> folds_of_column(const H5adFile& file, const std::string& column, const SourceRows& source_rows) {
  const auto folds = file.read_labels(H5adAxis::obs, column);
  if (!folds) return tl::unexpected(folds.error());
  FoldLabels labels(source_rows.size());
  for (std::size_t c = 0; c < source_rows.size(); ++c) {
    for (const std::size_t row : source_rows[c]) {
      const std::int32_t code = folds->codes[row];
      labels[c].push_back(code == LabelColumn::kMissing ? "" : folds->labels[static_cast<std::size_t>(code)]);
    }
  }
  return labels;
}

Result<FoldLabels> choose_folds(const H5adFile& file, const TaskOptions& options, const SourceRows& source_rows,
                                Task* task) {
  const int n_sources = options.fold_column.has_value() + options.fold_file.has_value() + options.n_folds.has_value();
  if (n_sources > 1) {
    return bad_input("folds are given in more than one way", {}, "give one of --fold-col, --fold-file and --folds");
  }
  if (options.fold_file) {
    task->columns.fold_source = fmt::format("file {}", options.fold_file->string());
    return read_fold_file(*options.fold_file, task->contexts, &task->notes);
  }
  auto column = options.fold_column;
  if (!column && !options.n_folds) column = first_column(file, kFoldColumns);
  if (column) {
    task->columns.fold_column = *column;
    task->columns.fold_source = fmt::format("column '{}'", *column);
    return folds_of_column(file, *column, source_rows);
  }
  const int n_folds = options.n_folds.value_or(kDefaultFolds);
  task->columns.fold_source = fmt::format("{} folds, shuffled, seed {}", n_folds, options.fold_seed);
  if (!options.n_folds) {
    task->notes.push_back(
        fmt::format("no fold column: {} folds were made, shuffled with seed {}", n_folds, options.fold_seed));
  }
  return make_fold_labels(task->contexts, n_folds, options.fold_seed, task->path);
}

// What was doubtful about the cells that the task was made from.
Result<void> carry_doubts(const H5adFile& file, Review& review) {
  const auto kept = file.uns_text(kDoubtsKey);
  if (!kept) return {};
  auto doubts = read_doubts(*kept, file.path());
  if (!doubts) return tl::unexpected(doubts.error());
  review.carry(std::move(*doubts), file.path());
  return {};
}

Result<Task> read_unguarded(const std::filesystem::path& given, const TaskOptions& options, Review& review,
                            TaskParts parts) {
  std::error_code ignored;
  const bool is_folder = std::filesystem::is_directory(given, ignored);
  const std::filesystem::path path = is_folder ? given / "task.h5ad" : given;
  Task task;
  task.path = path.string();
  const std::filesystem::path named = std::filesystem::absolute(path, ignored).lexically_normal();
  task.name = path.filename() == "task.h5ad" ? named.parent_path().filename().string() : path.stem().string();

  const auto file = H5adFile::open(path);
  if (!file) return tl::unexpected(file.error());
  auto hash = sha256_of_file(path);
  if (!hash) return tl::unexpected(hash.error());
  task.sha256 = std::move(*hash);
  task.n_rows_read = static_cast<std::int64_t>(file->n_obs());
  if (auto carried = carry_doubts(*file, review); !carried) return tl::unexpected(carried.error());
  if (file->n_vars() == 0) return bad_input("the task has no genes", task.path, "give deltas of at least one gene");

  auto pert_column = options.pert_column;
  if (!pert_column) pert_column = first_column(*file, kPertColumns);
  if (pert_column == file->index_name(H5adAxis::obs)) pert_column = kRowNames;
  task.columns.pert_column = pert_column.value_or(kRowNames);
  if (!pert_column) {
    task.notes.push_back("no column of perturbations: the row names are taken");
  }
  const auto perts = read_row_labels(*file, task.columns.pert_column);
  if (!perts) return tl::unexpected(perts.error());

  auto context_column = options.context_column;
  if (!context_column) context_column = first_column(*file, kContextColumns);
  std::optional<LabelColumn> contexts;
  if (context_column) {
    task.columns.context_column = *context_column;
    auto labels = file->read_labels(H5adAxis::obs, *context_column);
    if (!labels) return tl::unexpected(labels.error());
    contexts = std::move(*labels);
  }
  const auto control = control_rows(*file, kControlColumn);
  if (!control) return tl::unexpected(control.error());

  const auto source_rows = sort_rows(*file, *perts, contexts, *control, options, &task);
  if (!source_rows) return tl::unexpected(source_rows.error());
  const auto folds = choose_folds(*file, options, *source_rows, &task);
  if (!folds) return tl::unexpected(folds.error());
  if (auto done = assign_folds(*folds, &task); !done) return tl::unexpected(done.error());
  if (auto done = choose_gene_ids(*file, options, &task); !done) return tl::unexpected(done.error());
  if (auto done = read_control_profiles(*file, &task); !done) return tl::unexpected(done.error());
  if (parts == TaskParts::all_but_deltas) return task;
  if (auto done = read_rows(*file, *source_rows, &task); !done) return tl::unexpected(done.error());
  return task;
}

}  // namespace

Result<Task> read_task(const std::filesystem::path& task, const TaskOptions& options, Review& review, TaskParts parts) {
  try {
    return read_unguarded(task, options, review, parts);
  } catch (const std::bad_alloc&) {
    return harness_fault("the deltas do not fit into memory", task.string(), "choose fewer contexts with --context");
  }
}

Result<Task> read_task(const std::filesystem::path& path, const TaskOptions& options, TaskParts parts) {
  Review review;
  auto task = read_task(path, options, review, parts);
  if (!task) return task;
  if (auto settled = review.settle(); !settled) return tl::unexpected(settled.error());
  return task;
}

Result<void> read_deltas(Task* task, const TaskOptions& options) {
  Review told_before;
  auto whole = read_task(task->path, options, told_before);
  if (!whole) return tl::unexpected(whole.error());
  bool is_same = whole->sha256 == task->sha256 && whole->contexts.size() == task->contexts.size();
  for (std::size_t c = 0; is_same && c < task->contexts.size(); ++c) {
    is_same = whole->contexts[c].pert_ids == task->contexts[c].pert_ids;
  }
  if (!is_same) return bad_input("the task changed while it was read", task->path, "wait until it is complete");
  for (std::size_t c = 0; c < task->contexts.size(); ++c) {
    task->contexts[c].deltas = std::move(whole->contexts[c].deltas);
  }
  return {};
}

}  // namespace headroom
