#include "cli/shared_columns.hpp"

#include <algorithm>

#include "io/h5ad.hpp"
#include "io/row_choice.hpp"

namespace headroom::cli {
namespace {

namespace fs = std::filesystem;

class SharedColumns {
 public:
  SharedColumns(const H5adFile& task, std::vector<PredictionsSpec>& predictions)
      : task_(task), predictions_(predictions) {}

  void share(H5adAxis axis, std::optional<std::string>& column, std::string PredictionsSpec::*of_predictions) {
    if (!column) return;
    const auto in_task_alone = [&](const std::string& name) {
      return name == task_.index_name(axis) || name == "index" || task_.has_column(axis, name);
    };
    const std::vector<std::string> parts = columns_named(*column, in_task_alone);  // several are joined
    const bool in_task = std::all_of(parts.begin(), parts.end(), in_task_alone);
    for (PredictionsSpec& spec : predictions_) {
      spec.*of_predictions = *column;
      if (!in_task) spec.required_columns.push_back(*column);
    }
    if (!in_task) column.reset();
  }

  // Filters of columns that the task has are its own as well.
  void share_filters(std::vector<RowFilter>& where) {
    for (PredictionsSpec& spec : predictions_) {
      for (const RowFilter& filter : where) {
        spec.where.push_back(filter.column + "=" + filter.value);
        if (!task_.has_column(H5adAxis::obs, filter.column)) spec.required_columns.push_back(filter.column);
      }
    }
    std::erase_if(where, [&](const RowFilter& filter) { return !task_.has_column(H5adAxis::obs, filter.column); });
  }

 private:
  const H5adFile& task_;
  std::vector<PredictionsSpec>& predictions_;
};

}  // namespace

Result<void> share_columns(RunArguments& arguments) {
  TaskOptions& columns = arguments.task.columns;
  const bool any = columns.pert_column || columns.context_column || columns.fold_column || columns.gene_column ||
                   !columns.where.empty();
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
  shared.share_filters(columns.where);
  return {};
}

}  // namespace headroom::cli
