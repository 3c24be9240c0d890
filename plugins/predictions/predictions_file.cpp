#include "predictions/predictions_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <new>
#include <numeric>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "io/column_names.hpp"
#include "io/delimited.hpp"
#include "io/row_choice.hpp"
#include "io/row_labels.hpp"
#include "predictions/scale_check.hpp"
#include "review/condition_names.hpp"
#include "review/control_names.hpp"
#include "review/label_spelling.hpp"

namespace headroom {
namespace {

constexpr std::size_t kWindowBytes = std::size_t{64} << 20;       // of rows read at once
constexpr std::size_t kColumnWindowBytes = std::size_t{1} << 30;  // every window is a pass over a CSC matrix
constexpr std::size_t kNamesShown = 8;
constexpr std::int32_t kUnlabelled = -1;
constexpr std::array kPlanes = {kDownLayer, kNotDeLayer, kUpLayer};  // in the order of labels from -1
constexpr const char* kCellsColumn = "n_cells";
constexpr const char* kOtherScale = "predictions.other_scale";
constexpr const char* kOtherGenes = "predictions.other_genes";
constexpr const char* kLeftOut = "predictions.left_out";

std::string first_few(std::vector<std::string> names) {
  constexpr std::size_t kShown = 3;
  names.resize(std::min(names.size(), kShown));
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string some_of(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  const bool cut = names.size() > kNamesShown;
  if (cut) names.resize(kNamesShown);
  return fmt::format("{}{}", fmt::join(names, ", "), cut ? ", …" : "");
}

}  // namespace

std::optional<std::int32_t> PredictionsFile::Labels::find(std::string_view name) const {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::int32_t>(found - names.begin());
}

Result<PredictionsFile> PredictionsFile::open(const std::filesystem::path& path, std::string name,
                                              PredictionsOptions options) {
  const auto named = [&](Error error) {
    // Readers below know only the path that they were given; the user knows the name.
    if (error.where.starts_with(path.string())) error.where.replace(0, path.string().size(), name);
    return tl::unexpected(std::move(error));
  };
  auto opened = H5adFile::open(path);
  if (!opened) return named(opened.error());
  PredictionsFile file(std::move(*opened));
  file.path_ = std::move(name);
  file.options_ = std::move(options);
  file.given_controls_ = file.options_.labels.controls;
  std::vector<std::string>& controls = file.options_.labels.controls;
  controls.insert(controls.end(), file.options_.task_controls.begin(), file.options_.task_controls.end());
  name = file.path_;
  if (auto read = file.read_rows(); !read) return named(read.error());
  return file;
}

// The column that was named, where the file has it; else the first of the usual names.
Result<std::optional<std::string>> PredictionsFile::choose_column(const std::string& named,
                                                                  std::span<const std::string_view> usual) const {
  if (named.empty()) return first_column(file_, usual);
  if (named == file_.index_name(H5adAxis::obs)) return std::string(kRowNames);
  const auto& required = options_.required_columns;
  const std::vector<std::string> parts =
      columns_named(named, [&](const std::string& name) { return file_.has_column(H5adAxis::obs, name); });
  const bool are_there = std::all_of(parts.begin(), parts.end(), [&](const std::string& name) {
    return name == file_.index_name(H5adAxis::obs) || file_.has_column(H5adAxis::obs, name);
  });
  if (are_there || std::find(required.begin(), required.end(), named) != required.end()) {
    return named;  // a required column that is absent is refused where it is read
  }
  return first_column(file_, usual);
}

Result<PredictionsFile::Labels> PredictionsFile::read_labels(const std::string& column) const {
  const auto is_column = [&](const std::string& name) {
    return name == kRowNames || name == file_.index_name(H5adAxis::obs) || file_.has_column(H5adAxis::obs, name);
  };
  const std::vector<std::string>& controls = options_.labels.controls;
  const auto is_control = [&](std::string_view label) {
    return (given_controls_.empty() && names_control(label)) || is_given_control(label, controls);
  };
  std::optional<LabelColumn> read;
  for (const std::string& name : columns_named(column, is_column)) {
    auto each = read_row_labels(file_, name == file_.index_name(H5adAxis::obs) ? kRowNames : name);
    if (!each) return tl::unexpected(each.error());
    read = read ? joined_labels(*read, *each, is_control) : std::move(*each);
  }
  Labels labels;
  labels.column = column;
  labels.of_row.resize(file_.n_obs());
  std::unordered_map<std::string_view, std::int32_t> number_of;
  for (std::size_t row = 0; row < file_.n_obs(); ++row) {
    labels.of_row[row] = kUnlabelled;
    const std::int32_t code = read->codes[row];
    if (code == LabelColumn::kMissing || read->labels[static_cast<std::size_t>(code)].empty()) continue;
    const std::string& label = read->labels[static_cast<std::size_t>(code)];
    const auto [at, is_new] = number_of.try_emplace(label, static_cast<std::int32_t>(labels.names.size()));
    if (is_new) labels.names.push_back(label);
    labels.of_row[row] = at->second;
  }
  return labels;
}

Result<void> PredictionsFile::read_rows() {
  notes_ = notes_on_odd_columns(file_);
  const auto pert_column = choose_column(options_.pert_column, kPertColumns);
  const auto context_column = choose_column(options_.context_column, kContextColumns);
  const auto fold_column = choose_column(options_.fold_column, kFoldColumns);
  for (const auto* column : {&pert_column, &context_column, &fold_column}) {
    if (!*column) return tl::unexpected(column->error());
  }
  auto perts = read_labels(pert_column->value_or(kRowNames));
  if (!perts) return tl::unexpected(perts.error());
  perts_ = std::move(*perts);
  for (const auto& [column, labels] : {std::pair{&*context_column, &contexts_}, std::pair{&*fold_column, &folds_}}) {
    if (!*column) continue;
    auto read = read_labels(**column);
    if (!read) return tl::unexpected(read.error());
    *labels = std::move(*read);
  }

  if (auto read = read_batches(); !read) return read;

  const auto flagged = control_rows(file_, kControlColumn);
  if (!flagged) return tl::unexpected(flagged.error());
  const auto kept = filtered();
  if (!kept) return tl::unexpected(kept.error());
  std::vector<bool> passed_over = *flagged;
  for (std::size_t row = 0; row < passed_over.size(); ++row) passed_over[row] = passed_over[row] || !(*kept)[row];
  const std::vector<LabelRole> role = review_perturbations(passed_over);
  std::size_t n_missing = 0, n_filtered = 0;
  bool any_labelled_control = false;
  for (std::size_t row = 0; row < file_.n_obs(); ++row) {
    const std::int32_t pert = perts_.of_row[row];
    const bool is_control = pert != kUnlabelled && role[static_cast<std::size_t>(pert)] == LabelRole::control;
    any_labelled_control = any_labelled_control || is_control;
    if ((*flagged)[row] || is_control) {
      control_rows_.push_back(row);
      continue;
    }
    if (!(*kept)[row]) {
      ++n_filtered;
      continue;
    }
    if (pert != kUnlabelled && role[static_cast<std::size_t>(pert)] == LabelRole::missing) {
      ++n_missing;
      continue;
    }
    for (const Labels* labels : {&perts_, contexts_ ? &*contexts_ : nullptr, folds_ ? &*folds_ : nullptr}) {
      if (labels == nullptr || labels->of_row[row] != kUnlabelled) continue;
      return bad_input(fmt::format("row {} has no value in column '{}'", row + 1, labels->column), path_,
                       "fill it in or leave the row out");
    }
    rows_.push_back(row);
  }
  is_served_.assign(file_.n_obs(), false);

  notes_.push_back(fmt::format("perturbations from {}, contexts from {}, folds from {}",
                               pert_column->value_or("the row names"), context_column->value_or("no column"),
                               fold_column->value_or("no column")));
  if (!*context_column) notes_.push_back("no column of contexts: its rows serve every context of the task");
  if (*fold_column) notes_.push_back(fmt::format("each row serves the fold that column '{}' names", folds_->column));
  if (!given_controls_.empty() && !any_labelled_control) {
    notes_.push_back(fmt::format("no row is labelled '{}'", fmt::join(given_controls_, "' or '")));
  }
  if (n_missing > 0) {
    notes_.push_back(fmt::format("{} row{} without a perturbation {} left out", n_missing, n_missing == 1 ? "" : "s",
                                 n_missing == 1 ? "is" : "are"));
  }
  if (n_filtered > 0) {
    notes_.push_back(fmt::format("{} row{} that --where leaves out", n_filtered, n_filtered == 1 ? "" : "s"));
  }
  if (options_.sums) {
    notes_.push_back("labels are called on its cells against the task's control cells");
  } else if (averages_batches()) {
    notes_.push_back(
        fmt::format("cells are averaged within the batches of column '{}', as the task's were", batches_->column));
  }
  if (const std::size_t n = control_rows_.size(); n > 0) {
    notes_.push_back(fmt::format("{} control row{} {} left out{}", n, n == 1 ? "" : "s", n == 1 ? "is" : "are",
                                 options_.form == PredictionsOptions::Form::deltas || options_.sums
                                     ? ""
                                     : ": the task's own control is subtracted"));
  }
  if (rows_.empty()) return bad_input("the file predicts nothing", path_, "give rows that are not controls");
  if (options_.form != PredictionsOptions::Form::cells) repeat_ = find_repeat();
  return {};
}

// Where the task's deltas are means over batches and the file tells the same ones.
Result<void> PredictionsFile::read_batches() {
  if (options_.batch_column.empty() || options_.form != PredictionsOptions::Form::cells) return {};
  const auto column = choose_column(options_.batch_column, kBatchColumns);
  if (!column) return tl::unexpected(column.error());
  if (!*column) return {};
  auto read = read_labels(**column);
  if (!read) return tl::unexpected(read.error());
  batches_ = std::move(*read);
  for (const std::string& name : batches_->names) {
    batch_is_known_.push_back(options_.batches.empty() || std::find(options_.batches.begin(), options_.batches.end(),
                                                                    name) != options_.batches.end());
  }
  return {};
}

// Filters are the task's as well: those of columns that only the task has say nothing here.
Result<std::vector<bool>> PredictionsFile::filtered() const {
  const auto& required = options_.required_columns;
  std::vector<RowFilter> filters = options_.where;
  std::erase_if(filters, [&](const RowFilter& filter) {
    return !file_.has_column(H5adAxis::obs, filter.column) &&
           std::find(required.begin(), required.end(), filter.column) == required.end();
  });
  return filtered_rows(
      file_.n_obs(), filters, [&](const std::string& column) { return read_row_labels(file_, column); }, path_);
}

bool PredictionsFile::averages_batches() const {
  return batches_ && std::find(batch_is_known_.begin(), batch_is_known_.end(), true) != batch_is_known_.end();
}

std::vector<LabelRole> PredictionsFile::review_perturbations(const std::vector<bool>& passed_over) {
  std::vector<std::int64_t> n_rows(perts_.names.size(), 0);
  for (std::size_t row = 0; row < perts_.of_row.size(); ++row) {
    const std::int32_t label = perts_.of_row[row];
    if (label != kUnlabelled && !passed_over[row]) ++n_rows[static_cast<std::size_t>(label)];
  }
  std::unordered_set<std::string> genes;
  if (auto index = file_.read_index(H5adAxis::var)) genes.insert(index->begin(), index->end());
  const ReadLabels read = review_labels(
      perts_.names, n_rows, options_.labels, [&](std::string_view name) { return genes.count(std::string(name)) > 0; },
      fmt::format("{}, column '{}'", path_, perts_.column), labels_review_);
  spelling_of_row_ = perts_.of_row;
  for (std::int32_t& label : perts_.of_row) {
    if (label != kUnlabelled) {
      label = static_cast<std::int32_t>(read.stands_for[static_cast<std::size_t>(label)]);
    }
  }
  return read.role;
}

std::optional<Error> PredictionsFile::find_repeat() const {
  std::map<std::tuple<std::int32_t, std::int32_t, std::int32_t>, std::size_t> first_row;
  for (const std::size_t row : rows_) {
    const auto [at, is_new] = first_row.try_emplace(
        {spelling_of_row_[row], contexts_ ? contexts_->of_row[row] : 0, folds_ ? folds_->of_row[row] : 0}, row);
    if (is_new) continue;
    const std::string& pert = perts_.names[static_cast<std::size_t>(perts_.of_row[row])];
    std::string where_in_task;
    if (contexts_) {
      where_in_task +=
          fmt::format(" in context '{}'", contexts_->names[static_cast<std::size_t>(contexts_->of_row[row])]);
    }
    if (folds_) {
      where_in_task += fmt::format(" in fold '{}'", folds_->names[static_cast<std::size_t>(folds_->of_row[row])]);
    }
    return Error{ErrorKind::bad_input,
                 fmt::format("perturbation '{}' is there twice{} (rows {} and {})", pert, where_in_task, at->second + 1,
                             row + 1),
                 path_,
                 !options_.plane.empty() ? "keep one row for each perturbation, context and fold"
                 : options_.form == PredictionsOptions::Form::profiles
                     ? "keep one row for each, or say that rows are cells with --predicted cells"
                     : "keep one row for each perturbation, context and fold; if the rows are predicted cells, give "
                       "--predicted cells and --values counts or log1p"};
  }
  return std::nullopt;
}

// The var index or the text column of var that knows most genes of the task; ties go to the first.
Result<std::vector<std::int32_t>> PredictionsFile::locate_genes(const std::vector<std::string_view>& genes) const {
  std::unordered_map<std::string_view, std::size_t> n_in_task;
  for (const std::string_view gene : genes) ++n_in_task[gene];

  std::vector<std::string> candidates{kRowNames};
  const auto& columns = file_.columns(H5adAxis::var);
  const auto& required = options_.required_columns;
  const std::string& named = options_.gene_column;
  const bool must_have = std::find(required.begin(), required.end(), named) != required.end();
  if (!named.empty() && (named == kRowNames || file_.has_column(H5adAxis::var, named) || must_have)) {
    candidates = {named};
  } else {
    candidates.insert(candidates.end(), columns.begin(), columns.end());
  }
  std::unordered_map<std::string, std::vector<std::int32_t>> best;
  bool chosen = false;
  for (const std::string& candidate : candidates) {
    std::vector<std::string> ids;
    if (candidate == kRowNames && !file_.has_column(H5adAxis::var, kRowNames)) {
      auto index = file_.read_index(H5adAxis::var);
      if (!index) return tl::unexpected(index.error());
      ids = std::move(*index);
    } else {
      const auto column = file_.read_column(H5adAxis::var, candidate);
      if (!column && candidates.size() > 1) continue;  // an odd column that nobody uses
      if (!column) return tl::unexpected(column.error());
      if (candidates.size() > 1 && !std::holds_alternative<std::vector<std::string>>(column->values)) continue;
      for (std::size_t i = 0; i < column->size(); ++i) ids.push_back(column->text(i));
    }
    std::unordered_map<std::string, std::vector<std::int32_t>> positions;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (n_in_task.count(ids[i]) > 0) positions[std::move(ids[i])].push_back(static_cast<std::int32_t>(i));
    }
    if (chosen && positions.size() <= best.size()) continue;
    chosen = true;
    best = std::move(positions);
  }

