// Where the files that belong to this program lie, in the build tree and after an install.
#pragma once

#include <filesystem>
#include <string>

#include "outcome/outcome.hpp"

namespace headroom::cli {

// Folder of knn.so, lasso.so, ridge.so, table.so: ../lib/headroom/plugins (installed) or ../lib/headroom (build tree)
// beside this program.
Result<std::filesystem::path> find_shipped_plugins();

}  // namespace headroom::cli
