// headroom inspect: what a file or folder holds.
#include <fmt/format.h>

#include <cstdio>
#include <iostream>

#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/installed_files.hpp"
#include "cli/terminal_streams.hpp"
#include "inspection/inspection_text.hpp"
#include "plugin_host/host_process.hpp"

namespace headroom::cli {

Result<int> inspect(const InspectArguments& arguments) {
  InspectOptions options = arguments.options;
  auto worker = find_worker_program();
  if (!worker) return tl::unexpected<Error>(worker.error());
  options.worker_program = *worker;
  auto plugins = find_shipped_plugins();
  if (!plugins) return tl::unexpected<Error>(plugins.error());
  options.shipped_plugins = *plugins;
  if (options.sandbox == SandboxMode::OFF) {
    fmt::print(stderr, "headroom: warning: --sandbox off: plugins run without confinement\n");
  }
  const auto inspection = headroom::inspect(arguments.path, options);
  if (!inspection) return tl::unexpected<Error>(inspection.error());
  if (arguments.common.format == TableFormat::json) {
    std::cout << inspection_json(*inspection);
  } else {
    write_inspection(std::cout, *inspection, stdout_style());
  }
  return inspection->fault ? kExitPluginFailed : kExitEvaluated;
}

}  // namespace headroom::cli
