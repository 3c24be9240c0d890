// A part of a screen of several files: what is made of the perturbations that are at home in one of them. Their cells
// and the control's may lie in any file, so that a part knows the whole screen by its tables of cells and genes, and
// takes from the others' matrices what it needs. Every estimate is made in one piece, from the same numbers in the same
// order as by one process, so that parts are joined without a rounding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cells/cell_buckets.hpp"
#include "cells/cell_groups.hpp"
#include "cells/cell_source.hpp"
#include "cells/gene_choice.hpp"
#include "cells/perturbation_estimates.hpp"
#include "cells/prepare.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

// What such a part is called: the name of its file, and this.
inline constexpr const char* kScreenPartExtension = ".part";

// For every row of the task the file that its perturbation is at home in (in CellSource::files()): one that holds about
// as many of its cells as any, such that the files get about equal shares of the cells.
std::vector<std::uint32_t> homes_of_rows(const CellSource& source, const CellGroups& groups);

// What must be equal of all parts of a screen and of whoever joins them.
struct ScreenIdentity {
  std::vector<std::string> flags;  // what estimates are made by, in one order: "--seed 0"
  std::string processor;           // PrepareOptions::kernels
  std::string tables;              // hash of the cells by group and batch, and of the genes

  bool operator==(const ScreenIdentity&) const = default;
};
Result<ScreenIdentity> screen_identity(const CellGroups& groups, const GeneChoice& genes,
                                       const PrepareOptions& options);
// How the first was made otherwise than the other: "with --seed 0, and not with --seed 3"; empty: they are equal.
std::string difference(const ScreenIdentity& one, const ScreenIdentity& other);

struct ScreenPart {
  ScreenIdentity identity;
  std::vector<std::string> files;   // of the screen, as they were named
  std::uint64_t file = 0;           // whose part it is
  CellBuckets::Tally tally;         // of that file's cells
  std::vector<std::uint64_t> rows;  // of the task, ascending: the perturbations at home there
  SomeEstimates estimates;
};

// Errors: the file cannot be written; (bad_input) a file is there that is no part.
Result<void> write_screen_part(const std::filesystem::path& path, ScreenPart part, const CellGroups& groups);

// Whether the file begins as parts of any version do.
bool is_screen_part(const std::filesystem::path& path);

// The files of a part's screen. Errors (bad_input): it is no part, or damaged.
Result<std::vector<std::string>> files_of_screen_part(const std::filesystem::path& path);

// All estimates of a screen, and the tallies of its values into `buckets`, in whatever order the parts are named.
// Errors (bad_input): a part is damaged, is of another screen or of other options, is there twice or missing.
Result<PerturbationEstimates> join_screen_parts(const std::vector<std::filesystem::path>& parts,
                                                const CellSource& source, const CellGroups& groups,
                                                const GeneChoice& genes, const PrepareOptions& options,
                                                CellBuckets& buckets);

}  // namespace headroom
