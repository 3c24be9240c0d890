#include "fuzz/read_h5ad.hpp"

#include <cstdlib>

#include "fuzz/checked_cells.hpp"
#include "inspection/describe_file.hpp"
#include "io/h5ad.hpp"
#include "io/vector_file.hpp"
#include "predictions/predictions_file.hpp"
#include "table/vector_review.hpp"
#include "task/task.hpp"

namespace headroom::fuzz {
namespace {

// A small file may rightly stand for a large matrix of zeros. Larger ones cost only time and memory here.
constexpr std::size_t kMostValues = 1 << 20;

void require(bool kept) {
  if (!kept) std::abort();
}

void read_tables(const H5adFile& file) {
  for (const H5adAxis axis : {H5adAxis::obs, H5adAxis::var, H5adAxis::raw_var}) {
    const auto index = file.read_index(axis);
    if (index && axis == H5adAxis::obs) require(index->size() == file.n_obs());
    if (index && axis == H5adAxis::var) require(index->size() == file.n_vars());
    for (const std::string& name : file.odd_columns(axis)) require(!file.read_column(axis, name));
    for (const std::string& name : file.columns(axis)) {
      const auto column = file.read_column(axis, name);
      if (column && index) {
        require(column->size() == index->size());
        require(column->present.empty() || column->present.size() == index->size());
        for (std::size_t i = 0; i < column->size(); ++i) column->text(i);
      }
      const auto labels = file.read_labels(axis, name);
      if (!labels) continue;
      if (index) require(labels->codes.size() == index->size());
      for (const std::int32_t code : labels->codes) {
        require(code >= LabelColumn::kMissing && code < static_cast<std::int32_t>(labels->labels.size()));
      }
    }
  }
  file.uns_text("title");
}

void read_matrix(const H5adFile& file, const std::string& name) {
  const auto matrix = file.matrix(name);
  if (!matrix) return;
  matrix->dtype();
  const auto values = matrix->read();
  if (!values) return;
  require(static_cast<std::size_t>(values->rows()) == matrix->n_rows());
  require(static_cast<std::size_t>(values->cols()) == matrix->n_cols());
  if (matrix->n_rows() > 0) {
    const auto last = static_cast<std::int32_t>(matrix->n_rows()) - 1;
    const auto chosen = matrix->read_rows({last, 0, last});
    require(chosen.has_value());
    require((chosen->row(0).array() == values->row(last).array() || values->row(last).array().isNaN()).all());
  }
}

void read_predictions(const std::filesystem::path& path) {
  using Form = PredictionsOptions::Form;
  for (const Form form : {Form::deltas, Form::profiles, Form::cells}) {
    PredictionsOptions options;
    options.form = form;
    options.counts = form == Form::cells;
    options.labels.merge = form == Form::deltas;
    options.batch_column = "batch";
    auto file = PredictionsFile::open(path, "input", options);
    if (!file) continue;
    const std::vector<std::string_view> ids{"G1", "TP53", "a"}, genes{"G1", "G2"};
    Review review;
    const PredictionsFile::ReviewQuestion asked{"all", ids, genes, RowVector::Ones(2), {"0"}};
    (void)file->review(asked, review);
    file->review_left_out(false, review);
    const auto answer = file->predict({"all", "0", ids, {1, 1, 1}, genes});
    if (!answer) continue;
    require(answer->rows.rows() == 3 && answer->rows.cols() == 2 && answer->rows.allFinite());
    require(answer->present.size() == ids.size());
  }
}

}  // namespace

void read_h5ad(const std::filesystem::path& path, ThreadPool& pool) {
  std::size_t most_columns = 1;
  {
    const auto file = H5adFile::open(path);
    if (!file) return;
    read_tables(*file);
    most_columns = std::max<std::size_t>(most_columns, file->n_vars());
    if (const auto raw = file->read_index(H5adAxis::raw_var)) most_columns = std::max(most_columns, raw->size());
    if (file->n_obs() > kMostValues / most_columns) return;
    for (const char* name : {"X", "layers/counts", "raw/X"}) read_matrix(*file, name);
  }
  for (const char* layer : {"", "counts", "raw"}) {
    for (const bool transposed : {false, true}) {
      if (const auto cells = open_h5ad_cells(path, layer, transposed)) CheckedCells::read_all(**cells, pool);
    }
  }
  TaskOptions flags;
  flags.labels = {{"neg*"}, {"nan"}, true};
  flags.pert_column = "pert_id,dose";
  flags.where = {{"dose", "10"}};
  for (const TaskOptions& options : {TaskOptions{}, flags}) {
    Review review;
    const auto task = read_task(path, options, review);
    if (!task) continue;
    for (const TaskContext& context : task->contexts) {
      require(static_cast<std::size_t>(context.deltas.rows()) == context.pert_ids.size());
      require(context.deltas.allFinite());
    }
  }
  (void)describe_h5ad(path);
  read_predictions(path);
  if (const auto vectors = read_vector_file(path)) {
    require(static_cast<std::size_t>(vectors->vectors.rows()) == vectors->ids.size());
    require(vectors->vectors.allFinite());
    (void)vector_doubts(*vectors, {"TP53", "1"}, false, "input");
  }
  if (const auto chosen = read_vector_file(path, {}, "obsm/X_pca")) {
    require(static_cast<std::size_t>(chosen->vectors.rows()) == chosen->ids.size());
  }
}

}  // namespace headroom::fuzz
