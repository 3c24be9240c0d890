#include "task/read_deg_labels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "io/column_names.hpp"
#include "io/delimited.hpp"
#include "io/hdf5_block.hpp"
#include "io/row_labels.hpp"

namespace headroom {
namespace {

// Rows that are read at a time: a block of doubles of a few megabytes.
constexpr std::size_t kRowsAtOnce = 256;

constexpr double kLeastCellsOfPlate = 2;  // of the control: a variance needs two

// Where a row of the file belongs.
struct Place {
  std::size_t row = 0, context = 0;
  Eigen::Index position = 0;
};

// The rows with labels, in the order of the file.
std::vector<Place> places_with_labels(const std::vector<std::vector<std::size_t>>& source_rows, const Task& task) {
  std::vector<Place> places;
  for (std::size_t c = 0; c < source_rows.size(); ++c) {
    for (std::size_t i = 0; i < source_rows[c].size(); ++i) {
      if (task.contexts[c].deg->has_labels[i]) {
        places.push_back({source_rows[c][i], c, static_cast<Eigen::Index>(i)});
      }
    }
  }
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.row < b.row; });
  return places;
}

std::string quoted_place(const Place& place, std::size_t gene, const Task& task) {
  const TaskContext& context = task.contexts[place.context];
  return fmt::format("perturbation '{}' in context '{}', gene '{}'",
                     context.pert_ids[static_cast<std::size_t>(place.position)], context.name, task.gene_ids[gene]);
}

// What is wrong with labels: how often, and where first.
struct Fault {
  std::size_t n = 0;
  std::string first;
};

// Rows of one or more matrices of the file, block by block; `take` gets a place and one pointer a matrix.
using TakeRow = std::function<void(const Place& place, const std::vector<const double*>& rows)>;
Result<void> for_each_row(const H5adFile& file, const std::vector<std::string>& matrices,
                          const std::vector<Place>& places, const TakeRow& take) {
  std::vector<H5adMatrix> opened;
  for (const std::string& name : matrices) {
    auto matrix = file.matrix(name);
    if (!matrix) return tl::unexpected(matrix.error());
    opened.push_back(std::move(*matrix));
  }
  const auto n_genes = static_cast<Eigen::Index>(file.n_vars());
  const std::size_t n_most = std::min(kRowsAtOnce, places.size());
  std::vector<Matrix> blocks(matrices.size(), Matrix(static_cast<Eigen::Index>(n_most), n_genes));
  std::vector<const double*> rows(matrices.size());
  for (std::size_t begin = 0; begin < places.size(); begin += kRowsAtOnce) {
    const std::size_t end = std::min(places.size(), begin + kRowsAtOnce);
    for (std::size_t m = 0; m < opened.size(); ++m) {
      std::vector<double*> targets(file.n_obs(), nullptr);
      for (std::size_t i = begin; i < end; ++i) {
        targets[places[i].row] = blocks[m].data() + static_cast<Eigen::Index>(i - begin) * n_genes;
      }
      if (auto done = opened[m].scatter_rows(targets); !done) return done;
    }
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t m = 0; m < opened.size(); ++m) {
        rows[m] = blocks[m].data() + static_cast<Eigen::Index>(i - begin) * n_genes;
      }
      take(places[i], rows);
    }
  }
  return {};
}

// One matrix of labels as they are.
Result<void> read_labels(const H5adFile& file, const std::string& matrix, const std::vector<Place>& places,
                         Task* task) {
  Fault fault;
  const auto take = [&](const Place& place, const std::vector<const double*>& rows) {
    LabelMatrix& labels = task->contexts[place.context].deg->labels;
    for (Eigen::Index g = 0; g < labels.cols(); ++g) {
      const double value = rows.front()[g];
      if (value != -1 && value != 0 && value != 1) {
        if (fault.n++ == 0) {
          fault.first = fmt::format("the label of {} is {}", quoted_place(place, static_cast<std::size_t>(g), *task),
                                    std::isnan(value) ? "NaN" : fmt::format("{}", value));
        }
        continue;
      }
      labels(place.position, g) = static_cast<std::int8_t>(value);
    }
  };
  if (auto done = for_each_row(file, {matrix}, places, take); !done) return done;
  if (fault.n == 0) return {};
  return bad_input(
      fmt::format("{}, and labels are -1, 0 and +1 ({} such label{})", fault.first, fault.n, fault.n == 1 ? "" : "s"),
      fmt::format("{}, {}", file.path(), matrix),
      matrix == "X" ? "an X of int8 is read as labels; --layer X reads it as deltas"
                    : fmt::format("give -1, 0 and +1, or set column '{}' of obs to false for rows without "
                                  "labels",
                                  kHasDegColumn));
}