  // A repeated id is told apart by its order: the task's second is the file's second.
  std::vector<std::int32_t> located;
  std::unordered_map<std::string_view, std::size_t> n_seen;
  std::size_t n_lacking = 0;
  std::string_view first_lacking;
  for (const std::string_view gene : genes) {
    const auto found = best.find(std::string(gene));
    if (found == best.end()) {
      if (n_lacking++ == 0) first_lacking = gene;
      continue;
    }
    if (found->second.size() != n_in_task[gene]) {
      return bad_input(
          fmt::format("gene '{}' is there {} times, in the task {}", gene, found->second.size(), n_in_task[gene]),
          path_, "give every gene of the task as often as the task has it");
    }
    located.push_back(found->second[n_seen[gene]++]);
  }
  if (n_lacking > 0) {
    return bad_input(
        fmt::format("it lacks {} of the task's {} genes, the first is '{}'", n_lacking, genes.size(), first_lacking),
        path_,
        n_lacking == genes.size()
            ? "check that its genes are named as the task's are, or name their column of var with "
              "--gene-col"
        : options_.form == PredictionsOptions::Form::deltas
            ? "give a value for every gene of the task, 0 where the model says nothing"
            : "give a value for every gene of the task");
  }
  return located;
}

// A context or fold of which the file has no row is no missing row: it was named otherwise, or left out as a whole.
Result<void> PredictionsFile::check_context(std::string_view name, std::optional<std::int32_t> context) const {
  if (!contexts_ || context) return {};
  return bad_input(fmt::format("it has no rows for context '{}'", name), path_,
                   fmt::format("its contexts are: {}; leave the others out with --context", some_of(contexts_->names)));
}

Result<void> PredictionsFile::check_fold(std::string_view name, std::string_view context_name,
                                         std::optional<std::int32_t> context) const {
  if (!folds_) return {};
  const auto fold = folds_->find(name);
  const bool served = fold && std::any_of(rows_.begin(), rows_.end(), [&](std::size_t row) {
                        return folds_->of_row[row] == *fold && is_of_context(row, context);
                      });
  if (served) return {};
  return bad_input(
      fmt::format("it has no rows for fold '{}' in context '{}'", name, context_name), path_,
      fmt::format("column '{}' names the folds {}; without such a column every row serves its perturbation's fold",
                  folds_->column, some_of(folds_->names)));
}

std::string PredictionsFile::description(std::size_t row) const {
  return fmt::format("row {} (perturbation '{}')", row + 1, perts_.names[static_cast<std::size_t>(perts_.of_row[row])]);
}

// Counts of one row to what the task's profiles are made of.
Result<void> PredictionsFile::normalise(double* values, std::size_t row) const {
  double total = 0;
  for (std::size_t i = 0; i < file_.n_vars(); ++i) {
    if (!std::isfinite(values[i]) || values[i] < 0) {
      return bad_input(fmt::format("{} has the count {:g}", description(row), values[i]), path_,
                       "counts are finite and not negative; say with --values what the rows hold");
    }
    total += values[i];
  }
  if (total == 0) return {};
  for (std::size_t i = 0; i < file_.n_vars(); ++i) values[i] = std::log1p(values[i] * options_.target_sum / total);
  return {};
}

bool PredictionsFile::has_probabilities() const {
  return std::all_of(kPlanes.begin(), kPlanes.end(),
                     [&](const char* plane) { return file_.has_key(std::string("layers/") + plane); });
}

std::string PredictionsFile::matrix_name() const {
  if (options_.plane.empty()) return "X";
  if (has_probabilities()) return "layers/" + options_.plane;
  const std::string labels = std::string("layers/") + kDegLayer;
  return file_.has_key(labels) ? labels : "X";
}

std::optional<double> PredictionsFile::label_asked_for() const {
  if (options_.plane.empty() || has_probabilities()) return std::nullopt;
  const auto at = std::find(kPlanes.begin(), kPlanes.end(), options_.plane) - kPlanes.begin();
  return static_cast<double>(at) - 1;
}

Result<void> PredictionsFile::add_rows(const std::vector<std::size_t>& rows,
                                       const std::vector<std::size_t>& target_of_row,
                                       const std::vector<double>& weights, const Question& question,
                                       const std::vector<std::int32_t>& genes, Answer& answer) const {
  const auto label = label_asked_for();
  const auto matrix = file_.matrix(matrix_name());
  if (!matrix) return tl::unexpected(matrix.error());
  const std::size_t n_vars = file_.n_vars();
  const std::size_t bytes = matrix->layout() == MatrixLayout::csc ? kColumnWindowBytes : kWindowBytes;
  const std::size_t window = std::clamp<std::size_t>(bytes / (n_vars * sizeof(double)), 1, rows.size());
  std::vector<double> values(window * n_vars);
  for (std::size_t first = 0; first < rows.size(); first += window) {
    const std::size_t last = std::min(rows.size(), first + window);
    std::vector<double*> targets(file_.n_obs(), nullptr);
    for (std::size_t i = first; i < last; ++i) targets[rows[i]] = values.data() + (i - first) * n_vars;
    if (auto read = matrix->scatter_rows(targets); !read) return read;
    for (std::size_t i = first; i < last; ++i) {
      double* of_row = targets[rows[i]];
      if (options_.counts) {
        if (auto done = normalise(of_row, rows[i]); !done) return done;
      }
      const auto target = static_cast<Eigen::Index>(target_of_row[i]);
      for (std::size_t g = 0; g < genes.size(); ++g) {
        double value = of_row[genes[g]];
        if (label && value != -1 && value != 0 && value != 1) {
          return bad_input(
              fmt::format("{} has the label {:g} for gene '{}'", description(rows[i]), value, question.genes[g]), path_,
              "labels are -1, 0 and +1; probabilities stand in layers down, not_de and up");
        }
        if (label) value = value == *label ? 1 : 0;
        if (!std::isfinite(value)) {
          return bad_input(fmt::format("{} is {} for gene '{}'", description(rows[i]),
                                       std::isnan(value) ? "NaN" : "infinite", question.genes[g]),
                           path_, "give finite numbers, or leave the row out: it then counts as missing");
        }
        answer.rows(target, static_cast<Eigen::Index>(g)) += weights[i] * value;
        if (options_.sums) answer.rows(target, static_cast<Eigen::Index>(genes.size() + g)) += value * value;
      }
    }
  }
  return {};
}

bool PredictionsFile::is_of_context(std::size_t row, std::optional<std::int32_t> context) const {
  return !contexts_ || (context && contexts_->of_row[row] == context.value_or(kUnlabelled));
}

bool PredictionsFile::is_of_known_batch(std::size_t row) const {
  if (!averages_batches()) return true;
  const std::int32_t batch = batches_->of_row[row];
  return batch != kUnlabelled && batch_is_known_[static_cast<std::size_t>(batch)];
}

bool PredictionsFile::is_of_plate(std::size_t row) const {
  if (options_.plate.empty()) return true;
  const std::int32_t batch = batches_->of_row[row];
  return batch != kUnlabelled && batches_->names[static_cast<std::size_t>(batch)] == options_.plate;
}

std::vector<std::optional<std::size_t>> PredictionsFile::positions_among(
    const std::vector<std::string_view>& ids) const {
  std::unordered_map<std::string_view, std::size_t> position_of;
  std::unordered_map<std::string, std::size_t> position_of_spelling;
  for (std::size_t i = 0; i < ids.size(); ++i) position_of.emplace(ids[i], i);
  if (options_.labels.merge) {
    for (std::size_t i = 0; i < ids.size(); ++i) position_of_spelling.emplace(plain_spelling(ids[i]), i);
  }
  std::vector<std::optional<std::size_t>> positions;
  for (const std::string& name : perts_.names) {
    auto& position = positions.emplace_back();
    if (const auto found = position_of.find(name); found != position_of.end()) {
      position = found->second;
    } else if (const auto spelled = position_of_spelling.find(options_.labels.merge ? plain_spelling(name) : "");
               spelled != position_of_spelling.end()) {
      position = spelled->second;
    }
  }
  return positions;
}

Result<std::vector<double>> PredictionsFile::weights_of(const std::vector<std::size_t>& rows,
                                                        const std::vector<std::size_t>& target_of_row,
                                                        std::vector<double>& divisor) const {
  std::vector<double> weights(rows.size(), 1);
  if (options_.sums) {
    for (const std::size_t target : target_of_row) ++divisor[target];
    return weights;
  }
  if (averages_batches()) {
    std::map<std::pair<std::size_t, std::int32_t>, double> n_cells;
    const auto place = [&](std::size_t i) { return std::pair{target_of_row[i], batches_->of_row[rows[i]]}; };
    for (std::size_t i = 0; i < rows.size(); ++i) ++n_cells[place(i)];
    for (std::size_t i = 0; i < rows.size(); ++i) weights[i] = 1 / n_cells[place(i)];
    for (const auto& [at, n] : n_cells) ++divisor[at.first];
    return weights;
  }
  const bool weighs =
      options_.form == PredictionsOptions::Form::deltas && file_.has_column(H5adAxis::obs, kCellsColumn);
  if (weighs && options_.labels.merge) {
    const auto column = file_.read_column(H5adAxis::obs, kCellsColumn);
    if (!column) return tl::unexpected(column.error());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double n = parse_number(column->text(rows[i])).value_or(0);
      if (!(n > 0) || !std::isfinite(n)) {
        return bad_input(fmt::format("{} has no number of cells in column '{}'", description(rows[i]), kCellsColumn),
                         path_, "leave the column out, and the rows of one perturbation weigh the same");
      }
      weights[i] = n;
    }
  }
  for (std::size_t i = 0; i < rows.size(); ++i) divisor[target_of_row[i]] += weights[i];
  return weights;
}

