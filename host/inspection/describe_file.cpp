#include "inspection/describe_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <limits>
#include <new>
#include <set>
#include <stdexcept>
#include <unordered_set>

#include "io/column_names.hpp"
#include "io/h5ad.hpp"
#include "io/regular_file.hpp"
#include "io/row_labels.hpp"
#include "io/vector_file.hpp"

namespace headroom {
namespace {

constexpr std::size_t kNamesShown = 5;
constexpr std::size_t kGroupsShown = 20;
constexpr std::size_t kColumnsShown = 30;
constexpr std::size_t kWindowBytes = std::size_t{64} << 20;
constexpr std::size_t kEntriesAtOnce = std::size_t{1} << 18;

// Of values that are looked at one after the other.
struct ValueRange {
  double least = std::numeric_limits<double>::infinity();
  double greatest = -std::numeric_limits<double>::infinity();
  std::int64_t n_not_finite = 0;
  bool are_whole = true;

  void add(double value) {
    if (!std::isfinite(value)) {
      ++n_not_finite;
      return;
    }
    least = std::min(least, value);
    greatest = std::max(greatest, value);
    are_whole = are_whole && value == std::floor(value);
  }
  void tell(std::vector<Fact>& facts) const {
    if (n_not_finite > 0) facts.push_back(fact("n_not_finite", n_not_finite));
    if (least > greatest) return;  // there is none
    facts.push_back(fact("least_value", least + 0.0));
    facts.push_back(fact("greatest_value", greatest + 0.0));
    facts.push_back(fact("whole_numbers", are_whole));
  }
};

std::int64_t n_repeats(const std::vector<std::string>& names) {
  const std::unordered_set<std::string_view> distinct(names.begin(), names.end());
  return static_cast<std::int64_t>(names.size() - distinct.size());
}

Result<ValueRange> range_of(const H5adMatrix& matrix) {
  ValueRange range;
  if (matrix.layout() != MatrixLayout::dense) {
    if (matrix.n_stored() < matrix.n_rows() * matrix.n_cols()) range.add(0);
    std::vector<std::int32_t> indices(std::min(kEntriesAtOnce, matrix.n_stored()));
    std::vector<double> values(indices.size());
    for (std::size_t begin = 0; begin < matrix.n_stored(); begin += values.size()) {
      const std::size_t n = std::min(values.size(), matrix.n_stored() - begin);
      auto read = matrix.read_entries(static_cast<std::int64_t>(begin), std::span(indices).first(n),
                                      std::span(values).first(n));
      if (!read) return tl::unexpected(read.error());
      for (std::size_t i = 0; i < n; ++i) range.add(values[i]);
    }
    return range;
  }
  if (matrix.n_rows() == 0 || matrix.n_cols() == 0) return range;
  const std::size_t window =
      std::clamp<std::size_t>(kWindowBytes / (matrix.n_cols() * sizeof(double)), 1, matrix.n_rows());
  std::vector<double> values(window * matrix.n_cols());
  for (std::size_t first = 0; first < matrix.n_rows(); first += window) {
    const std::size_t last = std::min(matrix.n_rows(), first + window);
    std::vector<double*> targets(matrix.n_rows(), nullptr);
    for (std::size_t row = first; row < last; ++row) targets[row] = values.data() + (row - first) * matrix.n_cols();
    if (auto read = matrix.scatter_rows(targets); !read) return tl::unexpected(read.error());
    for (std::size_t i = 0; i < (last - first) * matrix.n_cols(); ++i) range.add(values[i]);
  }
  return range;
}

std::string kind_of(const AnnotationColumn& column) {
  if (std::holds_alternative<std::vector<std::int64_t>>(column.values)) return "whole numbers";
  if (std::holds_alternative<std::vector<double>>(column.values)) return "numbers";
  if (std::holds_alternative<std::vector<bool>>(column.values)) return "true or false";
  return "text";
}

Result<std::vector<std::string>> columns_of(const H5adFile& file, H5adAxis axis) {
  std::vector<std::string> described;
  for (const std::string& name : file.columns(axis)) {
    if (described.size() > kColumnsShown) {
      described.push_back(name);  // only counted
      continue;
    }
    const auto column = file.read_column(axis, name);
    described.push_back(fmt::format("{} ({})", name, column ? kind_of(*column) : "cannot be read"));
  }
  return described;
}

// Labels with how many rows have each, in the order of the labels.
struct Groups {
  std::string column;
  LabelColumn labels;
  std::vector<std::size_t> n_rows;
  std::vector<std::string> with_counts() const {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < labels.labels.size(); ++i) {
      if (n_rows[i] > 0)
        texts.push_back(fmt::format("{}: {} row{}", labels.labels[i], n_rows[i], n_rows[i] == 1 ? "" : "s"));
    }
    return texts;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < labels.labels.size(); ++i) {
      if (n_rows[i] > 0) texts.push_back(labels.labels[i]);
    }
    return texts;
  }
};

