// Notes on stderr: what was picked, dropped or told apart. stdout carries results alone.
#pragma once

#include <string>
#include <vector>

#include "task/noise_table.hpp"
#include "task/task.hpp"

namespace headroom::cli {

void print_notes(const std::vector<std::string>& notes, bool quiet);

// One line on what was read and how its columns were taken, then the task's notes.
void print_task(const Task& task, const NoiseTable* noise, bool quiet);

}  // namespace headroom::cli
