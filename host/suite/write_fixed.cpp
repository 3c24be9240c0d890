#include "suite/write_fixed.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_map>

#include "io/h5ad.hpp"
#include "io/h5ad_writer.hpp"
#include "matrix/matrix.hpp"
#include "suite/compare_cells.hpp"

namespace headroom {
namespace {

// The named rows of a column.
AnnotationColumn chosen(const AnnotationColumn& column, const std::vector<std::uint32_t>& rows) {
  AnnotationColumn out;
  out.name = column.name;
  out.categorical = column.categorical;
  std::visit(
      [&](const auto& values) {
        std::decay_t<decltype(values)> kept;
        for (const std::uint32_t row : rows) kept.push_back(values[row]);
        out.values = std::move(kept);
      },
      column.values);
  if (!column.present.empty()) {
    for (const std::uint32_t row : rows) out.present.push_back(column.present[row]);
  }
  return out;
}

// Reads rows of X one after the other, with their genes renumbered and ascending.
class FixedRows {
 public:
  FixedRows(H5adMatrix matrix, std::vector<std::uint32_t> rows, std::vector<std::int32_t> place)
      : matrix_(std::move(matrix)), rows_(std::move(rows)), place_(std::move(place)) {}

  Result<void> open() {
    if (matrix_.layout() == MatrixLayout::dense) return {};
    auto offsets = matrix_.read_offsets();
    if (!offsets) return tl::unexpected(offsets.error());
    offsets_ = std::move(*offsets);
    return {};
  }

  std::optional<CsrBlock> next() {
    if (at_ >= rows_.size() || error_) return std::nullopt;
    entries_.clear();
    if (matrix_.layout() == MatrixLayout::dense) {
      const auto row = matrix_.read_rows({static_cast<std::int32_t>(rows_[at_])});
      if (!row) {
        error_ = row.error();
        return std::nullopt;
      }
      for (Eigen::Index g = 0; g < row->cols(); ++g) {
        if ((*row)(0, g) != 0 && !add(g, (*row)(0, g))) return std::nullopt;
      }
    } else {
      const std::int64_t begin = offsets_[rows_[at_]], end = offsets_[rows_[at_] + 1];
      indices_.resize(static_cast<std::size_t>(end - begin));
      read_.resize(indices_.size());
      if (auto done = matrix_.read_entries(begin, std::span<std::int32_t>(indices_), std::span<double>(read_)); !done) {
        error_ = done.error();
        return std::nullopt;
      }
      for (std::size_t e = 0; e < indices_.size(); ++e) {
        if (!add(indices_[e], read_[e])) return std::nullopt;
      }
    }
    std::sort(entries_.begin(), entries_.end());
    columns_.clear();
    values_.clear();
    for (const auto& [column, value] : entries_) {
      columns_.push_back(column);
      values_.push_back(value);
    }
    block_ = {0, static_cast<std::int64_t>(columns_.size())};
    ++at_;
    return CsrBlock{block_, columns_, std::span<const float>(values_)};
  }

  const std::optional<Error>& error() const { return error_; }

 private:
  bool add(Eigen::Index gene, double value) {
    const auto rounded = static_cast<float>(value);
    if (static_cast<double>(rounded) != value) {
      error_ =
          Error{ErrorKind::bad_input, "a value would be rounded in 32 bits", {}, "write the counts as whole numbers"};
      return false;
    }
    entries_.emplace_back(place_[static_cast<std::size_t>(gene)], rounded);
    return true;
  }

