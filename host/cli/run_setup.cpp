#include "cli/run_setup.hpp"

#include <fmt/ostream.h>

#include "cli/installed_files.hpp"
#include "cli/notes.hpp"
#include "cli/run_store.hpp"
#include "cli/terminal_streams.hpp"
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
  return options;
}

}  // namespace headroom::cli
