// Cells in memory as a source, for tests of what stands on sources.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "cells/cell_source.hpp"

namespace headroom {

struct MemoryEntry {
  std::uint32_t gene;
  double value;
};

class MemoryCells final : public CellSource {
 public:
  std::vector<std::vector<MemoryEntry>> cells;
  std::size_t genes = 0;
  std::map<std::string, std::vector<std::string>> table;  // column → cells; empty: no value
  bool entries = false;                                   // deliver gene by gene
  std::size_t batch_cells = 3;

  const std::string& path() const override { return path_; }
  std::size_t n_cells() const override { return cells.size(); }
  std::size_t n_genes() const override { return genes; }
  Result<std::vector<std::string>> barcodes() const override {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < cells.size(); ++i) out.push_back("cell" + std::to_string(i));
    return out;
  }
  std::vector<std::string> columns() const override {
    std::vector<std::string> names;
    for (const auto& [name, values] : table) names.push_back(name);
    return names;
  }
  Result<LabelColumn> labels(const std::string& column) const override {
    const auto at = table.find(column);
    if (at == table.end()) return bad_input("column '" + column + "' is missing", path_);
    LabelColumn out{column, {}, {}};
    for (const std::string& value : at->second) {
      if (value.empty()) {
        out.codes.push_back(LabelColumn::kMissing);
        continue;
      }
      auto known = std::find(out.labels.begin(), out.labels.end(), value);
      if (known == out.labels.end()) known = out.labels.insert(known, value);
      out.codes.push_back(static_cast<std::int32_t>(known - out.labels.begin()));
    }
    return out;
  }
  std::string gene_index_name() const override { return "gene"; }
  Result<std::vector<std::string>> gene_ids() const override {
    std::vector<std::string> out;
    for (std::size_t g = 0; g < genes; ++g) out.push_back("G" + std::to_string(g));
    return out;
  }
  Result<std::vector<AnnotationColumn>> gene_columns() const override { return std::vector<AnnotationColumn>{}; }
  bool by_entries() const override { return entries; }
  bool values_are_real32() const override { return false; }
  std::uint64_t stored_bytes() const override { return 0; }

  Result<void> deliver(CellSink& sink, ThreadPool& pool, Progress&, std::stop_token) override {
    return entries ? deliver_entries(sink, pool) : deliver_cells(sink, pool);
  }

 private:
  Result<void> deliver_cells(CellSink& sink, ThreadPool& pool) {
    for (std::size_t first = 0; first < cells.size(); first += batch_cells) {
      std::vector<std::uint64_t> begin = {0};
      std::vector<std::uint32_t> gene;
      std::vector<double> value;
      for (std::size_t c = first; c < std::min(cells.size(), first + batch_cells); ++c) {
        for (const MemoryEntry& e : cells[c]) {
          gene.push_back(e.gene);
          value.push_back(e.value);
        }
        begin.push_back(gene.size());
      }
      NumberView view;
      view.real64 = value.data();
      if (auto done = sink.add_cells({first, begin, gene, view}, pool); !done) return done;
    }
    return {};
  }
  Result<void> deliver_entries(CellSink& sink, ThreadPool& pool) {
    for (std::uint32_t g = 0; g < genes; ++g) {
      std::vector<std::uint32_t> cell, gene;
      std::vector<double> value;
      for (std::uint32_t c = 0; c < cells.size(); ++c) {
        for (const MemoryEntry& e : cells[c]) {
          if (e.gene != g) continue;
          cell.push_back(c);
          gene.push_back(g);
          value.push_back(e.value);
        }
      }
      NumberView view;
      view.real64 = value.data();
      if (auto done = sink.add_entries({cell, gene, view}, pool); !done) return done;
    }
    return {};
  }

  std::string path_ = "memory.h5ad";
};

}  // namespace headroom
