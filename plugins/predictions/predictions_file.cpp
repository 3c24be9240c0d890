#include "predictions/predictions_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <new>
#include <numeric>
#include <tuple>
#include <unordered_map>

#include "io/column_names.hpp"
#include "io/row_labels.hpp"

namespace headroom {
namespace {

constexpr double kCellTotal = 10'000;
constexpr std::size_t kWindowBytes = std::size_t{64} << 20;       // of rows read at once
constexpr std::size_t kColumnWindowBytes = std::size_t{1} << 30;  // every window is a pass over a CSC matrix
constexpr std::size_t kNamesShown = 8;
constexpr std::int32_t kUnlabelled = -1;

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
  if (file_.has_column(H5adAxis::obs, named) || std::find(required.begin(), required.end(), named) != required.end()) {
    return named;  // a required column that is absent is refused where it is read
  }
  return first_column(file_, usual);
}

Result<PredictionsFile::Labels> PredictionsFile::read_labels(const std::string& column) const {
  auto read = read_row_labels(file_, column);
  if (!read) return tl::unexpected(read.error());
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

  const auto flagged = control_rows(file_, kControlColumn);
  if (!flagged) return tl::unexpected(flagged.error());
  const auto control = options_.control.empty() ? std::nullopt : perts_.find(options_.control);
  for (std::size_t row = 0; row < file_.n_obs(); ++row) {
    if ((*flagged)[row] || (control && perts_.of_row[row] == *control)) continue;
    for (const Labels* labels : {&perts_, contexts_ ? &*contexts_ : nullptr, folds_ ? &*folds_ : nullptr}) {
      if (labels == nullptr || labels->of_row[row] != kUnlabelled) continue;
      return bad_input(fmt::format("row {} has no value in column '{}'", row + 1, labels->column), path_,
                       "fill it in or leave the row out");
    }
    rows_.push_back(row);
  }

  notes_.push_back(fmt::format("perturbations from {}, contexts from {}, folds from {}",
                               pert_column->value_or("the row names"), context_column->value_or("no column"),
                               fold_column->value_or("no column")));
  if (!*context_column) notes_.push_back("no column of contexts: its rows serve every context of the task");
  if (*fold_column) notes_.push_back(fmt::format("each row serves the fold that column '{}' names", folds_->column));
  if (!options_.control.empty() && !control) {
    notes_.push_back(fmt::format("no row is labelled '{}'", options_.control));
  }
  if (const std::size_t n = file_.n_obs() - rows_.size(); n > 0) {
    notes_.push_back(
        fmt::format("{} control row{} {} left out{}", n, n == 1 ? "" : "s", n == 1 ? "is" : "are",
                    options_.form == PredictionsOptions::Form::deltas ? "" : ": the task's own control is subtracted"));
  }
  if (rows_.empty()) return bad_input("the file predicts nothing", path_, "give rows that are not controls");
  return options_.form == PredictionsOptions::Form::cells ? Result<void>() : refuse_repeats();
}

Result<void> PredictionsFile::refuse_repeats() const {
  std::map<std::tuple<std::int32_t, std::int32_t, std::int32_t>, std::size_t> first_row;
  for (const std::size_t row : rows_) {
    const auto [at, is_new] = first_row.try_emplace(
        {perts_.of_row[row], contexts_ ? contexts_->of_row[row] : 0, folds_ ? folds_->of_row[row] : 0}, row);
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
    return bad_input(fmt::format("perturbation '{}' is there twice{} (rows {} and {})", pert, where_in_task,
                                 at->second + 1, row + 1),
                     path_,
                     options_.form == PredictionsOptions::Form::profiles
                         ? "keep one row for each, or say that rows are cells with --predicted cells"
                         : "keep one row for each perturbation, context and fold");
  }
  return {};
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
Result<void> PredictionsFile::check_served(const Question& question, std::optional<std::int32_t> context) const {
  if (contexts_ && !context) {
    return bad_input(
        fmt::format("it has no rows for context '{}'", question.context), path_,
        fmt::format("its contexts are: {}; leave the others out with --context", some_of(contexts_->names)));
  }
  if (!folds_) return {};
  const auto fold = folds_->find(question.fold);
  const bool served = fold && std::any_of(rows_.begin(), rows_.end(), [&](std::size_t row) {
                        return folds_->of_row[row] == *fold && (!contexts_ || contexts_->of_row[row] == *context);
                      });
  if (served) return {};
  return bad_input(
      fmt::format("it has no rows for fold '{}' in context '{}'", question.fold, question.context), path_,
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
                       "counts are finite and not negative; --values log1p takes values as they are");
    }
    total += values[i];
  }
  if (total == 0) return {};
  for (std::size_t i = 0; i < file_.n_vars(); ++i) values[i] = std::log1p(values[i] * kCellTotal / total);
  return {};
}