  H5adMatrix matrix_;
  std::vector<std::uint32_t> rows_;
  std::vector<std::int32_t> place_;  // old column → new
  std::vector<std::int64_t> offsets_, block_;
  std::vector<std::pair<std::int32_t, float>> entries_;
  std::vector<std::int32_t> indices_, columns_;
  std::vector<double> read_;
  std::vector<float> values_;
  std::size_t at_ = 0;
  std::optional<Error> error_;
};

}  // namespace

namespace {

// What the fixed file would not hold: members that are neither the matrix nor a table of cells or genes.
Result<void> require_nothing_else(const H5adFile& file, const std::string& layer, const std::string& path) {
  std::vector<std::string> others;
  for (const char* group : {"layers", "obsm", "varm", "obsp", "varp", "uns"}) {
    for (const std::string& key : file.keys(group)) {
      const std::string name = std::string(group) + "/" + key;
      if (name != "layers/" + layer && name != layer) others.push_back(name);
    }
  }
  if (file.has_key("raw")) others.emplace_back("raw");
  if (!layer.empty()) others.emplace_back("X");
  if (others.empty()) return {};
  return bad_input(fmt::format("it also holds {}, which a fixed file would lose", fmt::join(others, ", ")), path,
                   "write a file with X, obs and var alone and check that");
}

}  // namespace

Result<void> write_fixed_prediction(const std::filesystem::path& path, const PredictionRules& rules,
                                    const CellPanelOptions& given, const std::filesystem::path& out) {
  CellPanelOptions options = given;
  options.needs_control = false;
  if (options.columns.labels.controls.empty()) options.columns.labels.controls = rules.controls;
  auto opened = open_cell_panel(path, options);
  if (!opened) return tl::unexpected(opened.error());
  const CellPanel& panel = **opened;
  std::error_code none;
  if (std::filesystem::exists(out, none)) {
    return bad_input("the file is there already", out.string(), "name another with --write-fixed");
  }
  auto file = H5adFile::open(path);
  if (!file) return tl::unexpected(file.error());
  if (auto alone = require_nothing_else(*file, options.layer, panel.path); !alone) return alone;
  auto matrix = file->matrix_of_layer(options.layer);
  if (!matrix) return tl::unexpected(matrix.error());
  if (matrix->layout() == MatrixLayout::csc) {
    return bad_input("the matrix lies gene by gene", panel.path, "write X as CSR and try again");
  }
  auto genes = file->read_index(H5adAxis::var);
  if (!genes) return tl::unexpected(genes.error());
  const std::vector<std::string>& order = rules.genes.empty() ? *genes : rules.genes;
  const std::string missing = names_missing(order, *genes), extra = names_missing(*genes, order);
  if (!missing.empty() || !extra.empty() || order.size() != genes->size()) {
    return bad_input("genes are missing or too many, so that no order makes the file right" +
                         (missing.empty() ? "" : "; missing " + missing) + (extra.empty() ? "" : "; extra " + extra),
                     panel.path, "write the prediction over the genes of " + rules.source);
  }
  std::unordered_map<std::string, std::uint32_t> old_place;
  for (std::uint32_t g = 0; g < genes->size(); ++g) old_place[(*genes)[g]] = g;
  std::vector<std::uint32_t> gene_rows;
  std::vector<std::int32_t> place(order.size());
  for (std::size_t g = 0; g < order.size(); ++g) {
    gene_rows.push_back(old_place.at(order[g]));
    place[gene_rows.back()] = static_cast<std::int32_t>(g);
  }
  std::vector<std::uint32_t> rows;
  for (std::uint32_t c = 0; c < panel.groups.group_of_cell.size(); ++c) {
    const std::uint32_t group = panel.groups.group_of_cell[c];
    const bool is_control = group != CellGroups::kDropped && panel.groups.groups[group].is_control;
    if (!is_control || !rules.controls_are_refused) rows.push_back(c);
  }

  H5adContent content;
  auto names = file->read_index(H5adAxis::obs);
  if (!names) return tl::unexpected(names.error());
  for (const std::uint32_t row : rows) content.obs_index.push_back((*names)[row]);
  content.var_index = order;
  for (const auto& [axis, which, columns] : {std::tuple{H5adAxis::obs, &rows, &content.obs_columns},
                                             std::tuple{H5adAxis::var, &gene_rows, &content.var_columns}}) {
    for (const std::string& name : file->columns(axis)) {
      auto column = file->read_column(axis, name);
      if (!column) return tl::unexpected(column.error());  // leaving it out would be a loss
      columns->push_back(chosen(*column, *which));
    }
  }
  FixedRows fixed(std::move(*matrix), std::move(rows), std::move(place));
  if (auto done = fixed.open(); !done) return done;
  content.x = CsrX{[&fixed] { return fixed.next(); }};
  const auto written = write_h5ad(out, content);
  if (fixed.error()) {
    std::filesystem::remove(out, none);
    return tl::unexpected(*fixed.error());
  }
  return written;
}

}  // namespace headroom