// Three matrices of 0 and 1, of which one is 1.
Result<void> read_planes(const H5adFile& file, const std::vector<Place>& places, Task* task) {
  const auto layer = [](const char* name) { return std::string("layers/") + name; };
  Fault fault;
  const auto take = [&](const Place& place, const std::vector<const double*>& rows) {
    LabelMatrix& labels = task->contexts[place.context].deg->labels;
    for (Eigen::Index g = 0; g < labels.cols(); ++g) {
      const double up = rows[0][g], down = rows[1][g], not_de = rows[2][g];
      const auto is_flag = [](double value) { return value == 0 || value == 1; };
      if (!is_flag(up) || !is_flag(down) || !is_flag(not_de) || up + down + not_de != 1) {
        if (fault.n++ == 0) {
          fault.first = fmt::format("up, down and not_de of {} are {}, {} and {}",
                                    quoted_place(place, static_cast<std::size_t>(g), *task), up, down, not_de);
        }
        continue;
      }
      labels(place.position, g) = static_cast<std::int8_t>(up - down);
    }
  };
  if (auto done = for_each_row(file, {layer(kUpLayer), layer(kDownLayer), layer(kNotDeLayer)}, places, take); !done) {
    return done;
  }
  if (fault.n == 0) return {};
  return bad_input(
      fmt::format("{}, and labels are one 1 and two 0 ({} such gene{})", fault.first, fault.n, fault.n == 1 ? "" : "s"),
      file.path(), "give labels as 0 and 1; probabilities are predictions, for score --predictions");
}

// Why the table of trials is not used, or its number of trials.
struct TrialsTable {
  int n_trials = 0;
  std::string note;
};

Result<TrialsTable> describe_trials(const H5adFile& file) {
  const std::string table = kDegTrialsKey;
  if (!file.has_key("uns/" + table)) return TrialsTable{0, "the file keeps no labels of resampled cells"};
  const auto text = [&](const char* key) { return file.uns_text(table + "/" + key).value_or(""); };
  if (text(kTrialsVersionKey) != kTrialsVersion) {
    return TrialsTable{0, fmt::format("the labels of resampled cells are packed in a way ('{}') that this version "
                                      "does not know",
                                      text(kTrialsVersionKey))};
  }
  const auto obs_index = file.read_index(H5adAxis::obs);
  if (!obs_index) return tl::unexpected(obs_index.error());
  const auto var_index = file.read_index(H5adAxis::var);
  if (!var_index) return tl::unexpected(var_index.error());
  const auto digest = axes_digest(*obs_index, *var_index);
  if (!digest) return tl::unexpected(digest.error());
  if (text(kTrialsAxesKey) != *digest) {
    return TrialsTable{0, "the labels of resampled cells were made for other rows or genes than the file's"};
  }
  const auto n = parse_integer(text(kTrialsCountKey));
  if (!n || *n < 1 || *n > 1000000) {
    return bad_input("the number of trials is damaged", fmt::format("{}, uns/{}", file.path(), table),
                     "make the task again with headroom prepare --deg");
  }
  return TrialsTable{static_cast<int>(*n), {}};
}

// `key`, `into`: the trials, or the halves, which are kept as two of them.
Result<void> read_trials(const H5adFile& file, const char* key, std::optional<DegTrials> DegLabels::*into, int n_trials,
                         const std::vector<Place>& places, Task* task) {
  const auto damaged = [&](const std::string& what) {
    return bad_input("the labels of resampled cells are damaged: " + what,
                     fmt::format("{}, uns/{}", file.path(), kDegTrialsKey),
                     "make the task again with headroom prepare --deg");
  };
  auto dataset = file.uns_dataset(fmt::format("{}/{}", kDegTrialsKey, key));
  if (!dataset) return tl::unexpected(dataset.error());
  const auto n_genes = static_cast<Eigen::Index>(file.n_vars());
  const Eigen::Index n_bytes = n_trials * ((n_genes + 3) / 4);
  if (!dataset->is_integer() || dataset->type_bytes != 1 || dataset->dims.size() != 2 ||
      dataset->dims[0] != file.n_obs() || dataset->dims[1] != static_cast<hsize_t>(n_bytes)) {
    return damaged(
        fmt::format("{} trials of {} rows and {} genes do not have this shape", n_trials, file.n_obs(), n_genes));
  }
  for (TaskContext& context : task->contexts) {
    ((*context.deg).*into).emplace(n_trials, static_cast<Eigen::Index>(context.pert_ids.size()), n_genes);
  }
  // Whole rows of chunks at a time, so that none is expanded twice.
  const hsize_t n_rows_at_once =
      dataset->chunk_dims.empty() ? kRowsAtOnce : std::max<hsize_t>(1, dataset->chunk_dims[0]);
  ByteMatrix block;
  for (auto place = places.begin(); place != places.end();) {
    const hsize_t begin = place->row / n_rows_at_once * n_rows_at_once;
    const hsize_t start[2] = {begin, 0};
    const hsize_t count[2] = {std::min<hsize_t>(n_rows_at_once, file.n_obs() - begin), static_cast<hsize_t>(n_bytes)};
    block.resize(static_cast<Eigen::Index>(count[0]), n_bytes);
    if (auto done = hdf5::read_block(*dataset, start, count, H5T_NATIVE_UINT8, block.data()); !done) return done;
    for (; place != places.end() && place->row < begin + count[0]; ++place) {
      DegTrials& trials = *((*task->contexts[place->context].deg).*into);
      trials.packed().row(place->position) = block.row(static_cast<Eigen::Index>(place->row - begin));
      if (!trials.is_valid(place->position)) {
        return damaged(fmt::format("row {} holds what is no label", place->row + 1));
      }
    }
  }
  return {};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines(1);
  for (const char c : text) c == '\n' ? (void)lines.emplace_back() : lines.back().push_back(c);
  return lines;
}

