// The review of a file alone, for `headroom inspect`: what a command would understand of it, leave out and doubt. What
// the file is (cells, deltas, vectors) is guessed from its rows.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "inspection/reading_flags.hpp"
#include "io/file_facts.hpp"

namespace headroom {

// Facts "reviewed_as", "understood", "left_out", "doubts" (absent where there are none), and "prepare_refuses" or
// "run_refuses" with the error where one would be. `name` stands for the path in all texts.
std::vector<Fact> review_of_file(const std::filesystem::path& path, const std::string& name, const ReadingFlags& flags);

}  // namespace headroom
