#include "io/foreign_format.hpp"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <string>
#include <string_view>

#include "io/hdf5_dataset.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTableOfNumbers = "write its table as CSV: pandas.{}(...).to_csv('vectors.csv')";
// Of files that hold arrays without ids, or both in Python's own way: the lines of Python that make a good file.
constexpr const char* kOfTorch =
    "write vectors.npz with Python, where it holds tensors by id: import numpy, torch; "
    "held = torch.load('x.pt', map_location='cpu'); ids = list(held); "
    "vectors = numpy.stack([held[i].float().numpy() for i in ids]); "
    "numpy.savez('vectors.npz', ids=ids, vectors=vectors) -- of a single tensor, ids are the names of its rows and "
    "vectors are held.float().numpy()";
constexpr const char* kOfSafetensors =
    "write vectors.npz with Python, where it holds arrays by id: import numpy; "
    "from safetensors.numpy import load_file; held = load_file('x.safetensors'); ids = list(held); "
    "numpy.savez('vectors.npz', ids=ids, vectors=numpy.stack([held[i] for i in ids])) -- of a single array, ids are "
    "the names of its rows";
constexpr const char* kOfPickle =
    "write vectors.csv with Python: import pandas; held = pandas.read_pickle('x.pkl'); "
    "frame = pandas.DataFrame.from_dict(held, orient='index') if isinstance(held, dict) else pandas.DataFrame(held); "
    "frame.index.name = 'id'; frame.to_csv('vectors.csv')";
constexpr const char* kOfArray =
    "write vectors.npz with Python, the names of the rows being in ids.txt: import numpy; "
    "vectors = numpy.load('x.npy'); ids = [line.strip() for line in open('ids.txt')]; "
    "assert len(ids) == len(vectors); numpy.savez('vectors.npz', ids=ids, vectors=vectors)";
constexpr const char* kCells = "convert it with Python: {}.write_h5ad('cells.h5ad')";
constexpr std::size_t kHeadBytes = 512;

Error is_a(std::string_view what, const fs::path& path, std::string remedy) {
  return Error{ErrorKind::bad_input, fmt::format("the file is {}, which is not read here", what), path.string(),
               std::move(remedy)};
}

std::string read_bytes(std::ifstream& in, std::size_t n) {
  std::string bytes(n, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(n));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

// The last part of a file, where a zip keeps the names of its entries.
std::string read_end(std::ifstream& in) {
  constexpr std::streamoff kEndBytes = 1 << 16;
  in.clear();
  in.seekg(0, std::ios::end);
  const std::streamoff size = in.tellg();
  in.seekg(std::max<std::streamoff>(0, size - kEndBytes));
  return read_bytes(in, static_cast<std::size_t>(std::min(size, kEndBytes)));
}

bool is_zarr(const fs::path& folder) {
  std::error_code ignored;
  for (const char* name : {".zgroup", ".zattrs", ".zmetadata", "zarr.json"}) {
    if (fs::exists(folder / name, ignored)) return true;
  }
  return false;
}

std::optional<Error> foreign_zip(std::ifstream& in, const fs::path& path) {
  const std::string names = read_end(in);
  if (names.find("data.pkl") != std::string::npos) {
    return is_a("a PyTorch file", path, kOfTorch);
  }
  if (names.find("xl/workbook") != std::string::npos) {
    return is_a("an Excel workbook", path, fmt::format(kTableOfNumbers, "read_excel"));
  }
  if (names.find(".zgroup") != std::string::npos || names.find("zarr.json") != std::string::npos) {
    return is_a("a zipped zarr store", path, fmt::format(kCells, "anndata.read_zarr('x.zarr')"));
  }
  return std::nullopt;
}

}  // namespace

