#include "io/h5ad_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <unordered_map>

#include "io/atomic_file.hpp"
#include "io/hdf5_output.hpp"

namespace headroom {
namespace {

using hdf5::Id;
using hdf5::Quiet;

// Chunks of about 1 MiB: large enough to compress and stream well, small enough for HDF5's default cache.
constexpr hsize_t kChunkBytes = hsize_t{1} << 20;
// Of labels and packed bytes. Higher levels take twice the time and save a tenth.
constexpr int kLabelGzipLevel = 1;

// One file being written. The first step that fails ends it.
class Writer {
 public:
  Writer(const hdf5::OutputFile& file, std::string path, int gzip_level)
      : file_(file), path_(std::move(path)), gzip_level_(gzip_level) {}

  Result<void> write(const H5adContent& content);

 private:
  Result<void> failed(const std::string& name) const;
  Result<void> write_group(const std::string& name, const char* encoding, const char* version, Id* out = nullptr);
  Result<void> write_table(const std::string& name, const std::vector<std::string>& index,
                           const std::vector<AnnotationColumn>& columns);
  Result<void> write_column(const std::string& name, const AnnotationColumn& column);
  Result<void> write_categorical(const std::string& name, const AnnotationColumn& column);
  Result<void> write_masked(const std::string& name, const AnnotationColumn& column);
  Result<void> write_texts(const std::string& name, const std::vector<std::string>& texts);
  Result<void> write_text(const std::string& name, const std::string& text);
  Result<void> write_flags(const std::string& name, const std::vector<bool>& flags);
  Result<void> write_array(const std::string& name, hid_t file_type, hid_t memory_type, const void* values, hsize_t n);
  Result<void> write_dense(const std::string& name, const DenseX& x, hsize_t n_rows, hsize_t n_cols);
  Result<void> write_labels(const std::string& name, const DenseLabels& labels, hsize_t n_rows, hsize_t n_cols);
  Result<void> write_floats(const std::string& name, const DenseFloats& floats, hsize_t n_rows, hsize_t n_cols);
  Result<void> write_uns_table(const std::string& name, const UnsTable& table);
  template <class Block>
  Result<void> write_blocks(const std::string& name, hid_t file_type, hid_t memory_type,
                            const std::vector<Block>& blocks, hsize_t n_rows, hsize_t n_cols, int gzip_level);
  Result<void> write_csr(const CsrX& x, hsize_t n_rows, hsize_t n_cols);

  Id create_dataset(const std::string& name, hid_t type, const std::vector<hsize_t>& dims, bool extensible,
                    int gzip_level);
  Result<Id> create_array(const std::string& name, hid_t type, const std::vector<hsize_t>& dims, int gzip_level);
  bool append(hid_t dataset, hid_t memory_type, const void* values, hsize_t offset, hsize_t n);
  static bool set_attribute(hid_t object, const char* name, const std::string& text);
  static bool set_attribute(hid_t object, const char* name, const std::vector<std::string>& texts);
  static bool set_encoding(hid_t object, const char* encoding, const char* version);

