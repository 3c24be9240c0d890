// Reading what TASK and --noise name.
#pragma once

#include <optional>

#include "cli/command_line.hpp"
#include "outcome/outcome.hpp"
#include "task/noise_table.hpp"
#include "task/task.hpp"

namespace headroom::cli {

struct TaskInput {
  Task task;
  std::optional<NoiseTable> noise;
};

// Reads the task and, where one is named or lies beside it, its noise table; tells on stderr what was picked and
// what is doubtful. Error as well: a doubt that stops the command.
Result<TaskInput> read_task_input(const TaskArguments& arguments, Review& review, bool quiet,
                                  TaskParts parts = TaskParts::all);

}  // namespace headroom::cli
