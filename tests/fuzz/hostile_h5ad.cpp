#include "fuzz/hostile_h5ad.hpp"

#include <fuzzer/FuzzedDataProvider.h>
#include <hdf5.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "host/io/packed_bytes.hpp"
#include "io/hdf5_handle.hpp"
#include "io/lzf.hpp"

namespace headroom::fuzz {
namespace {

using hdf5::Id;

constexpr hsize_t kMostStored = 4096;  // elements of a dataset that are written; larger ones hold their fill value

class Maker {
 public:
  Maker(const std::uint8_t* decisions, std::size_t n) : decisions_(decisions, n) {}

  std::string make() {
    const hdf5::Quiet quiet;
    const Id access(H5Pcreate(H5P_FILE_ACCESS));
    H5Pset_fapl_core(access.get(), 1 << 16, false);
    if (chance(4)) H5Pset_libver_bounds(access.get(), H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    file_ = Id(H5Fcreate("hostile", H5F_ACC_TRUNC, H5P_DEFAULT, access.get()));
    if (!file_.valid()) return {};
    n_obs_ = 6 + below(6);
    n_vars_ = 4 + below(5);
    make_table("obs", n_obs_);
    make_table("var", n_vars_);
    make_matrix("X", n_obs_, n_vars_);
    if (chance(4)) {
      make_group("layers");
      make_matrix("layers/counts", n_obs_, n_vars_);
    }
    if (chance(4)) {
      make_group("raw");
      const hsize_t n_raw = n_vars_ + below(3);
      make_table("raw/var", n_raw);
      make_matrix("raw/X", n_obs_, n_raw);
    }
    if (chance(6)) {
      make_group("uns");
      make_texts("uns/title", 1, below(3));
    }
    if (chance(16)) H5Lcreate_soft("/obs", file_.get(), "obs/loop", H5P_DEFAULT, H5P_DEFAULT);

    H5Fflush(file_.get(), H5F_SCOPE_GLOBAL);
    const ssize_t size = H5Fget_file_image(file_.get(), nullptr, 0);
    if (size <= 0 || size > (1 << 22)) return {};
    std::string image(static_cast<std::size_t>(size), '\0');
    H5Fget_file_image(file_.get(), image.data(), image.size());
    return image;
  }

 private:
  bool chance(int one_in) {
    return decisions_.ConsumeIntegral<std::uint8_t>() % one_in == static_cast<unsigned>(one_in - 1);
  }
  unsigned below(unsigned n) { return decisions_.ConsumeIntegral<std::uint8_t>() % n; }
  template <std::size_t N>
  hid_t one_of(const hid_t (&types)[N]) {
    return types[below(N)];
  }

  // The number that belongs there, or one that does not.
  std::int64_t number(std::int64_t right) {
    if (!chance(64)) return right;  // there are some hundred of them in a file
    const std::int64_t wrong[] = {0,
                                  right - 1,
                                  right + 1,
                                  -1,
                                  -right,
                                  std::numeric_limits<std::int32_t>::max(),
                                  std::int64_t{1} << 31,
                                  std::int64_t{1} << 32,
                                  std::numeric_limits<std::int64_t>::max(),
                                  std::numeric_limits<std::int64_t>::min()};
    const unsigned choice = below(std::size(wrong) + 1);
    return choice < std::size(wrong) ? wrong[choice] : decisions_.ConsumeIntegral<std::int64_t>();
  }
  hsize_t length(hsize_t right) {
    if (!chance(32)) return right;
    const hsize_t wrong[] = {0, right - 1, right + 1, 1, hsize_t{1} << 20, hsize_t{1} << 31, hsize_t{1} << 40};
    return wrong[below(std::size(wrong))];
  }

  void make_group(const std::string& name) {
    Id(H5Gcreate2(file_.get(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  }

  Id text_type(unsigned kind) {
    Id type(H5Tcopy(H5T_C_S1));
    if (kind == 0) H5Tset_size(type.get(), H5T_VARIABLE);
    if (kind != 0) H5Tset_size(type.get(), 1 + below(24));
    if (kind == 2) H5Tset_strpad(type.get(), H5T_STR_SPACEPAD);
    if (chance(2)) H5Tset_cset(type.get(), H5T_CSET_UTF8);
    return type;
  }

  // Integer types of every width and order, floats, booleans, and what is no number at all.
  Id number_type(bool real) {
    static const hid_t integers[] = {H5T_STD_I32LE, H5T_STD_I64LE, H5T_STD_I8LE,  H5T_STD_U8LE,  H5T_STD_I16LE,
                                     H5T_STD_U16LE, H5T_STD_U32LE, H5T_STD_U64LE, H5T_STD_I32BE, H5T_STD_U64BE};
    static const hid_t reals[] = {H5T_IEEE_F64LE, H5T_IEEE_F32LE, H5T_IEEE_F64BE, H5T_NATIVE_LDOUBLE};
    if (chance(32)) {
      Id compound(H5Tcreate(H5T_COMPOUND, 16));
      H5Tinsert(compound.get(), "r", 0, H5T_IEEE_F64LE);
      H5Tinsert(compound.get(), "i", 8, H5T_IEEE_F64LE);
      return compound;
    }
    if (chance(16)) {
      Id boolean(H5Tenum_create(H5T_STD_I8LE));
      std::int8_t value = 0;
      H5Tenum_insert(boolean.get(), "FALSE", &value);
      value = 1;
      H5Tenum_insert(boolean.get(), chance(4) ? "MAYBE" : "TRUE", &value);
      return boolean;
    }
    if (chance(24)) real = !real;
    Id type(H5Tcopy(real ? one_of(reals) : one_of(integers)));
    if (real && chance(8)) {  // a half float
      H5Tset_fields(type.get(), 15, 10, 5, 0, 10);
      H5Tset_size(type.get(), 2);
      H5Tset_ebias(type.get(), 15);
    }
    if (!real && chance(24)) H5Tset_precision(type.get(), 1 + below(8));
    return type;
  }

  // Contiguous, compact or chunked, with the filters that anndata offers and some that it does not.
  Id layout(const std::vector<hsize_t>& dims, bool* chunked) {
    Id creation(H5Pcreate(H5P_DATASET_CREATE));
    *chunked = false;
    if (dims.empty()) return creation;
    const unsigned choice = below(4);
    if (choice == 1) H5Pset_layout(creation.get(), H5D_COMPACT);
    if (choice < 2) return creation;
    std::vector<hsize_t> chunk(dims.size());
    for (std::size_t i = 0; i < dims.size(); ++i) {
      const hsize_t most = std::clamp<hsize_t>(dims[i], 1, kMostStored);
      chunk[i] = chance(16) ? hsize_t{1} << below(24) : 1 + below(static_cast<unsigned>(most));
    }
    *chunked = H5Pset_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data()) >= 0;  // or too large a one
    if (chance(3)) H5Pset_shuffle(creation.get());
    const unsigned filter = below(6);
    if (filter == 1 || filter == 2) H5Pset_deflate(creation.get(), 1);
    if (filter == 3) {
      const unsigned values[] = {4, 0x0105, static_cast<unsigned>(number(64))};
      H5Pset_filter(creation.get(), kLzfFilter, H5Z_FLAG_OPTIONAL, 3, values);
    }
    if (filter == 4) H5Pset_scaleoffset(creation.get(), H5Z_SO_INT, 0);
    if (chance(8)) H5Pset_fletcher32(creation.get());
    return creation;
  }

  // Bytes that a chunk may claim to be: cut, padded, of another length, or nothing at all that the filter knows.
  std::string chunk_bytes(std::size_t right) {
    std::size_t n = right;
    if (chance(2))
      n = below(2) != 0 ? right + 1 + below(64) : below(static_cast<unsigned>(std::min<std::size_t>(right, 255)) + 1);
    std::string plain(n, '\1');
    const std::string chosen = decisions_.ConsumeRandomLengthString(64);
    std::copy_n(chosen.begin(), std::min(chosen.size(), n), plain.begin());
    switch (below(4)) {
      case 0: {
        std::string packed = testing::deflated(plain);
        if (chance(4) && !packed.empty()) packed[below(256) % packed.size()] ^= static_cast<char>(1 + below(255));
        return packed;
      }
      case 1:
        return testing::lzf_packed(plain);
      case 2:
        return chosen;
      default:
        return plain;
    }
  }

  void overwrite_chunk(hid_t dataset, hid_t creation, std::size_t element_bytes, const std::vector<hsize_t>& dims) {
    std::vector<hsize_t> chunk(dims.size()), offset(dims.size());
    H5Pget_chunk(creation, static_cast<int>(dims.size()), chunk.data());
    std::size_t right = element_bytes;
    for (std::size_t i = 0; i < dims.size(); ++i) {
      right *= chunk[i];
      if (right > kMostStored * 8) return;
      offset[i] = chunk[i] * below(static_cast<unsigned>(std::clamp<hsize_t>(dims[i] / chunk[i], 1, 200)));
      if (offset[i] >= std::max<hsize_t>(dims[i], 1)) return;
    }
    const std::string bytes = chunk_bytes(right);
    if (bytes.empty()) return;
    // Else HDF5 1.10 may look for the new chunk's record in a buffer of metadata that it has freed.
    H5Fflush(file_.get(), H5F_SCOPE_GLOBAL);
    H5Dwrite_chunk(dataset, H5P_DEFAULT, chance(4) ? below(8) : 0, offset.data(), bytes.size(), bytes.data());
  }

  // Makes a dataset and writes `values`, as far as there are so many, in whatever type the file has.
  template <class T>
  void write_numbers(const std::string& name, const std::vector<hsize_t>& dims, const std::vector<T>& values,
                     hid_t memory_type) {
    const Id type = number_type(std::is_floating_point_v<T>);
    const Id space(chance(48) ? H5Screate(below(2) == 0 ? H5S_NULL : H5S_SCALAR)
                              : H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr));
    bool chunked = false;
    const Id creation = layout(dims, &chunked);
    if (chunked) H5Pset_alloc_time(creation.get(), H5D_ALLOC_TIME_INCR);
    hsize_t n = 1;
    for (const hsize_t dim : dims) n = dim == 0 ? 0 : std::min<hsize_t>(n * std::min(dim, hsize_t{1} << 20), 1 << 22);
    if (n > kMostStored && !chunked) H5Pset_layout(creation.get(), H5D_CONTIGUOUS);
    if (n > kMostStored && !chunked) H5Pset_alloc_time(creation.get(), H5D_ALLOC_TIME_LATE);
    const Id dataset(
        H5Dcreate2(file_.get(), name.c_str(), type.get(), space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT));
    if (!dataset.valid()) return;
    const H5T_class_t type_class = H5Tget_class(type.get());
    const bool converts = type_class == H5T_INTEGER || type_class == H5T_FLOAT;
    if (n > 0 && n <= kMostStored && converts &&
        H5Sget_simple_extent_npoints(space.get()) == static_cast<hssize_t>(n)) {
      std::vector<T> all(n);
      for (std::size_t i = 0; i < n && !values.empty(); ++i) all[i] = values[i % values.size()];
      H5Dwrite(dataset.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, all.data());
    }
    if (chunked && chance(4)) overwrite_chunk(dataset.get(), creation.get(), H5Tget_size(type.get()), dims);
  }
  void write_integers(const std::string& name, const std::vector<hsize_t>& dims,
                      const std::vector<std::int64_t>& values) {
    write_numbers(name, dims, values, H5T_NATIVE_INT64);
  }
  void write_reals(const std::string& name, const std::vector<hsize_t>& dims) {
    std::vector<double> values;
    for (unsigned i = 0; i < 7; ++i) values.push_back(i);
    if (chance(4)) values[0] = decisions_.ConsumeFloatingPoint<double>();
    if (chance(8)) values[1] = std::numeric_limits<double>::quiet_NaN();
    write_numbers(name, dims, values, H5T_NATIVE_DOUBLE);
  }

  // Texts "a0", "a1", …; `kind` 0: of variable length, 1 and 2: of fixed length.
  void make_texts(const std::string& name, hsize_t n, unsigned kind) {
    const Id type = text_type(kind);
    const std::vector<hsize_t> dims(1, n);
    bool chunked = false;
    const Id creation = layout(dims, &chunked);
    const Id space(name == "uns/title" ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, dims.data(), nullptr));
    const Id dataset(
        H5Dcreate2(file_.get(), name.c_str(), type.get(), space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT));
    if (!dataset.valid() || n == 0 || n > kMostStored) return;
    const unsigned period = chance(4) ? 1 + below(4) : 1000;  // repeats
    std::vector<std::string> texts;
    for (hsize_t i = 0; i < n; ++i) texts.push_back("a" + std::to_string(i % period));
    if (chance(8)) texts[0] = decisions_.ConsumeRandomLengthString(40);
    if (kind == 0) {
      std::vector<const char*> pointers;
      for (const std::string& text : texts) pointers.push_back(text.c_str());
      if (chance(16)) pointers[0] = nullptr;
      H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data());
    } else {
      const std::size_t size = H5Tget_size(type.get());
      std::string packed(n * size, ' ');
      for (hsize_t i = 0; i < n; ++i) texts[i].copy(packed.data() + i * size, size);
      H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, packed.data());
    }
    if (chunked && chance(4)) overwrite_chunk(dataset.get(), creation.get(), H5Tget_size(type.get()), dims);
  }

