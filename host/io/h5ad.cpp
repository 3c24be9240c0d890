#include "io/h5ad.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "io/foreign_format.hpp"
#include "io/hdf5_attribute.hpp"
#include "io/hdf5_dataset.hpp"

namespace headroom {
namespace {

using hdf5::Dataset;
using hdf5::File;
using hdf5::Id;
using hdf5::ObjectKind;
using hdf5::Quiet;

constexpr const char* kDamagedTable = "the file is damaged; make it again";
constexpr const char* kRewrite = "write the file again with a current anndata";

// One plain one-dimensional dataset, whatever its type.
Result<ColumnValues> read_values(const Dataset& dataset) {
  const auto as_values = [](auto&& result) -> Result<ColumnValues> {
    if (!result) return tl::unexpected(result.error());
    return ColumnValues(std::move(*result));
  };
  if (dataset.is_boolean) return as_values(hdf5::read_booleans(dataset));
  switch (dataset.type_class) {
    case H5T_STRING:
      return as_values(hdf5::read_strings(dataset));
    case H5T_INTEGER:
    case H5T_ENUM:
      return as_values(hdf5::read_integers(dataset));
    case H5T_FLOAT:
      return as_values(hdf5::read_doubles(dataset));
    default:
      return bad_input(fmt::format("'{}' has a type that is not text, integer, float or boolean", dataset.name),
                       dataset.path, kRewrite);
  }
}

Result<ColumnValues> read_values(const File& file, const std::string& name) {
  auto dataset = hdf5::open_dataset(file, name);
  if (!dataset) return tl::unexpected(dataset.error());
  return read_values(*dataset);
}

// Values beside a mask of those that are missing: what anndata writes for pandas' nullable columns, and, since pandas
// has texts of that kind, for the categories of a column of texts.
Result<AnnotationColumn> read_masked(const File& file, const std::string& place) {
  auto values = read_values(file, place + "/values");
  if (!values) return tl::unexpected(values.error());
  AnnotationColumn column;
  column.values = std::move(*values);
  auto dataset = hdf5::open_dataset(file, place + "/mask");
  if (!dataset) return tl::unexpected(dataset.error());
  auto missing = hdf5::read_booleans(*dataset);
  if (!missing) return tl::unexpected(missing.error());
  if (missing->size() != column.size()) {
    return bad_input(fmt::format("'{}' has {} values but {} masks", place, column.size(), missing->size()), file.path,
                     kDamagedTable);
  }
  missing->flip();
  column.present = std::move(*missing);
  return column;
}

// One value a category. pandas allows no missing one.
Result<ColumnValues> read_categories(const File& file, const std::string& place) {
  if (hdf5::object_kind(file, place) != ObjectKind::group) return read_values(file, place);
  auto column = read_masked(file, place);
  if (!column) return tl::unexpected(column.error());
  if (std::find(column->present.begin(), column->present.end(), false) != column->present.end()) {
    return bad_input(fmt::format("a category of '{}' is missing", place), file.path, kDamagedTable);
  }
  return std::move(column->values);
}

// Whether a dataset is one-dimensional, of a kind that read_values() knows and of that length, if it is given.
bool is_plain(const File& file, const std::string& place, std::optional<std::size_t> n_values) {
  const auto dataset = hdf5::open_dataset(file, place);
  if (!dataset || dataset->dims.size() != 1 || (n_values && dataset->dims.front() != *n_values)) return false;
  const auto kinds = {H5T_STRING, H5T_INTEGER, H5T_ENUM, H5T_FLOAT};
  return dataset->is_boolean || std::find(kinds.begin(), kinds.end(), dataset->type_class) != kinds.end();
}

bool is_plain_or_masked(const File& file, const std::string& place, std::optional<std::size_t> n_values) {
  if (hdf5::object_kind(file, place) != ObjectKind::group) return is_plain(file, place, n_values);
  return is_plain(file, place + "/values", n_values) && is_plain(file, place + "/mask", n_values);
}

Result<std::vector<std::int32_t>> read_codes(const Dataset& dataset, std::size_t n_categories) {
  auto wide = hdf5::read_integers(dataset);
  if (!wide) return tl::unexpected(wide.error());
  std::vector<std::int32_t> codes(wide->size());
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const std::int64_t code = (*wide)[i];
    if (code < LabelColumn::kMissing || code >= static_cast<std::int64_t>(n_categories)) {
      return bad_input(
          fmt::format("row {} of '{}' has category {}, but there are {}", i + 1, dataset.name, code, n_categories),
          dataset.path, kDamagedTable);
    }
    codes[i] = static_cast<std::int32_t>(code);
  }
  return codes;
}

// The categories of a column as anndata stored them before 0.8: an object reference beside the codes.
Result<std::optional<ColumnValues>> read_referenced_categories(const File& file, const Dataset& codes) {
  const Quiet quiet;
  if (H5Aexists(codes.id.get(), "categories") <= 0) return std::nullopt;
  const Id attribute(H5Aopen(codes.id.get(), "categories", H5P_DEFAULT));
  const Id type(H5Aget_type(attribute.get()));
  const Id space(H5Aget_space(attribute.get()));
  hobj_ref_t reference{};
  if (H5Tget_class(type.get()) != H5T_REFERENCE || H5Tequal(type.get(), H5T_STD_REF_OBJ) <= 0 ||
      H5Sget_simple_extent_npoints(space.get()) != 1 || H5Aread(attribute.get(), H5T_STD_REF_OBJ, &reference) < 0) {
    return bad_input(fmt::format("the categories of '{}' cannot be found", codes.name), codes.path, kRewrite);
  }
  Id target(H5Rdereference2(codes.id.get(), H5P_DEFAULT, H5R_OBJECT, &reference));
  if (!target.valid() || H5Iget_type(target.get()) != H5I_DATASET) {
    return bad_input(fmt::format("the categories of '{}' cannot be found", codes.name), codes.path, kRewrite);
  }
  auto dataset = hdf5::describe_dataset(file, std::move(target), codes.name + " (categories)");
  if (!dataset) return tl::unexpected(dataset.error());
  auto values = read_values(*dataset);
  if (!values) return tl::unexpected(values.error());
  return std::optional(std::move(*values));
}

// Datasets and groups directly below a group, in name order.
std::vector<std::string> children(hid_t group) {
  const Quiet quiet;
  std::vector<std::string> names;
  const auto keep = [](hid_t, const char* name, const H5L_info_t*, void* list) -> herr_t {
    static_cast<std::vector<std::string>*>(list)->emplace_back(name);
    return 0;
  };
  H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr, keep, &names);
  return names;
}

