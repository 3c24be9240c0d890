// headroom inspect: what a file or folder holds.

#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/run_setup.hpp"
#include "cli/terminal_streams.hpp"
#include "inspection/inspection_text.hpp"

namespace headroom::cli {

Result<int> inspect(const InspectArguments& arguments) {
  InspectOptions options = arguments.options;
  auto completed = complete_plugin_options(options.worker_program, options.shipped_plugins, options.sandbox);
  if (!completed) return tl::unexpected<Error>(completed.error());
  const auto inspection = headroom::inspect(arguments.path, options);
  if (!inspection) return tl::unexpected<Error>(inspection.error());
  if (arguments.common.format == TableFormat::json) {
    results() << inspection_json(*inspection);
  } else {
    write_inspection(results(), *inspection, stdout_style());
  }
  return inspection->fault ? kExitPluginFailed : kExitEvaluated;
}

}  // namespace headroom::cli