Error PredictionsFile::no_perturbation_is_there(const std::vector<std::string_view>& ids,
                                                std::string_view context) const {
  return {ErrorKind::bad_input,
          fmt::format("none of the {} perturbations of context '{}' is there", ids.size(), context), path_,
          fmt::format("check that its ids are of the same kind as the task's: the task's {} are like {}, the file's {} "
                      "like {}",
                      ids.size(), first_few({ids.begin(), ids.end()}), perts_.names.size(), first_few(perts_.names))};
}

Result<PredictionsFile::Answer> PredictionsFile::predict(const Question& question) const {
  if (repeat_) return tl::unexpected(*repeat_);
  const auto context = contexts_ ? contexts_->find(question.context) : std::nullopt;
  if (auto served = check_context(question.context, context); !served) return tl::unexpected(served.error());
  if (auto served = check_fold(question.fold, question.context, context); !served) {
    return tl::unexpected(served.error());
  }
  if (!options_.plate.empty() && !batches_) {
    return bad_input(fmt::format("its cells name no plate: there is no column '{}'", options_.batch_column), path_,
                     "give that column: the task's labels were called on each plate against its own control");
  }
  const auto fold = folds_ ? folds_->find(question.fold) : std::nullopt;

  const auto positions = positions_among(question.ids);
  std::vector<std::size_t> rows, target_of_row;
  bool any_known = false;
  for (const std::size_t row : rows_) {
    if (!is_of_context(row, context)) continue;
    const auto position = positions[static_cast<std::size_t>(perts_.of_row[row])];
    if (!position) continue;
    any_known = true;
    if ((folds_ && folds_->of_row[row] != *fold) || !question.wanted[*position] || !is_of_known_batch(row) ||
        !is_of_plate(row)) {
      continue;
    }
    rows.push_back(row);
    target_of_row.push_back(*position);
  }
  if (!any_known) return tl::unexpected(no_perturbation_is_there(question.ids, question.context));
  const auto genes = locate_genes(question.genes);
  if (!genes) return tl::unexpected(genes.error());

  Answer answer;
  const std::size_t n_columns = options_.sums ? 2 * question.genes.size() + 1 : question.genes.size();
  answer.rows = Matrix::Zero(static_cast<Eigen::Index>(question.ids.size()), static_cast<Eigen::Index>(n_columns));
  answer.present.assign(question.ids.size(), 0);
  if (rows.empty()) return answer;
  std::vector<double> divisor(question.ids.size(), 0);
  const auto weights = weights_of(rows, target_of_row, divisor);
  if (!weights) return tl::unexpected(weights.error());
  if (auto added = add_rows(rows, target_of_row, *weights, question, *genes, answer); !added) {
    return tl::unexpected(added.error());
  }
  for (std::size_t i = 0; i < divisor.size(); ++i) {
    if (divisor[i] == 0) continue;
    answer.present[i] = 1;
    if (options_.sums) {
      answer.rows(static_cast<Eigen::Index>(i), answer.rows.cols() - 1) = divisor[i];
      continue;
    }
    if (divisor[i] != 1) answer.rows.row(static_cast<Eigen::Index>(i)) /= divisor[i];
  }
  return answer;
}

