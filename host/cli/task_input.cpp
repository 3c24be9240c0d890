#include "cli/task_input.hpp"

#include "cli/notes.hpp"
#include "cli/review_output.hpp"

namespace headroom::cli {

namespace fs = std::filesystem;

Result<TaskInput> read_task_input(const TaskArguments& arguments, Review& review, bool quiet, TaskParts parts) {
  auto task = read_task(arguments.task, arguments.columns, review, parts);
  if (!task) return tl::unexpected<Error>(task.error());
  TaskInput input{std::move(*task), std::nullopt};

  std::error_code ignored;
  const fs::path folder = fs::is_directory(arguments.task, ignored) ? arguments.task : fs::path();
  std::optional<fs::path> noise_path = arguments.noise;
  if (!noise_path && !folder.empty() && fs::exists(folder / "noise.csv", ignored)) noise_path = folder / "noise.csv";
  if (noise_path) {
    auto noise = read_noise_table(*noise_path, input.task);
    if (!noise) return tl::unexpected<Error>(noise.error());
    input.noise = std::move(*noise);
  }
  print_task(input.task, input.noise ? &*input.noise : nullptr, quiet);
  if (auto settled = settle_review(review, quiet); !settled) return tl::unexpected<Error>(settled.error());
  return input;
}

}  // namespace headroom::cli