std::optional<Error> foreign_format(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    if (!is_zarr(path)) return std::nullopt;
    return Error{ErrorKind::bad_input, "the folder is a zarr store, which is not read here", path.string(),
                 fmt::format(kCells, "anndata.read_zarr('x.zarr')")};
  }
  std::ifstream in(path, std::ios::binary);
  const std::string head = read_bytes(in, kHeadBytes);
  const std::string_view view(head);
  const auto begins = [&](std::string_view magic) { return view.starts_with(magic); };
  using namespace std::string_view_literals;
  if (begins("PAR1")) return is_a("a Parquet file", path, fmt::format(kTableOfNumbers, "read_parquet"));
  if (begins("ARROW1") || begins("FEA1")) {
    return is_a("a Feather file", path, fmt::format(kTableOfNumbers, "read_feather"));
  }
  if (begins("\x93NUMPY")) {
    return is_a("a single .npy array, without ids", path, kOfArray);
  }
  if (begins("PK\x03\x04") || begins("PK\x05\x06")) return foreign_zip(in, path);
  if (begins("\xD0\xCF\x11\xE0")) return is_a("an Excel workbook", path, fmt::format(kTableOfNumbers, "read_excel"));
  if (head.size() > 1 && head[0] == '\x80' && head[1] >= 2 && head[1] <= 5) {
    return is_a("a Python pickle", path, kOfPickle);
  }
  constexpr std::string_view kR = "convert it in R: write.csv() for a table, zellkonverter::writeH5AD() for cells";
  if (begins("RDX") || begins("RDA") || begins("X\n\0\0\0"sv) || begins("A\n2\n") || begins("A\n3\n")) {
    return is_a("a file of R objects", path, std::string(kR));
  }
  const std::string extension = path.extension().string();
  if (begins("\x1f\x8b") && (extension == ".rds" || extension == ".RDS" || extension == ".rda" ||
                             extension == ".RData" || extension == ".Rdata")) {
    return is_a("a file of R objects", path, std::string(kR));
  }
  if (begins("BZh") ||
      begins("\xFD"
             "7zXZ") ||
      begins("\x28\xB5\x2F\xFD")) {
    return is_a("compressed by bzip2, xz or zstd", path, "unpack it, or compress it with gzip");
  }
  if (view.size() > 262 && view.substr(257, 5) == "ustar") return is_a("a tar archive", path, "unpack it");
  if (view.size() > 9 && view[8] == '{' && view.substr(4, 4) == "\0\0\0\0"sv) {
    return is_a("a safetensors file", path, kOfSafetensors);
  }
  return std::nullopt;
}

std::optional<Error> foreign_hdf5(const hdf5::File& file) {
  using hdf5::ObjectKind;
  const auto kind = [&](const char* name) { return hdf5::object_kind(file, name); };
  if (kind("mod") == ObjectKind::group) {
    return is_a("an h5mu file of several modalities", file.path,
                fmt::format(kCells, "mudata.read_h5mu('x.h5mu')['rna']"));
  }
  if (kind("row_attrs") == ObjectKind::group && kind("col_attrs") == ObjectKind::group) {
    return is_a("a loom file", file.path, fmt::format(kCells, "anndata.read_loom('x.loom')"));
  }
  if (kind("matrix") == ObjectKind::group && kind("matrix/barcodes") != ObjectKind::absent) {
    return is_a("a 10x h5 file", file.path,
                fmt::format(kCells, "scanpy.read_10x_h5('x.h5', gex_only=True)") + " and add the perturbations to obs");
  }
  if (kind("assays") == ObjectKind::group || kind("cell.names") == ObjectKind::dataset) {
    return is_a("an h5Seurat file", file.path, "convert it in R: SeuratDisk::Convert('x.h5seurat', dest = 'h5ad')");
  }
  if (kind("axis0") != ObjectKind::absent || kind("df/axis0") != ObjectKind::absent) {
    return is_a("a pandas HDF store", file.path, fmt::format(kTableOfNumbers, "read_hdf"));
  }
  return std::nullopt;
}

}  // namespace headroom