Result<void> PredictionsFile::review(const ReviewQuestion& question, Review& review) {
  if (contexts_reviewed_.empty()) {
    for (const Doubt& doubt : labels_review_.doubts()) review.raise(doubt);
  }
  contexts_reviewed_.emplace_back(question.context);
  const auto context = contexts_ ? contexts_->find(question.context) : std::nullopt;
  const auto positions = positions_among(question.ids);
  std::vector<std::size_t> rows, controls;
  for (const std::size_t row : rows_) {
    if (!is_of_context(row, context) || !positions[static_cast<std::size_t>(perts_.of_row[row])]) continue;
    is_served_[row] = true;
    rows.push_back(row);
  }
  for (const std::size_t row : control_rows_) {
    if (is_of_context(row, context)) controls.push_back(row);
  }
  review_conditions(rows, review);
  const std::size_t n_total = options_.n_total_genes.value_or(question.genes.size());
  if (options_.counts && file_.n_vars() != n_total) {
    review.raise(
        {kOtherGenes,
         path_,
         fmt::format("counts are scaled to their total over the {} genes of the file, and the task's were "
                     "over {}: every value of the predictions is off by that",
                     file_.n_vars(), n_total),
         static_cast<std::int64_t>(file_.n_vars()),
         {},
         fmt::format("give counts of the task's {} genes, or scale them before and say --values log1p", n_total)});
  }
  if (repeat_) return tl::unexpected(*repeat_);
  if (auto served = check_context(question.context, context); !served) return served;
  for (const std::string& fold : question.folds) {
    if (auto served = check_fold(fold, question.context, context); !served) return served;
  }
  if (rows.empty()) return tl::unexpected(no_perturbation_is_there(question.ids, question.context));
  const auto genes = locate_genes(question.genes);
  if (!genes) return tl::unexpected(genes.error());
  if (!question.control) return {};
  if (!controls.empty()) {
    review_scale(question, controls, true, *genes, review);
  } else {
    review_scale(question, rows, false, *genes, review);
  }
  return {};
}

