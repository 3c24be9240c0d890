// Several files of cells as one screen: their cells one after the other, their genes reconciled by id. What is made of
// them is what one file with all of these cells would give.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cells/cell_source.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

enum class GeneJoin {
  intersection,  // genes that every file has; the others are in nobody's total
  whole_union,   // all genes; a file that lacks one has no counts of it
};

// The column of cells that says which file each is of (its name without folder and ending), where it is asked for.
inline constexpr const char* kFileColumn = "file";

struct JoinOptions {
  GeneJoin genes = GeneJoin::intersection;
  bool has_file_column = false;  // kFileColumn, in the place of a column of the files that is called so
};

// Files that are named in any order are taken in this one: by name, then by path. Folders stand for the .h5ad files in
// them that are not hidden (unless they hold a Matrix Market matrix), or else for parts; patterns with * ? [ for what they match, once each. Errors
// (bad_input): a folder or pattern that stands for nothing, a file twice.
Result<std::vector<std::filesystem::path>> files_of_screen(const std::vector<std::filesystem::path>& named);

// `sources` in the order of files_of_screen(), at least two. Columns are those that all files have. Errors (bad_input):
// no gene is in all files, or ids that repeat in a file whose genes are not those of the others.
Result<std::unique_ptr<CellSource>> join_cells(std::vector<std::unique_ptr<CellSource>> sources,
                                               const JoinOptions& options);

// Barcodes that another cell of the same file has before; no more than one file's are in memory at a time.
Result<std::size_t> n_repeated_barcodes(const CellSource& source);

}  // namespace headroom
