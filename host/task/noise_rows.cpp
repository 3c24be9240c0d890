#include "task/noise_rows.hpp"

namespace headroom {

void NoiseRows::numbers(std::span<const double> values) {
  for (const double value : values) table_.number(value);
}

void NoiseRows::nothing(std::size_t n_fields) {
  for (std::size_t i = 0; i < n_fields; ++i) table_.nothing();
}

void NoiseRows::add_header() {
  table_.text("quantile");
  for (const std::string& metric : columns_.metrics) table_.text(metric);
  table_.text("pert_id").text("n_batches_pert");
  if (columns_.with_context) table_.text("context");
  for (const std::string& column : columns_.further) table_.text(column);
  for (const std::string& metric : columns_.of_folds) table_.text(metric);
  if (!columns_.of_folds.empty()) table_.text("fold");
  table_.end_row();
}

void NoiseRows::add(const Perturbation& perturbation, double quantile, std::span<const double> values) {
  table_.number(quantile);
  numbers(values);
  table_.text(perturbation.id);
  perturbation.n_batches ? table_.number(*perturbation.n_batches) : table_.nothing();
  if (columns_.with_context) table_.text(perturbation.context);
  numbers(perturbation.further);
  if (!columns_.of_folds.empty()) nothing(columns_.of_folds.size() + 1);
  table_.end_row();
}

void NoiseRows::add_fold(std::string_view context, std::string_view fold, double quantile,
                         std::span<const double> values) {
  table_.number(quantile);
  nothing(columns_.metrics.size() + 2);  // pert_id and n_batches_pert, too
  if (columns_.with_context) table_.text(context);
  nothing(columns_.further.size());
  numbers(values);
  table_.text(fold).end_row();
}

}  // namespace headroom
