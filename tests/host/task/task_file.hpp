// Small task files written for a test.
#pragma once

#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "io/h5ad_writer.hpp"
#include "matrix/matrix.hpp"

namespace headroom::testing {

// Rows and columns of a task; delta(i, j) = 100 i + j, i being the file's row.
struct TaskFile {
  std::vector<std::string> row_names;
  std::vector<std::string> gene_names{"G1", "G2", "G3"};
  std::vector<AnnotationColumn> obs;
  std::vector<AnnotationColumn> var;
  Matrix deltas;                             // empty: as above
  std::function<void(H5adContent&)> change;  // of what is written; empty: nothing

  std::filesystem::path write(const std::filesystem::path& path) const {
    Matrix x = deltas;
    if (x.size() == 0) {
      x.resize(static_cast<Eigen::Index>(row_names.size()), static_cast<Eigen::Index>(gene_names.size()));
      for (Eigen::Index i = 0; i < x.rows(); ++i) {
        for (Eigen::Index j = 0; j < x.cols(); ++j) x(i, j) = 100.0 * static_cast<double>(i) + static_cast<double>(j);
      }
    }
    H5adContent content;
    content.obs_index = row_names;
    content.var_index = gene_names;
    content.obs_columns = obs;
    content.var_columns = var;
    content.x = DenseX{{ConstMatrixMap(x.data(), x.rows(), x.cols(), Eigen::OuterStride<>(x.cols()))}};
    if (change) change(content);
    const auto written = write_h5ad(path, content);
    if (!written) throw std::runtime_error(written.error().line());
    return path;
  }
};

using Texts = std::vector<std::string>;
using Integers = std::vector<std::int64_t>;

// Two contexts with four perturbations each, in no order, in two folds.
inline TaskFile two_contexts() {
  TaskFile file;
  for (int i = 0; i < 8; ++i) file.row_names.push_back("row" + std::to_string(i));
  file.obs.push_back({"pert_id", Texts{"G2", "b", "a", "G1", "G1", "a", "b", "G2"}, {}, true});
  file.obs.push_back({"cell_line", Texts{"L2", "L1", "L2", "L1", "L2", "L1", "L2", "L1"}, {}, true});
  file.obs.push_back({"test_split", Integers{10, 9, 9, 10, 9, 10, 10, 9}, {}, false});
  return file;
}

// One context, six perturbations named by the row names, no columns.
inline TaskFile bare() {
  TaskFile file;
  file.row_names = {"f", "e", "d", "c", "b", "a"};
  return file;
}

}  // namespace headroom::testing
