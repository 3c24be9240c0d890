// --group: which embeddings the report's pictures show as one kind.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "outcome/outcome.hpp"

namespace headroom::cli {

// NAME=PATTERN is one kind. TABLE[#COLUMN] is a CSV or TSV with a row an embedding: the column `embedding` has its name,
// COLUMN (the only further one where it is left out) its kind. Kind and pattern of each; an embedding of a table is its
// own pattern. An empty kind is left out. Errors (bad_input): neither form, as of every table, no such column or several
// to choose from, no row, an embedding twice.
Result<std::vector<std::pair<std::string, std::string>>> read_embedding_groups(const std::string& text);

}  // namespace headroom::cli