Result<std::optional<Groups>> groups_by(const H5adFile& file, std::span<const std::string_view> names) {
  const auto column = first_column(file, names);
  if (!column) return std::nullopt;
  auto labels = file.read_labels(H5adAxis::obs, *column);
  if (!labels) return tl::unexpected(labels.error());
  Groups groups{*column, std::move(*labels), {}};
  groups.n_rows.assign(groups.labels.labels.size(), 0);
  for (const std::int32_t code : groups.labels.codes) {
    if (code != LabelColumn::kMissing) ++groups.n_rows[static_cast<std::size_t>(code)];
  }
  return groups;
}

std::string looks_like(const H5adFile& file, const std::optional<Groups>& perts, const std::optional<Groups>& contexts,
                       const std::optional<Groups>& folds) {
  if (!perts) return "vectors keyed by the row names: there is no column of perturbations";
  std::set<std::array<std::int32_t, 3>> seen;
  for (std::size_t row = 0; row < file.n_obs(); ++row) {
    const bool is_new = seen.insert({perts->labels.codes[row], contexts ? contexts->labels.codes[row] : 0,
                                     folds ? folds->labels.codes[row] : 0})
                            .second;
    if (!is_new) return "cells: perturbations have several rows";
  }
  return "a task or finished predictions: one row for each perturbation and context";
}

Result<std::vector<Fact>> describe_rows_and_columns(const H5adFile& file) {
  std::vector<Fact> facts;
  const auto perts = groups_by(file, kPertColumns);
  const auto contexts = groups_by(file, kContextColumns);
  const auto folds = groups_by(file, kFoldColumns);
  const auto batches = groups_by(file, kBatchColumns);
  for (const auto* groups : {&perts, &contexts, &folds, &batches}) {
    if (!*groups) return tl::unexpected(groups->error());
  }
  facts.push_back(fact("looks_like", looks_like(file, *perts, *contexts, *folds)));
  facts.push_back(fact("n_rows", static_cast<std::int64_t>(file.n_obs())));
  facts.push_back(fact("n_columns", static_cast<std::int64_t>(file.n_vars())));

  const auto matrix = file.matrix();
  if (!matrix) return tl::unexpected(matrix.error());
  constexpr std::array<const char*, 3> kLayouts = {"dense", "CSR", "CSC"};
  facts.push_back(
      fact("storage", fmt::format("{} {}", kLayouts[static_cast<std::size_t>(matrix->layout())], matrix->dtype())));
  if (matrix->layout() != MatrixLayout::dense) {
    facts.push_back(fact("n_stored", static_cast<std::int64_t>(matrix->n_stored())));
  }
  const auto range = range_of(*matrix);
  if (!range) return tl::unexpected(range.error());
  range->tell(facts);
  if (file.has_raw()) facts.push_back(fact("has_raw", true));

  if (*perts) {
    facts.push_back(fact("pert_column", (*perts)->column));
    facts.push_back(fact("n_perturbations", static_cast<std::int64_t>((*perts)->names().size())));
    facts.push_back(first_of_fact("perturbations", (*perts)->names(), kNamesShown));
  }
  if (*contexts) {
    facts.push_back(fact("context_column", (*contexts)->column));
    facts.push_back(first_of_fact("contexts", (*contexts)->with_counts(), kGroupsShown));
  }
  if (*folds) {
    facts.push_back(fact("fold_column", (*folds)->column));
    facts.push_back(first_of_fact("folds", (*folds)->with_counts(), kGroupsShown));
  }
  if (*batches) {
    facts.push_back(fact("batch_column", (*batches)->column));
    facts.push_back(fact("n_batches", static_cast<std::int64_t>((*batches)->names().size())));
  }
  if (file.has_column(H5adAxis::obs, std::string(kControlColumn))) {
    const auto control = control_rows(file, kControlColumn);
    if (!control) return tl::unexpected(control.error());
    facts.push_back(
        fact("n_control_rows", static_cast<std::int64_t>(std::count(control->begin(), control->end(), true))));
  }

  auto rows = file.read_index(H5adAxis::obs);
  if (!rows) return tl::unexpected(rows.error());
  facts.push_back(first_of_fact("row_names", *rows, kNamesShown));
  if (const auto n = n_repeats(*rows); n > 0) facts.push_back(fact("n_repeated_row_names", n));
  auto obs_columns = columns_of(file, H5adAxis::obs);
  if (!obs_columns) return tl::unexpected(obs_columns.error());
  facts.push_back(first_of_fact("obs_columns", *obs_columns, kColumnsShown));

  auto genes = file.read_index(H5adAxis::var);
  if (!genes) return tl::unexpected(genes.error());
  facts.push_back(first_of_fact("column_names", *genes, kNamesShown));
  if (const auto n = n_repeats(*genes); n > 0) facts.push_back(fact("n_repeated_column_names", n));
  auto var_columns = columns_of(file, H5adAxis::var);
  if (!var_columns) return tl::unexpected(var_columns.error());
  facts.push_back(first_of_fact("var_columns", *var_columns, kColumnsShown));
  return facts;
}

