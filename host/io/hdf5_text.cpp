#include "io/hdf5_text.hpp"

#include <fmt/format.h>

#include <cstring>
#include <string_view>

#include "io/hdf5_block.hpp"
#include "io/hdf5_heap.hpp"

namespace headroom::hdf5 {
namespace {

// A memory type for variable-length strings in the character set of the file's type.
Id variable_string_type(hid_t file_type) {
  Id type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type.get(), H5T_VARIABLE);
  H5Tset_cset(type.get(), H5Tget_cset(file_type));
  return type;
}

// Fixed-length text ends at its padding.
std::string unpadded(const char* text, std::size_t size, H5T_str_t padding) {
  std::string_view view(text, size);
  if (padding == H5T_STR_SPACEPAD) {
    const std::size_t last = view.find_last_not_of(' ');
    return std::string(view.substr(0, last == std::string_view::npos ? 0 : last + 1));
  }
  return std::string(view.substr(0, view.find('\0')));
}

tl::unexpected<Error> damaged(const Dataset& dataset) {
  return bad_input(fmt::format("the text of '{}' is damaged", dataset.name), dataset.path,
                   "the file is damaged; make it again");
}

// n references laid out one after another, whole.
using References = Result<std::optional<std::string>>;

References contiguous_references(const RawFile& file, const Dataset& dataset, std::size_t n) {
  const haddr_t address = H5Dget_offset(dataset.id.get());
  std::string references(n * Heap::kReferenceBytes, '\0');
  if (address == HADDR_UNDEF) return std::optional(std::move(references));  // never written
  if (!file.read(address, references.size(), references.data())) return damaged(dataset);
  return std::optional(std::move(references));
}

}  // namespace

Result<std::optional<std::vector<std::string>>> read_heap_texts(const Dataset& dataset) {
  const Quiet quiet;
  const Id creation(H5Dget_create_plist(dataset.id.get()));
  const auto file = RawFile::of(dataset.id.get());
  if (!file) return std::nullopt;

  const std::size_t n = dataset.n_elements();
  const H5D_layout_t layout = H5Pget_layout(creation.get());
  References references = std::nullopt;
  if (layout == H5D_CONTIGUOUS) references = contiguous_references(*file, dataset, n);
  if (layout == H5D_CHUNKED) references = read_stored(dataset);
  if (!references) return tl::unexpected(references.error());
  if (!references->has_value()) return std::nullopt;

  auto texts = Heap(*file).texts(**references);
  if (!texts) return damaged(dataset);
  return texts;
}

bool read_library_texts(hid_t file_type, hid_t space, std::size_t n,
                        const std::function<bool(hid_t memory_type, void* buffer)>& read,
                        std::vector<std::string>* out) {
  out->clear();
  if (n == 0) return true;
  if (H5Tis_variable_str(file_type) > 0) {
    const Id type = variable_string_type(file_type);
    std::vector<char*> texts(n, nullptr);
    const bool ok = read(type.get(), texts.data());
    if (ok) {
      out->reserve(n);
      for (const char* text : texts) out->emplace_back(text == nullptr ? "" : text);
    }
    H5Dvlen_reclaim(type.get(), space, H5P_DEFAULT, texts.data());
    return ok;
  }
  const std::size_t size = H5Tget_size(file_type);
  if (size == 0) return false;
  std::vector<char> bytes(n * size);
  if (!read(file_type, bytes.data())) return false;
  const H5T_str_t padding = H5Tget_strpad(file_type);
  out->reserve(n);
  for (std::size_t i = 0; i < n; ++i) out->push_back(unpadded(bytes.data() + i * size, size, padding));
  return true;
}

}  // namespace headroom::hdf5