void PredictionsFile::review_conditions(const std::vector<std::size_t>& rows, Review& review) const {
  // Else each row is a prediction of its own.
  if (options_.form != PredictionsOptions::Form::cells && !repeat_) return;
  std::vector<std::uint32_t> perturbation(file_.n_obs(), kNoGroup);
  for (const std::size_t row : rows) perturbation[row] = static_cast<std::uint32_t>(perts_.of_row[row]);
  for (const std::string& name : file_.columns(H5adAxis::obs)) {
    const bool in_use = name == perts_.column || (contexts_ && name == contexts_->column) ||
                        (folds_ && name == folds_->column) || (batches_ && name == batches_->column) ||
                        perts_.column.find("," + name) != std::string::npos || perts_.column.starts_with(name + ",");
    if (in_use || !names_condition(name)) continue;
    const auto column = file_.read_labels(H5adAxis::obs, name);
    if (!column) continue;  // an odd column that nobody uses
    const auto several = groups_of_several_values(perturbation, perts_.names.size(), column->codes);
    if (several.empty()) continue;
    std::vector<std::string> values;
    for (const std::string& label : column->labels) values.push_back("'" + label + "'");
    review.raise(
        {"rows.conditions_merged", fmt::format("{}, column '{}'", path_, name),
         fmt::format("column '{}' takes several values within {} perturbations, {}", name, several.size(),
                     repeat_ ? "which then have several rows" : "whose cells would be averaged into one profile"),
         static_cast<std::int64_t>(several.size()), examples_of(values),
         fmt::format("--where {}=VALUE keeps one, --pert-col {},{} tells them apart where the task does", name,
                     perts_.column, name)});
  }
}