  // A text attribute, of variable or fixed length, or something else under its name.
  void attribute(const std::string& object, const char* name, const std::vector<std::string>& texts, bool scalar) {
    if (chance(24)) return;
    const Id id(H5Oopen(file_.get(), object.c_str(), H5P_DEFAULT));
    if (!id.valid()) return;
    if (chance(24)) {
      integers_attribute(object, name, {number(3)});
      return;
    }
    const Id type = text_type(below(3));
    hsize_t n = texts.size();
    const Id space(scalar ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &n, nullptr));
    const Id made(H5Acreate2(id.get(), name, type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT));
    if (!made.valid() || n == 0) return;
    if (H5Tis_variable_str(type.get()) > 0) {
      std::vector<const char*> pointers;
      for (const std::string& text : texts) pointers.push_back(text.c_str());
      H5Awrite(made.get(), type.get(), pointers.data());
    } else {
      const std::size_t size = H5Tget_size(type.get());
      std::string packed(n * size, '\0');
      for (hsize_t i = 0; i < n; ++i) texts[i].copy(packed.data() + i * size, size);
      H5Awrite(made.get(), type.get(), packed.data());
    }
  }
  void text_attribute(const std::string& object, const char* name, const std::string& right) {
    attribute(object, name, {chance(32) ? decisions_.ConsumeRandomLengthString(20) : right}, true);
  }
  void integers_attribute(const std::string& object, const char* name, const std::vector<std::int64_t>& values) {
    const Id id(H5Oopen(file_.get(), object.c_str(), H5P_DEFAULT));
    const hsize_t n = values.size();
    const Id space(H5Screate_simple(1, &n, nullptr));
    const Id type = number_type(false);
    const Id made(H5Acreate2(id.get(), name, type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT));
    if (made.valid()) H5Awrite(made.get(), H5T_NATIVE_INT64, values.data());
  }

