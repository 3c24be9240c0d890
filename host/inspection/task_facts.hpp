// What a task, its noise table and a folder of cells hold: files of the organiser, read in the host.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "inspection/reading_flags.hpp"
#include "io/file_facts.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

// A task h5ad, or a folder with task.h5ad and perhaps noise.csv, as `run` would read it with these flags.
// `target`: what concerns that one alone; empty: all. Error (bad_input): the task does not hold it.
Result<std::vector<Fact>> task_facts(const std::filesystem::path& path, const ReadingFlags& flags,
                                     const std::string& target = {});

// A noise table on its own.
Result<std::vector<Fact>> noise_facts(const std::filesystem::path& path);

// A 10x folder: matrix.mtx, features.tsv (or genes.tsv) and barcodes.tsv, each also with .gz.
Result<std::vector<Fact>> matrix_market_facts(const std::filesystem::path& folder);

}  // namespace headroom