void PredictionsFile::review_scale(const ReviewQuestion& question, const std::vector<std::size_t>& rows,
                                   bool are_controls, const std::vector<std::int32_t>& genes, Review& review) const {
  constexpr std::size_t kMostRows = 200;
  if (!options_.plane.empty()) return;  // classes have no scale
  const std::size_t n = std::min(rows.size(), kMostRows), n_vars = file_.n_vars();
  ScaleQuestion scale;
  const bool are_deltas = options_.form == PredictionsOptions::Form::deltas;
  if (are_deltas && are_controls) return;  // of the control nothing is left when it was subtracted
  scale.said = are_deltas ? SaidScale::deltas : options_.counts ? SaidScale::counts : SaidScale::log1p;
  scale.are_cells = options_.form == PredictionsOptions::Form::cells;
  scale.are_controls = are_controls;
  scale.target_sum = options_.scale_is_known ? std::optional(options_.target_sum) : std::nullopt;
  scale.control = *question.control;
  scale.genes.assign(genes.begin(), genes.end());
  scale.rows.resize(static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(n_vars));
  const auto matrix = file_.matrix();
  if (!matrix) return;
  std::vector<double*> targets(file_.n_obs(), nullptr);
  for (std::size_t i = 0; i < n; ++i) targets[rows[i * rows.size() / n]] = scale.rows.data() + i * n_vars;
  if (!matrix->scatter_rows(targets) || !scale.rows.allFinite()) return;
  const auto cause = other_scale(scale);
  if (!cause) return;
  review.raise({kOtherScale,
                fmt::format("{}, context '{}'", path_, question.context),
                fmt::format("{} lie on another scale than the task's control: they look like {}; scores would measure "
                            "the scale",
                            are_controls ? "its own control rows" : "the predictions", *cause),
                static_cast<std::int64_t>(n),
                {},
                fmt::format("give {}, or say what they are with --predicted and --values",
                            options_.scale_is_known ? fmt::format("log1p of counts scaled to {:g}", options_.target_sum)
                                                    : std::string("them on the scale of the task's cells"))});
}

