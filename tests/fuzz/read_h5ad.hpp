// Everything that Headroom asks of an h5ad, by every reader that takes one: the file itself, cells, a task, vectors.
#pragma once

#include <filesystem>

#include "parallel/thread_pool.hpp"

namespace headroom::fuzz {

// Errors of the readers are what most inputs give; a length or a code that does not fit ends the process.
void read_h5ad(const std::filesystem::path& path, ThreadPool& pool);

}  // namespace headroom::fuzz
