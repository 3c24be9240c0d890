#include "io/vector_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <new>
#include <optional>
#include <unordered_set>

#include "io/delimited.hpp"
#include "io/foreign_format.hpp"
#include "io/h5ad.hpp"
#include "io/large_pages.hpp"
#include "io/npz.hpp"
#include "io/regular_file.hpp"
#include "io/row_labels.hpp"

namespace headroom {
namespace {

constexpr std::array<std::string_view, 4> kIdKeys{"ids", "index", "names", "pert_id"};
constexpr std::array<std::string_view, 4> kVectorKeys{"vectors", "X", "embeddings", "data"};

constexpr std::array<std::string_view, 12> kIdColumns{"id",          "ids",          "index",     "name",
                                                      "names",       "gene",         "gene_id",   "pert_id",
                                                      "target_gene", "perturbation", "condition", "symbol"};

enum class Format { hdf5, zip, text };

Result<Format> detect_format(const std::filesystem::path& path, const std::string& where) {
  const auto opened = open_regular_file(path);
  if (!opened) return bad_input(opened.error().what, where, opened.error().remedy);
  const int fd = *opened;
  char bytes[8] = {};
  const ssize_t n = ::read(fd, bytes, sizeof bytes);
  const int reason = errno;
  ::close(fd);
  if (n < 0) return bad_input(std::string("cannot read the file: ") + std::strerror(reason), where, "check the path");
  if (n == 0) return bad_input("the file is empty", where, "give a file of vectors keyed by perturbation id");
  const std::string_view magic(bytes, static_cast<std::size_t>(n));
  if (magic.starts_with("\x89HDF\r\n\x1a\n")) return Format::hdf5;
  if (magic.starts_with("PK\x03\x04") || magic.starts_with("PK\x05\x06")) return Format::zip;
  return Format::text;
}

// The checks that every format shares.
Result<VectorFile> checked(VectorFile file, const std::string& where) {
  if (file.ids.empty()) return bad_input("the file holds no vectors", where, "give one vector a perturbation");
  if (file.vectors.cols() == 0) return bad_input("the vectors have no columns", where, "give at least one column");
  std::unordered_set<std::string_view> seen;
  seen.reserve(file.ids.size());
  for (std::size_t i = 0; i < file.ids.size(); ++i) {
    if (file.ids[i].empty()) {
      return bad_input(fmt::format("vector {} has an empty id", i + 1), where, "give every vector an id");
    }
    if (!seen.insert(file.ids[i]).second) {
      return bad_input(fmt::format("id '{}' is there twice", file.ids[i]), where, "keep one vector an id");
    }
  }
  for (Eigen::Index row = 0; row < file.vectors.rows(); ++row) {
    for (Eigen::Index column = 0; column < file.vectors.cols(); ++column) {
      if (!std::isfinite(file.vectors(row, column))) {
        return bad_input(fmt::format("the vector of '{}' has {} in column {}", file.ids[static_cast<std::size_t>(row)],
                                     std::isnan(file.vectors(row, column)) ? "NaN" : "infinity", column + 1),
                         where, "leave the id out or give finite numbers");
      }
    }
  }
  return file;
}

// What of a file is asked for; empty: the usual.
struct Part {
  std::string vectors, ids;
};

std::string shape_text(std::size_t rows, std::size_t columns) { return fmt::format("({} × {})", rows, columns); }

// "obsm/esm#obs/gene": at most one name of vectors and one of ids.
Part h5ad_part(std::string_view text) {
  Part part;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('#', begin), text.size());
    const std::string name(text.substr(begin, end - begin));
    (name.starts_with("obs/") ? part.ids : part.vectors) = name;
    begin = end + 1;
  }
  return part;
}