// The values of the rows, from values once per category.
AnnotationColumn expand(const AnnotationColumn& categories, const std::vector<std::int32_t>& codes) {
  AnnotationColumn column;
  column.name = categories.name;
  column.categorical = true;
  const bool complete = std::find(codes.begin(), codes.end(), LabelColumn::kMissing) == codes.end();
  if (!complete) column.present.resize(codes.size());
  std::visit(
      [&](const auto& values) {
        using Values = std::decay_t<decltype(values)>;
        typename Values::value_type missing{};
        if constexpr (std::is_same_v<Values, std::vector<double>>) missing = std::numeric_limits<double>::quiet_NaN();
        Values rows(codes.size(), missing);
        for (std::size_t i = 0; i < codes.size(); ++i) {
          if (codes[i] == LabelColumn::kMissing) continue;
          rows[i] = values[static_cast<std::size_t>(codes[i])];
          if (!complete) column.present[i] = true;
        }
        column.values = std::move(rows);
      },
      categories.values);
  return column;
}

// Distinct labels in order of first appearance, and each row's.
LabelColumn factorize(const AnnotationColumn& column) {
  LabelColumn out;
  out.name = column.name;
  out.codes.resize(column.size(), LabelColumn::kMissing);
  std::unordered_map<std::string, std::int32_t> code_of;
  for (std::size_t i = 0; i < out.codes.size(); ++i) {
    if (!column.is_present(i)) continue;
    const auto [entry, added] = code_of.try_emplace(column.text(i), static_cast<std::int32_t>(out.labels.size()));
    if (added) out.labels.push_back(entry->first);
    out.codes[i] = entry->second;
  }
  return out;
}

}  // namespace

