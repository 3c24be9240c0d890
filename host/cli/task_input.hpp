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

// Reads the task and, where one is named or lies beside it, its noise table; tells on stderr what was picked.
Result<TaskInput> read_task_input(const TaskArguments& arguments, bool quiet, TaskParts parts = TaskParts::all);

}  // namespace headroom::cli