Result<VectorFile> read_h5ad_vectors(const std::filesystem::path& path, std::string_view part_text) {
  auto h5ad = H5adFile::open(path);
  if (!h5ad) return tl::unexpected(h5ad.error());
  Part part = h5ad_part(part_text);
  VectorFile file;
  file.notes = notes_on_odd_columns(*h5ad);
  if (part.ids.empty()) {
    auto ids = h5ad->read_index(H5adAxis::obs);
    if (!ids) return tl::unexpected(ids.error());
    file.ids = std::move(*ids);
  } else {
    const auto column = h5ad->read_column(H5adAxis::obs, part.ids.substr(part.ids.find('/') + 1));
    if (!column) return tl::unexpected(column.error());
    for (std::size_t i = 0; i < column->size(); ++i) file.ids.push_back(column->text(i));
  }

  std::vector<std::string> arrays;  // of obsm, that are matrices of numbers
  for (const std::string& key : h5ad->keys("obsm")) {
    const auto matrix = h5ad->matrix("obsm/" + key);
    if (!matrix || matrix->n_cols() == 0) continue;
    arrays.push_back("obsm/" + key);
    if (arrays.back() != part.vectors) {
      file.other_arrays.push_back(arrays.back() + " " + shape_text(matrix->n_rows(), matrix->n_cols()));
    }
  }
  if (part.vectors.empty() && !h5ad->has_key("X")) {
    if (arrays.size() != 1) {
      return bad_input("the file has no X", path.string(),
                       arrays.empty() ? "give an h5ad file with the vectors in X or obsm"
                                      : fmt::format("choose with PATH#KEY: {}", fmt::join(arrays, ", ")));
    }
    part.vectors = arrays.front();
    file.other_arrays.clear();
  }
  file.array = part.vectors.empty() ? "X" : part.vectors;
  const bool is_layer = file.array != "X" && !file.array.starts_with("obsm/") && !file.array.starts_with("layers/");
  if (is_layer ||
      (file.array.starts_with("obsm/") && std::find(arrays.begin(), arrays.end(), file.array) == arrays.end())) {
    return bad_input(fmt::format("there is no '{}'", file.array), path.string(),
                     fmt::format("choose one of: X{}{}", arrays.empty() ? "" : ", ", fmt::join(arrays, ", ")));
  }
  auto matrix = h5ad->matrix(file.array);
  if (!matrix) return tl::unexpected(matrix.error());
  auto vectors = matrix->read();
  if (!vectors) return tl::unexpected(vectors.error());
  file.vectors = std::move(*vectors);
  if (part.ids.empty() && count_rows(file.ids)) {
    for (const std::string& name : h5ad->columns(H5adAxis::obs)) {
      auto column = h5ad->read_column(H5adAxis::obs, name);
      if (!column || std::holds_alternative<std::vector<bool>>(column->values)) continue;
      auto& ids = file.other_ids.emplace_back("obs/" + name, std::vector<std::string>()).second;
      for (std::size_t i = 0; i < column->size(); ++i) ids.push_back(column->text(i));
    }
  }
  return file;
}

// Tab or comma by the name's extension, before an optional ".gz"; otherwise by the content.
std::optional<char> delimiter_of(std::string_view name) {
  if (name.ends_with(".gz")) name.remove_suffix(3);
  if (name.ends_with(".tsv")) return '\t';
  if (name.ends_with(".csv")) return ',';
  return std::nullopt;
}

// A first line is a header if a cell after the first is no number, or (pandas numbers unnamed columns) if its first
// cell is empty or a usual name of an id column.
bool is_header(const std::vector<std::string_view>& cells) {
  const auto is_number = [](std::string_view cell) { return parse_number(cell).has_value(); };
  return cells[0].empty() || std::find(kIdColumns.begin(), kIdColumns.end(), cells[0]) != kIdColumns.end() ||
         !std::all_of(cells.begin() + 1, cells.end(), is_number);
}

