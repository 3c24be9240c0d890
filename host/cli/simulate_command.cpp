// headroom simulate: a seeded synthetic screen with known truth.
#include <fmt/format.h>

#include "cli/command_line.hpp"
#include "cli/interruption.hpp"
#include "cli/terminal_streams.hpp"
#include "numerics/blas.hpp"
#include "simulation/screen.hpp"
#include "terminal/terminal_progress.hpp"

namespace headroom::cli {

Result<int> simulate(const SimulateArguments& arguments) {
  ScreenOptions options;
  options.preset = *screen_preset(arguments.preset);
  options.seed = arguments.seed;
  if (const auto blas = require_threadsafe_blas(); !blas) return tl::unexpected<Error>(blas.error());
  ThreadPool pool(arguments.common.n_threads);
  TerminalProgress progress = terminal_progress(arguments.common.quiet);
  auto report = simulate_screen(arguments.out, options, pool, progress, Interruption::token());
  if (!report) return tl::unexpected<Error>(report.error());
  for (const auto& path : report->written) results() << path.string() << '\n';
  return 0;
}

}  // namespace headroom::cli