  const hdf5::OutputFile& file_;
  std::string path_;
  int gzip_level_;
};

Id text_type() {
  Id type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type.get(), H5T_VARIABLE);
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  return type;
}

// Booleans as h5py stores them.
Id boolean_type() {
  Id type(H5Tenum_create(H5T_NATIVE_INT8));
  std::int8_t value = 0;
  H5Tenum_insert(type.get(), "FALSE", &value);
  value = 1;
  H5Tenum_insert(type.get(), "TRUE", &value);
  return type;
}

tl::unexpected<Error> disagreement(const std::string& what, const std::string& path) {
  return harness_fault("the content to be written is inconsistent: " + what, path);
}

Result<void> Writer::failed(const std::string& name) const {
  if (file_.write_error_number() != 0) return write_error(path_, file_.write_error_number());
  return harness_fault(fmt::format("cannot write '{}': {}", name, hdf5::take_error_message()), path_,
                       "check the output folder");
}

bool Writer::set_attribute(hid_t object, const char* name, const std::string& text) {
  const Id type = text_type();
  const Id space(H5Screate(H5S_SCALAR));
  const Id attribute(H5Acreate2(object, name, type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT));
  const char* value = text.c_str();
  return attribute.valid() && H5Awrite(attribute.get(), type.get(), &value) >= 0;
}

bool Writer::set_attribute(hid_t object, const char* name, const std::vector<std::string>& texts) {
  const Id type = text_type();
  const hsize_t n = texts.size();
  const Id space(H5Screate_simple(1, &n, nullptr));
  const Id attribute(H5Acreate2(object, name, type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT));
  std::vector<const char*> values;
  for (const std::string& text : texts) values.push_back(text.c_str());
  return attribute.valid() && (texts.empty() || H5Awrite(attribute.get(), type.get(), values.data()) >= 0);
}

bool Writer::set_encoding(hid_t object, const char* encoding, const char* version) {
  return set_attribute(object, "encoding-type", std::string(encoding)) &&
         set_attribute(object, "encoding-version", std::string(version));
}

// Properties of a new dataset. By default HDF5 notes when it was made, and equal content would give other bytes a
// second later.
Id dataset_properties() {
  Id creation(H5Pcreate(H5P_DATASET_CREATE));
  H5Pset_obj_track_times(creation.get(), false);
  return creation;
}

Id Writer::create_dataset(const std::string& name, hid_t type, const std::vector<hsize_t>& dims, bool extensible,
                          int gzip_level) {
  const int rank = static_cast<int>(dims.size());
  const std::vector<hsize_t> limits(dims.size(), H5S_UNLIMITED);
  const Id space(H5Screate_simple(rank, dims.data(), extensible ? limits.data() : nullptr));
  const Id creation = dataset_properties();
  const bool empty = std::find(dims.begin(), dims.end(), hsize_t{0}) != dims.end();
  if (extensible || (gzip_level > 0 && !empty)) {
    const hsize_t type_bytes = std::max<hsize_t>(1, H5Tget_size(type));
    std::vector<hsize_t> chunk(dims.size());
    if (dims.size() == 1) {
      chunk[0] = std::max<hsize_t>(1, kChunkBytes / type_bytes);
      if (!extensible) chunk[0] = std::min(chunk[0], dims[0]);
    } else {
      chunk[1] = std::min<hsize_t>(dims[1], kChunkBytes / type_bytes);
      chunk[0] = std::clamp<hsize_t>(kChunkBytes / (type_bytes * chunk[1]), 1, dims[0]);
    }
    H5Pset_chunk(creation.get(), rank, chunk.data());
    if (gzip_level > 0) H5Pset_deflate(creation.get(), static_cast<unsigned>(gzip_level));
  }
  return Id(H5Dcreate2(file_.id(), name.c_str(), type, space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT));
}

Result<Id> Writer::create_array(const std::string& name, hid_t type, const std::vector<hsize_t>& dims, int gzip_level) {
  Id dataset = create_dataset(name, type, dims, false, gzip_level);
  const bool text = H5Tget_class(type) == H5T_STRING;
  if (!dataset.valid() || !set_encoding(dataset.get(), text ? "string-array" : "array", "0.2.0")) {
    return tl::unexpected(failed(name).error());
  }
  return dataset;
}

Result<void> Writer::write_array(const std::string& name, hid_t file_type, hid_t memory_type, const void* values,
                                 hsize_t n) {
  auto dataset = create_array(name, file_type, {n}, gzip_level_);
  if (!dataset) return tl::unexpected(dataset.error());
  if (n > 0 && H5Dwrite(dataset->get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) return failed(name);
  return {};
}

Result<void> Writer::write_texts(const std::string& name, const std::vector<std::string>& texts) {
  const Id type = text_type();
  std::vector<const char*> values;
  values.reserve(texts.size());
  for (const std::string& text : texts) values.push_back(text.c_str());
  return write_array(name, type.get(), type.get(), values.data(), values.size());
}

Result<void> Writer::write_text(const std::string& name, const std::string& text) {
  const Id type = text_type();
  const Id space(H5Screate(H5S_SCALAR));
  const Id creation = dataset_properties();
  const Id dataset(
      H5Dcreate2(file_.id(), name.c_str(), type.get(), space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT));
  const char* value = text.c_str();
  if (!dataset.valid() || !set_encoding(dataset.get(), "string", "0.2.0") ||
      H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, &value) < 0) {
    return failed(name);
  }
  return {};
}

Result<void> Writer::write_flags(const std::string& name, const std::vector<bool>& flags) {
  const Id type = boolean_type();
  const std::vector<std::int8_t> bytes(flags.begin(), flags.end());
  return write_array(name, type.get(), type.get(), bytes.data(), bytes.size());
}

Result<void> Writer::write_group(const std::string& name, const char* encoding, const char* version, Id* out) {
  Id group(H5Gcreate2(file_.id(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  if (!group.valid() || !set_encoding(group.get(), encoding, version)) return failed(name);
  if (out != nullptr) *out = std::move(group);
  return {};
}

Result<void> Writer::write_categorical(const std::string& name, const AnnotationColumn& column) {
  const auto& texts = std::get<std::vector<std::string>>(column.values);
  // pandas sorts categories.
  std::vector<std::string> categories;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (column.is_present(i)) categories.push_back(texts[i]);
  }
  std::sort(categories.begin(), categories.end());
  categories.erase(std::unique(categories.begin(), categories.end()), categories.end());
  std::unordered_map<std::string_view, std::int32_t> code_of;
  for (const std::string& category : categories) code_of.emplace(category, static_cast<std::int32_t>(code_of.size()));
  std::vector<std::int32_t> codes(texts.size(), LabelColumn::kMissing);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (column.is_present(i)) codes[i] = code_of.at(texts[i]);
  }

  Id group;
  if (auto done = write_group(name, "categorical", "0.2.0", &group); !done) return done;
  const Id flag_type = boolean_type();
  const Id scalar(H5Screate(H5S_SCALAR));
  const Id ordered(H5Acreate2(group.get(), "ordered", flag_type.get(), scalar.get(), H5P_DEFAULT, H5P_DEFAULT));
  const std::int8_t no = 0;
  if (!ordered.valid() || H5Awrite(ordered.get(), flag_type.get(), &no) < 0) return failed(name);
  if (auto done = write_texts(name + "/categories", categories); !done) return done;
  const hid_t stored = categories.size() <= 127     ? H5T_STD_I8LE
                       : categories.size() <= 32767 ? H5T_STD_I16LE
                                                    : H5T_STD_I32LE;
  return write_array(name + "/codes", stored, H5T_NATIVE_INT32, codes.data(), codes.size());
}

// Integers and booleans with missing rows: pandas' nullable arrays.
Result<void> Writer::write_masked(const std::string& name, const AnnotationColumn& column) {
  const bool integers = std::holds_alternative<std::vector<std::int64_t>>(column.values);
  if (auto done = write_group(name, integers ? "nullable-integer" : "nullable-boolean", "0.1.0"); !done) return done;
  std::vector<bool> mask = column.present;
  mask.flip();
  if (auto done = write_flags(name + "/mask", mask); !done) return done;
  AnnotationColumn values{column.name, column.values, {}, false};
  return write_column(name + "/values", values);
}

Result<void> Writer::write_column(const std::string& name, const AnnotationColumn& column) {
  if (const auto* texts = std::get_if<std::vector<std::string>>(&column.values)) {
    // Only a categorical can say that a text is missing.
    if (column.categorical || !column.present.empty()) return write_categorical(name, column);
    return write_texts(name, *texts);
  }
  if (const auto* numbers = std::get_if<std::vector<double>>(&column.values)) {
    return write_array(name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, numbers->data(), numbers->size());
  }
  if (!column.present.empty()) return write_masked(name, column);
  if (const auto* flags = std::get_if<std::vector<bool>>(&column.values)) return write_flags(name, *flags);
  const auto& integers = std::get<std::vector<std::int64_t>>(column.values);
  return write_array(name, H5T_STD_I64LE, H5T_NATIVE_INT64, integers.data(), integers.size());
}

Result<void> Writer::write_table(const std::string& name, const std::vector<std::string>& index,
                                 const std::vector<AnnotationColumn>& columns) {
  Id group;
  if (auto done = write_group(name, "dataframe", "0.2.0", &group); !done) return done;
  std::vector<std::string> names;
  for (const AnnotationColumn& column : columns) {
    if (column.size() != index.size() || (!column.present.empty() && column.present.size() != index.size())) {
      return disagreement(
          fmt::format("column '{}' of {} has {} rows instead of {}", column.name, name, column.size(), index.size()),
          path_);
    }
    names.push_back(column.name);
  }
  if (!set_attribute(group.get(), "_index", std::string("_index")) ||
      !set_attribute(group.get(), "column-order", names)) {
    return failed(name);
  }
  if (auto done = write_texts(name + "/_index", index); !done) return done;
  for (const AnnotationColumn& column : columns) {
    if (auto done = write_column(name + "/" + column.name, column); !done) return done;
  }
  return {};
}

template <class Block>
Result<void> Writer::write_blocks(const std::string& name, hid_t file_type, hid_t memory_type,
                                  const std::vector<Block>& blocks, hsize_t n_rows, hsize_t n_cols, int gzip_level) {
  hsize_t total = 0;
  for (const Block& block : blocks) {
    if (block.rows() > 0 && static_cast<hsize_t>(block.cols()) != n_cols) {
      return disagreement(fmt::format("{} has {} columns instead of {}", name, block.cols(), n_cols), path_);
    }
    total += static_cast<hsize_t>(block.rows());
  }
  if (total != n_rows) return disagreement(fmt::format("{} has {} rows instead of {}", name, total, n_rows), path_);
  auto dataset = create_array(name, file_type, {n_rows, n_cols}, gzip_level);
  if (!dataset) return tl::unexpected(dataset.error());

  const Id file_space(H5Dget_space(dataset->get()));
  hsize_t first = 0;
  for (const Block& block : blocks) {
    if (block.size() == 0) continue;
    if (file_.write_error_number() != 0) return failed(name);
    // The memory's rows may lie further apart than their length.
    const hsize_t rows = static_cast<hsize_t>(block.rows());
    const hsize_t extent[2] = {rows, static_cast<hsize_t>(rows == 1 ? block.cols() : block.outerStride())};
    const hsize_t count[2] = {rows, n_cols};
    const hsize_t origin[2] = {0, 0};
    const hsize_t start[2] = {first, 0};
    // Eigen's last row ends at its columns, not at its stride, and a selection never reaches beyond that.
    const Id memory_space(H5Screate_simple(2, extent, nullptr));
    H5Sselect_hyperslab(memory_space.get(), H5S_SELECT_SET, origin, nullptr, count, nullptr);
    H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, start, nullptr, count, nullptr);
    if (H5Dwrite(dataset->get(), memory_type, memory_space.get(), file_space.get(), H5P_DEFAULT, block.data()) < 0) {
      return failed(name);
    }
    first += rows;
  }
  return {};
}

Result<void> Writer::write_dense(const std::string& name, const DenseX& x, hsize_t n_rows, hsize_t n_cols) {
  return write_blocks(name, x.as_float32 ? H5T_IEEE_F32LE : H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, x.row_blocks, n_rows,
                      n_cols, gzip_level_);
}

Result<void> Writer::write_floats(const std::string& name, const DenseFloats& floats, hsize_t n_rows, hsize_t n_cols) {
  return write_blocks(name, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, floats.row_blocks, n_rows, n_cols, gzip_level_);
}

Result<void> Writer::write_labels(const std::string& name, const DenseLabels& labels, hsize_t n_rows, hsize_t n_cols) {
  return write_blocks(name, H5T_STD_I8LE, H5T_NATIVE_INT8, labels.row_blocks, n_rows, n_cols, kLabelGzipLevel);
}

Result<void> Writer::write_uns_table(const std::string& name, const UnsTable& table) {
  if (auto done = write_group(name, "dict", "0.1.0"); !done) return done;
  for (const auto& [key, text] : table.texts) {
    if (auto done = write_text(name + "/" + key, text); !done) return done;
  }
  const auto write_all = [&](const auto& tables, hid_t file_type, hid_t memory_type, int level) -> Result<void> {
    for (const auto& [key, blocks] : tables) {
      hsize_t n_rows = 0, n_cols = 0;
      for (const auto& block : blocks) {
        n_rows += static_cast<hsize_t>(block.rows());
        n_cols = std::max(n_cols, static_cast<hsize_t>(block.cols()));
      }
      const std::string at = name + "/" + key;
      if (auto done = write_blocks(at, file_type, memory_type, blocks, n_rows, n_cols, level); !done) return done;
    }
    return {};
  };
  if (auto done = write_all(table.bytes, H5T_STD_U8LE, H5T_NATIVE_UINT8, kLabelGzipLevel); !done) return done;
  return write_all(table.numbers, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, gzip_level_);
}

bool Writer::append(hid_t dataset, hid_t memory_type, const void* values, hsize_t offset, hsize_t n) {
  if (n == 0) return true;
  const hsize_t extent = offset + n;
  if (H5Dset_extent(dataset, &extent) < 0) return false;
  const Id file_space(H5Dget_space(dataset));
  const Id memory_space(H5Screate_simple(1, &n, nullptr));
  return H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, &offset, nullptr, &n, nullptr) >= 0 &&
         file_.write_error_number() == 0 &&
         H5Dwrite(dataset, memory_type, memory_space.get(), file_space.get(), H5P_DEFAULT, values) >= 0;
}

