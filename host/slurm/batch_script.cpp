#include "slurm/batch_script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "terminal/shell_word.hpp"

namespace headroom {
namespace {

// In a #SBATCH line: sbatch reads quotes, and %% for a percent sign in the name of a log.
std::string log_path(const std::filesystem::path& folder, const std::string& name) {
  std::string text = "\"";
  for (const char c : folder.string()) {
    if (c == '%') text += '%';
    text += c;
  }
  return text + "/" + name + "\"";
}

std::string directives(const BatchOptions& options, const std::string& name, const std::string& log) {
  std::string text = fmt::format("#SBATCH --job-name={}\n#SBATCH --output={}\n#SBATCH --open-mode=append\n", name,
                                 log_path(options.out / "logs", log));
  if (!options.partition.empty()) text += fmt::format("#SBATCH --partition={}\n", options.partition);
  if (!options.account.empty()) text += fmt::format("#SBATCH --account={}\n", options.account);
  if (!options.time.empty()) text += fmt::format("#SBATCH --time={}\n", options.time);
  if (options.memory_bytes) text += fmt::format("#SBATCH --mem={}M\n", (*options.memory_bytes + (1 << 20) - 1) >> 20);
  text += fmt::format("#SBATCH --cpus-per-task={}\n", options.n_threads);
  return text;
}

}  // namespace

std::string array_text(const std::vector<std::size_t>& shards) {
  std::string text;
  for (std::size_t i = 0; i < shards.size();) {
    std::size_t end = i + 1;
    while (end < shards.size() && shards[end] == shards[end - 1] + 1) ++end;
    if (!text.empty()) text += ',';
    text += std::to_string(shards[i]);
    if (end > i + 1) text += "-" + std::to_string(shards[end - 1]);
    i = end;
  }
  return text;
}

Result<void> validate(const BatchOptions& options) {
  const std::pair<const char*, const std::string*> values[] = {
      {"--partition", &options.partition}, {"--account", &options.account}, {"--time", &options.time}};
  for (const auto& [flag, value] : values) {
    const bool is_word = std::all_of(value->begin(), value->end(), [](const char c) {
      return std::isgraph(static_cast<unsigned char>(c)) && c != '"' && c != '\'' && c != '#';
    });
    if (!is_word)
      return bad_input(fmt::format("'{}' is no word of sbatch", *value), flag, "write it as sbatch takes it");
  }
  for (const auto& path : {options.out, options.plan, options.program}) {
    if (path.string().find_first_of("\n\"\\") == std::string::npos) continue;
    return bad_input("a path that holds quotes, backslashes or line ends cannot stand in a script", path.string(),
                     "give another folder with -o");
  }
  return {};
}

std::string array_script(const BatchOptions& options) {
  std::string array = array_text(options.shards);
  if (options.array_limit) array += fmt::format("%{}", *options.array_limit);
  const std::string program = shell_word(options.program.string());
  const std::string shards = shell_word((options.out / "shards").string());
  return fmt::format(
      "#!/bin/bash\n"
      "# The parts of a Headroom study, one task each. A task that is killed, preempted or requeued goes on from what "
      "its\n"
      "# folder holds. A task takes about {} MiB; exit code 3 says that a plugin failed, which its row tells.\n"
      "{}"
      "#SBATCH --array={}\n"
      "#SBATCH --requeue\n"
      "\n"
      "{} run --plan {} --shard \"$SLURM_ARRAY_TASK_ID/{}\" \\\n"
      "  -o {}/\"$SLURM_ARRAY_TASK_ID\" --threads {}\n"
      "code=$?\n"
      "[ \"$code\" -eq 3 ] && code=0\n"
      "exit \"$code\"\n",
      options.estimated_bytes >> 20, directives(options, options.name, "shard-%a.log"), array, program,
      shell_word(options.plan.string()), options.n_shards, shards, options.n_threads);
}

std::string merge_script(const BatchOptions& options) {
  const std::string shards = shell_word((options.out / "shards").string());
  return fmt::format(
      "#!/bin/bash\n"
      "# One run of the parts of a Headroom study: summary, tables, report. It names the parts that are missing, if "
      "any.\n"
      "{}"
      "\n"
      "{} merge {}/* -o {} --threads {}\n"
      "code=$?\n"
      "[ \"$code\" -eq 3 ] && code=0\n"
      "exit \"$code\"\n",
      directives(options, options.name + "-merge", "merge.log"), shell_word(options.program.string()), shards,
      shell_word(options.out.string()), options.n_threads);
}

}  // namespace headroom
