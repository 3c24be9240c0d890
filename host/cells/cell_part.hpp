// A file of a screen made ready to be joined with others: the same cells, labels and genes, laid out so that they are
// read again at the speed of the disk. Expanding, turning and checking a file is most of reading it, and is done for
// each file by itself, on whatever machine; what is then made of all of them is what would be made of the files.
#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

#include "cells/cell_source.hpp"
#include "outcome/outcome.hpp"
#include "parallel/progress.hpp"
#include "parallel/thread_pool.hpp"

namespace headroom {

// Key of uns by which a part is known: the path of its file, as it was named.
inline constexpr const char* kPartKey = "headroom_part";

struct CellPart {
  std::filesystem::path path;
  std::uint64_t n_cells = 0, n_genes = 0, n_entries = 0;
};

// Writes FOLDER/NAME.h5ad, with the name of the source's own file (which --batch-from goes by); the folder is made. All
// columns that can be read as labels are kept, values to the bit. A source that lies gene by gene is turned in memory.
// Errors: bad_input where a value is none that a float holds, or a file of that name is there that is no part.
Result<CellPart> write_cell_part(CellSource& source, const std::filesystem::path& folder, ThreadPool& pool,
                                 Progress& progress, const std::stop_token& stop);

// A part as the file that it was made of: what is said of its cells names that file, as it was named then. Error
// (bad_input): the file is none that write_cell_part() wrote.
Result<std::unique_ptr<CellSource>> open_cell_part(const std::filesystem::path& path);
Result<void> require_cell_part(const std::filesystem::path& path);

}  // namespace headroom