Result<H5adFile> H5adFile::open(const std::filesystem::path& path) {
  auto file = hdf5::open_file(path);
  if (!file) {
    if (auto known = foreign_format(path)) return tl::unexpected(std::move(*known));
    return tl::unexpected(file.error());
  }
  H5adFile h5ad;
  h5ad.file_ = std::move(*file);
  auto obs = open_table(h5ad.file_, "obs");
  if (!obs) {
    if (auto known = foreign_hdf5(h5ad.file_)) return tl::unexpected(std::move(*known));
    return tl::unexpected(obs.error());
  }
  h5ad.obs_ = std::move(*obs);
  auto var = open_table(h5ad.file_, "var");
  if (!var) return tl::unexpected(var.error());
  h5ad.var_ = std::move(*var);
  if (hdf5::object_kind(h5ad.file_, "raw/var") == ObjectKind::group) {
    auto raw = open_table(h5ad.file_, "raw/var");
    if (!raw) return tl::unexpected(raw.error());
    h5ad.raw_var_ = std::move(*raw);
  }
  return h5ad;
}

Result<H5adFile::Table> H5adFile::open_table(const File& file, const std::string& group) {
  const Quiet quiet;
  auto object = hdf5::open_object(file, group);
  if (!object) return tl::unexpected(object.error());
  if (H5Iget_type(object->get()) != H5I_GROUP) {
    return bad_input(fmt::format("'{}' is stored as anndata did before 0.7", group), file.path, kRewrite);
  }
  Table table;
  table.group = group;
  if (const auto index = hdf5::string_attribute(object->get(), "_index")) {
    table.index = *index;
  } else if (hdf5::object_kind(file, group + "/_index") != ObjectKind::absent) {
    table.index = "_index";
  } else if (hdf5::object_kind(file, group + "/index") != ObjectKind::absent) {
    table.index = "index";
  } else {
    return bad_input(fmt::format("'{}' has no index column", group), file.path, kRewrite);
  }

  // The length of the index, and of its codes or values where it is stored as a group.
  std::string index_name = group + "/" + table.index;
  if (hdf5::object_kind(file, index_name) == ObjectKind::group) {
    const bool coded = hdf5::object_kind(file, index_name + "/codes") != ObjectKind::absent;
    index_name += coded ? "/codes" : "/values";
  }
  auto index = hdf5::open_dataset(file, index_name);
  if (!index) return tl::unexpected(index.error());
  if (index->dims.size() != 1) {
    return bad_input(fmt::format("the index '{}' is not one-dimensional", index_name), file.path, kRewrite);
  }
  table.n_rows = index->dims[0];

  auto columns = hdf5::strings_attribute(object->get(), "column-order");
  if (!columns) columns = children(object->get());
  for (std::string& column : *columns) {
    if (column != table.index && column != "__categories") table.columns.push_back(std::move(column));
  }
  return table;
}

const H5adFile::Table& H5adFile::table(H5adAxis axis) const {
  static const Table kAbsent{};
  switch (axis) {
    case H5adAxis::obs:
      return obs_;
    case H5adAxis::var:
      return var_;
    case H5adAxis::raw_var:
      return raw_var_ ? *raw_var_ : kAbsent;
  }
  return kAbsent;
}

