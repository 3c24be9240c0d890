// NumPy's files: the zip around them, and the array within it, to which damage to a compressed file seldom gets.
#include <cstdlib>

#include "fuzz/input_file.hpp"
#include "io/npz.hpp"
#include "io/vector_file.hpp"
#include "table/vector_review.hpp"

namespace {

void check(const headroom::Result<headroom::NpyArray>& array) {
  if (!array) return;
  std::size_t n = 1;
  for (const std::size_t dimension : array->shape) n *= dimension;
  if (std::visit([](const auto& values) { return values.size(); }, array->values) != n) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const headroom::fuzz::InputFolder folder;
  const std::string_view bytes = headroom::fuzz::text_of(data, size);
  check(headroom::parse_npy(bytes, "input"));
  const auto path = folder.write("input.npz", bytes);
  if (const auto file = headroom::NpzFile::open(path)) {
    for (const std::string& name : file->names()) check(file->read(name));
  }
  if (const auto vectors = headroom::read_vector_file(path)) {
    if (static_cast<std::size_t>(vectors->vectors.rows()) != vectors->ids.size()) std::abort();
    if (!vectors->vectors.allFinite()) std::abort();
    for (const headroom::Doubt& doubt : headroom::vector_doubts(*vectors, {"TP53", "1"}, false, "input")) {
      if (doubt.remedy.empty()) std::abort();
    }
  }
  if (const auto chosen = headroom::read_vector_file(path, {}, "vectors#ids")) {
    if (static_cast<std::size_t>(chosen->vectors.rows()) != chosen->ids.size()) std::abort();
  }
  return 0;
}
