// The gap from score tables that others published: one row per fold and method with a column per metric, or (long
// tables) a row per fold, method and metric with the columns `metric` and `value`. No perturbation
// is known, so there are no intervals and no comparisons; the rule is the published figure's (protocol section 7).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "outcome/outcome.hpp"
#include "summary.pb.h"

namespace headroom {

struct PublishedScoresOptions {
  std::vector<std::string> wap;       // nulls: exact names or globs (*, ?, [...]); at least one
  std::vector<std::string> bap;       // cheaters; at least one
  std::vector<std::string> entries;   // what is judged; empty: every method that is neither
  std::string metric;                 // one column; empty: every known metric, the table's primary one first
  std::string context_column;         // empty: `context`, `cell_line` or `cell_type` where the table has one
  std::string fold_column;            // empty: `test_split`, `fold` or `split`
  std::vector<std::string> contexts;  // keep only these; empty: all
};

// Reads the table (.csv or .tsv, also gzipped; columns `name`, `model` or `method`, a fold, metrics in any case). Folds
// that are all whole numbers may be written with a point (0.0 is fold 0); else a fold `CONTEXT.FOLD` is cut at its
// last dot; where a context column stands beside it and no dot is in it, it is taken as it is. Per context and metric:
// each method's median over its folds, WAP the best null, BAP the worst cheater, one ratio. Folds that a method lacks
// and values that are missing or not finite are named in the notes; a method without any value is `skipped`. Errors: no
// such column, context or method (the remedy lists what there is), one row twice, text where a number belongs.
Result<RunSummary> summarise_score_table(const std::filesystem::path& table, const PublishedScoresOptions& options);

}  // namespace headroom