Result<void> PredictionsFile::add_rows(const std::vector<std::size_t>& rows,
                                       const std::vector<std::size_t>& target_of_row, const Question& question,
                                       const std::vector<std::int32_t>& genes, Answer& answer) const {
  const auto matrix = file_.matrix();
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
        const double value = of_row[genes[g]];
        if (!std::isfinite(value)) {
          return bad_input(fmt::format("{} is {} for gene '{}'", description(rows[i]),
                                       std::isnan(value) ? "NaN" : "infinite", question.genes[g]),
                           path_, "give finite numbers, or leave the row out: it then counts as missing");
        }
        answer.rows(target, static_cast<Eigen::Index>(g)) += value;
      }
    }
  }
  return {};
}

Result<PredictionsFile::Answer> PredictionsFile::predict(const Question& question) const {
  const auto context = contexts_ ? contexts_->find(question.context) : std::nullopt;
  if (auto served = check_served(question, context); !served) return tl::unexpected(served.error());
  const auto fold = folds_ ? folds_->find(question.fold) : std::nullopt;

  std::unordered_map<std::string_view, std::size_t> position_of;
  for (std::size_t i = 0; i < question.ids.size(); ++i) position_of.emplace(question.ids[i], i);
  std::vector<std::size_t> rows, target_of_row;
  std::vector<std::int64_t> n_rows(question.ids.size(), 0);
  bool any_known = false;
  for (const std::size_t row : rows_) {
    if (contexts_ && contexts_->of_row[row] != *context) continue;
    const auto found = position_of.find(perts_.names[static_cast<std::size_t>(perts_.of_row[row])]);
    if (found == position_of.end()) continue;
    any_known = true;
    if ((folds_ && folds_->of_row[row] != *fold) || !question.wanted[found->second]) continue;
    rows.push_back(row);
    target_of_row.push_back(found->second);
    ++n_rows[found->second];
  }
  if (!any_known) {
    return bad_input(
        fmt::format("none of the {} perturbations of context '{}' is there", question.ids.size(), question.context),
        path_,
        fmt::format(
            "check that its ids are of the same kind as the task's; they are like {}",
            some_of({perts_.names.begin(), perts_.names.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(
                                                                      perts_.names.size(), 3))})));
  }
  const auto genes = locate_genes(question.genes);
  if (!genes) return tl::unexpected(genes.error());

  Answer answer;
  answer.rows =
      Matrix::Zero(static_cast<Eigen::Index>(question.ids.size()), static_cast<Eigen::Index>(question.genes.size()));
  answer.present.assign(question.ids.size(), 0);
  if (rows.empty()) return answer;
  if (auto added = add_rows(rows, target_of_row, question, *genes, answer); !added) {
    return tl::unexpected(added.error());
  }
  for (std::size_t i = 0; i < n_rows.size(); ++i) {
    if (n_rows[i] == 0) continue;
    answer.present[i] = 1;
    if (n_rows[i] > 1) answer.rows.row(static_cast<Eigen::Index>(i)) /= static_cast<double>(n_rows[i]);
  }
  return answer;
}

}  // namespace headroom