Result<VectorFile> read_text_vectors(const std::filesystem::path& path, const std::string& where,
                                     std::string_view id_name) {
  auto reader = DelimitedReader::open(path, delimiter_of(where));
  if (!reader) return tl::unexpected(reader.error());
  auto more = reader->next();
  if (!more) return tl::unexpected(more.error());
  if (!*more) return bad_input("the file is empty", where, "give a file of vectors keyed by perturbation id");
  const std::size_t n_cells = reader->cells().size();
  if (n_cells == 1) {
    return reader->error("one column only", "give the id first, then one column a dimension, split by comma or tab");
  }
  std::vector<std::string> names(n_cells);
  if (is_header(reader->cells())) {
    names.assign(reader->cells().begin(), reader->cells().end());
    more = reader->next();
    if (!more) return tl::unexpected(more.error());
  }
  std::size_t id_column = 0;
  if (!id_name.empty()) {
    const auto found = std::find(names.begin(), names.end(), id_name);
    if (found == names.end()) {
      return bad_input(
          fmt::format("there is no column '{}'", id_name), where,
          fmt::format("the first columns are: {}",
                      fmt::join(names.begin(),
                                names.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(n_cells, 8)), ", ")));
    }
    id_column = static_cast<std::size_t>(found - names.begin());
  }

  VectorFile file;
  std::vector<std::size_t> dimensions, texts;  // columns
  std::vector<double> values;
  if (*more) {
    for (std::size_t column = 0; column < n_cells; ++column) {
      if (column == id_column) continue;
      // The counting of rows is no dimension where other ids were chosen.
      const bool is_text = (column == 0 && !id_name.empty()) || !parse_number(reader->cells()[column]);
      (is_text ? texts : dimensions).push_back(column);
    }
    // Rows are of about equal length: room for a few more than the first one suggests.
    std::size_t row_bytes = 1;
    for (const std::string_view cell : reader->cells()) row_bytes += cell.size() + 1;
    values.reserve(dimensions.size() * (reader->text_bytes() / row_bytes * 11 / 10 + 1));
    prefer_large_pages(values.data(), values.capacity() * sizeof(double));
  }
  const auto no_number = [&](std::size_t column) {
    return reader->error(fmt::format("the vector of '{}' has '{}' in column {}", file.ids.back(),
                                     reader->cells()[column].substr(0, 40), column),
                         "leave the id out or give finite numbers");
  };
  std::vector<std::vector<std::string>> labels(texts.size());
  std::size_t n_rows = 0;
  for (; *more; ++n_rows) {
    file.ids.emplace_back(reader->cells()[id_column]);
    for (const std::size_t column : dimensions) {
      const auto value = parse_number(reader->cells()[column]);
      if (!value) return no_number(column);
      values.push_back(*value);
    }
    for (std::size_t t = 0; t < texts.size(); ++t) labels[t].emplace_back(reader->cells()[texts[t]]);
    more = reader->next();
    if (!more) return tl::unexpected(more.error());
  }
  // Text here and a number there is a dimension with a hole in it.
  for (std::size_t t = 0; t < texts.size(); ++t) {
    if (texts[t] == 0 && !id_name.empty()) continue;
    const bool is_label = n_rows > 1 && !dimensions.empty() &&
                          std::none_of(labels[t].begin(), labels[t].end(),
                                       [](const std::string& label) { return label.empty() || parse_number(label); });
    if (!is_label) {
      return bad_input(fmt::format("the vector of '{}' has '{}' in column {}", file.ids.front(),
                                   labels[t].front().substr(0, 40), texts[t]),
                       where, "leave the id out or give finite numbers");
    }
    const std::string name = names[texts[t]].empty() ? fmt::format("column {}", texts[t] + 1) : names[texts[t]];
    file.notes.push_back(fmt::format("column '{}' holds text and is no dimension", name));
    if (id_name.empty() && count_rows(file.ids)) file.other_ids.emplace_back(name, std::move(labels[t]));
  }
  file.vectors = Eigen::Map<const Matrix>(values.data(), static_cast<Eigen::Index>(file.ids.size()),
                                          static_cast<Eigen::Index>(dimensions.size()));
  return file;
}

// Any number array as doubles; empty for text.
std::optional<std::vector<double>> as_doubles(NpyArray array) {
  if (auto* doubles = std::get_if<std::vector<double>>(&array.values)) return std::move(*doubles);
  if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&array.values)) {
    return std::vector<double>(integers->begin(), integers->end());
  }
  return std::nullopt;
}

template <std::size_t N>
std::optional<std::string_view> first_key(const NpzFile& npz, const std::array<std::string_view, N>& keys) {
  for (const std::string_view key : keys) {
    if (npz.has(key)) return key;
  }
  return std::nullopt;
}

