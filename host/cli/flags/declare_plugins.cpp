// Commands for authors of plugins, new and check, and for who runs plugins of others: sandbox.

#include <memory>
#include <string>
#include <vector>

#include "cli/flags/declare_commands.hpp"
#include "cli/flags/flag_groups.hpp"
#include "cli/flags/flag_values.hpp"
#include "cli/suite_command.hpp"

namespace headroom::cli {
namespace {

struct CheckFlagTexts {
  std::vector<std::string> sets;
  std::string sandbox = "strict";
  double limit_time_s = 0;
  std::string limit_memory;
  // Of a file of predicted cells instead of a plugin.
  PredictionCheckArguments prediction;
  std::string suite;
  bool is_of_prediction() const { return prediction.against || prediction.real || !suite.empty(); }
};

void add_prediction_flags(CLI::App& command, CheckFlagTexts& texts) {
  begin_group(command, "Predicted cells instead of a plugin");
  add_optional(command, "--against", texts.prediction.against,
               "Task that the predicted cells are for: an h5ad, or a folder with task.h5ad")
      ->type_name("TASK");
  command
      .add_option("--suite", texts.suite, "Rules of an upload to this suite: cells, totals, entries, no control rows")
      ->check(CLI::IsMember({"vcc2026"}))
      ->type_name("vcc2026");
  add_optional(command, "--real", texts.prediction.real,
               "Real cells that the prediction is to be compared with: genes, labels, and numbers of cells");
  add_optional(command, "--write-fixed", texts.prediction.write_fixed,
               "Write the prediction with its genes in the right order and without control rows, where that is all "
               "that is wrong with them");
  CellColumnOptions& columns = texts.prediction.options.columns;
  add_optional(command, "--pert-col", columns.pert_col, "Column of obs with the perturbation")->type_name("COLUMN");
  add_optional(command, "--context-col", columns.context_col, "Column of obs with the context")->type_name("COLUMN");
  command.add_option("--control", columns.labels.controls, "Label of the control, or a pattern")
      ->type_name("LABEL")
      ->allow_extra_args(false);
}

void add_check_flags(CLI::App& command, CheckArguments& arguments, CheckFlagTexts& texts) {
  command.footer(
      "Examples:\n"
      "  headroom check build/my_model.so\n"
      "  headroom check build/my_model.so --only loads determinism --set dimension=128\n"
      "  headroom check models/esm                        a folder: plugin.so, model.py or model.onnx with its files\n"
      "  headroom check --list                            what is checked, and why\n"
      "  headroom check pred.h5ad --suite vcc2026 --real real.h5ad --write-fixed fixed.h5ad\n"
      "\n"
      "Exit codes: 0 the plugin, or the prediction, conforms; 2 usage or bad input; 3 it does not.");
  command
      .add_option("plugin", arguments.plugin,
                  "Plugin: a library, a model of a runner, or a folder with one; or an h5ad of predicted cells")
      ->type_name("FOLDER|PLUGIN.so|MODEL.py|MODEL.onnx|PRED.h5ad");
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
      .add_option(
          "--python-path", arguments.python_path,
          "Virtual environment of the same minor version of Python, whose packages the model may import; read only")
      ->type_name("DIR");
  command
      .add_option("--sandbox", texts.sandbox,
                  "Confinement: strict (strong or better, else exit 4), relaxed (the best to be had), off")
      ->check(CLI::IsMember({"strict", "relaxed", "off"}))
      ->capture_default_str();
  add_time_flag(
      command, "--limit-time", texts.limit_time_s,
      "Wall clock that one request may take: 90, 90s, 10min or 4h (default: 600 s at the published size, else 60)");
  command
      .add_option("--limit-memory", texts.limit_memory,
                  "Address space of one plugin process, at least 512MiB (default: 8GiB)")
      ->type_name("SIZE");
  add_prediction_flags(command, texts);
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
  CLI::App& check_app = *app.add_subcommand(
      "check", "Does a plugin, or a file of predicted cells, keep its contract? One named check a line");
  add_check_flags(check_app, *arguments, *texts);
  add_common_flags(check_app, arguments->common);
  check_app.callback([&command, arguments, texts] {
    command = [arguments, texts]() -> Result<int> {
      if (texts->is_of_prediction()) {
        texts->prediction.common = arguments->common;
        texts->prediction.prediction = arguments->plugin;
        texts->prediction.is_upload = !texts->suite.empty();
        return check_predicted_cells(texts->prediction);
      }
      if (texts->prediction.write_fixed) {
        return bad_input("nothing says what the prediction is to be", "--write-fixed",
                         "give --real, --against or --suite");
      }
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
      "A worker confines itself and probes every layer; for those that are missing stands which switch of\n"
      "the kernel, Docker, Podman, Apptainer or systemd would grant them.\n"
      "\n"
      "Exit codes: 0 strong or full, as runs ask for; 4 less.");
  add_common_flags(sandbox_app, arguments->common);
  sandbox_app.callback([&command, arguments] { command = [arguments] { return sandbox(*arguments); }; });
}

}  // namespace headroom::cli
