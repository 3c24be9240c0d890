#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <new>
#include <set>
#include <unordered_set>

#include "io/column_names.hpp"
#include "io/delimited.hpp"
#include "io/foreign_format.hpp"
#include "io/h5ad.hpp"
#include "io/large_pages.hpp"
#include "io/row_choice.hpp"
#include "io/row_labels.hpp"
#include "io/sha256.hpp"
#include "review/condition_names.hpp"
#include "review/control_names.hpp"
#include "review/doubt_record.hpp"
#include "task/fold_assignment.hpp"
#include "task/read_deg_labels.hpp"
#include "task/task.hpp"
#include "task/task_review.hpp"

namespace headroom {
namespace {

constexpr int kDefaultFolds = 5;
constexpr const char* kCellsColumn = "n_cells";
// Gene PCA applies from this share of measured perturbations on (protocol section 5).
constexpr double kMeasuredShare = 0.1;

// Which file row each perturbation of each context comes from, in the order of TaskContext::pert_ids.
using SourceRows = std::vector<std::vector<std::size_t>>;

// A perturbation whose rows were joined: those beside its source row.
struct JoinedRows {
  std::size_t context = 0, position = 0;  // in TaskContext::pert_ids
  std::vector<std::size_t> further;
};

struct SortedRows {
  SourceRows source;
  std::vector<JoinedRows> joined;
};

// Two rows of one perturbation: a column of doses or times may be what tells them apart.
void doubt_conditions(const H5adFile& file, std::size_t first, std::size_t second, const ColumnChoice& used,
                      Review& review) {
  for (const std::string& name : file.columns(H5adAxis::obs)) {
    if (!names_condition(name) || name == used.pert_column || name == used.context_column) continue;
    const auto column = file.read_labels(H5adAxis::obs, name);
    if (!column) continue;  // an odd column that nobody uses
    const std::int32_t a = column->codes[first], b = column->codes[second];
    if (a == b || a == LabelColumn::kMissing || b == LabelColumn::kMissing) continue;
    std::vector<std::string> values;
    for (const std::string& label : column->labels) values.push_back("'" + label + "'");
    review.raise(
        {"rows.conditions_merged", fmt::format("{}, column '{}'", file.path(), name),
         fmt::format("column '{}' takes several values within perturbations, which then have several rows", name),
         static_cast<std::int64_t>(values.size()), examples_of(values),
         fmt::format("--pert-col {},{} tells them apart, --where {}=VALUE keeps one", used.pert_column, name, name)});
  }
}

// Fills the contexts' names and perturbation ids.
Result<SortedRows> sort_rows(const H5adFile& file, const LabelColumn& perts, const std::optional<LabelColumn>& contexts,
                             const std::vector<bool>& control, const std::vector<bool>& kept, const ReadLabels& labels,
                             const TaskOptions& options, Review& review, Task* task) {
  std::map<std::string, std::vector<std::pair<std::string, std::size_t>>> rows_of;
  std::size_t n_controls = 0, n_filtered = 0;
  for (std::size_t row = 0; row < file.n_obs(); ++row) {
    const std::int32_t code = perts.codes[row];
    const LabelRole role =
        code == LabelColumn::kMissing ? LabelRole::perturbation : labels.role[static_cast<std::size_t>(code)];
    if (control[row] || role == LabelRole::control) {
      ++n_controls;
      continue;
    }
    if (!kept[row]) {
      ++n_filtered;
      continue;
    }
    if (role == LabelRole::missing) continue;
    const auto pert = label_of_row(perts, row, file.path());
    if (!pert) return tl::unexpected(pert.error());
    std::string context(kSingleContext);
    if (contexts) {
      const auto label = label_of_row(*contexts, row, file.path());
      if (!label) return tl::unexpected(label.error());
      context = **label;
    }
    rows_of[context].emplace_back(perts.labels[labels.stands_for[static_cast<std::size_t>(code)]], row);
  }
  if (n_controls > 0) {
    task->notes.push_back(fmt::format("{} control row{} ({}) {} left out", n_controls, n_controls == 1 ? "" : "s",
                                      options.labels.controls.empty() ? std::string(kControlColumn) : "--control",
                                      n_controls == 1 ? "is" : "are"));
  }
  if (n_filtered > 0) {
    task->notes.push_back(fmt::format("{} row{} that --where leaves out", n_filtered, n_filtered == 1 ? "" : "s"));
  }
  if (rows_of.empty())
    return bad_input("the task has no perturbations", file.path(), "give rows that are not controls");

  if (!options.contexts.empty()) {
    std::vector<std::string> known;
    for (const auto& [name, rows] : rows_of) known.push_back(name);
    const std::vector<std::string> chosen =
        names_chosen(options.contexts, [&](const std::string& name) { return rows_of.count(name) > 0; });
    for (const std::string& name : chosen) {
      if (rows_of.count(name) == 0) {
        return bad_input(fmt::format("the task has no context '{}'", name), file.path(),
                         fmt::format("its contexts are: {}", fmt::join(known, ", ")));
      }
    }
    std::erase_if(rows_of, [&](const auto& entry) {
      return std::find(chosen.begin(), chosen.end(), entry.first) == chosen.end();
    });
  }

  SortedRows sorted;
  SourceRows& source_rows = sorted.source;
  for (auto& [name, rows] : rows_of) {
    std::sort(rows.begin(), rows.end());
    TaskContext context;
    context.name = name;
    source_rows.emplace_back();
    std::set<std::int32_t> spellings;  // of the perturbation at hand
    for (const auto& [pert, row] : rows) {
      const bool is_same = !context.pert_ids.empty() && context.pert_ids.back() == pert;
      if (!is_same) spellings.clear();
      const bool is_new_spelling = spellings.insert(perts.codes[row]).second;
      if (is_same && is_new_spelling) {
        const std::size_t position = context.pert_ids.size() - 1, c = task->contexts.size();
        if (sorted.joined.empty() || sorted.joined.back().context != c || sorted.joined.back().position != position) {
          sorted.joined.push_back({c, position, {}});
        }
        sorted.joined.back().further.push_back(row);
        continue;
      }
      if (is_same) {
        doubt_conditions(file, source_rows.back().back(), row, task->columns, review);
        if (auto settled = review.settle(); !settled) return tl::unexpected(settled.error());
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
  return sorted;
}

// Per context and perturbation, whether several rows stand for it.
std::vector<std::vector<bool>> joined_perturbations(const SortedRows& sorted, const Task& task) {
  std::vector<std::vector<bool>> joined;
  for (const TaskContext& context : task.contexts) joined.emplace_back(context.pert_ids.size(), false);
  for (const JoinedRows& rows : sorted.joined) joined[rows.context][rows.position] = true;
  return joined;
}

// How much each row of a joined perturbation counts.
Result<std::vector<double>> weights_of_rows(const H5adFile& file) {
  std::vector<double> weights(file.n_obs(), 1);
  if (!file.has_column(H5adAxis::obs, kCellsColumn)) return weights;
  const auto column = file.read_column(H5adAxis::obs, kCellsColumn);
  if (!column) return tl::unexpected(column.error());
  for (std::size_t row = 0; row < weights.size(); ++row) {
    const auto n = parse_number(column->text(row));
    if (!n || !std::isfinite(*n) || *n <= 0) return std::vector<double>(file.n_obs(), 1);
    weights[row] = *n;
  }
  return weights;
}

// One pass over X; every row lands in its context's sorted place.
Result<void> read_rows(const H5adFile& file, const std::string& layer, const SortedRows& sorted, Task* task) {
  const SourceRows& source_rows = sorted.source;
  const auto matrix = file.matrix_of_layer(layer);
  if (!matrix) return tl::unexpected(matrix.error());
  if (matrix->n_cols() != file.n_vars()) {
    return bad_input(fmt::format("'{}' has {} columns, var has {}", layer, matrix->n_cols(), file.n_vars()),
                     file.path(), "name a layer of deltas over the genes of var with --layer");
  }
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
  std::size_t n_further = 0;
  for (const JoinedRows& joined : sorted.joined) n_further += joined.further.size();
  Matrix further(static_cast<Eigen::Index>(n_further), n_genes);
  n_further = 0;
  for (const JoinedRows& joined : sorted.joined) {
    for (const std::size_t row : joined.further) {
      targets[row] = further.data() + static_cast<Eigen::Index>(n_further++) * n_genes;
    }
  }
  if (auto done = matrix->scatter_rows(targets); !done) return done;
  if (!sorted.joined.empty()) {
    const auto weights = weights_of_rows(file);
    if (!weights) return tl::unexpected(weights.error());
    for (const JoinedRows& joined : sorted.joined) {
      auto mean = task->contexts[joined.context].deltas.row(static_cast<Eigen::Index>(joined.position));
      double total = (*weights)[source_rows[joined.context][joined.position]];
      mean *= total;
      for (const std::size_t row : joined.further) {
        mean += (*weights)[row] * Eigen::Map<const RowVector>(targets[row], n_genes);
        total += (*weights)[row];
      }
      mean /= total;
    }
  }

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
void choose_gene_ids(const GeneColumns& columns, const TaskOptions& options, Task* task) {
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
  bool chosen = false;
  for (std::size_t i = 0; i < columns.names.size(); ++i) {
    if (options.gene_column && columns.names[i] != *options.gene_column) continue;
    const std::int64_t n = n_matching(columns.ids[i]);
    if (chosen && n <= task->n_measured_perturbations) continue;
    chosen = true;
    task->gene_ids = columns.ids[i];
    task->columns.gene_source = columns.names[i];
    task->n_measured_perturbations = n;
  }
  task->perturbations_are_genes = static_cast<double>(task->n_measured_perturbations) >=
                                  kMeasuredShare * static_cast<double>(task->n_perturbations);

  const std::unordered_set<std::string_view> distinct(task->gene_ids.begin(), task->gene_ids.end());
  if (distinct.size() < task->gene_ids.size()) {
    task->notes.push_back(
        fmt::format("{} gene ids repeat; they are told apart by position", task->gene_ids.size() - distinct.size()));
  }
}

// How the deltas were made.
void read_origin(const H5adFile& file, Task* task) {
  const auto number = [&](const char* key) {
    const auto text = file.uns_text(key);
    const auto value = text ? parse_number(*text) : std::nullopt;
    return value && std::isfinite(*value) && *value >= 1 ? value : std::nullopt;
  };
  task->origin.target_sum = number(kTargetSumKey);
  task->origin.target_sum_is_unknown = file.uns_text(kTargetSumKey) == kUnknownTargetSum;
  if (const auto n = number(kTotalGenesKey); n && *n < 1e9) task->origin.n_total_genes = static_cast<std::size_t>(*n);
  task->origin.batch_column = file.uns_text(kBatchColumnKey).value_or("");
  const auto lines = [&](const char* key) {
    const std::string text = file.uns_text(key).value_or("");
    std::vector<std::string> all;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      all.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
    return all;
  };
  task->origin.batches = lines(kBatchesKey);
  task->origin.controls = lines(kControlsKey);
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

// Labels of columns, reordered to the contexts' perturbations.
Result<FoldColumns> columns_of_folds(const H5adFile& file, const std::vector<std::string>& names,
                                     const SortedRows& sorted, const Task& task) {
  const SourceRows& source_rows = sorted.source;
  FoldColumns columns;
  columns.where = file.path();
  for (const std::string& name : names) {
    const auto folds = file.read_labels(H5adAxis::obs, name);
    if (!folds) return tl::unexpected(folds.error());
    FoldLabels labels(source_rows.size());
    for (std::size_t c = 0; c < source_rows.size(); ++c) {
      for (const std::size_t row : source_rows[c]) {
        const std::int32_t code = folds->codes[row];
        labels[c].push_back(code == LabelColumn::kMissing ? "" : folds->labels[static_cast<std::size_t>(code)]);
      }
    }
    for (const JoinedRows& joined : sorted.joined) {
      const std::int32_t own = folds->codes[source_rows[joined.context][joined.position]];
      for (const std::size_t row : joined.further) {
        if (folds->codes[row] == own) continue;
        return bad_input(fmt::format("spellings of perturbation '{}' are in different folds of column '{}'",
                                     task.contexts[joined.context].pert_ids[joined.position], name),
                         file.path(), "give them one fold, or make folds with --folds");
      }
    }
    columns.names.push_back(name);
    columns.labels.push_back(std::move(labels));
  }
  return columns;
}

// Splits of other families need no folds: why there are none is noted.
void do_without_folds(const Error& why, Task* task) {
  task->fold_names.clear();
  for (TaskContext& context : task->contexts) {
    context.fold_of_row.assign(context.pert_ids.size(), TaskContext::kInNoFold);
  }
  task->columns.fold_column.clear();
  task->columns.fold_source = "nowhere";
  task->notes.push_back("there are no folds within contexts: " + why.what);
}

Result<FoldReading> choose_folds(const H5adFile& file, const TaskOptions& options, const SortedRows& sorted,
                                 Task* task) {
  const int n_sources = options.fold_column.has_value() + options.fold_file.has_value() + options.n_folds.has_value();
  if (n_sources > 1) {
    return bad_input("folds are given in more than one way", {}, "give one of --fold-col, --fold-file and --folds");
  }
  std::vector<std::vector<std::string>> groups;
  auto group_column = options.group_column;
  if (!group_column && file.has_column(H5adAxis::obs, kFoldGroupColumn)) group_column = kFoldGroupColumn;
  if (group_column) {
    auto columns = columns_of_folds(file, {*group_column}, sorted, *task);
    if (!columns) return tl::unexpected(columns.error());
    groups = std::move(columns->labels.front());
    for (std::size_t c = 0; c < groups.size(); ++c) task->contexts[c].fold_group = groups[c];
  }
  std::string& source = task->columns.fold_source;
  if (options.fold_file) {
    source = fmt::format("file {}", options.fold_file->string());
    return read_fold_file(*options.fold_file, task->contexts, options.test_value, options.labels, &task->notes);
  }
  std::vector<std::string> names;
  if (options.fold_column) {
    names = {*options.fold_column};
  } else if (!options.n_folds) {
    if (const auto column = first_column(file, kFoldColumns)) {
      names = {*column};
    } else {
      names = numbered_fold_columns(file.columns(H5adAxis::obs));
    }
  }
  if (!names.empty()) {
    task->columns.fold_column = names.front();
    source = names.size() == 1 ? fmt::format("column '{}'", names.front())
                               : fmt::format("columns '{}' to '{}'", names.front(), names.back());
    auto columns = columns_of_folds(file, names, sorted, *task);
    if (!columns) return tl::unexpected(columns.error());
    const auto trained_on = names.front() == kFoldColumns.front() ? file.uns_text(kTrainedOnKey) : std::nullopt;
    if (options.test_value && names.size() == 1)
      source += fmt::format(", of which '{}' is tested", *options.test_value);
    return read_fold_labels(std::move(*columns), task->contexts, {options.test_value, trained_on});
  }
  if (options.test_value) {
    return bad_input("no column or file of folds holds it", "--test-value " + *options.test_value,
                     "name the column with --fold-col or the file with --fold-file");
  }
  const int n_folds = options.n_folds.value_or(kDefaultFolds);
  source = fmt::format("{} folds, shuffled, seed {}{}", n_folds, options.fold_seed,
                       options.folds_are_shared ? ", shared by all contexts" : "");
  if (!options.n_folds) {
    task->notes.push_back(
        fmt::format("no fold column: {} folds were made, shuffled with seed {}", n_folds, options.fold_seed));
  }
  return make_fold_labels(task->contexts, groups, n_folds, options.fold_seed, options.folds_are_shared, task->path);
}

Result<void> assign_folds(const FoldReading& folds, Task* task) {
  auto numbered = number_folds(folds, task->contexts, task->path);
  if (!numbered) return tl::unexpected(numbered.error());
  task->fold_names = std::move(numbered->names);
  for (std::size_t c = 0; c < task->contexts.size(); ++c) {
    task->contexts[c].fold_of_row = std::move(numbered->fold_of_row[c]);
  }
  return {};
}

// The perturbation of every row: one column or several that are joined.
Result<LabelColumn> read_perturbations(const H5adFile& file, const std::string& named, const TaskOptions& options) {
  const auto is_column = [&](const std::string& name) {
    return name == kRowNames || name == file.index_name(H5adAxis::obs) || file.has_column(H5adAxis::obs, name);
  };
  const std::vector<std::string>& controls = options.labels.controls;
  const auto is_control = [&](std::string_view label) {
    return controls.empty() ? names_control(label) : is_given_control(label, controls);
  };
  std::optional<LabelColumn> joined;
  for (const std::string& name : columns_named(named, is_column)) {
    auto column = read_row_labels(file, name == file.index_name(H5adAxis::obs) ? kRowNames : name);
    if (!column) return column;
    joined = joined ? joined_labels(*joined, *column, is_control) : std::move(*column);
  }
  joined->name = named;
  return std::move(*joined);
}

std::string delta_source(const TaskOptions& options, const ColumnChoice& columns, bool any_joined) {
  std::string text =
      fmt::format("{}, perturbations by '{}'", options.layer.empty() ? "X" : options.layer, columns.pert_column);
  if (!columns.context_column.empty()) text += fmt::format(", contexts by '{}'", columns.context_column);
  for (const RowFilter& filter : options.where)
    text += fmt::format(", rows where {} = {}", filter.column, filter.value);
  return any_joined ? text + ", spellings joined" : text;
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
  if (is_folder) {
    if (auto known = foreign_format(given)) return tl::unexpected(std::move(*known));
  }
  const std::filesystem::path path = is_folder ? given / "task.h5ad" : given;
  Task task;
  task.path = path.string();
  task.labels = options.labels;
  const std::filesystem::path named = std::filesystem::absolute(path, ignored).lexically_normal();
  task.name = path.filename() == "task.h5ad" ? named.parent_path().filename().string() : path.stem().string();

  const auto file = H5adFile::open(path);
  if (!file) return tl::unexpected(file.error());
  auto hash = sha256_of_file(path);
  if (!hash) return tl::unexpected(hash.error());
  task.sha256 = std::move(*hash);
  task.n_rows_read = static_cast<std::int64_t>(file->n_obs());
  if (auto carried = carry_doubts(*file, review); !carried) return tl::unexpected(carried.error());
  task.notes = notes_on_odd_columns(*file);
  if (file->n_vars() == 0) return bad_input("the task has no genes", task.path, "give deltas of at least one gene");

  auto pert_column = options.pert_column;
  if (!pert_column) pert_column = first_column(*file, kPertColumns);
  if (pert_column == file->index_name(H5adAxis::obs)) pert_column = kRowNames;
  task.columns.pert_column = pert_column.value_or(kRowNames);
  if (!pert_column) {
    task.notes.push_back("no column of perturbations: the row names are taken");
  }
  const auto perts = read_perturbations(*file, task.columns.pert_column, options);
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
  if (!pert_column) {
    if (auto have_names = require_named_rows(*file, *perts, contexts); !have_names) {
      return tl::unexpected(have_names.error());
    }
  }
  const auto control = control_rows(*file, kControlColumn);
  if (!control) return tl::unexpected(control.error());
  const auto genes = read_gene_columns(*file, options.gene_column);
  if (!genes) return tl::unexpected(genes.error());
  if (options.gene_column &&
      std::find(genes->names.begin(), genes->names.end(), *options.gene_column) == genes->names.end()) {
    return tl::unexpected(file->read_column(H5adAxis::var, *options.gene_column).error());
  }

  const auto kept = filtered_rows(
      file->n_obs(), options.where, [&](const std::string& column) { return read_row_labels(*file, column); },
      task.path);
  if (!kept) return tl::unexpected(kept.error());
  std::vector<bool> passed_over = *control;  // rows that say nothing of perturbations
  for (std::size_t row = 0; row < passed_over.size(); ++row) passed_over[row] = passed_over[row] || !(*kept)[row];
  const ReadLabels labels = review_perturbations(*file, *perts, passed_over, *genes, options, review);
  const auto sorted = sort_rows(*file, *perts, contexts, *control, *kept, labels, options, review, &task);
  if (!sorted) return tl::unexpected(sorted.error());
  task.columns.delta_source = delta_source(options, task.columns, !sorted->joined.empty());
  if (const auto split = file->uns_text(kSplitKey)) {
    task.split = split_of_text(*split);
    if (!task.split) {
      return bad_input("what the task was prepared for cannot be read: '" + *split + "'", task.path,
                       "prepare it again, or take uns/" + std::string(kSplitKey) + " out of it");
    }
  }
  const bool are_optional = options.folds_are_optional || (task.split && task.split->family != kFamilyWithin);
  const auto folds = choose_folds(*file, options, *sorted, &task);
  if (!folds && !are_optional) return tl::unexpected(folds.error());
  if (folds && !folds->split_words.empty() && !are_optional)
    raise_fold_words(*folds, task.path + ", " + task.columns.fold_source, review);
  std::vector<std::size_t> rows;
  for (const auto& of_context : sorted->source) rows.insert(rows.end(), of_context.begin(), of_context.end());
  review_guides(*file, *perts, rows, options, review);
  choose_gene_ids(*genes, options, &task);
  review_gene_ids(options, task, review);
  if (auto done = find_targets(*file, *genes, options, sorted->source, review, &task); !done) {
    return tl::unexpected(done.error());
  }
  read_origin(*file, &task);
  auto assigned = folds ? assign_folds(*folds, &task) : Result<void>(tl::unexpect, folds.error());
  if (!assigned && are_optional) {
    do_without_folds(assigned.error(), &task);
    assigned = {};
  }
  if (!assigned) {
    // What is doubtful about the labels may be why.
    if (auto settled = review.settle(); !settled) return tl::unexpected(settled.error());
    return tl::unexpected(assigned.error());
  }
  if (auto done = read_control_profiles(*file, &task); !done) return tl::unexpected(done.error());
  const auto deg = find_deg_labels(*file, options.layer);
  task.has_deltas = has_deltas_beside(*file, deg, options.layer);
  if (deg) {
    if (auto done = read_deg_labels(*file, *deg, sorted->source, joined_perturbations(*sorted, task), parts, &task);
        !done) {
      return tl::unexpected(done.error());
    }
  }
  task.keeps_cells = file->uns_text(kCellMetricsKey).has_value();
  if (!task.has_deltas) return task;
  auto weights = find_weights(*file, options.weights_layer);
  if (!weights) return tl::unexpected(weights.error());
  // Of joined rows nobody knows them.
  const bool any_joined = !sorted->joined.empty();
  if (!any_joined) task.columns.weights_source = std::move(*weights);
  task.has_sampling_errors = !any_joined && has_sampling_errors(*file, options.layer);
  if (parts == TaskParts::all_but_deltas) return task;
  if (auto done = read_rows(*file, options.layer, *sorted, &task); !done) return tl::unexpected(done.error());
  if (task.has_sampling_errors) {
    if (auto done = read_sampling_errors(*file, sorted->source, &task); !done) return tl::unexpected(done.error());
  }
  if (!task.columns.weights_source.empty()) {
    if (auto done = read_weights(*file, task.columns.weights_source, sorted->source, &task); !done) {
      return tl::unexpected(done.error());
    }
  }
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
    task->contexts[c].deg = std::move(whole->contexts[c].deg);
    task->contexts[c].sampling = std::move(whole->contexts[c].sampling);
    task->contexts[c].weights = std::move(whole->contexts[c].weights);
  }
  return {};
}

}  // namespace headroom
