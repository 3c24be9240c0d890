// An h5ad made through HDF5 itself, hostile where our own reading has to notice.
#include <cstddef>
#include <cstdint>

#include "fuzz/hostile_h5ad.hpp"
#include "fuzz/input_file.hpp"
#include "fuzz/read_h5ad.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const headroom::fuzz::InputFolder folder;
  static headroom::ThreadPool pool(1);
  const std::string bytes = headroom::fuzz::hostile_h5ad(data, size);
  if (!bytes.empty()) headroom::fuzz::read_h5ad(folder.write("input.h5ad", bytes), pool);
  return 0;
}
