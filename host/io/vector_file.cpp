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
#include "io/h5ad.hpp"
#include "io/large_pages.hpp"
#include "io/npz.hpp"

namespace headroom {
namespace {

constexpr std::array<std::string_view, 4> kIdKeys{"ids", "index", "names", "pert_id"};
constexpr std::array<std::string_view, 4> kVectorKeys{"vectors", "X", "embeddings", "data"};

constexpr std::array<std::string_view, 12> kIdColumns{"id",          "ids",          "index",     "name",
                                                      "names",       "gene",         "gene_id",   "pert_id",
                                                      "target_gene", "perturbation", "condition", "symbol"};

enum class Format { hdf5, zip, text, numpy_array, parquet };

Result<Format> detect_format(const std::filesystem::path& path, const std::string& where) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return bad_input(std::string("cannot open the file: ") + std::strerror(errno), where, "check the path");
  char bytes[8] = {};
  const ssize_t n = ::read(fd, bytes, sizeof bytes);
  const int reason = errno;
  ::close(fd);
  if (n < 0) return bad_input(std::string("cannot read the file: ") + std::strerror(reason), where, "check the path");
  if (n == 0) return bad_input("the file is empty", where, "give a file of vectors keyed by perturbation id");
  const std::string_view magic(bytes, static_cast<std::size_t>(n));
  if (magic.starts_with("\x89HDF\r\n\x1a\n")) return Format::hdf5;
  if (magic.starts_with("PK\x03\x04") || magic.starts_with("PK\x05\x06")) return Format::zip;
  if (magic.starts_with("\x93NUMPY")) return Format::numpy_array;
  if (magic.starts_with("PAR1")) return Format::parquet;
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

Result<VectorFile> read_h5ad_vectors(const std::filesystem::path& path) {
  auto h5ad = H5adFile::open(path);
  if (!h5ad) return tl::unexpected(h5ad.error());
  auto ids = h5ad->read_index(H5adAxis::obs);
  if (!ids) return tl::unexpected(ids.error());
  auto matrix = h5ad->matrix();
  if (!matrix) return tl::unexpected(matrix.error());
  auto vectors = matrix->read();
  if (!vectors) return tl::unexpected(vectors.error());
  return VectorFile{std::move(*ids), std::move(*vectors)};
}

// Tab or comma by the name's extension, before an optional ".gz"; otherwise by the content.
std::optional<char> separator_of(std::string_view name) {
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

Result<VectorFile> read_text_vectors(const std::filesystem::path& path, const std::string& where) {
  auto reader = DelimitedReader::open(path, separator_of(where));
  if (!reader) return tl::unexpected(reader.error());
  auto more = reader->next();
  if (!more) return tl::unexpected(more.error());
  if (!*more) return bad_input("the file is empty", where, "give a file of vectors keyed by perturbation id");
  const std::size_t dimension = reader->cells().size() - 1;
  if (dimension == 0) {
    return reader->error("one column only", "give the id first, then one column a dimension, split by comma or tab");
  }
  const bool has_header = is_header(reader->cells());
  if (has_header) {
    more = reader->next();
    if (!more) return tl::unexpected(more.error());
  }

  VectorFile file;
  std::vector<double> values;
  if (*more) {
    // Rows are of about equal length: room for a few more than the first one suggests.
    std::size_t row_bytes = 1;
    for (const std::string_view cell : reader->cells()) row_bytes += cell.size() + 1;
    values.reserve(dimension * (reader->text_bytes() / row_bytes * 11 / 10 + 1));
    prefer_large_pages(values.data(), values.capacity() * sizeof(double));
  }
  while (*more) {
    file.ids.emplace_back(reader->cells()[0]);
    for (std::size_t column = 1; column <= dimension; ++column) {
      const auto value = parse_number(reader->cells()[column]);
      if (!value) {
        return reader->error(fmt::format("the vector of '{}' has '{}' in column {}", file.ids.back(),
                                         reader->cells()[column].substr(0, 40), column),
                             "leave the id out or give finite numbers");
      }
      values.push_back(*value);
    }
    more = reader->next();
    if (!more) return tl::unexpected(more.error());
  }
  file.vectors = Eigen::Map<const Matrix>(values.data(), static_cast<Eigen::Index>(file.ids.size()),
                                          static_cast<Eigen::Index>(dimension));
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

Result<VectorFile> read_npz_vectors(const std::filesystem::path& path, const std::string& where) {
  const auto npz = NpzFile::open(path);
  if (!npz) return tl::unexpected(npz.error());
  if (npz->names().empty()) return bad_input("the file holds no vectors", where, "give one vector a perturbation");
  const auto id_key = first_key(*npz, kIdKeys);
  const auto vector_key = first_key(*npz, kVectorKeys);
  if (id_key && vector_key) return read_npz_matrix(*npz, *id_key, *vector_key, where);

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

Result<VectorFile> read_unchecked(const std::filesystem::path& path, const std::string& where) {
  const auto format = detect_format(path, where);
  if (!format) return tl::unexpected(format.error());
  switch (*format) {
    case Format::hdf5:
      return read_h5ad_vectors(path);
    case Format::zip:
      return read_npz_vectors(path, where);
    case Format::text:
      return read_text_vectors(path, where);
    case Format::numpy_array:
      return bad_input("a single .npy array has no ids", where, "save ids and vectors together with numpy.savez");
    case Format::parquet:
      return bad_input("Parquet is not read here", where, "save the vectors as h5ad, CSV or npz");
  }
  return harness_fault("unknown format", where);
}

}  // namespace

Result<VectorFile> read_vector_file(const std::filesystem::path& path, std::string_view name_hint) {
  const std::string where = name_hint.empty() ? path.string() : std::string(name_hint);
  try {
    auto file = read_unchecked(path, where);
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
