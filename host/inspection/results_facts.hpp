// What results hold: a run's folder, its summary.json or its results.sqlite.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/file_facts.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

// A summary.json: task, settings, bounds and methods with their status and what they closed of the gap.
// `target`: its part alone; empty: all. Error (bad_input): there is nothing of that target.
Result<std::vector<Fact>> summary_facts(const std::filesystem::path& path, const std::string& target = {});

// A results.sqlite: runs, evaluations by status, methods. It is only read. `target`: only its evaluations.
Result<std::vector<Fact>> store_facts(const std::filesystem::path& path, const std::string& target = {});

}  // namespace headroom
