// Takes a source's cells as `prepare` does and holds them to what CellSource promises; a broken promise ends the
// process.
#pragma once

#include <cmath>
#include <cstdlib>
#include <stop_token>

#include "cells/cell_groups.hpp"
#include "cells/cell_source.hpp"
#include "cells/gene_choice.hpp"

namespace headroom::fuzz {

class CheckedCells final : public CellSink {
 public:
  explicit CheckedCells(const CellSource& source) : source_(source) {}

  Result<void> add_cells(const CellBatch& batch, ThreadPool&) override {
    require(!source_.by_entries() && batch.begin.size() > 1 && batch.begin.front() == 0);
    require(batch.first_cell == n_cells_ && batch.n_cells() <= source_.n_cells() - n_cells_);
    require(batch.begin.back() == batch.genes.size());
    for (std::size_t i = 0; i < batch.n_cells(); ++i) require(batch.begin[i] <= batch.begin[i + 1]);
    for (const std::uint32_t gene : batch.genes) require(gene < source_.n_genes());
    add_values(batch.values, batch.genes.size());
    n_cells_ += batch.n_cells();
    return {};
  }
  Result<void> add_entries(const EntryBatch& batch, ThreadPool&) override {
    require(source_.by_entries() && batch.cells.size() == batch.genes.size());
    for (const std::uint32_t cell : batch.cells) require(cell < source_.n_cells());
    for (const std::uint32_t gene : batch.genes) require(gene < source_.n_genes());
    add_values(batch.values, batch.cells.size());
    return {};
  }

  // Everything that prepare asks of a source.
  static void read_all(CellSource& source, ThreadPool& pool) {
    if (const auto barcodes = source.barcodes()) require(barcodes->size() == source.n_cells());
    if (const auto genes = source.gene_ids()) require(genes->size() == source.n_genes());
    for (const std::string& name : source.columns()) {
      const auto labels = source.labels(name);
      if (!labels) continue;
      require(labels->codes.size() == source.n_cells());
      for (const std::int32_t code : labels->codes) {
        require(code >= LabelColumn::kMissing && code < static_cast<std::int32_t>(labels->labels.size()));
      }
    }
    if (const auto columns = source.gene_columns()) {
      for (const AnnotationColumn& column : *columns) require(column.size() == source.n_genes());
    }
    review(source);
    CheckedCells sink(source);
    NoProgress progress;
    const auto done = source.deliver(sink, pool, progress, {});
    require(!done || source.by_entries() || sink.n_cells_ == source.n_cells());
  }

  // What is understood, left out and doubtful, with and without flags.
  static void review(const CellSource& source) {
    for (const bool with_flags : {false, true}) {
      Review review;
      CellColumnOptions columns;
      if (with_flags) {
        columns.labels.merge = true;
        columns.pert_col = "pert_id,dose";
        columns.where = {{"dose", "10"}};
        columns.group_col = "gene";
      }
      source.review(review);
      std::vector<std::string> notes;
      if (const auto genes = choose_genes(source, {}, review, notes)) {
        require(genes->ids.size() == source.n_genes() && genes->map.size() == source.n_genes());
      }
      const auto groups = group_cells(source, columns, Design::global, 1, {}, review);
      if (groups) {
        require(groups->group_of_cell.size() == source.n_cells() && groups->batch_of_cell.size() == source.n_cells());
        for (const std::uint32_t g : groups->group_of_cell) {
          require(g == CellGroups::kDropped || g < groups->groups.size());
        }
      }
      for (const Doubt& doubt : review.doubts()) require(doubt.error().line().find('\n') == std::string::npos);
    }
  }

 private:
  static void require(bool kept) {
    if (!kept) std::abort();
  }
  void add_values(const NumberView& values, std::size_t n) {
    if (n > 0) require(values.is_real32() == source_.values_are_real32());
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += values[i];
    sum_ = sum_ + sum;
  }

  const CellSource& source_;
  std::size_t n_cells_ = 0;
  volatile double sum_ = 0;  // so that every value is read
};

}  // namespace headroom::fuzz
