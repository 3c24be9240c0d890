#include "cells/task_content.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "io/column_names.hpp"
#include "io/delimited.hpp"
#include "task/noise_rows.hpp"
#include "task/sampling_errors.hpp"

namespace headroom {
namespace {

// Folds as whole numbers where all are, so that other tools read them as such.
AnnotationColumn fold_column(const std::vector<std::string>& folds) {
  std::vector<std::int64_t> numbers;
  for (const std::string& fold : folds) {
    const auto number = parse_integer(fold);
    if (!number) return {"test_split", folds, {}, true};
    numbers.push_back(*number);
  }
  return {"test_split", std::move(numbers), {}, false};
}

DenseLabels whole(const LabelMatrix& labels) { return {{ConstLabelMap(labels.data(), labels.rows(), labels.cols())}}; }

DenseFloats whole(const FloatMatrix& floats) { return {{ConstFloatMap(floats.data(), floats.rows(), floats.cols())}}; }

// What ceilings of the right depth are made of, and the weights of WMSE.
void add_sampling_errors(const CellGroups& groups, const std::vector<std::uint32_t>& rows,
                         const PerturbationEstimates& estimates, H5adContent& content) {
  content.layers[kSamplingErrorLayer] = whole(estimates.sampling_errors);
  content.layers[kPreparedWeightsLayer] = whole(estimates.wmse_weights);
  for (std::size_t k = 0; k < estimates.halves.size(); ++k) {
    content.layers[kHalfLayerPrefix + std::to_string(k)] = whole(estimates.halves[k]);
  }
  bool with_control = false;
  for (std::size_t c = 0; c < groups.contexts.size(); ++c) {
    const RowVector& error = estimates.control_errors[c];
    const bool has_rows =
        std::any_of(rows.begin(), rows.end(), [&](auto row) { return groups.groups[row].context == c; });
    if (!has_rows) continue;
    with_control = with_control || error.size() == 0;
    if (error.size() == 0) continue;
    const auto add = [&](std::string name, const RowVector& values) {
      content.var_columns.push_back({std::move(name), std::vector<double>(values.begin(), values.end()), {}, false});
    };
    add(control_error_column(groups.contexts[c]), error);
    for (Eigen::Index k = 0; k < estimates.control_halves[c].rows(); ++k) {
      add(control_half_column(static_cast<int>(k), groups.contexts[c]), estimates.control_halves[c].row(k));
    }
  }
  content.uns[kSamplingErrorKey] = with_control ? kErrorsWithControl : kErrorsOfPerturbation;
}

}  // namespace

std::vector<std::uint32_t> task_rows(const CellGroups& groups) {
  std::vector<std::uint32_t> rows;
  for (std::uint32_t g = 0; g < groups.groups.size(); ++g) {
    if (!groups.groups[g].is_control) rows.push_back(g);
  }
  return rows;
}

std::string noise_table(const CellGroups& groups, const std::vector<std::uint32_t>& rows,
                        const std::vector<PerturbationEstimate>& estimates, const std::vector<FoldNoise>& of_folds) {
  NoiseColumns columns;
  columns.metrics.assign(kNoiseMetricNames.begin(), kNoiseMetricNames.end());
  columns.further = {"n_cells", "closed_form"};
  for (const std::string& metric : columns.metrics) {
    columns.further.push_back(metric == columns.metrics.front() ? "split_half" : "split_half_" + metric);
  }
  if (!of_folds.empty()) columns.of_folds.assign(kFoldNoiseColumns.begin(), kFoldNoiseColumns.end());
  NoiseRows table(columns);
  table.add_header();
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const PerturbationEstimate& estimate = estimates[r];
    const CellGroups::Group& group = groups.groups[rows[r]];
    std::vector<double> further{static_cast<double>(estimate.n_cells), estimate.closed_form};
    for (int m = 0; m < kNoiseMetrics; ++m) {
      further.push_back(estimate.split_half ? (*estimate.split_half)[m] : std::numeric_limits<double>::quiet_NaN());
    }
    const NoiseRows::Perturbation perturbation{group.perturbation, groups.contexts[group.context],
                                               std::int64_t{estimate.n_batches}, further};
    for (std::size_t q = 0; q < kNoiseQuantiles.size(); ++q) {
      table.add(perturbation, kNoiseQuantiles[q], estimate.quantiles[q]);
    }
  }
  for (const FoldNoise& noise : of_folds) {
    for (std::size_t q = 0; q < kNoiseQuantiles.size(); ++q) {
      table.add_fold(noise.context, noise.fold, kNoiseQuantiles[q], noise.quantiles[q]);
    }
  }
  return table.str();
}