  void make_table(const std::string& table, hsize_t n) {
    make_group(table);
    const std::string index = chance(8) ? "index" : "_index";
    make_column(table, index, n, chance(4) ? below(7) : 0);
    std::vector<std::string> columns;
    const bool obs = table == "obs";
    if (obs) columns = {"pert_id", "test_split"};
    if (obs && chance(4)) columns.push_back("context");
    if (obs && chance(4)) columns.push_back("is_control");
    if (!obs && chance(2)) columns.push_back("symbol");
    const std::vector<std::string> names = columns;
    for (const std::string& column : columns) {
      // In order by default: an id a row, and folds of two and more.
      const unsigned usual = column == "test_split" ? 6 : column == "is_control" ? 3 : 0;
      make_column(table, column, n, chance(3) ? below(7) : usual);
    }
    if (chance(16)) columns.push_back(decisions_.ConsumeRandomLengthString(12));
    if (chance(16)) columns.push_back("../X");
    text_attribute(table, "_index", index);
    if (!columns.empty()) attribute(table, "column-order", columns, false);
    text_attribute(table, "encoding-type", "dataframe");
  }

  void make_column(const std::string& table, const std::string& column, hsize_t n, unsigned kind) {
    const std::string place = table + "/" + column;
    std::vector<std::int64_t> ordinals;
    for (hsize_t i = 0; i < n; ++i) ordinals.push_back(number(static_cast<std::int64_t>(i % 2)));
    switch (kind) {
      case 0:
        return make_texts(place, length(n), below(3));
      case 1:  // categorical
        make_group(place);
        make_texts(place + "/categories", length(2), below(3));
        write_integers(place + "/codes", {length(n)}, ordinals);
        return text_attribute(place, "encoding-type", "categorical");
      case 2:
        return write_reals(place, {length(n)});
      case 3:
        return write_integers(place, {length(n)}, std::vector<std::int64_t>{0});
      case 4:  // nullable
        make_group(place);
        write_integers(place + "/values", {length(n)}, ordinals);
        write_integers(place + "/mask", {length(n)}, std::vector<std::int64_t>{0, 0, 1});
        return text_attribute(place, "encoding-type", "nullable-integer");
      case 5: {  // as before 0.8: categories behind a reference
        write_integers(place, {length(n)}, ordinals);
        make_group(table + "/__categories");
        make_texts(table + "/__categories/" + column, length(2), below(3));
        const Id codes(H5Oopen(file_.get(), place.c_str(), H5P_DEFAULT));
        hobj_ref_t reference{};
        H5Rcreate(&reference, file_.get(), (chance(8) ? table : table + "/__categories/" + column).c_str(), H5R_OBJECT,
                  -1);
        const Id space(H5Screate(H5S_SCALAR));
        const Id made(H5Acreate2(codes.get(), "categories", H5T_STD_REF_OBJ, space.get(), H5P_DEFAULT, H5P_DEFAULT));
        if (made.valid()) H5Awrite(made.get(), H5T_STD_REF_OBJ, &reference);
        return;
      }
      default:
        return write_integers(place, {length(n)}, ordinals);
    }
  }