// The moments of the control's cells of every context that the file keeps them of, for the genes that it has now.
Result<void> read_control_cells(const H5adFile& file, Task* task) {
  const std::string table = kDegControlKey;
  if (!file.has_key("uns/" + table)) return {};
  const auto text = [&](const char* key) { return file.uns_text(table + "/" + key).value_or(""); };
  const auto var_index = file.read_index(H5adAxis::var);
  if (!var_index) return tl::unexpected(var_index.error());
  const auto digest = axes_digest({}, *var_index);
  if (!digest) return tl::unexpected(digest.error());
  if (text(kControlVersionKey) != kControlVersion || text(kControlGenesKey) != *digest) return {};
  const auto damaged = [&](const std::string& what) {
    return bad_input("the moments of the control's cells are damaged: " + what,
                     fmt::format("{}, uns/{}", file.path(), table), "make the task again with headroom prepare --deg");
  };
  const auto contexts = lines_of(text(kControlContextsKey)), plates = lines_of(text(kControlPlatesKey)),
             counts = lines_of(text(kControlCountsKey));
  const std::size_t n_rows = contexts.size(), n_genes = file.n_vars();
  if (plates.size() != n_rows || counts.size() != n_rows) return damaged("its lists differ in length");
  Matrix mean, squared_error;
  for (const auto& [key, moments] : {std::pair{kControlMeanKey, &mean}, {kControlErrorKey, &squared_error}}) {
    auto dataset = file.uns_dataset(fmt::format("{}/{}", table, key));
    if (!dataset) return tl::unexpected(dataset.error());
    if (dataset->dims != std::vector<hsize_t>{n_rows, n_genes})
      return damaged(fmt::format("'{}' has another shape", key));
    moments->resize(static_cast<Eigen::Index>(n_rows), static_cast<Eigen::Index>(n_genes));
    const hsize_t start[2] = {0, 0}, count[2] = {n_rows, n_genes};
    if (auto done = hdf5::read_block(*dataset, start, count, H5T_NATIVE_DOUBLE, moments->data()); !done) return done;
    if (!moments->allFinite()) return damaged(fmt::format("'{}' holds what is no finite number", key));
  }
  if (squared_error.minCoeff() < 0) return damaged("a squared error is negative");
  for (TaskContext& context : task->contexts) {
    DegControlCells control;
    RowIndex rows;
    for (std::size_t r = 0; r < n_rows; ++r) {
      if (contexts[r] != context.name) continue;
      const auto n_cells = parse_number(counts[r]);
      if (!n_cells || !(*n_cells >= kLeastCellsOfPlate)) return damaged(fmt::format("'{}' cells", counts[r]));
      control.plates.push_back(plates[r]);
      control.n_cells.push_back(*n_cells);
      rows.push_back(static_cast<std::int32_t>(r));
    }
    if (rows.empty()) continue;
    control.mean = gather_rows(mean, rows);
    control.squared_error = gather_rows(squared_error, rows);
    context.deg->control = std::move(control);
  }
  return {};
}

