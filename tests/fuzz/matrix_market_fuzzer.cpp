// A 10x folder in one input: matrix, features, barcodes and the table of cells, with lines of "====" between them.
#include "fuzz/checked_cells.hpp"
#include "fuzz/input_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const headroom::fuzz::InputFolder folder;
  static headroom::ThreadPool pool(1);
  constexpr std::string_view kBetween = "====\n";
  std::string_view rest = headroom::fuzz::text_of(data, size);
  for (const char* name : {"matrix.mtx", "features.tsv", "barcodes.tsv", "cells.tsv"}) {
    const std::size_t end = rest.find(kBetween);
    folder.write(name, rest.substr(0, end));
    rest.remove_prefix(end == rest.npos ? rest.size() : end + kBetween.size());
  }
  for (const bool transposed : {false, true}) {
    const auto cells = headroom::open_matrix_market_cells(folder.path(), folder.path() / "cells.tsv", transposed);
    if (cells) headroom::fuzz::CheckedCells::read_all(**cells, pool);
  }
  return 0;
}