H5adContent task_content(const CellGroups& groups, const std::vector<std::uint32_t>& rows, const GeneChoice& genes,
                         const PerturbationEstimates& estimates, const PreparedFolds& folds) {
  H5adContent content;
  std::vector<std::string> pert_id, context;
  std::vector<std::int64_t> n_cells, n_batches;
  const bool one_context = groups.groups[rows.front()].context == groups.groups[rows.back()].context;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const CellGroups::Group& group = groups.groups[rows[r]];
    pert_id.push_back(group.perturbation);
    context.push_back(groups.contexts[group.context]);
    n_cells.push_back(estimates.perturbations[r].n_cells);
    n_batches.push_back(estimates.perturbations[r].n_batches);
    content.obs_index.push_back(one_context ? group.perturbation : context.back() + "|" + group.perturbation);
  }
  content.obs_columns.push_back({"pert_id", std::move(pert_id), {}, false});
  content.obs_columns.push_back({"context", std::move(context), {}, true});
  content.obs_columns.push_back(fold_column(folds.of_row));
  if (folds.some_are_only_trained_on) content.uns[kTrainedOnKey] = kTrainedOn;
  content.obs_columns.push_back({"n_cells", std::move(n_cells), {}, false});
  content.obs_columns.push_back({"n_batches", std::move(n_batches), {}, false});
  const bool grouped =
      std::any_of(rows.begin(), rows.end(), [&](std::uint32_t row) { return !groups.groups[row].fold_group.empty(); });
  if (grouped) {
    std::vector<std::string> of_rows;
    for (const std::uint32_t row : rows) of_rows.push_back(groups.groups[row].fold_group);
    content.obs_columns.push_back({kFoldGroupColumn, std::move(of_rows), {}, false});
  }
  for (const std::uint32_t gene : genes.kept) content.var_index.push_back(genes.ids[gene]);
  for (const AnnotationColumn& column : genes.columns) {
    if (!is_kept_of_control(column.name)) content.var_columns.push_back(column);
  }
  for (std::size_t c = 0; c < groups.contexts.size(); ++c) {
    if (!estimates.controls[c]) continue;
    content.var_columns.push_back({control_profile_column(groups.contexts[c]),
                                   std::vector<double>(estimates.controls[c]->begin(), estimates.controls[c]->end()),
                                   {},
                                   false});
  }
  const bool lacks_control = std::any_of(
      rows.begin(), rows.end(), [&](std::uint32_t row) { return !estimates.controls[groups.groups[row].context]; });
  if (lacks_control) {
    content.uns[kControlNoteKey] =
        "in the matched design each perturbation is compared with the control of its own batches, and here "
        "perturbations lie in different ones";
  }
  DenseX x;
  x.row_blocks.emplace_back(estimates.deltas.data(), estimates.deltas.rows(), estimates.deltas.cols(),
                            Eigen::OuterStride<>(estimates.deltas.cols()));
  content.x = std::move(x);
  add_sampling_errors(groups, rows, estimates, content);
  content.gzip_level = 0;  // the last digits of deltas are noise: compressing them costs seconds and saves little
  return content;
}

Result<void> add_labels(const CellGroups& groups, const std::vector<std::uint32_t>& rows,
                        const PerturbationEstimates& estimates, H5adContent& content) {
  const auto view = [](const Matrix& matrix) {
    return ConstMatrixMap(matrix.data(), matrix.rows(), matrix.cols(), Eigen::OuterStride<>(matrix.cols()));
  };
  if (!estimates.statistics.empty()) {
    DenseX t, q;
    for (const DegStatistics& of_context : estimates.statistics) {
      t.row_blocks.push_back(view(of_context.t));
      q.row_blocks.push_back(view(of_context.q));
    }
    content.layers[kDegTLayer] = std::move(t);
    content.layers[kDegQLayer] = std::move(q);
  }
  std::vector<std::string> contexts;
  for (const std::uint32_t row : rows) {
    const std::string& context = groups.contexts[groups.groups[row].context];
    if (contexts.empty() || contexts.back() != context) contexts.push_back(context);
  }
  return add_deg_labels(estimates.labels, contexts, content);
}

void say_origin(const CellGroups& groups, const GeneChoice& genes, const PrepareOptions& options,
                H5adContent& content) {
  if (options.values == CellValues::counts) {
    const auto n_counted = std::count_if(genes.map.begin(), genes.map.end(),
                                         [](std::uint32_t place) { return place != GeneChoice::kNoGene; });
    content.uns[kTotalGenesKey] = std::to_string(n_counted);
  }
  if (options.split) content.uns[kSplitKey] = split_text(*options.split);
  const bool is_known = options.values != CellValues::asis;
  content.uns[kTargetSumKey] = is_known ? fmt::format("{}", options.target_sum) : kUnknownTargetSum;
  if (!groups.control_labels.empty()) {
    content.uns[kControlsKey] = fmt::format("{}", fmt::join(groups.control_labels, "\n"));
  }
  if (groups.batch_column.empty()) return;
  content.uns[kBatchColumnKey] = groups.batch_column;
  content.uns[kBatchesKey] = fmt::format("{}", fmt::join(groups.batches, "\n"));
}

}  // namespace headroom
