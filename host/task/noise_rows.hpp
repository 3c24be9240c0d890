// The rows of a noise table (noise_table.hpp): whoever makes one, from cells, for a simulated screen or of a table that
// was read, says the numbers, and here is said where they stand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/csv_writer.hpp"

namespace headroom {

struct NoiseColumns {
  std::vector<std::string> metrics;  // of a perturbation, by quantile
  bool with_context = true;
  std::vector<std::string> further = {};   // numbers of a perturbation, whatever the quantile
  std::vector<std::string> of_folds = {};  // metrics of a fold as a whole, by quantile; empty: there are no such rows
};

class NoiseRows {
 public:
  // `columns` must live as long as this.
  explicit NoiseRows(const NoiseColumns& columns) : columns_(columns) {}

  // `quantile,METRICS…,pert_id,n_batches_pert[,context][,FURTHER…][,OF_FOLDS…,fold]`
  void add_header();

  struct Perturbation {
    std::string_view id, context;
    std::optional<std::int64_t> n_batches;
    std::span<const double> further;  // one a column
  };
  // `values`: one a metric. NaN is an empty field, here and everywhere.
  void add(const Perturbation& perturbation, double quantile, std::span<const double> values);
  void add_fold(std::string_view context, std::string_view fold, double quantile, std::span<const double> values);

  // Numbers are the shortest that read back as the same.
  const std::string& str() const { return table_.str(); }

 private:
  void numbers(std::span<const double> values);
  void nothing(std::size_t n_fields);

  const NoiseColumns& columns_;
  CsvWriter table_{CsvTexts::exact};  // its ids are compared with those of the task
};

}  // namespace headroom