Result<void> Writer::write_csr(const CsrX& x, hsize_t n_rows, hsize_t n_cols) {
  Id group;
  if (auto done = write_group("X", "csr_matrix", "0.1.0", &group); !done) return done;
  const hsize_t two = 2;
  const std::int64_t shape[2] = {static_cast<std::int64_t>(n_rows), static_cast<std::int64_t>(n_cols)};
  const Id shape_space(H5Screate_simple(1, &two, nullptr));
  const Id shape_attribute(
      H5Acreate2(group.get(), "shape", H5T_STD_I64LE, shape_space.get(), H5P_DEFAULT, H5P_DEFAULT));
  if (!shape_attribute.valid() || H5Awrite(shape_attribute.get(), H5T_NATIVE_INT64, shape) < 0) return failed("X");

  const Id columns = create_dataset("X/indices", H5T_STD_I32LE, {0}, true, gzip_level_);
  Id values;
  bool as_float = true;
  std::vector<std::int64_t> offsets{0};
  offsets.reserve(n_rows + 1);
  while (const auto block = x.next()) {
    const std::size_t n = block->columns.size();
    const bool block_as_float = std::holds_alternative<std::span<const float>>(block->values);
    const std::size_t n_values = std::visit([](const auto& list) { return list.size(); }, block->values);
    if (block->row_offsets.empty() || n_values != n ||
        !std::is_sorted(block->row_offsets.begin(), block->row_offsets.end()) ||
        block->row_offsets.back() - block->row_offsets.front() != static_cast<std::int64_t>(n)) {
      return disagreement("a block of X has offsets, columns and values that do not fit each other", path_);
    }
    if (std::any_of(block->columns.begin(), block->columns.end(),
                    [&](std::int32_t column) { return column < 0 || static_cast<hsize_t>(column) >= n_cols; })) {
      return disagreement("a column number of X is out of range", path_);
    }
    if (!values.valid()) {
      as_float = block_as_float;
      values = create_dataset("X/data", as_float ? H5T_IEEE_F32LE : H5T_STD_I32LE, {0}, true, gzip_level_);
    } else if (as_float != block_as_float) {
      return disagreement("blocks of X differ in type", path_);
    }
    const auto offset = static_cast<hsize_t>(offsets.back());
    const void* data =
        std::visit([](const auto& list) { return static_cast<const void*>(list.data()); }, block->values);
    const hid_t type = as_float ? H5T_NATIVE_FLOAT : H5T_NATIVE_INT32;
    if (!append(columns.get(), H5T_NATIVE_INT32, block->columns.data(), offset, n) ||
        !append(values.get(), type, data, offset, n)) {
      return failed("X");
    }
    const std::int64_t shift = offsets.back() - block->row_offsets.front();
    for (std::size_t row = 1; row < block->row_offsets.size(); ++row) {
      offsets.push_back(block->row_offsets[row] + shift);
    }
  }
  if (!values.valid()) values = create_dataset("X/data", H5T_IEEE_F32LE, {0}, true, gzip_level_);
  if (offsets.size() != n_rows + 1) {
    return disagreement(fmt::format("X has {} rows instead of {}", offsets.size() - 1, n_rows), path_);
  }
  if (!columns.valid() || !values.valid()) return failed("X");
  const hsize_t n_offsets = offsets.size();
  const Id indptr = create_dataset("X/indptr", H5T_STD_I64LE, {n_offsets}, false, gzip_level_);
  if (!indptr.valid() || H5Dwrite(indptr.get(), H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, offsets.data()) < 0) {
    return failed("X");
  }
  return {};
}