Result<std::vector<Fact>> describe_vectors(const std::filesystem::path& path, const std::string& name) {
  const auto file = read_vector_file(path, name);
  if (!file) return tl::unexpected(file.error());
  std::vector<Fact> facts;
  facts.push_back(fact("looks_like", "vectors keyed by id"));
  facts.push_back(fact("n_rows", static_cast<std::int64_t>(file->vectors.rows())));
  facts.push_back(fact("n_columns", static_cast<std::int64_t>(file->vectors.cols())));
  ValueRange range;
  for (Eigen::Index i = 0; i < file->vectors.size(); ++i) range.add(file->vectors.data()[i]);
  range.tell(facts);
  facts.push_back(first_of_fact("row_names", file->ids, kNamesShown));
  return facts;
}

Result<std::vector<Fact>> describe_unguarded(const std::filesystem::path& path) {
  const auto file = H5adFile::open(path);
  if (!file) return tl::unexpected(file.error());
  return describe_rows_and_columns(*file);
}

}  // namespace

Result<std::vector<Fact>> describe_h5ad(const std::filesystem::path& path) {
  try {
    return describe_unguarded(path);
  } catch (const std::bad_alloc&) {
    return harness_fault("the tables of the file do not fit into memory", path.string(), "raise the memory limit");
  } catch (const std::length_error&) {
    return bad_input("the file claims more values than memory can hold", path.string(), "make the file again");
  }
}

Result<std::vector<Fact>> describe_file(const std::filesystem::path& path, const std::string& name) {
  std::array<char, 8> magic{};
  if (auto regular = require_regular_file(path); !regular)
    return bad_input(regular.error().what, name, regular.error().remedy);
  std::ifstream(path, std::ios::binary).read(magic.data(), magic.size());
  if (std::string_view(magic.data(), magic.size()) != "\x89HDF\r\n\x1a\n") return describe_vectors(path, name);
  auto facts = describe_h5ad(path);
  if (facts) return facts;
  // Readers know only the path that they were given; the user knows the name.
  Error error = facts.error();
  if (error.where.starts_with(path.string())) error.where.replace(0, path.string().size(), name);
  return tl::unexpected(std::move(error));
}

}  // namespace headroom