void PredictionsFile::review_left_out(bool contexts_were_chosen, Review& review) const {
  // Why rows serve nothing, with what they name.
  const auto tell = [&](const char* what, const Labels& labels, const auto& is_left_out) {
    std::int64_t n = 0;
    std::vector<std::int64_t> n_of(labels.names.size(), 0);
    for (const std::size_t row : rows_) {
      if (labels.of_row[row] == kUnlabelled || !is_left_out(row)) continue;
      ++n;
      ++n_of[static_cast<std::size_t>(labels.of_row[row])];
    }
    if (n == 0) return;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < n_of.size(); ++i) {
      if (n_of[i] > 0) names.push_back(labels.names[i]);
    }
    std::sort(names.begin(), names.end());
    review.raise({kLeftOut, fmt::format("{}, column '{}'", path_, labels.column),
                  fmt::format("{} row{} name {} that the task does not have and {} left out", n, n == 1 ? "" : "s",
                              what, n == 1 ? "is" : "are"),
                  n, examples_of(names), "check that they are named as the task's are"});
  };
  const auto context_is_known = [&](std::size_t row) {
    return !contexts_ ||
           std::find(contexts_reviewed_.begin(), contexts_reviewed_.end(),
                     contexts_->names[static_cast<std::size_t>(contexts_->of_row[row])]) != contexts_reviewed_.end();
  };
  if (contexts_ && !contexts_were_chosen) {
    tell("contexts", *contexts_, [&](std::size_t row) { return !context_is_known(row); });
  }
  tell("perturbations", perts_, [&](std::size_t row) { return context_is_known(row) && !is_served_[row]; });
  if (averages_batches()) {
    tell("batches", *batches_, [&](std::size_t row) { return is_served_[row] && !is_of_known_batch(row); });
  }
}

}  // namespace headroom
