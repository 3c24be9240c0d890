// What a model that is given as a file is made of: the folder that it lies in, which may be its author's desk.
#pragma once

#include <filesystem>
#include <string>

#include "io/sha256.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

// Of the content of the folder, as sha256_of_folder() of each of its folders and the hash of each file, in the order of
// their names. Results and tasks of Headroom are left out (sub-folders with results.sqlite or task.h5ad): a run beside
// its model would otherwise change what it was made from. Errors: as sha256_of_folder().
Result<std::string> sha256_of_model_folder(const std::filesystem::path& folder, const FolderPatience& patience);

}  // namespace headroom