Result<VectorFile> read_npz_matrix(const NpzFile& npz, std::string_view id_key, std::string_view vector_key,
                                   const std::string& where) {
  auto ids = npz.read(id_key);
  if (!ids) return tl::unexpected(ids.error());
  auto vectors = npz.read(vector_key);
  if (!vectors) return tl::unexpected(vectors.error());
  if (ids->shape.size() != 1 || vectors->shape.size() != 2 || vectors->shape[0] != ids->shape[0]) {
    return bad_input(fmt::format("'{}' has the shape ({}) and '{}' ({})", id_key, fmt::join(ids->shape, ", "),
                                 vector_key, fmt::join(vectors->shape, ", ")),
                     where, "give n ids and an n × dimension matrix");
  }
  const auto n = static_cast<Eigen::Index>(vectors->shape[0]);
  const auto dimension = static_cast<Eigen::Index>(vectors->shape[1]);
  VectorFile file;
  AnnotationColumn labels;
  labels.values = std::move(ids->values);
  for (std::size_t i = 0; i < labels.size(); ++i) file.ids.push_back(labels.text(i));
  const auto values = as_doubles(std::move(*vectors));
  if (!values) return bad_input(fmt::format("'{}' does not hold numbers", vector_key), where, "save it as float32");
  file.vectors = Eigen::Map<const Matrix>(values->data(), n, dimension);
  return file;
}

// The arrays of an npz by what they can be beside each other: ids, and matrices of as many rows.
struct NpzArrays {
  std::vector<std::string> columns;                           // 1-D
  std::vector<std::pair<std::string, std::size_t>> matrices;  // 2-D numbers, with their columns
};

Result<VectorFile> read_npz_vectors(const std::filesystem::path& path, const std::string& where,
                                    std::string_view part_text) {
  const auto npz = NpzFile::open(path);
  if (!npz) return tl::unexpected(npz.error());
  if (npz->names().empty()) return bad_input("the file holds no vectors", where, "give one vector a perturbation");
  std::optional<std::string_view> id_key = first_key(*npz, kIdKeys), vector_key = first_key(*npz, kVectorKeys);
  std::vector<std::string> chosen;
  for (std::size_t begin = 0; begin < part_text.size();) {
    const std::size_t end = std::min(part_text.find('#', begin), part_text.size());
    chosen.emplace_back(part_text.substr(begin, end - begin));
    begin = end + 1;
  }
  NpzArrays arrays;
  const bool is_plain_pair = id_key && vector_key && npz->names().size() == 2;
  if ((id_key && !is_plain_pair) || !chosen.empty()) {
    std::vector<std::pair<std::string, std::vector<std::size_t>>> tables;
    std::optional<std::size_t> n_ids;
    for (const std::string& name : npz->names()) {
      const auto array = npz->read(name);
      if (!array) continue;  // said where it is needed
      if (array->shape.size() == 1) arrays.columns.push_back(name);
      if (array->shape.size() == 1 && id_key == name) n_ids = array->shape[0];
      const bool is_text = std::holds_alternative<std::vector<std::string>>(array->values);
      if (array->shape.size() == 2 && !is_text) tables.emplace_back(name, array->shape);
    }
    for (const auto& [name, shape] : tables) {
      if (!n_ids || shape[0] == *n_ids) arrays.matrices.emplace_back(name, shape[1]);
    }
  }
  for (const std::string& name : chosen) {
    const bool is_matrix = std::any_of(arrays.matrices.begin(), arrays.matrices.end(),
                                       [&](const auto& matrix) { return matrix.first == name; });
    if (is_matrix) {
      vector_key = name;
    } else if (std::find(arrays.columns.begin(), arrays.columns.end(), name) != arrays.columns.end()) {
      id_key = name;
    } else {
      return bad_input(fmt::format("there is no array '{}' of vectors or ids", name), where,
                       fmt::format("its arrays are: {}", fmt::join(npz->names(), ", ")));
    }
  }
  if (id_key && !vector_key && arrays.matrices.size() == 1) vector_key = arrays.matrices.front().first;
  if (id_key && !vector_key && arrays.matrices.size() > 1) {
    std::vector<std::string> names;
    for (const auto& [name, columns] : arrays.matrices) names.push_back(name);
    return bad_input("several arrays may be the vectors", where,
                     fmt::format("choose with PATH#KEY: {}", fmt::join(names, ", ")));
  }
  if (id_key && vector_key) {
    auto file = read_npz_matrix(*npz, *id_key, *vector_key, where);
    if (!file) return file;
    file->array = std::string(*vector_key);
    for (const auto& [name, columns] : arrays.matrices) {
      if (name != *vector_key) file->other_arrays.push_back(name + " " + shape_text(file->ids.size(), columns));
    }
    if (chosen.size() < 2 && count_rows(file->ids)) {
      for (const std::string& name : arrays.columns) {
        auto array = npz->read(name);
        if (name == *id_key || !array || array->shape[0] != file->ids.size()) continue;
        AnnotationColumn column;
        column.values = std::move(array->values);
        auto& ids = file->other_ids.emplace_back(name, std::vector<std::string>()).second;
        for (std::size_t i = 0; i < column.size(); ++i) ids.push_back(column.text(i));
      }
    }
    return file;
  }

  VectorFile file;
  for (const std::string& name : npz->names()) {
    auto array = npz->read(name);
    if (!array) return tl::unexpected(array.error());
    const bool first = file.ids.empty();
    auto values = array->shape.size() == 1 ? as_doubles(std::move(*array)) : std::nullopt;
    if (!values || (!first && static_cast<Eigen::Index>(values->size()) != file.vectors.cols())) {
      return bad_input(fmt::format("array '{}' is not a vector of the same length as the others, and there is no pair "
                                   "of ids and matrix",
                                   name),
                       where,
                       fmt::format("name them '{}' and '{}', or save one vector an id", kIdKeys[0], kVectorKeys[0]));
    }
    if (first) {
      file.vectors.resize(static_cast<Eigen::Index>(npz->names().size()), static_cast<Eigen::Index>(values->size()));
    }
    std::copy(values->begin(), values->end(), file.vectors.row(static_cast<Eigen::Index>(file.ids.size())).data());
    file.ids.push_back(name);
  }
  return file;
}

