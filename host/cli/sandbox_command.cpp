// headroom sandbox: which level of confinement a worker reaches here, and what would grant the layers that are missing.
#include <fmt/format.h>

#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/terminal_streams.hpp"
#include "plugin_host/host_process.hpp"
#include "plugin_host/sandbox_advice.hpp"
#include "plugin_host/worker_session.hpp"
#include "terminal/display_text.hpp"

namespace headroom::cli {
namespace {

// A row a switch: a layer that is missing has several.
Table advice_table(const std::vector<LayerAdvice>& advice) {
  Table table{{{"layer"}, {"enforced"}, {"needed_for"}, {"missing"}, {"where"}, {"switch"}}, {}};
  for (const LayerAdvice& one : advice) {
    const std::string needed = one.needed_for == ConfinementLevel::NONE ? "" : level_word(one.needed_for);
    const std::string enforced = one.layer.enforced() ? "yes" : "no";
    if (one.switches.empty()) table.rows.push_back({one.layer.name(), enforced, needed, one.layer.missing(), "", ""});
    for (const SandboxSwitch& each : one.switches) {
      table.rows.push_back({one.layer.name(), enforced, needed, one.layer.missing(), each.where, each.change});
    }
  }
  return table;
}

void print_advice(const std::vector<LayerAdvice>& advice) {
  for (const LayerAdvice& one : advice) {
    const std::string name = one.layer.name();
    if (one.layer.enforced()) {
      results() << fmt::format("  {:<18} enforced\n", name);
      continue;
    }
    const std::string needed =
        one.needed_for == ConfinementLevel::NONE ? "no level asks for it" : "needed for " + level_word(one.needed_for);
    results() << fmt::format("  {:<18} missing, {}: {}\n", name, needed, display_text(one.layer.missing()));
  }
  // Layers that the same switches grant are told once.
  std::string told;
  for (const LayerAdvice& one : advice) {
    if (one.switches.empty()) continue;
    std::string text;
    for (const SandboxSwitch& each : one.switches)
      text += fmt::format("    {:<10} {}\n", each.where + ":", each.change);
    if (text == told) continue;
    results() << fmt::format("\n  what would grant {}:\n{}", one.layer.name(), text);
    told = text;
  }
}

}  // namespace

Result<int> sandbox(const SandboxArguments& arguments) {
  WorkerSettings settings;
  auto worker = find_worker_program();
  if (!worker) return tl::unexpected<Error>(worker.error());
  settings.worker_program = std::move(*worker);
  settings.mode = SandboxMode::RELAXED;
  const auto report = granted_sandbox(settings);
  if (!report) return tl::unexpected<Error>(report.error());
  const std::vector<LayerAdvice> advice = sandbox_advice(*report);
  if (arguments.common.format != TableFormat::text) {
    write_table(results(), advice_table(advice), arguments.common.format, stdout_style());
  } else {
    results() << fmt::format("sandbox: {}; a worker is ready after {:.0f} ms\n", level_word(report->level()),
                             1e3 * report->start_to_ready_s());
    print_advice(advice);
  }
  return report->level() >= ConfinementLevel::STRONG ? kExitEvaluated : kExitHarnessFault;
}

}  // namespace headroom::cli
