#include "cli/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "cli/argument_order.hpp"
#include "cli/config_file.hpp"
#include "cli/exit_code.hpp"
#include "cli/flags/config_flags.hpp"
#include "cli/flags/declare_commands.hpp"
#include "cli/flags/flag_groups.hpp"
#include "cli/flags/help_formatter.hpp"
#include "cli/interruption.hpp"
#include "cli/terminal_streams.hpp"
#include "plugin_host/host_process.hpp"
#include "version.hpp"

namespace headroom::cli {
namespace {

constexpr const char* kAbout =
    "Tells how much of the achievable progress a perturbation-response predictor has made\n"
    "For every context and metric it places each method between WAP, the best null that any sensible model must beat, "
    "and BAP, the tightest of the cheaters that no honest model can beat, and prints the percentage of that gap "
    "closed.";

constexpr const char* kFooter =
    "Examples:\n"
    "  headroom simulate -o example                    a synthetic screen with three embeddings\n"
    "  headroom prepare cells.h5ad --control non-targeting -o task\n"
    "                                                  deltas and their sampling error from single cells\n"
    "  headroom bounds task                            where the bounds lie, before any model\n"
    "  headroom run task --embedding my_model=vectors.h5ad -o out\n"
    "                                                  how much of the gap a model closes\n"
    "  headroom score task --predictions my_model=predicted.h5ad -o out\n"
    "\n"
    "Exit codes: 0 everything evaluated; 2 usage or bad input; 3 a plugin failed (its row says why);\n"
    "4 harness fault or no sandbox; 130, 143 interrupted (what was done is kept).";

int print_error(const Error& error) {
  fmt::print(stderr, "headroom: error: {}\n", error.line());
  return exit_code(error);
}

struct GivenArguments {
  std::vector<std::string> arguments;  // without the program's name and --config FILE
  std::string config;                  // empty: none
};

// `headroom run --config FILE` is `headroom --config FILE run`, and so it is given to CLI11. Of several the last holds.
GivenArguments hoist_config(const std::vector<std::string>& arguments) {
  GivenArguments given;
  bool flags_ended = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    flags_ended = flags_ended || argument == "--";
    if (!flags_ended && argument == "--config" && i + 1 < arguments.size()) {
      given.config = arguments[++i];
    } else if (!flags_ended && argument.starts_with("--config=")) {
      given.config = argument.substr(std::string_view("--config=").size());
    } else {
      given.arguments.push_back(argument);
    }
  }
  return given;
}

// The command's one positional argument, which several values of a flag do not take: of a file or a plugin.
void put_positional_first(const CLI::App& app, std::vector<std::string>& arguments) {
  if (arguments.empty()) return;
  const auto commands =
      app.get_subcommands([&](const CLI::App* each) { return each->get_name() == arguments.front(); });
  if (commands.empty()) return;
  const CLI::App* command = commands.front();
  const auto positionals = command->get_options([](const CLI::Option* flag) { return flag->get_positional(); });
  if (positionals.size() != 1) return;
  const bool takes_several = positionals.front()->get_items_expected_max() > 1;
  const auto values_of = [&](const std::string& name) {
    const CLI::Option* flag = command->get_option_no_throw(name);
    if (flag == nullptr || flag->get_items_expected_max() == 0) return FlagValues::none;
    return flag->get_allow_extra_args() ? FlagValues::several : FlagValues::one;
  };
  const auto is_there = [](const std::string& text) {
    std::error_code ignored;
    return std::filesystem::exists(text, ignored);
  };
  std::vector<std::string> ordered =
      with_positional_first({arguments.begin() + 1, arguments.end()}, values_of, is_there, takes_several);
  std::move(ordered.begin(), ordered.end(), arguments.begin() + 1);
}

Result<int> carry_out(const std::string& program, const std::vector<std::string>& arguments) {
  std::string command_line = program;
  for (const std::string& argument : arguments) command_line += " " + argument;

  CLI::App app(kAbout, kProgram);
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_version_flag("--version", "headroom " HEADROOM_VERSION);
  app.set_config("--config", "", kConfigHelp)->type_name("FILE.toml");
  app.require_subcommand(1);
  app.fallthrough(false);

  Command command;
  add_simulate_command(app, command);
  add_prepare_command(app, command);
  add_bounds_command(app, command);
  add_run_command(app, command, command_line);
  add_score_command(app, command, command_line);
  add_verify_command(app, command);
  add_plan_command(app, command, command_line);
  add_merge_command(app, command, command_line);
  add_submit_command(app, command, command_line);
  add_status_command(app, command);
  add_report_command(app, command);
  add_leaderboard_command(app, command);
  add_progress_command(app, command);
  add_new_command(app, command);
  add_check_command(app, command);
  add_inspect_command(app, command);
  add_sandbox_command(app, command);
  add_completion_command(app, command);
  add_documents_command(app, command);

  // The command's own --config is hoisted to the program's before anything is parsed.
  for (CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; })) {
    begin_group(*each, "Output and machine");
    each->add_option("--config", kConfigHelp)->type_name("FILE.toml")->configurable(false);
    each->set_help_flag("-h,--help", "Print this help and exit");
  }
  app.set_help_flag("-h,--help", "Print this help and exit; COMMAND --help explains a command");
  app.footer(kFooter);  // last, for a command takes over what stands here when it is added
  auto given = hoist_config(arguments);
  if (!given.config.empty()) {
    auto entries = read_config_file(given.config);
    if (!entries) return tl::unexpected<Error>(entries.error());
    if (auto known = check_config(*entries, app, given.config); !known) return tl::unexpected<Error>(known.error());
    app.config_formatter(std::make_shared<ConfigFlags>(app, std::move(*entries)));
  }

  put_positional_first(app, given.arguments);
  if (!given.config.empty()) given.arguments.insert(given.arguments.begin(), {"--config", given.config});
  try {
    std::reverse(given.arguments.begin(), given.arguments.end());  // CLI11 takes them from the end
    app.parse(std::move(given.arguments));
  } catch (const CLI::ParseError& problem) {
    if (problem.get_exit_code() == 0) return app.exit(problem, results(), messages());  // --help, --version
    const auto named = app.get_subcommands();
    const std::string help =
        named.empty() ? "headroom --help" : fmt::format("headroom {} --help", named[0]->get_name());
    return bad_input(problem.what(), given.config.empty() ? "command line" : "command line and " + given.config,
                     fmt::format("see '{}'", help));
  }
  return command();
}

}  // namespace

Result<int> carry_out(const std::vector<std::string>& arguments) { return carry_out(kProgram, arguments); }

int run_command_line(int argc, char** argv) {
  if (auto prepared = prepare_host_process(); !prepared) return print_error(prepared.error());
  Interruption::install();
  const Result<int> ended = carry_out(argv[0], {argv + 1, argv + argc});
  return ended ? *ended : print_error(ended.error());
}

}  // namespace headroom::cli