Result<VectorFile> read_unchecked(const std::filesystem::path& path, const std::string& where, std::string_view part) {
  if (auto known = foreign_format(path)) return tl::unexpected(std::move(*known));
  const auto format = detect_format(path, where);
  if (!format) return tl::unexpected(format.error());
  switch (*format) {
    case Format::hdf5:
      return read_h5ad_vectors(path, part);
    case Format::zip:
      return read_npz_vectors(path, where, part);
    case Format::text:
      return read_text_vectors(path, where, part);
  }
  return harness_fault("unknown format", where);
}

}  // namespace

bool count_rows(const std::vector<std::string>& ids) {
  if (ids.size() < 2 || (ids.front() != "0" && ids.front() != "1")) return false;
  std::int64_t next = ids.front() == "0" ? 0 : 1;
  return std::all_of(ids.begin(), ids.end(), [&](const std::string& id) { return id == std::to_string(next++); });
}

Result<VectorFile> read_vector_file(const std::filesystem::path& path, std::string_view name_hint,
                                    std::string_view part) {
  const std::string where = name_hint.empty() ? path.string() : std::string(name_hint);
  try {
    auto file = read_unchecked(path, where, part);
    if (!file) {
      // Readers below know only the path that they were given; the user knows the name.
      Error error = file.error();
      const std::string given = path.string();
      if (!name_hint.empty() && error.where.starts_with(given)) error.where.replace(0, given.size(), where);
      return tl::unexpected(std::move(error));
    }
    return checked(std::move(*file), where);
  } catch (const std::bad_alloc&) {
    return harness_fault("the vectors do not fit into memory", where, "raise the memory limit or use fewer dimensions");
  } catch (const std::length_error&) {
    return bad_input("the file claims more values than memory can hold", where, "make the file again");
  }
}

}  // namespace headroom