bool H5adFile::has_column(H5adAxis axis, const std::string& name) const {
  const auto& names = columns(axis);
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string> H5adFile::odd_columns(H5adAxis axis) const {
  const Quiet quiet;
  const Table& rows = table(axis);
  std::vector<std::string> odd;
  for (const std::string& name : rows.columns) {
    const std::string place = rows.group + "/" + name;
    const bool is_group = hdf5::object_kind(file_, place) == ObjectKind::group;
    const bool is_categorical = is_group && hdf5::object_kind(file_, place + "/codes") != ObjectKind::absent;
    const bool is_known = is_categorical ? is_plain(file_, place + "/codes", rows.n_rows) &&
                                               is_plain_or_masked(file_, place + "/categories", std::nullopt)
                                         : is_plain_or_masked(file_, place, rows.n_rows);
    if (!is_known) odd.push_back(name);
  }
  return odd;
}

Result<H5adFile::StoredColumn> H5adFile::read_stored(const Table& table, const std::string& name) const {
  const Quiet quiet;
  const std::string place = table.group + "/" + name;
  StoredColumn column;
  column.values.name = name;
  std::size_t n_rows = 0;

  const ObjectKind kind = hdf5::object_kind(file_, place);
  if (kind == ObjectKind::group) {
    const bool categorical = hdf5::object_kind(file_, place + "/codes") != ObjectKind::absent;
    if (categorical) {
      auto values = read_categories(file_, place + "/categories");
      if (!values) return tl::unexpected(values.error());
      column.values.values = std::move(*values);
      auto dataset = hdf5::open_dataset(file_, place + "/codes");
      if (!dataset) return tl::unexpected(dataset.error());
      auto codes = read_codes(*dataset, column.values.size());
      if (!codes) return tl::unexpected(codes.error());
      n_rows = codes->size();
      column.codes = std::move(*codes);
    } else {
      auto values = read_masked(file_, place);
      if (!values) return tl::unexpected(values.error());
      column.values = std::move(*values);
      column.values.name = name;
      n_rows = column.values.size();
    }
  } else {
    auto dataset = hdf5::open_dataset(file_, place);
    if (!dataset) return tl::unexpected(dataset.error());
    auto categories = read_referenced_categories(file_, *dataset);
    if (!categories) return tl::unexpected(categories.error());
    if (categories->has_value()) {
      column.values.values = std::move(**categories);
      auto codes = read_codes(*dataset, column.values.size());
      if (!codes) return tl::unexpected(codes.error());
      n_rows = codes->size();
      column.codes = std::move(*codes);
    } else {
      auto values = read_values(*dataset);
      if (!values) return tl::unexpected(values.error());
      column.values.values = std::move(*values);
      n_rows = column.values.size();
    }
  }
  if (n_rows != table.n_rows) {
    return bad_input(fmt::format("column '{}' has {} rows, its table {}", place, n_rows, table.n_rows), path(),
                     kDamagedTable);
  }
  // A float column has no mask: NaN is its missing value.
  if (const auto* numbers = std::get_if<std::vector<double>>(&column.values.values);
      numbers != nullptr && !column.codes && column.values.present.empty() &&
      std::any_of(numbers->begin(), numbers->end(), [](double x) { return std::isnan(x); })) {
    column.values.present.resize(n_rows);
    for (std::size_t i = 0; i < n_rows; ++i) column.values.present[i] = !std::isnan((*numbers)[i]);
  }
  return column;
}

Result<std::vector<std::string>> H5adFile::read_index(H5adAxis axis) const {
  const Table& rows = table(axis);
  if (rows.group.empty()) return bad_input("'raw' is missing", path(), "use X or a layer");
  auto stored = read_stored(rows, rows.index);
  if (!stored) return tl::unexpected(stored.error());
  AnnotationColumn column = stored->codes ? expand(stored->values, *stored->codes) : std::move(stored->values);
  if (auto* texts = std::get_if<std::vector<std::string>>(&column.values)) return std::move(*texts);
  std::vector<std::string> ids(column.size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = column.text(i);
  return ids;
}

Result<AnnotationColumn> H5adFile::read_column(H5adAxis axis, const std::string& name) const {
  const Table& rows = table(axis);
  if (!has_column(axis, name)) {
    return bad_input(fmt::format("column '{}' is missing from {}", name, rows.group.empty() ? "raw/var" : rows.group),
                     path(),
                     rows.columns.empty() ? std::string("the table has no columns")
                                          : fmt::format("the columns are: {}", fmt::join(rows.columns, ", ")));
  }
  auto stored = read_stored(rows, name);
  if (!stored) return tl::unexpected(stored.error());
  if (!stored->codes) return std::move(stored->values);
  return expand(stored->values, *stored->codes);
}

Result<LabelColumn> H5adFile::read_labels(H5adAxis axis, const std::string& name) const {
  const Table& rows = table(axis);
  if (!has_column(axis, name)) {
    auto missing = read_column(axis, name);  // says which columns there are
    return tl::unexpected(missing.error());
  }
  auto stored = read_stored(rows, name);
  if (!stored) return tl::unexpected(stored.error());
  if (!stored->codes) return factorize(stored->values);

  // Categories are distinct by right, but not in a damaged file: equal ones are joined.
  LabelColumn categories = factorize(stored->values);
  for (std::int32_t& code : *stored->codes) {
    if (code != LabelColumn::kMissing) code = categories.codes[static_cast<std::size_t>(code)];
  }
  categories.codes = std::move(*stored->codes);
  return categories;
}

Result<H5adMatrix> H5adFile::matrix(const std::string& name) const {
  const bool raw = name == "raw/X";
  if (raw && !has_raw()) return bad_input("'raw/X' is missing", path(), "use X or a layer");
  if (name.starts_with("obsm/")) return H5adMatrix::open(file_, name, n_obs(), std::nullopt);
  return H5adMatrix::open(file_, name, n_obs(), raw ? raw_var_->n_rows : n_vars());
}

Result<H5adMatrix> H5adFile::matrix_of_layer(const std::string& layer) const {
  const bool raw = layer == "raw" || layer == "raw/X";
  const std::string name = layer.empty() || layer == "X"  ? "X"
                           : raw                          ? "raw/X"
                           : layer.starts_with("layers/") ? layer
                                                          : "layers/" + layer;
  if (raw || has_key(name)) return matrix(name);
  const std::vector<std::string> layers = keys("layers");
  return bad_input(fmt::format("'{}' is missing", name), path(),
                   layers.empty() ? std::string("the file has no layers; give an h5ad file as anndata writes it")
                                  : fmt::format("name a layer with --layer; there are: {}", fmt::join(layers, ", ")));
}

std::vector<std::string> H5adFile::keys(const std::string& group) const {
  if (hdf5::object_kind(file_, group) != ObjectKind::group) return {};
  const Quiet quiet;
  const Id id(H5Gopen2(file_.id.get(), group.c_str(), H5P_DEFAULT));
  return id.valid() ? children(id.get()) : std::vector<std::string>();
}

bool H5adFile::has_key(const std::string& name) const { return hdf5::object_kind(file_, name) != ObjectKind::absent; }

std::optional<std::string> H5adFile::uns_text(const std::string& key) const {
  const std::string place = "uns/" + key;
  if (hdf5::object_kind(file_, place) != ObjectKind::dataset) return std::nullopt;
  const auto dataset = hdf5::open_dataset(file_, place);
  if (!dataset) return std::nullopt;
  auto text = hdf5::read_scalar_string(*dataset);
  if (!text) return std::nullopt;
  return std::move(*text);
}

Result<Dataset> H5adFile::uns_dataset(const std::string& key) const { return hdf5::open_dataset(file_, "uns/" + key); }

}  // namespace headroom
