#include "io/hdf5_dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string_view>

#include "io/hdf5_block.hpp"
#include "io/hdf5_chunk.hpp"
#include "io/hdf5_filter.hpp"
#include "io/hdf5_text.hpp"

namespace headroom::hdf5 {
namespace {

constexpr const char* kRewrite = "write the file again with a current anndata";

// What claims more than kLargestExpansion (and is not small) is corrupt.
constexpr std::uint64_t kSmallDatasetBytes = std::uint64_t{4} << 20;

bool is_boolean_enum(hid_t type) {
  if (H5Tget_class(type) != H5T_ENUM || H5Tget_nmembers(type) != 2) return false;
  for (unsigned i = 0; i < 2; ++i) {
    char* name = H5Tget_member_name(type, i);
    if (name == nullptr) return false;
    const bool known = std::strcmp(name, "FALSE") == 0 || std::strcmp(name, "TRUE") == 0;
    H5free_memory(name);
    if (!known) return false;
  }
  return true;
}

Result<void> require_vector(const Dataset& dataset) {
  if (dataset.dims.size() == 1) return {};
  return bad_input(fmt::format("'{}' has {} dimensions instead of 1", dataset.name, dataset.dims.size()), dataset.path,
                   kRewrite);
}

tl::unexpected<Error> wrong_type(const Dataset& dataset, const char* expected) {
  return bad_input(fmt::format("'{}' does not hold {}", dataset.name, expected), dataset.path, kRewrite);
}

// Bytes of a reference to text of variable length: a length, an address and an index (format specification 3.0, IV.B).
std::size_t reference_bytes(const File& file) {
  const Id creation(H5Fget_create_plist(file.id.get()));
  std::size_t address_bytes = 0;
  std::size_t length_bytes = 0;
  H5Pget_sizes(creation.get(), &address_bytes, &length_bytes);
  return 4 + address_bytes + 4;
}

// The filters of a chunked dataset; false where they cannot be read.
bool describe_filters(hid_t creation, Dataset* dataset) {
  unsigned options = 0;
  const int n = H5Pget_nfilters(creation);
  if (n < 0 || H5Pget_chunk_opts(creation, &options) < 0) return false;
  dataset->filters_skip_edges = (options & H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS) != 0;
  for (int i = 0; i < n; ++i) {
    unsigned flags = 0;
    std::size_t n_values = 0;
    dataset->filters.push_back(
        H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &n_values, nullptr, 0, nullptr, nullptr));
  }
  return true;
}

// Every text of a dataset, whatever its shape.
Result<std::vector<std::string>> read_all_texts(const Dataset& dataset) {
  const Quiet quiet;
  if (dataset.type_class != H5T_STRING) return wrong_type(dataset, "text");
  const Id type(H5Dget_type(dataset.id.get()));
  if (dataset.is_variable_text) {
    auto texts = read_heap_texts(dataset);
    if (!texts) return tl::unexpected(texts.error());
    if (texts->has_value()) return std::move(**texts);
  }
  const Id space(H5Dget_space(dataset.id.get()));
  std::vector<std::string> texts;
  Result<void> done;
  const auto read = [&](hid_t memory_type, void* buffer) {
    done = read_all(dataset, memory_type, buffer);
    return done.has_value();
  };
  const bool complete = read_library_texts(type.get(), space.get(), dataset.n_elements(), read, &texts);
  if (!done) return tl::unexpected(done.error());
  if (!complete) return read_error(dataset.name, dataset.path);
  return texts;
}

template <class T>
Result<std::vector<T>> read_numbers(const Dataset& dataset, hid_t memory_type) {
  std::vector<T> values(dataset.n_elements());
  if (auto done = read_all(dataset, memory_type, values.data()); !done) return tl::unexpected(done.error());
  return values;
}

}  // namespace

tl::unexpected<Error> read_error(const std::string& name, const std::string& path) {
  return bad_input(fmt::format("cannot read '{}': {}", name, take_error_message()), path,
                   "the file is damaged; make it again");
}

tl::unexpected<Error> never_written(const Dataset& dataset) {
  return bad_input(fmt::format("'{}' has elements that were never written", dataset.name), dataset.path, kRewrite);
}

