// Small files of cells, written as a user's would be.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "io/h5ad_writer.hpp"

namespace headroom {

struct CellFile {
  std::vector<std::string> genes;
  std::vector<std::string> labels;          // cells
  std::vector<std::string> contexts;        // cells; empty: no column
  std::string context_column = "context";   // what that column is called
  std::vector<std::vector<double>> counts;  // cells: genes
  std::map<std::string, std::string> uns;

  // 40 genes G00 …; perturbations G00 … of `n_each` cells that raise some genes, and a control of `n_control`.
  static CellFile made(std::size_t n_perturbations, std::size_t n_each, std::size_t n_control, std::uint32_t seed) {
    CellFile file;
    std::mt19937 random(seed);
    for (int g = 0; g < 40; ++g) file.genes.push_back((g < 10 ? "G0" : "G") + std::to_string(g));
    const auto add = [&](const std::string& label, std::size_t n, std::size_t which) {
      for (std::size_t i = 0; i < n; ++i) {
        std::vector<double> cell;
        for (std::size_t g = 0; g < file.genes.size(); ++g) {
          double mean = 2 + static_cast<double>(g % 7);
          if (which > 0 && (g * 13 + which * 7) % 4 == 0) mean *= (g + which) % 2 == 0 ? 3 : 0.3;
          if (which == g + 1) mean *= 0.1;
          cell.push_back(std::poisson_distribution<int>(mean)(random));
        }
        file.labels.push_back(label);
        file.counts.push_back(cell);
      }
    };
    for (std::size_t p = 0; p < n_perturbations; ++p) add(file.genes[p], n_each, p + 1);
    add("non-targeting", n_control, 0);
    return file;
  }

  void write(const std::filesystem::path& path) const {
    H5adContent content;
    content.var_index = genes;
    content.uns = uns;
    std::vector<std::int64_t> offsets{0};
    std::vector<std::int32_t> columns;
    std::vector<float> values;
    for (std::size_t c = 0; c < counts.size(); ++c) {
      content.obs_index.push_back("cell" + std::to_string(c));
      for (std::size_t g = 0; g < counts[c].size(); ++g) {
        if (counts[c][g] == 0) continue;
        columns.push_back(static_cast<std::int32_t>(g));
        values.push_back(static_cast<float>(counts[c][g]));
      }
      offsets.push_back(static_cast<std::int64_t>(columns.size()));
    }
    AnnotationColumn label;
    label.name = "target_gene";
    label.values = labels;
    label.categorical = true;
    content.obs_columns.push_back(label);
    if (!contexts.empty()) {
      AnnotationColumn context;
      context.name = context_column;
      context.values = contexts;
      content.obs_columns.push_back(context);
    }
    content.x = csr_in_memory({offsets, columns, std::span<const float>(values)});
    const auto done = write_h5ad(path, content);
    if (!done) throw std::runtime_error(done.error().line());
  }
};

class FolderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "headroom-suite-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

}  // namespace headroom
