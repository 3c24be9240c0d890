// An h5ad whose bytes were damaged anywhere. Much of what is found lies in the HDF5 library, which fuzz_session tells
// apart; h5ad_structure reaches further into our own reading.
#include <cstddef>
#include <cstdint>

#include "fuzz/input_file.hpp"
#include "fuzz/read_h5ad.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const headroom::fuzz::InputFolder folder;
  static headroom::ThreadPool pool(1);
  headroom::fuzz::read_h5ad(folder.write("input.h5ad", headroom::fuzz::text_of(data, size)), pool);
  return 0;
}