ObjectKind object_kind(const File& file, const std::string& name) {
  const Quiet quiet;
  // Behind a soft link, what is not found may be out of the file.
  ObjectKind not_found = ObjectKind::absent;
  for (std::size_t end = name.find('/');; end = name.find('/', end + 1)) {
    const std::string part = name.substr(0, end);
    H5L_info_t link{};
    if (H5Lexists(file.id.get(), part.c_str(), within_file()) <= 0 ||
        H5Lget_info(file.id.get(), part.c_str(), &link, within_file()) < 0) {
      return not_found;
    }
    if (link.type != H5L_TYPE_HARD && link.type != H5L_TYPE_SOFT) return ObjectKind::other;
    if (link.type == H5L_TYPE_SOFT) not_found = ObjectKind::other;
    if (end == std::string::npos) break;
  }
  H5O_info_t info{};
  if (H5Oget_info_by_name2(file.id.get(), name.c_str(), &info, H5O_INFO_BASIC, within_file()) < 0) return not_found;
  if (info.type == H5O_TYPE_GROUP) return ObjectKind::group;
  return info.type == H5O_TYPE_DATASET ? ObjectKind::dataset : ObjectKind::other;
}

Result<Id> open_object(const File& file, const std::string& name) {
  const Quiet quiet;
  const ObjectKind kind = object_kind(file, name);
  if (kind == ObjectKind::absent) {
    return bad_input(fmt::format("'{}' is missing", name), file.path, "give an h5ad file as anndata writes it");
  }
  if (kind == ObjectKind::other) {
    return bad_input(fmt::format("'{}' is a link out of the file, a link to nothing or a named type", name), file.path,
                     "give one self-contained file");
  }
  Id id(H5Oopen(file.id.get(), name.c_str(), within_file()));
  if (!id.valid()) return read_error(name, file.path);
  return id;
}

std::size_t Dataset::n_elements() const {
  std::size_t n = 1;
  for (const hsize_t dim : dims) n *= static_cast<std::size_t>(dim);
  return n;
}

Result<Dataset> open_dataset(const File& file, const std::string& name) {
  auto object = open_object(file, name);
  if (!object) return tl::unexpected(object.error());
  if (H5Iget_type(object->get()) != H5I_DATASET) {
    return bad_input(fmt::format("'{}' is not a dataset", name), file.path, kRewrite);
  }
  return describe_dataset(file, std::move(*object), name);
}

