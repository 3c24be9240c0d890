#include "task/noise_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <iterator>
#include <map>
#include <new>
#include <set>
#include <unordered_map>

#include "io/atomic_file.hpp"
#include "io/column_names.hpp"
#include "io/delimited.hpp"
#include "io/sha256.hpp"
#include "matrix/undefined.hpp"
#include "task/noise_rows.hpp"

namespace headroom {
namespace {

// Quantiles are written as decimals: 0.1 must equal 0.10000000000000001.
constexpr double kSameQuantile = 1e-9;
constexpr std::array<std::string_view, 9> kMetrics{
    "L2", "MSE", "MAE", "Spearman", "Pearson", "Pearson_pert", "centroid_accuracy", "PDS_L1", "WMSE"};
// Filled in rows of folds, which name no perturbation.
constexpr std::array<std::string_view, 6> kColumnsOfFolds{"F1", "precision", "recall", "ROC_AUC", "AP", "fold"};
constexpr std::string_view kOneMetricColumn = "value";
constexpr std::string_view kBatchesColumn = "n_batches_pert";

bool same_quantile(double a, double b) { return std::abs(a - b) < kSameQuantile; }

std::optional<std::size_t> position(const std::vector<std::string>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

std::optional<double> finite_or_none(double value) {
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// The task's context that a table's name means.
std::optional<std::size_t> match_context(std::string_view name, const Task& task) {
  const auto find = [&](auto matches) -> std::optional<std::size_t> {
    for (std::size_t c = 0; c < task.contexts.size(); ++c) {
      if (matches(task.contexts[c].name)) return c;
    }
    return std::nullopt;
  };
  const std::string_view suffix = name.substr(name.rfind('_') + 1);
  if (const auto exact = find([&](std::string_view own) { return own == name; })) return exact;
  if (const auto by_suffix = find([&](std::string_view own) { return own == suffix; })) return by_suffix;
  if (const auto no_case = find([&](std::string_view own) { return equal_without_case(own, name); })) return no_case;
  return find([&](std::string_view own) { return equal_without_case(own, suffix); });
}

// Which column of the file is what.
struct Layout {
  std::size_t quantile = 0;
  std::size_t pert = 0;
  std::optional<std::size_t> batches;
  std::optional<std::size_t> context;
  std::vector<std::size_t> metrics;
  std::vector<std::size_t> references;
};

Result<Layout> read_layout(const DelimitedReader& reader, NoiseTable* table) {
  Layout layout;
  const auto quantile = reader.require_column("quantile");
  if (!quantile) return tl::unexpected(quantile.error());
  layout.quantile = *quantile;
  const auto pert = usual_column(reader, kPertColumns);
  if (!pert) return tl::unexpected(reader.require_column(kPertColumns[0]).error());
  layout.pert = *pert;
  layout.context = usual_column(reader, kContextColumns);
  layout.batches = reader.column(kBatchesColumn);
  const bool one_metric = !reader.column("L2") && reader.column(kOneMetricColumn);
  for (std::size_t column = 0; column < reader.header().size(); ++column) {
    const std::string& name = reader.header()[column];
    if (name.empty() || column == layout.quantile || column == layout.pert || column == layout.context ||
        column == layout.batches ||
        std::find(kColumnsOfFolds.begin(), kColumnsOfFolds.end(), name) != kColumnsOfFolds.end()) {
      continue;
    }
    if (one_metric && name == kOneMetricColumn) {
      layout.metrics.push_back(column);
      table->metrics.push_back("L2");
    } else if (std::find(kMetrics.begin(), kMetrics.end(), name) != kMetrics.end()) {
      layout.metrics.push_back(column);
      table->metrics.push_back(name);
    } else {
      layout.references.push_back(column);
    }
  }
  if (layout.metrics.empty()) return tl::unexpected(reader.require_column("L2").error());
  return layout;
}

// A cell that may hold no value.
Result<double> number_or_none(const DelimitedReader& reader, std::size_t column) {
  if (reader.cells()[column].empty()) return kNaN;
  return reader.number(column);
}

// One line of the file that belongs to the task.
struct Line {
  std::size_t context = 0;
  std::size_t pert = 0;
  double quantile = 0;
  std::size_t number = 0;    // of the line in the file
  std::size_t spelling = 0;  // of the perturbation: position in TableReader::spellings_
  std::optional<std::int64_t> n_batches;
};

std::optional<std::size_t> pert_position(const std::vector<std::string>& pert_ids, std::string_view pert_id) {
  const auto found = std::lower_bound(pert_ids.begin(), pert_ids.end(), pert_id);
  if (found == pert_ids.end() || *found != pert_id) return std::nullopt;
  return static_cast<std::size_t>(found - pert_ids.begin());
}

const NoiseContext* find_context(const NoiseTable& table, std::string_view name) {
  for (const NoiseContext& context : table.contexts) {
    if (context.name == name) return &context;
  }
  return nullptr;
}

class TableReader {
 public:
  TableReader(DelimitedReader reader, const Task& task, NoiseTable* table)
      : reader_(std::move(reader)), task_(task), table_(*table) {}

  Result<void> read();

 private:
  Result<void> read_lines();
  Result<std::optional<std::size_t>> context_of_line();
  std::optional<std::size_t> perturbation_of_line(std::size_t context) const;
  Result<void> drop_text_columns();
  Result<void> fill();
  void note_what_is_missing();

  DelimitedReader reader_;
  const Task& task_;
  NoiseTable& table_;
  Layout layout_;
  std::map<std::string, std::optional<std::size_t>, std::less<>> context_of_name_;
  std::vector<Line> lines_;
  std::vector<double> numbers_;  // per line: metrics, then references
  std::size_t n_unused_ = 0;
  // Where spellings of a perturbation are one: the task's positions by what the spellings share, one map a context, and
  // the spellings of the table.
  std::vector<std::unordered_map<std::string, std::size_t>> position_of_key_;
  std::unordered_map<std::string, std::size_t> spellings_;
};

Result<void> TableReader::read() {
  if (auto header = reader_.read_header(); !header) return header;
  auto layout = read_layout(reader_, &table_);
  if (!layout) return tl::unexpected(layout.error());
  layout_ = std::move(*layout);
  if (!layout_.context && task_.contexts.size() > 1) {
    return bad_input(
        fmt::format("the noise table has no context column, but the task has {} contexts", task_.contexts.size()),
        table_.path, "add a column 'context', or choose one context with --context");
  }
  if (task_.labels.merge) {
    for (const TaskContext& context : task_.contexts) {
      auto& positions = position_of_key_.emplace_back();
      for (std::size_t i = 0; i < context.pert_ids.size(); ++i) {
        positions.emplace(perturbation_key(context.pert_ids[i], task_.labels), i);
      }
    }
  }
  if (auto done = read_lines(); !done) return done;
  if (lines_.empty()) {
    return bad_input("the noise table names no perturbation of the task", table_.path,
                     "give the table that belongs to the task");
  }
  if (auto done = fill(); !done) return done;
  note_what_is_missing();
  return {};
}

// The task's context of the current line; nullopt: the task has none like it.
Result<std::optional<std::size_t>> TableReader::context_of_line() {
  if (!layout_.context) return std::optional<std::size_t>(0);
  const std::string_view name = reader_.cells()[*layout_.context];
  if (const auto known = context_of_name_.find(name); known != context_of_name_.end()) return known->second;
  auto matched = match_context(name, task_);
  // A task without context column takes the table's only context.
  if (!matched && task_.columns.context_column.empty() && context_of_name_.empty()) matched = 0;
  if (matched) {
    const std::string& own = task_.contexts[*matched].name;
    for (const auto& [other, context] : context_of_name_) {
      if (context == matched) {
        return reader_.error(fmt::format("contexts '{}' and '{}' both mean the task's '{}'", other, name, own),
                             "name the contexts as the task does");
      }
    }
    if (own != name) table_.notes.push_back(fmt::format("context '{}' of the noise table is taken as '{}'", name, own));
  }
  context_of_name_.emplace(std::string(name), matched);
  return matched;
}

std::optional<std::size_t> TableReader::perturbation_of_line(std::size_t context) const {
  const std::string_view name = reader_.cells()[layout_.pert];
  if (!task_.labels.merge) return pert_position(task_.contexts[context].pert_ids, name);
  const auto found = position_of_key_[context].find(perturbation_key(name, task_.labels));
  return found == position_of_key_[context].end() ? std::nullopt : std::optional(found->second);
}

Result<void> TableReader::read_lines() {
  bool first = true;
  for (;;) {
    const auto more = reader_.next();
    if (!more) return tl::unexpected(more.error());
    if (!*more) return {};
    if (reader_.cells()[layout_.pert].empty()) continue;  // of a fold as a whole
    if (first) {
      if (auto done = drop_text_columns(); !done) return done;
      first = false;
    }
    const auto quantile = reader_.number(layout_.quantile);
    if (!quantile) return tl::unexpected(quantile.error());
    if (!(*quantile >= 0.0 && *quantile <= 1.0)) {
      return reader_.error(fmt::format("quantile {} is not between 0 and 1", *quantile), "write it as a fraction");
    }
    const std::size_t n_before = numbers_.size();
    for (const auto* columns : {&layout_.metrics, &layout_.references}) {
      for (const std::size_t column : *columns) {
        const auto number = number_or_none(reader_, column);
        if (!number) return tl::unexpected(number.error());
        numbers_.push_back(*number);
      }
    }
    Line line;
    if (layout_.batches) {
      const auto batches = number_or_none(reader_, *layout_.batches);
      if (!batches) return tl::unexpected(batches.error());
      if (!std::isnan(*batches)) line.n_batches = static_cast<std::int64_t>(std::clamp(*batches, 0.0, 1e15));
    }
    const auto context = context_of_line();
    if (!context) return tl::unexpected(context.error());
    const auto pert = *context ? perturbation_of_line(**context) : std::nullopt;
    if (!pert) {
      ++n_unused_;
      numbers_.resize(n_before);
      continue;
    }
    line.context = **context;
    line.pert = *pert;
    line.quantile = *quantile;
    line.number = reader_.line();
    if (task_.labels.merge) {
      line.spelling =
          spellings_.try_emplace(std::string(reader_.cells()[layout_.pert]), spellings_.size()).first->second;
    }
    lines_.push_back(line);
  }
}

// A further column whose first cell is text is no reference.
Result<void> TableReader::drop_text_columns() {
  std::vector<std::string> dropped;
  std::erase_if(layout_.references, [&](std::size_t column) {
    const std::string_view cell = reader_.cells()[column];
    const bool text = !cell.empty() && !parse_number(cell);
    if (text) dropped.push_back(reader_.header()[column]);
    return text;
  });
  for (const std::size_t column : layout_.references) table_.reference_columns.push_back(reader_.header()[column]);
  if (!dropped.empty()) {
    table_.notes.push_back(fmt::format("columns of text are passed over: {}", fmt::join(dropped, ", ")));
  }
  return {};
}

Result<void> TableReader::fill() {
  for (const Line& line : lines_) table_.quantiles.push_back(line.quantile);
  std::sort(table_.quantiles.begin(), table_.quantiles.end());
  table_.quantiles.erase(std::unique(table_.quantiles.begin(), table_.quantiles.end(), same_quantile),
                         table_.quantiles.end());

  const std::size_t n_metrics = table_.metrics.size();
  const std::size_t n_further = table_.reference_columns.size();
  std::vector<std::optional<std::size_t>> table_context(task_.contexts.size());
  for (std::size_t c = 0; c < task_.contexts.size(); ++c) {
    if (std::none_of(lines_.begin(), lines_.end(), [&](const Line& line) { return line.context == c; })) continue;
    table_context[c] = table_.contexts.size();
    NoiseContext context;
    context.name = task_.contexts[c].name;
    context.pert_ids = task_.contexts[c].pert_ids;
    const auto n = static_cast<Eigen::Index>(context.pert_ids.size());
    if (layout_.batches) context.n_batches.resize(context.pert_ids.size(), 0);
    context.values = Matrix::Constant(n, static_cast<Eigen::Index>(table_.quantiles.size() * n_metrics), kNaN);
    context.references = Matrix::Constant(n, static_cast<Eigen::Index>(n_further), kNaN);
    table_.contexts.push_back(std::move(context));
  }

  // A value is the mean over the spellings of its perturbation: one, unless spellings are joined.
  std::vector<Matrix> n_values, n_references;
  for (const NoiseContext& context : table_.contexts) {
    n_values.push_back(Matrix::Zero(context.values.rows(), context.values.cols()));
    n_references.push_back(Matrix::Zero(context.references.rows(), context.references.cols()));
  }
  const auto add = [](double number, double& mean, double& n) {
    if (std::isnan(number)) return;
    mean = n == 0 ? number : mean + (number - mean) / (n + 1);
    ++n;
  };
  const bool merges = task_.labels.merge;
  std::vector<std::vector<std::size_t>> line_of_value;  // per context, perturbation × quantile: 0, none yet
  for (const NoiseContext& context : table_.contexts) {
    line_of_value.emplace_back(merges ? 0 : context.pert_ids.size() * table_.quantiles.size(), 0);
  }
  // The same by place and spelling; references are the same in every line of a spelling.
  std::map<std::array<std::size_t, 4>, std::size_t> line_of_spelling;
  std::set<std::array<std::size_t, 4>> reference_is_read;
  std::map<std::array<std::size_t, 2>, std::set<std::size_t>> spellings_of;

  const double* numbers = numbers_.data();
  for (const Line& line : lines_) {
    const std::size_t c = *table_context[line.context];
    NoiseContext& context = table_.contexts[c];
    const auto quantile =
        static_cast<std::size_t>(std::find_if(table_.quantiles.begin(), table_.quantiles.end(),
                                              [&](double known) { return same_quantile(known, line.quantile); }) -
                                 table_.quantiles.begin());
    std::size_t& seen = merges ? line_of_spelling[{c, line.pert, quantile, line.spelling}]
                               : line_of_value[c][line.pert * table_.quantiles.size() + quantile];
    if (seen != 0) {
      return bad_input(fmt::format("perturbation '{}' has quantile {} twice, first in line {}",
                                   context.pert_ids[line.pert], line.quantile, seen),
                       fmt::format("{}, line {}", table_.path, line.number), "keep one line for each");
    }
    seen = line.number;
    if (merges) spellings_of[{c, line.pert}].insert(line.spelling);
    const auto pert = static_cast<Eigen::Index>(line.pert);
    for (std::size_t m = 0; m < n_metrics; ++m) {
      const auto column = static_cast<Eigen::Index>(quantile * n_metrics + m);
      add(numbers[m], context.values(pert, column), n_values[c](pert, column));
    }
    numbers += n_metrics;
    for (std::size_t r = 0; r < n_further; ++r) {
      const auto column = static_cast<Eigen::Index>(r);
      const bool is_new =
          merges ? !std::isnan(numbers[r]) && reference_is_read.insert({c, line.pert, r, line.spelling}).second
                 : n_references[c](pert, column) == 0;
      if (!is_new) continue;
      add(numbers[r], context.references(pert, column), n_references[c](pert, column));
    }
    numbers += n_further;
    if (line.n_batches) context.n_batches[line.pert] = std::max(context.n_batches[line.pert], *line.n_batches);
  }
  const auto n_joined = std::count_if(spellings_of.begin(), spellings_of.end(),
                                      [](const auto& entry) { return entry.second.size() > 1; });
  if (n_joined > 0) {
    table_.notes.push_back(fmt::format(
        "the noise of {} perturbation{} is the mean over the spellings that were joined: an upper estimate, "
        "for their cells together vary less (headroom prepare --merge-labels pools them)",
        n_joined, n_joined == 1 ? "" : "s"));
  }
  return {};
}

void TableReader::note_what_is_missing() {
  if (n_unused_ > 0) {
    table_.notes.push_back(fmt::format("{} line{} of the noise table name{} perturbations that the task does not have",
                                       n_unused_, n_unused_ == 1 ? "" : "s", n_unused_ == 1 ? "s" : ""));
  }
  for (const TaskContext& own : task_.contexts) {
    const NoiseContext* context = find_context(table_, own.name);
    if (context == nullptr) {
      table_.notes.push_back(fmt::format("the noise table has nothing for context '{}'", own.name));
      continue;
    }
    std::vector<std::string> missing;
    for (std::size_t i = 0; i < own.pert_ids.size(); ++i) {
      if (context->values.row(static_cast<Eigen::Index>(i)).array().isNaN().all()) missing.push_back(own.pert_ids[i]);
    }
    if (missing.empty()) continue;
    table_.notes.push_back(
        fmt::format("{} of {} perturbations of context '{}' are not in the noise table, the first is '{}'",
                    missing.size(), own.pert_ids.size(), own.name, missing.front()));
  }
}

// RFC 4180.

std::span<const double> row_of(const Matrix& matrix, Eigen::Index row) {
  return {matrix.data() + row * matrix.cols(), static_cast<std::size_t>(matrix.cols())};
}

}  // namespace

std::optional<double> NoiseTable::value(std::string_view context, std::string_view pert_id, std::string_view metric,
                                        double quantile) const {
  const NoiseContext* rows = find_context(*this, context);
  if (rows == nullptr) return std::nullopt;
  const auto pert = pert_position(rows->pert_ids, pert_id);
  const auto column = position(metrics, metric);
  const auto found =
      std::find_if(quantiles.begin(), quantiles.end(), [&](double known) { return same_quantile(known, quantile); });
  if (!pert || !column || found == quantiles.end()) return std::nullopt;
  const auto q = static_cast<std::size_t>(found - quantiles.begin());
  return finite_or_none(
      rows->values(static_cast<Eigen::Index>(*pert), static_cast<Eigen::Index>(q * metrics.size() + *column)));
}

std::optional<double> NoiseTable::reference(std::string_view context, std::string_view pert_id,
                                            std::string_view column) const {
  const NoiseContext* rows = find_context(*this, context);
  if (rows == nullptr) return std::nullopt;
  const auto pert = pert_position(rows->pert_ids, pert_id);
  const auto r = position(reference_columns, column);
  if (!pert || !r) return std::nullopt;
  return finite_or_none(rows->references(static_cast<Eigen::Index>(*pert), static_cast<Eigen::Index>(*r)));
}

std::optional<std::int64_t> NoiseTable::n_batches(std::string_view context, std::string_view pert_id) const {
  const NoiseContext* rows = find_context(*this, context);
  if (rows == nullptr || rows->n_batches.empty()) return std::nullopt;
  const auto pert = pert_position(rows->pert_ids, pert_id);
  if (!pert || rows->n_batches[*pert] == 0) return std::nullopt;
  return rows->n_batches[*pert];
}

bool NoiseTable::covers_context(std::string_view context) const { return find_context(*this, context) != nullptr; }

Result<NoiseTable> read_noise_table(const std::filesystem::path& path, const Task& task) {
  try {
    auto reader = DelimitedReader::open(path);
    if (!reader) return tl::unexpected(reader.error());
    auto hash = sha256_of_file(path);
    if (!hash) return tl::unexpected(hash.error());
    NoiseTable table;
    table.path = path.string();
    table.sha256 = std::move(*hash);
    if (auto done = TableReader(std::move(*reader), task, &table).read(); !done) return tl::unexpected(done.error());
    return table;
  } catch (const std::bad_alloc&) {
    return harness_fault("the noise table does not fit into memory", path.string(), "give the task's own table");
  }
}

Result<void> write_noise_table(const std::filesystem::path& path, const NoiseTable& table) {
  NoiseColumns columns{table.metrics, true, table.reference_columns};
  columns.with_context =
      table.contexts.size() > 1 || (table.contexts.size() == 1 && table.contexts[0].name != kSingleContext);
  NoiseRows rows(columns);
  rows.add_header();
  for (const NoiseContext& context : table.contexts) {
    for (std::size_t p = 0; p < context.pert_ids.size(); ++p) {
      const auto row = static_cast<Eigen::Index>(p);
      if (context.values.row(row).array().isNaN().all() && context.references.row(row).array().isNaN().all()) continue;
      NoiseRows::Perturbation perturbation{context.pert_ids[p], context.name, {}, row_of(context.references, row)};
      if (!context.n_batches.empty() && context.n_batches[p] > 0) perturbation.n_batches = context.n_batches[p];
      const std::span<const double> values = row_of(context.values, row);
      for (std::size_t q = 0; q < table.quantiles.size(); ++q) {
        const std::size_t n = table.metrics.size();
        rows.add(perturbation, table.quantiles[q], values.subspan(q * n, n));
      }
    }
  }
  return write_file_atomically(path, rows.str());
}

}  // namespace headroom
