// Commands for authors of plugins, new and check, and for who runs plugins of others: sandbox.

#include <memory>
#include <string>
#include <vector>

#include "cli/flags/declare_commands.hpp"
#include "cli/flags/flag_groups.hpp"
#include "cli/flags/flag_values.hpp"

namespace headroom::cli {
namespace {

struct CheckFlagTexts {
  std::vector<std::string> sets;
  std::string sandbox = "strict";
  double limit_time_s = 0;
  std::string limit_memory;
};

void add_check_flags(CLI::App& command, CheckArguments& arguments, CheckFlagTexts& texts) {
  command.footer(
      "Examples:\n"
      "  headroom check build/my_model.so\n"
      "  headroom check build/my_model.so --only loads determinism --set dimension=128\n"
      "  headroom check models/esm                        a folder: plugin.so, model.py or model.onnx with its files\n"
      "  headroom check --list                            what is checked, and why\n"
      "\n"
      "Exit codes: 0 the plugin conforms; 2 usage or bad input; 3 it does not.");
  command.add_option("plugin", arguments.plugin, "Plugin: a library, a model of a runner, or a folder with one")
      ->type_name("FOLDER|PLUGIN.so|MODEL.py|MODEL.onnx");
  begin_group(command, "What is checked");
  command.add_flag("--list", arguments.list, "Say what the checks are, and end");
  command.add_option("--only", arguments.options.names, "Run only these checks, by name (default: all)")
      ->type_name("NAME");
  command.add_flag_callback(
      "--no-published-size", [&arguments] { arguments.options.published_size = false; },
      "Leave out the one check that may take minutes");
  add_optional(
      command, "--ids", arguments.ids_file,
      "File with perturbation ids that the embedding knows, one a line (default: some well-known human genes)");
  begin_group(command, "The plugin");
  command
      .add_option("--set", texts.sets,
                  "Option that the plugin declares; what stands before the dot of run's is ignored")
      ->type_name("[NAME.]KEY=VALUE")
      ->allow_extra_args(false);
  command
      .add_option("--sandbox", texts.sandbox,
                  "Confinement: strict (strong or better, else exit 4), relaxed (the best to be had), off")
      ->check(CLI::IsMember({"strict", "relaxed", "off"}))
      ->capture_default_str();
  command
      .add_option("--limit-time", texts.limit_time_s,
                  "Seconds of wall clock that one request may take (default: 600 at the published size, else 60)")
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber);
  command
      .add_option("--limit-memory", texts.limit_memory,
                  "Address space of one plugin process, at least 512MiB (default: 8GiB)")
      ->type_name("SIZE");
}

Result<void> read_check_flags(const CheckFlagTexts& texts, CheckArguments& arguments) {
  for (const std::string& text : texts.sets) {
    auto entry = key_and_value(text, "--set", "[NAME.]KEY=VALUE");
    if (!entry) return tl::unexpected<Error>(entry.error());
    // Keys hold no '.'; what a run calls the plugin is its own affair.
    entry->first = entry->first.substr(entry->first.rfind('.') + 1);
    arguments.options.plugin_options.push_back(*entry);
  }
  if (texts.limit_time_s > 0) arguments.options.limits.set_wall_time_s(texts.limit_time_s);
  if (!texts.limit_memory.empty()) {
    auto bytes = size_in_bytes(texts.limit_memory, "--limit-memory");
    if (!bytes) return tl::unexpected<Error>(bytes.error());
    arguments.options.limits.set_address_space_bytes(*bytes);
  }
  arguments.options.sandbox = sandbox_mode(texts.sandbox);
  if (!arguments.list && arguments.plugin.empty()) {
    return bad_input("there is no plugin to check", "headroom check", "name a library, or use --list");
  }
  return {};
}

}  // namespace

void add_new_command(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<NewArguments>();
  CLI::App& new_app =
      *app.add_subcommand("new", "Write a plugin project that builds and passes 'headroom check' as it is");
  new_app.footer(
      "Examples:\n"
      "  headroom new my_model --kind embedding\n"
      "  cmake -S my_model -B my_model/build && cmake --build my_model/build\n"
      "  headroom check my_model/build/my_model.so\n"
      "  headroom new mine --kind embedding --language python && headroom check mine/model.py");
  new_app.add_option("name", arguments->name, "Name of the plugin, and of the folder that is made")
      ->type_name("NAME")
      ->required();
  begin_group(new_app, "What is written");
  new_app.add_option("--kind", arguments->kind, "What the plugin is")->type_name("embedding|predictor")->required();
  new_app.add_option("--target", arguments->target, "What a predictor predicts: deltas, or which genes respond")
      ->type_name("lfc|deg")
      ->capture_default_str();
  new_app.add_option("--language", arguments->language, "What it is written in")
      ->type_name("c++|c|python")
      ->capture_default_str();
  new_app.callback([&command, arguments] { command = [arguments] { return make_project(*arguments); }; });
}

void add_check_command(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<CheckArguments>();
  auto texts = std::make_shared<CheckFlagTexts>();
  CLI::App& check_app = *app.add_subcommand("check", "Does a plugin keep the SDK's contract? One named check a line");
  add_check_flags(check_app, *arguments, *texts);
  add_common_flags(check_app, arguments->common);
  check_app.callback([&command, arguments, texts] {
    command = [arguments, texts]() -> Result<int> {
      if (auto read = read_check_flags(*texts, *arguments); !read) return tl::unexpected<Error>(read.error());
      return check(*arguments);
    };
  });
}

void add_sandbox_command(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<SandboxArguments>();
  CLI::App& sandbox_app =
      *app.add_subcommand("sandbox", "Which confinement of plugins this machine grants, and what would grant more");
  sandbox_app.footer(
      "Examples:\n"
      "  headroom sandbox\n"
      "  headroom sandbox --json                          for a script\n"
      "\n"
      "A worker confines itself and probes every layer; for those that are missing stands which switch of the\n"
      "kernel, Docker, Podman, Apptainer or systemd would grant them.\n"
      "\n"
      "Exit codes: 0 strong or full, as runs ask for; 4 less.");
  add_common_flags(sandbox_app, arguments->common);
  sandbox_app.callback([&command, arguments] { command = [arguments] { return sandbox(*arguments); }; });
}

}  // namespace headroom::cli