  void make_matrix(const std::string& name, hsize_t n_rows, hsize_t n_cols) {
    const unsigned kind = below(3);
    if (kind == 0) {
      if (chance(32)) return write_reals(name, {length(n_rows)});
      return write_reals(name, {length(n_rows), length(n_cols)});
    }
    // Two entries a row (or column), at 0 and 1 or wherever else.
    const hsize_t n_major = kind == 1 ? n_rows : n_cols, n_minor = kind == 1 ? n_cols : n_rows;
    make_group(name);
    std::vector<std::int64_t> offsets, minors;
    for (hsize_t i = 0; i <= n_major; ++i) offsets.push_back(number(static_cast<std::int64_t>(2 * i)));
    for (hsize_t i = 0; i < 2 * n_major; ++i) minors.push_back(number(static_cast<std::int64_t>(i % n_minor)));
    write_integers(name + "/indptr", {length(n_major + 1)}, offsets);
    const hsize_t n_entries = length(2 * n_major);
    write_integers(name + "/indices", {n_entries}, minors);
    write_reals(name + "/data", {chance(24) ? length(n_entries) : n_entries});
    const bool old = chance(8);
    integers_attribute(name, old ? "h5sparse_shape" : "shape",
                       {number(static_cast<std::int64_t>(n_rows)), number(static_cast<std::int64_t>(n_cols))});
    if (old) return text_attribute(name, "h5sparse_format", kind == 1 ? "csr" : "csc");
    text_attribute(name, "encoding-type", kind == 1 ? "csr_matrix" : "csc_matrix");
  }

  FuzzedDataProvider decisions_;
  Id file_;
  hsize_t n_obs_ = 0, n_vars_ = 0;
};

}  // namespace

std::string hostile_h5ad(const std::uint8_t* decisions, std::size_t n) { return Maker(decisions, n).make(); }

}  // namespace headroom::fuzz
