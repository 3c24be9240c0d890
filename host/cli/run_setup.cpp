#include "cli/run_setup.hpp"

#include <fmt/ostream.h>

#include "cli/installed_files.hpp"
#include "cli/notes.hpp"
#include "cli/run_store.hpp"
#include "cli/terminal_streams.hpp"
#include "evaluation/granted_folders.hpp"
#include "evaluation/submissions.hpp"
#include "numerics/processor_kernels.hpp"
#include "plugin_host/host_process.hpp"

namespace headroom::cli {

Result<void> complete_plugin_options(std::filesystem::path& worker_program, std::filesystem::path& shipped_plugins,
                                     SandboxMode sandbox) {
  auto worker = find_worker_program();
  if (!worker) return tl::unexpected<Error>(worker.error());
  worker_program = std::move(*worker);
  auto plugins = find_shipped_plugins();
  if (!plugins) return tl::unexpected<Error>(plugins.error());
  shipped_plugins = std::move(*plugins);
  if (sandbox == SandboxMode::OFF) {
    fmt::print(messages(), "headroom: warning: --sandbox off: plugins run without confinement\n");
  }
  return {};
}

namespace {

// What no plugin may read.
std::vector<GuardedPath> guarded_by(const RunArguments& arguments) {
  const TaskArguments& task = arguments.task;
  std::error_code ignored;
  const bool is_folder = std::filesystem::is_directory(task.task, ignored);
  std::vector<GuardedPath> guarded = {{"the task", task.task},
                                      {"the task", is_folder ? task.task / "task.h5ad" : std::filesystem::path()},
                                      {"the noise table", task.noise.value_or("")},
                                      {"the file of folds", task.columns.fold_file.value_or("")},
                                      {"the file of splits", arguments.run.split.file},
                                      {"the folder for results (-o)", arguments.out},
                                      {"the folder for logs (--logs)", arguments.logs},
                                      {"the folder of submissions", arguments.submissions.value_or("")}};
  for (const PredictionsSpec& spec : arguments.run.predictions) guarded.push_back({"a file of predictions", spec.path});
  return guarded;
}

}  // namespace

Result<RunOptions> complete_run_options(const RunArguments& arguments) {
  RunOptions options = arguments.run;
  options.build = headroom_build();
  options.kernels = processor_kernels();
  auto completed = complete_plugin_options(options.worker_program, options.shipped_plugins, options.sandbox);
  if (!completed) return tl::unexpected<Error>(completed.error());
  if (arguments.submissions) {
    auto found = read_submissions(*arguments.submissions, taken_names(options), arguments.out);
    if (!found) return tl::unexpected<Error>(found.error());
    print_notes(found->notes, arguments.common.quiet);
    options.submissions = std::move(found->submissions);
  }
  if (auto apart = keep_apart(options, guarded_by(arguments)); !apart) return tl::unexpected<Error>(apart.error());
  return options;
}

}  // namespace headroom::cli
