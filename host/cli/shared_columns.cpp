#include "cli/shared_columns.hpp"

#include "io/h5ad.hpp"

namespace headroom::cli {
namespace {

namespace fs = std::filesystem;

class SharedColumns {
 public:
  SharedColumns(const H5adFile& task, std::vector<PredictionsSpec>& predictions)
      : task_(task), predictions_(predictions) {}

  void share(H5adAxis axis, std::optional<std::string>& column, std::string PredictionsSpec::*of_predictions) {
    if (!column) return;
    const bool in_task = *column == task_.index_name(axis) || *column == "index" || task_.has_column(axis, *column);
    for (PredictionsSpec& spec : predictions_) {
      spec.*of_predictions = *column;
      if (!in_task) spec.required_columns.push_back(*column);
    }
    if (!in_task) column.reset();
  }

 private:
  const H5adFile& task_;
  std::vector<PredictionsSpec>& predictions_;
};

}  // namespace

Result<void> share_columns(RunArguments& arguments) {
  TaskOptions& columns = arguments.task.columns;
  const bool any = columns.pert_column || columns.context_column || columns.fold_column || columns.gene_column;
  if (!any || arguments.run.predictions.empty()) return {};
  std::error_code ignored;
  const fs::path& task = arguments.task.task;
  const auto file = H5adFile::open(fs::is_directory(task, ignored) ? task / "task.h5ad" : task);
  if (!file) return tl::unexpected<Error>(file.error());
  SharedColumns shared(*file, arguments.run.predictions);
  shared.share(H5adAxis::obs, columns.pert_column, &PredictionsSpec::pert_column);
  shared.share(H5adAxis::obs, columns.context_column, &PredictionsSpec::context_column);
  shared.share(H5adAxis::obs, columns.fold_column, &PredictionsSpec::fold_column);
  shared.share(H5adAxis::var, columns.gene_column, &PredictionsSpec::gene_column);
  return {};
}

}  // namespace headroom::cli