Result<void> Writer::write(const H5adContent& content) {
  if (!set_encoding(file_.id(), "anndata", "0.1.0")) return failed("/");
  if (auto done = write_table("obs", content.obs_index, content.obs_columns); !done) return done;
  if (auto done = write_table("var", content.var_index, content.var_columns); !done) return done;
  for (const char* name : {"layers", "obsm", "obsp", "uns", "varm", "varp"}) {
    if (auto done = write_group(name, "dict", "0.1.0"); !done) return done;
  }
  for (const auto& [key, text] : content.uns) {
    if (auto done = write_text("uns/" + key, text); !done) return done;
  }
  const hsize_t n_rows = content.obs_index.size();
  const hsize_t n_cols = content.var_index.size();
  for (const auto& [key, table] : content.uns_tables) {
    if (auto done = write_uns_table("uns/" + key, table); !done) return done;
  }
  for (const auto& [key, layer] : content.layers) {
    const std::string name = "layers/" + key;
    const auto* dense = std::get_if<DenseX>(&layer);
    const auto* labels = std::get_if<DenseLabels>(&layer);
    auto done = dense != nullptr    ? write_dense(name, *dense, n_rows, n_cols)
                : labels != nullptr ? write_labels(name, *labels, n_rows, n_cols)
                                    : write_floats(name, std::get<DenseFloats>(layer), n_rows, n_cols);
    if (!done) return done;
  }
  if (const auto* dense = std::get_if<DenseX>(&content.x)) return write_dense("X", *dense, n_rows, n_cols);
  if (const auto* labels = std::get_if<DenseLabels>(&content.x)) return write_labels("X", *labels, n_rows, n_cols);
  return write_csr(std::get<CsrX>(content.x), n_rows, n_cols);
}

}  // namespace

CsrX csr_in_memory(CsrBlock block) {
  auto given = std::make_shared<bool>(false);
  return CsrX{[block, given]() -> std::optional<CsrBlock> {
    if (*given) return std::nullopt;
    *given = true;
    return block;
  }};
}

Result<void> write_h5ad(const std::filesystem::path& path, const H5adContent& content) {
  if (content.gzip_level < 0 || content.gzip_level > 9) {
    return harness_fault(fmt::format("gzip level {} is not in 0 to 9", content.gzip_level), path.string());
  }
  auto target = AtomicFile::create(path);
  if (!target) return tl::unexpected(target.error());

  const Quiet quiet;
  auto file = hdf5::OutputFile::create(target->temporary_path());
  if (!file) return tl::unexpected(file.error());
  auto written = Writer(*file, path.string(), content.gzip_level).write(content);
  const bool closed = file->close();
  if (file->write_error_number() != 0) return write_error(path, file->write_error_number());
  if (!written) return written;
  if (!closed) {
    return harness_fault("cannot finish the file: " + hdf5::take_error_message(), path.string(),
                         "check the output folder");
  }
  return target->commit();
}

}  // namespace headroom
