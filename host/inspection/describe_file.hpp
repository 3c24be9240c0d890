// What a file of data holds, without knowing what it is meant for: an h5ad of any kind, or vectors as text or npz. The
// file is untrusted: `headroom inspect` has this done by the table plugin inside the sandbox.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/file_facts.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

// `name` stands for the file in errors and tells the format of text, as in read_vector_file. Of an h5ad: its size and
// storage, the range and type of its values, its columns, which of them would be taken for perturbations, contexts,
// folds and batches, and what it looks like. Of vectors: ids, dimension, range. Errors: bad_input.
Result<std::vector<Fact>> describe_file(const std::filesystem::path& path, const std::string& name);

// The h5ad alone, read where it lies.
Result<std::vector<Fact>> describe_h5ad(const std::filesystem::path& path);

}  // namespace headroom
