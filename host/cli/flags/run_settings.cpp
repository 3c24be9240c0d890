#include "cli/flags/run_settings.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <vector>

#include "cli/config_file.hpp"
#include "cli/flags/config_flags.hpp"
#include "cli/flags/declare_commands.hpp"
#include "version.hpp"

namespace headroom::cli {

std::string settings_text(const CLI::App& command, const std::string& for_command) {
  const std::string section = for_command.empty() ? command.get_name() : for_command;
  std::string text = fmt::format(
      "# What this run was asked for, by Headroom {}; defaults are written out. To repeat it:\n"
      "#   headroom {} --config run.toml\n"
      "# in the folder where it was started: paths are as they were given. Flags on the command line win.\n\n[{}]\n",
      HEADROOM_VERSION, section, section);
  for (const CLI::Option* flag : command.get_options()) {
    const std::string name = flag->get_single_name();
    // --resume is no part of what was asked for, and how many threads there are is the machine's affair.
    if (!flag->get_configurable() || name == "resume" || name == "plan" || name == "shard") continue;
    std::vector<std::string> values = flag->results();
    // A list in one text, which is written as its default is.
    const bool is_joined = flag->get_multi_option_policy() == CLI::MultiOptionPolicy::Join;
    if (is_joined && !values.empty()) values = {CLI::detail::join(values, ",")};
    const std::string& preset = flag->get_default_str();
    if (values.empty() && !preset.empty() && name != "threads") {
      const bool is_list = preset.front() == '[' && preset.back() == ']';
      values = is_list ? CLI::detail::split(preset.substr(1, preset.size() - 2), ',') : std::vector{preset};
    }
    if (!values.empty()) text += config_line(name, values);
  }
  return text;
}

Result<RunArguments> run_arguments_of(const std::string& run_toml, const std::string& where) {
  if (run_toml.empty()) {
    return bad_input("the store does not tell what its run was asked for", where,
                     "it was made by an older Headroom; make the run again");
  }
  auto entries = parse_config(run_toml, where);
  if (!entries) return tl::unexpected<Error>(entries.error());
  CLI::App app;
  RunArguments arguments;
  RunFlagTexts texts;
  ScoreFlagTexts score_texts;
  const bool is_score =
      std::any_of(entries->begin(), entries->end(), [](const ConfigEntry& entry) { return entry.section == "score"; });
  if (is_score) {
    declare_score(app, arguments, texts, score_texts);
  } else {
    declare_run(app, arguments, texts);
  }
  if (auto known = check_config(*entries, app, where); !known) return tl::unexpected<Error>(known.error());
  app.set_config("--config");
  app.config_formatter(std::make_shared<ConfigFlags>(app, std::move(*entries)));
  try {
    // CLI11 takes arguments from the end, and asks ConfigFlags for its items whatever the file holds.
    app.parse(std::vector<std::string>{is_score ? "score" : "run", "/dev/null", "--config"});
  } catch (const CLI::ParseError& problem) {
    return bad_input(problem.what(), where, "it was made by another Headroom; make the run again");
  }
  if (auto read = read_run_flags(texts, arguments); !read) return tl::unexpected<Error>(read.error());
  if (is_score) {
    if (auto read = read_score_flags(score_texts, arguments); !read) return tl::unexpected<Error>(read.error());
  }
  return arguments;
}

}  // namespace headroom::cli