// Which perturbations have labels, and a note on those that have none.
Result<void> find_labelled(const H5adFile& file, const std::vector<std::vector<std::size_t>>& source_rows,
                           const std::vector<std::vector<bool>>& joined, Task* task) {
  std::vector<bool> labelled(file.n_obs(), true);
  if (file.has_column(H5adAxis::obs, kHasDegColumn)) {
    auto flags = control_rows(file, kHasDegColumn);
    if (!flags) return tl::unexpected(flags.error());
    labelled = std::move(*flags);
  }
  std::size_t n = 0, n_without = 0, n_joined = 0;
  for (std::size_t c = 0; c < source_rows.size(); ++c) {
    DegLabels& deg = task->contexts[c].deg.emplace();
    for (std::size_t i = 0; i < source_rows[c].size(); ++i) {
      const bool is_joined = joined[c][i], has_labels = labelled[source_rows[c][i]] && !is_joined;
      deg.has_labels.push_back(has_labels);
      ++n;
      n_without += !has_labels && !is_joined;
      n_joined += is_joined;
    }
  }
  if (n_without > 0) {
    task->notes.push_back(fmt::format("{} of {} perturbations {} without labels ('{}' is false)", n_without, n,
                                      n_without == 1 ? "is" : "are", kHasDegColumn));
  }
  if (n_joined > 0) {
    task->notes.push_back(
        fmt::format("{} perturbation{} joined from several rows {} without labels: labels are called "
                    "from cells (prepare --deg --merge-labels)",
                    n_joined, n_joined == 1 ? "" : "s", n_joined == 1 ? "is" : "are"));
  }
  if (n_without + n_joined == n && !task->has_deltas) {
    return bad_input("no perturbation has labels", file.path(), "give labels of at least some, or deltas");
  }
  return {};
}

}  // namespace

std::optional<DegSource> find_deg_labels(const H5adFile& file, const std::string& deltas_layer) {
  const auto has_layer = [&](const char* name) { return file.has_key(std::string("layers/") + name); };
  if (has_layer(kDegLayer)) return DegSource::layer;
  if (has_layer(kUpLayer) && has_layer(kDownLayer) && has_layer(kNotDeLayer)) return DegSource::planes;
  if (deltas_layer == "X" || !file.has_key("X")) return std::nullopt;
  const auto x = file.matrix("X");
  return x && x->dtype() == "int8" ? std::optional(DegSource::x) : std::nullopt;
}

bool has_deltas_beside(const H5adFile& file, std::optional<DegSource> source, const std::string& deltas_layer) {
  if (!source || !deltas_layer.empty()) return true;
  if (source != DegSource::layer || !file.has_key("X")) return false;
  const auto x = file.matrix("X");
  return !x || x->dtype() != "int8";  // an unreadable X is an error later
}

Result<void> read_deg_labels(const H5adFile& file, DegSource source,
                             const std::vector<std::vector<std::size_t>>& source_rows,
                             const std::vector<std::vector<bool>>& joined, TaskParts parts, Task* task) {
  task->columns.deg_source = source == DegSource::layer ? fmt::format("layer '{}'", kDegLayer)
                             : source == DegSource::planes
                                 ? fmt::format("layers '{}', '{}', '{}'", kUpLayer, kDownLayer, kNotDeLayer)
                                 : std::string("X");
  if (auto done = find_labelled(file, source_rows, joined, task); !done) return done;
  if (source != DegSource::x && !task->has_deltas && file.has_key("X")) {
    task->notes.push_back(
        fmt::format("labels are the {}; X is left out (--layer X reads it as deltas)", task->columns.deg_source));
  }
  TrialsTable trials{0, "only prepare --deg keeps labels of resampled cells"};
  if (source == DegSource::layer) {
    if (auto read = read_control_cells(file, task); !read) return read;
    auto described = describe_trials(file);
    if (!described) return tl::unexpected(described.error());
    trials = std::move(*described);
  }
  task->deg_trials_note = trials.note;
  const auto n_genes = static_cast<Eigen::Index>(file.n_vars());
  if (parts == TaskParts::all_but_deltas) {
    for (TaskContext& context : task->contexts) {
      context.deg->labels.resize(0, n_genes);
      if (trials.n_trials > 0) context.deg->trials.emplace(trials.n_trials, 0, n_genes);
    }
    return {};
  }
  for (TaskContext& context : task->contexts) {
    context.deg->labels = LabelMatrix::Zero(static_cast<Eigen::Index>(context.pert_ids.size()), n_genes);
  }
  const std::vector<Place> places = places_with_labels(source_rows, *task);
  auto done = source == DegSource::planes
                  ? read_planes(file, places, task)
                  : read_labels(file, source == DegSource::x ? "X" : std::string("layers/") + kDegLayer, places, task);
  if (!done || trials.n_trials == 0) return done;
  if (file.has_key(fmt::format("uns/{}/{}", kDegTrialsKey, kHalvesBytesKey))) {
    if (auto read = read_trials(file, kHalvesBytesKey, &DegLabels::halves, 2, places, task); !read) return read;
  }
  return read_trials(file, kTrialsBytesKey, &DegLabels::trials, trials.n_trials, places, task);
}

}  // namespace headroom
