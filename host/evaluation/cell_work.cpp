#include "evaluation/cell_work.hpp"

#include <algorithm>

#include "io/h5ad.hpp"
#include "parallel/progress.hpp"

namespace headroom {
namespace {

// A column of the flags, where the file has it or must have it; else those of the usual names are looked for.
std::optional<std::string> column_for(const std::string& name, const PredictionsSpec& spec, const H5adFile& file) {
  if (name.empty()) return std::nullopt;
  const auto& required = spec.required_columns;
  const bool is_required = std::find(required.begin(), required.end(), name) != required.end();
  const std::vector<std::string> parts =
      columns_named(name, [&](const std::string& part) { return file.has_column(H5adAxis::obs, part); });
  const bool is_there = std::all_of(parts.begin(), parts.end(),
                                    [&](const std::string& part) { return file.has_column(H5adAxis::obs, part); });
  return is_there || is_required ? std::optional(name) : std::nullopt;
}

CellPanelOptions reading_options(const PredictionsSpec& spec, const RunOptions& options, const H5adFile& file) {
  CellPanelOptions reading;
  reading.needs_control = false;
  reading.keep_fractions = spec.values == "fractional";
  reading.columns.pert_col = column_for(spec.pert_column, spec, file);
  reading.columns.context_col = column_for(spec.context_column, spec, file);
  reading.columns.labels = options.labels;
  for (const std::string& filter : spec.where) {
    const std::size_t at = filter.find('=');
    const std::string column = filter.substr(0, at);
    if (column_for(column, spec, file)) reading.columns.where.push_back({column, filter.substr(at + 1)});
  }
  return reading;
}

}  // namespace

std::shared_ptr<const Result<KeptScreen>> CellWork::screen() {
  return screen_.get([&]() -> Result<KeptScreen> {
    auto screen = read_kept_screen(task_.path, pool_);
    if (!screen) return screen;
    const auto is_distance = [](Metric metric) {
      return std::find(kCellDistances.begin(), kCellDistances.end(), metric_name(metric)) != kCellDistances.end();
    };
    const bool any = std::any_of(options_.metrics.begin(), options_.metrics.end(), is_distance);
    for (KeptContext& context : screen->contexts) {
      context.truth.names.excluded = options_.excluded_targets;
      if (!any) context.truth.top.clear();
    }
    return screen;
  });
}

std::shared_ptr<const Result<PredictedCells>> CellWork::predictions(std::size_t which, const KeptScreen& screen) {
  return place(predictions_, which).get([&]() -> Result<PredictedCells> {
    const PredictionsSpec& spec = options_.predictions[which];
    const auto file = H5adFile::open(spec.path);
    if (!file) return tl::unexpected<Error>(file.error());
    NoProgress quiet;  // the run has a phase of its own
    return PredictedCells::open(spec.path, screen, reading_options(spec, options_, *file),
                                column_for(spec.fold_column, spec, *file), pool_, quiet, stop_);
  });
}

}  // namespace headroom
