// Commands that evaluate: bounds, run, score, verify.

#include <memory>
#include <string>

#include "cli/flags/declare_commands.hpp"
#include "cli/flags/flag_groups.hpp"
#include "cli/flags/flag_values.hpp"
#include "cli/flags/run_settings.hpp"
#include "cli/flags/shard_flags.hpp"
#include "protocol/target_exclusion.hpp"

namespace headroom::cli {

void add_bounds_command(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<RunArguments>();
  auto texts = std::make_shared<RunFlagTexts>();
  CLI::App& bounds_app = *app.add_subcommand("bounds", "WAP, BAP and the gap of a task, before any plugin");
  bounds_app.footer(
      "Examples:\n"
      "  headroom bounds task                             the card of the task, before any model\n"
      "  headroom bounds task --metric L2 --json          for a script\n"
      "  headroom bounds task --ceiling idealized --format markdown");
  bounds_app.add_option("task", arguments->task.task, "Task: an h5ad of deltas, or a folder with task.h5ad")
      ->type_name("TASK")
      ->required();
  add_run_flags(bounds_app, *arguments, *texts);
  add_review_flags(bounds_app, arguments->review);
  add_common_flags(bounds_app, arguments->common);
  bounds_app.callback([&command, arguments, texts] {
    settle_bounds(*texts);
    command = [arguments, texts]() -> Result<int> {
      if (auto read = read_run_flags(*texts, *arguments); !read) return tl::unexpected<Error>(read.error());
      return bounds(*arguments);
    };
  });
}

CLI::App& declare_run(CLI::App& app, RunArguments& arguments, RunFlagTexts& texts) {
  CLI::App& run_app = *app.add_subcommand("run", "Evaluate embeddings and predictors of a task against its bounds");
  run_app.footer(
      "Examples:\n"
      "  headroom run task --embedding esm=esm2.h5ad --embedding mine=build/mine.so -o out\n"
      "  headroom run task --embedding vectors.csv --predictor knn --grid knn.k=5,10,20 --fold 0 -o quick\n"
      "  headroom run task --submissions inbox --sandbox strict -o round1\n"
      "  headroom run task --embedding a=a.csv --embedding b=b.csv --fusion both=all --ablate -o fused\n"
      "  headroom run --config out/run.toml --resume      go on, or repeat what has changed\n"
      "  headroom run --plan plan --shard 3/24 -o shards/3    one part of what headroom plan wrote\n"
      "\n"
      "Writes report.html, summary.json, scores.csv, perturbations.csv, results.sqlite, run.toml into DIR,\n"
      "and similarity.csv where there are at least two embeddings.");
  add_study_flags(run_app, arguments, texts);
  run_app.add_option("-o,--out", arguments.out, "Folder for the results")->type_name("DIR")->required();
  run_app
      .add_option("--logs", arguments.logs,
                  "Folder for what each plugin says on stdout, stderr and through its host's log: NAME.log, worker by "
                  "worker (results.sqlite keeps the same)")
      ->type_name("DIR");
  run_app.add_flag("--resume", arguments.resume,
                   "Take over evaluations that an earlier run left in DIR from the same inputs and settings, and say "
                   "which are made again and why; files that need no other content are left as they are");
  add_run_flags(run_app, arguments, texts);
  add_review_flags(run_app, arguments.review);
  add_common_flags(run_app, arguments.common);
  return run_app;
}

void add_study_flags(CLI::App& run_app, RunArguments& arguments, RunFlagTexts& texts) {
  run_app.add_option("task", arguments.task.task, "Task: an h5ad of deltas, or a folder with task.h5ad")
      ->type_name("TASK");
  begin_group(run_app, "What is evaluated");
  run_app
      .add_option("--embedding", texts.embeddings,
                  "An embedding: a plugin (.so), a model in Python or ONNX (.py, .onnx), which sees its own files and "
                  "nothing else beside it, a folder with plugin.so, model.py or model.onnx and its data files, which "
                  "that plugin alone may read and which holds neither the task nor results, or a file of vectors "
                  "keyed by perturbation id (.h5ad, .csv[.gz], .tsv[.gz], .npz); its name is that of the file unless "
                  "NAME says otherwise. Of a file with several arrays, PATH#obsm/KEY or PATH#KEY chooses the vectors, "
                  "and PATH#obs/COLUMN or PATH#COLUMN the ids")
      ->type_name("[NAME=]PATH[#PART]")
      ->allow_extra_args(false);
  run_app
      .add_option(
          "--python-path", arguments.run.python_path,
          "Virtual environment of the same minor version of Python, whose packages the models in Python of "
          "--embedding may import; read only, and never for submissions. It holds neither the task, nor results, "
          "nor a plugin")
      ->type_name("DIR");
  add_optional(run_app, "--submissions", arguments.submissions,
               "Folder of submissions: every .so or .py (an embedding or a predictor, which it tells itself), "
               "every file of vectors and every sub-folder (plugin.so, model.py or model.onnx with data files "
               "beside it; a model in ONNX always comes in one, with its vocabulary.csv)")
      ->type_name("DIR");
  add_fusion_flags(run_app, arguments.run, texts);
  run_app.add_flag("--audit", arguments.run.audit,
                   "Probe every plugin for leakage on the first fold of each context: shuffled embedding and labels, "
                   "renamed context, repeated and reordered requests, more than 100 % of the gap");
}

void add_run_command(CLI::App& app, Command& command, const std::string& command_line) {
  auto arguments = std::make_shared<RunArguments>();
  auto texts = std::make_shared<RunFlagTexts>();
  arguments->command_line = command_line;
  CLI::App& run_app = declare_run(app, *arguments, *texts);
  auto shard = std::make_shared<ShardFlagTexts>();
  add_shard_flags(run_app, *shard);
  run_app.callback([&command, &run_app, arguments, texts, shard] {
    if (!shard->plan.empty()) {
      refuse_flags_of_plan(run_app);
      command = [arguments, shard]() -> Result<int> { return run_shard_of(*arguments, *shard); };
      return;
    }
    require_task(*arguments);
    settle_bounds(*texts);
    arguments->settings_requested = settings_text(run_app);
    command = [arguments, texts]() -> Result<int> {
      if (auto read = read_run_flags(*texts, *arguments); !read) return tl::unexpected<Error>(read.error());
      return run(*arguments);
    };
  });
}

CLI::App& declare_score(CLI::App& app, RunArguments& arguments, RunFlagTexts& texts, ScoreFlagTexts& score_texts) {
  CLI::App& score_app =
      *app.add_subcommand("score", "Score finished predictions of any model against the bounds of a task");
  score_app
      .add_option("task", arguments.task.task,
                  "Task: an h5ad of deltas, or a folder with task.h5ad (none where --real names real cells)")
      ->type_name("TASK");
  add_score_flags(score_app, score_texts);
  score_app.add_option("-o,--out", arguments.out, "Folder for the results")->type_name("DIR")->required();
  score_app.add_flag(
      "--resume", arguments.resume,
      "Take over evaluations that an earlier run left in DIR from the same inputs and settings, and say which are "
      "made again and why; files that need no other content are left as they are");
  add_run_flags(score_app, arguments, texts);
  add_review_flags(score_app, arguments.review);
  add_common_flags(score_app, arguments.common);
  return score_app;
}

void add_score_command(CLI::App& app, Command& command, const std::string& command_line) {
  auto arguments = std::make_shared<RunArguments>();
  auto texts = std::make_shared<RunFlagTexts>();
  auto score_texts = std::make_shared<ScoreFlagTexts>();
  arguments->command_line = command_line;
  CLI::App& score_app = declare_score(app, *arguments, *texts, *score_texts);
  score_app.callback([&command, &score_app, arguments, texts, score_texts] {
    settle_bounds(*texts);
    arguments->settings_requested = settings_text(score_app);
    command = [arguments, texts, score_texts]() -> Result<int> {
      if (score_texts->real || (!score_texts->suite.empty() && score_texts->suite != "paper")) {
        if (texts->ceiling_flag->count() > 0) score_texts->ceiling = texts->ceiling;
        score_texts->metrics = texts->metrics;
        arguments->run.excluded_targets =
            exclusion_by_name(texts->excluded_targets).value_or(ExcludedTargets::as_published);
        auto suite = suite_arguments(*score_texts, *arguments);
        if (!suite) return tl::unexpected<Error>(suite.error());
        return compare_two_files(*suite);
      }
      if (auto read = read_run_flags(*texts, *arguments); !read) return tl::unexpected<Error>(read.error());
      if (auto read = read_score_flags(*score_texts, *arguments); !read) return tl::unexpected<Error>(read.error());
      return score(*arguments);
    };
  });
}

void add_verify_command(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<VerifyArguments>();
  CLI::App& verify_app = *app.add_subcommand("verify", "Evaluate stored results again and compare them bit for bit");
  verify_app.add_option("out", arguments->out, "Folder of a run")->type_name("OUT")->required();
  begin_group(verify_app, "What is verified");
  verify_app
      .add_option("--target", arguments->target, "Only evaluations of this target: lfc, deg or cells (default: all)")
      ->check(CLI::IsMember({"lfc", "deg", "cells"}))
      ->type_name("lfc|deg|cells");
  CLI::Option* all = verify_app.add_flag("--all", arguments->all, "All stored evaluations instead of a sample");
  verify_app.add_option("--sample", arguments->n_sample, "How many stored evaluations to make again")
      ->check(CLI::Range(1, 1000000))
      ->excludes(all)
      ->capture_default_str();
  verify_app.add_option("--seed", arguments->seed, "Seed of the sample")->capture_default_str();
  begin_group(verify_app, "Plugins");
  struct Texts {
    std::string sandbox = "strict", limit_memory;
    double limit_time_s = 0, limit_total_s = 0;
    std::vector<std::string> sets;
  };
  auto texts = std::make_shared<Texts>();
  verify_app
      .add_option("--python-path", arguments->python_path,
                  "Virtual environment whose packages the run's models in Python may import; the run's own is not "
                  "taken over, since the folder may be a stranger's")
      ->type_name("DIR");
  verify_app
      .add_option("--set", texts->sets,
                  "Library of ONNX Runtime for a model of the run, NAME.runtime=PATH; the run's own is not taken over")
      ->type_name("NAME.runtime=PATH")
      ->allow_extra_args(false);
  verify_app
      .add_option("--sandbox", texts->sandbox,
                  "Confinement of plugins, whatever the run's was: strict (strong or better, else exit 4), relaxed "
                  "(the best to be had), off")
      ->check(CLI::IsMember({"strict", "relaxed", "off"}))
      ->capture_default_str();
  add_time_flag(verify_app, "--limit-time", texts->limit_time_s,
                "Time that one request to a plugin may take at most, whatever the run allowed: 90, 90s, 10min or 4h "
                "(default: 600 s); a shorter limit of the run's stays");
  add_time_flag(verify_app, "--limit-total", texts->limit_total_s,
                "The same of everything that one plugin is asked (default: 5 times --limit-time for every context)");
  verify_app
      .add_option("--limit-memory", texts->limit_memory,
                  "The same of the address space of one plugin process, at least 512MiB (default: 8GiB)")
      ->type_name("SIZE");
  add_common_flags(verify_app, arguments->common);
  verify_app.footer(
      "Examples:\n"
      "  headroom verify out                              twenty of the stored evaluations\n"
      "  headroom verify out --all --format csv           every one, a line each\n"
      "\n"
      "Exit codes: 0 all equal; 2 a file or setting has changed or is missing; 3 other numbers from\n"
      "the same inputs.");
  verify_app.callback([&command, arguments, texts] {
    arguments->sandbox = sandbox_mode(texts->sandbox);
    if (texts->limit_time_s > 0) arguments->limits.set_wall_time_s(texts->limit_time_s);
    if (texts->limit_total_s > 0) arguments->limits.set_total_time_s(texts->limit_total_s);
    command = [arguments, texts]() -> Result<int> {
      if (!texts->limit_memory.empty()) {
        auto bytes = size_in_bytes(texts->limit_memory, "--limit-memory");
        if (!bytes) return tl::unexpected<Error>(bytes.error());
        arguments->limits.set_address_space_bytes(*bytes);
      }
      for (const std::string& text : texts->sets) {
        auto entry = key_and_value(text, "--set", "NAME.runtime=PATH");
        if (!entry) return tl::unexpected<Error>(entry.error());
        if (!entry->first.ends_with(".runtime")) {
          return bad_input("verify takes the options of its run", "--set " + text, "give NAME.runtime=PATH alone");
        }
        std::error_code ignored;  // what was given here is looked for here
        arguments->runtimes[entry->first] = std::filesystem::absolute(entry->second, ignored).string();
      }
      if (!arguments->python_path.empty()) {
        std::error_code ignored;
        arguments->python_path = std::filesystem::absolute(arguments->python_path, ignored);
      }
      return verify(*arguments);
    };
  });
}

}  // namespace headroom::cli