Result<Dataset> describe_dataset(const File& file, Id id, const std::string& name) {
  const Quiet quiet;
  Dataset dataset;
  dataset.name = name;
  dataset.path = file.path;
  dataset.file_bytes = file.size_bytes;
  dataset.id = std::move(id);
  const Id creation(H5Dget_create_plist(dataset.id.get()));
  if (!dataset.id.valid() || !creation.valid()) return read_error(name, file.path);
  // Before the extent is asked for: that of a virtual dataset is found by opening the files that it names.
  const H5D_layout_t layout = H5Pget_layout(creation.get());
  if (layout == H5D_VIRTUAL || H5Pget_external_count(creation.get()) > 0) {
    return bad_input(fmt::format("'{}' is stored outside the file", name), file.path, "give one self-contained file");
  }
  const Id space(H5Dget_space(dataset.id.get()));
  const Id type(H5Dget_type(dataset.id.get()));
  if (!space.valid() || !type.valid()) return read_error(name, file.path);
  const H5S_class_t extent = H5Sget_simple_extent_type(space.get());
  if (extent != H5S_SIMPLE && extent != H5S_SCALAR) {
    return bad_input(fmt::format("'{}' is empty", name), file.path, kRewrite);
  }
  const int rank = H5Sget_simple_extent_ndims(space.get());
  if (rank < 0) return read_error(name, file.path);
  dataset.dims.resize(static_cast<std::size_t>(rank));
  H5Sget_simple_extent_dims(space.get(), dataset.dims.data(), nullptr);
  if (layout == H5D_CHUNKED) {
    dataset.chunk_dims.resize(static_cast<std::size_t>(rank));
    if (H5Pget_chunk(creation.get(), rank, dataset.chunk_dims.data()) != rank) return read_error(name, file.path);
    if (!describe_filters(creation.get(), &dataset)) return read_error(name, file.path);
  }
  dataset.type_class = H5Tget_class(type.get());
  dataset.type_bytes = H5Tget_size(type.get());
  dataset.is_variable_text = dataset.type_class == H5T_STRING && H5Tis_variable_str(type.get()) > 0;
  dataset.stored_bytes = dataset.is_variable_text ? reference_bytes(file) : dataset.type_bytes;
  dataset.type_is_signed = dataset.type_class != H5T_INTEGER || H5Tget_sign(type.get()) != H5T_SGN_NONE;
  dataset.is_boolean = is_boolean_enum(type.get());
  // A damaged type can be a million bytes wide, which the library converts into a buffer of eight.
  const bool number =
      dataset.type_class == H5T_INTEGER || dataset.type_class == H5T_FLOAT || dataset.type_class == H5T_ENUM;
  if (dataset.type_bytes == 0 || (number && dataset.type_bytes > sizeof(long double))) {
    return bad_input(fmt::format("'{}' has elements of {} bytes", name, dataset.type_bytes), file.path,
                     "the file is damaged; make it again");
  }

  // Elements × bytes, with every product checked, against what the file can hold.
  const std::uint64_t stored = H5Dget_storage_size(dataset.id.get());
  const std::uint64_t held =
      std::min({stored, file.size_bytes, std::numeric_limits<std::uint64_t>::max() / kLargestExpansion});
  const std::uint64_t limit = std::max(kSmallDatasetBytes, held * kLargestExpansion);
  std::uint64_t bytes = dataset.stored_bytes;
  bool fits = bytes <= limit;
  for (const hsize_t dim : dataset.dims) {
    fits = fits && (dim == 0 || bytes <= limit / dim);
    if (fits) bytes *= dim;
  }
  // Only chunks can be compressed, and the library believes that the others are all there.
  dataset.is_written = layout == H5D_COMPACT || stored > 0;
  if (!fits || (layout != H5D_CHUNKED && dataset.is_written && bytes > stored)) {
    return bad_input(fmt::format("'{}' claims more values than the file can hold", name), file.path,
                     "the file is damaged; make it again");
  }
  H5D_fill_value_t fill = H5D_FILL_VALUE_UNDEFINED;
  if (H5Pfill_value_defined(creation.get(), &fill) < 0) return read_error(name, file.path);
  dataset.has_fill_value = fill == H5D_FILL_VALUE_USER_DEFINED;
  if (dataset.has_fill_value && !dataset.is_written && bytes > 0 && layout != H5D_CHUNKED)
    return never_written(dataset);
  if (layout == H5D_CHUNKED && dataset.filters.empty()) {
    if (auto checked = check_plain_chunks(dataset, stored); !checked) return tl::unexpected(checked.error());
  }
  return dataset;
}

Result<std::vector<std::string>> read_strings(const Dataset& dataset) {
  if (auto vector = require_vector(dataset); !vector) return tl::unexpected(vector.error());
  return read_all_texts(dataset);
}

Result<std::string> read_scalar_string(const Dataset& dataset) {
  if (dataset.n_elements() != 1) return wrong_type(dataset, "one text");
  auto texts = read_all_texts(dataset);
  if (!texts) return tl::unexpected(texts.error());
  return std::move(texts->front());
}

Result<std::vector<std::int64_t>> read_integers(const Dataset& dataset) {
  const Quiet quiet;
  if (auto vector = require_vector(dataset); !vector) return tl::unexpected(vector.error());
  if (dataset.type_class != H5T_INTEGER && dataset.type_class != H5T_ENUM) return wrong_type(dataset, "integers");
  return read_numbers<std::int64_t>(dataset, H5T_NATIVE_INT64);
}

Result<std::vector<double>> read_doubles(const Dataset& dataset) {
  const Quiet quiet;
  if (auto vector = require_vector(dataset); !vector) return tl::unexpected(vector.error());
  if (!dataset.is_number()) return wrong_type(dataset, "numbers");
  return read_numbers<double>(dataset, H5T_NATIVE_DOUBLE);
}

Result<std::vector<bool>> read_booleans(const Dataset& dataset) {
  auto integers = read_integers(dataset);
  if (!integers) return tl::unexpected(integers.error());
  std::vector<bool> values(integers->size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = (*integers)[i] != 0;
  return values;
}

}  // namespace headroom::hdf5
