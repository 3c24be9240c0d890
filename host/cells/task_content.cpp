#include "cells/task_content.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "io/column_names.hpp"
#include "io/csv_writer.hpp"
#include "io/delimited.hpp"

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
  CsvWriter table(CsvTexts::exact);  // its ids are compared with those of the task
  const auto nothing = [](CsvWriter& row, std::size_t n_fields) {
    for (std::size_t i = 0; i < n_fields; ++i) row.nothing();
  };
  for (const char* column :
       {"quantile", "L2", "MSE", "MAE", "Spearman", "Pearson", "pert_id", "n_batches_pert", "context", "n_cells",
        "closed_form", "split_half", "split_half_MSE", "split_half_MAE", "split_half_Spearman", "split_half_Pearson"}) {
    table.text(column);
  }
  if (!of_folds.empty()) {
    for (const char* metric : kFoldNoiseColumns) table.text(metric);
    table.text("fold");
  }
  table.end_row();
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const PerturbationEstimate& estimate = estimates[r];
    const CellGroups::Group& group = groups.groups[rows[r]];
    CsvWriter tail(CsvTexts::exact);
    tail.text(group.perturbation).number(std::int64_t{estimate.n_batches}).text(groups.contexts[group.context]);
    tail.number(std::int64_t{estimate.n_cells}).number(estimate.closed_form);
    for (int m = 0; m < kNoiseMetrics; ++m) {
      estimate.split_half ? tail.number((*estimate.split_half)[m]) : tail.nothing();
    }
    if (!of_folds.empty()) nothing(tail, kFoldNoiseMetrics.size() + 1);
    for (std::size_t q = 0; q < kNoiseQuantiles.size(); ++q) {
      table.number(kNoiseQuantiles[q]);
      for (const double value : estimate.quantiles[q]) table.number(value);
      table.fields(tail.str()).end_row();
    }
  }
  for (const FoldNoise& noise : of_folds) {
    for (std::size_t q = 0; q < kNoiseQuantiles.size(); ++q) {
      table.number(kNoiseQuantiles[q]);
      nothing(table, kNoiseMetrics + 2);  // pert_id and n_batches_pert, too
      table.text(noise.context);
      nothing(table, 2 + kNoiseMetrics);  // n_cells and closed_form, too
      for (const double value : noise.quantiles[q]) table.number(value);
      table.text(noise.fold).end_row();
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
    if (!column.name.starts_with(kControlProfilePrefix)) content.var_columns.push_back(column);
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
  content.gzip_level = 0;  // the last digits of deltas are noise: compressing them costs seconds and saves little
  return content;
}

Result<void> add_labels(const PerturbationEstimates& estimates, H5adContent& content) {
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
  return add_deg_labels(estimates.labels, content);
}

void say_origin(const CellGroups& groups, const GeneChoice& genes, const PrepareOptions& options,
                H5adContent& content) {
  if (options.values == CellValues::counts) {
    const auto n_counted = std::count_if(genes.map.begin(), genes.map.end(),
                                         [](std::uint32_t place) { return place != GeneChoice::kNoGene; });
    content.uns[kTotalGenesKey] = std::to_string(n_counted);
  }
  content.uns[kTargetSumKey] = fmt::format("{}", options.target_sum);
  if (groups.batch_column.empty()) return;
  content.uns[kBatchColumnKey] = groups.batch_column;
  content.uns[kBatchesKey] = fmt::format("{}", fmt::join(groups.batches, "\n"));
}

}  // namespace headroom
