#include "cli/flags/run_flags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "cli/flags/embedding_groups.hpp"
#include "cli/flags/flag_groups.hpp"
#include "cli/flags/flag_values.hpp"
#include "cli/flags/task_flags.hpp"
#include "plugin_host/plugin_place.hpp"

namespace headroom::cli {
namespace {

std::string metric_names() {
  std::string names;
  for (const auto& metrics : {all_metrics(), class_metrics(), cell_metrics()}) {
    for (const Metric metric : metrics) names += (names.empty() ? "" : ", ") + std::string(metric_name(metric));
  }
  return names;
}

void add_split_flags(CLI::App& command, SplitRequest& split, RunFlagTexts& texts) {
  begin_group(command, "Which rows are trained on, and which are tested");
  add_family_flags(command, texts.split_family, split);
  command.add_flag(
      "--per-context", split.per_context,
      "Fit heads on each context by itself and take the mean of their predictions, in the place of one fit "
      "over all rows with the contexts' control profiles as further features");
  add_optional(command, "--split-file", texts.split_file,
               "Splits from a CSV instead: split,part,context,pert_id, with part train, val (trained on, too) or test")
      ->type_name("CSV");
  command
      .add_option(
          "--combine", texts.combine,
          "What stands for the vector of a combination A+B that an embedding does not know: sum, mean or max of "
          "its parts' vectors, or none (default: sum with --split combination, else none)")
      ->check(CLI::IsMember({"sum", "mean", "max", "none"}))
      ->type_name("sum|mean|max|none");
}

// A head by name, or [NAME=]PATH of a plugin or of a folder with one.
PredictorSpec predictor_of(const std::string& text) {
  auto [name, path] = named_path(text);
  std::error_code ignored;
  const bool is_named_folder = text.find('=') != std::string::npos && std::filesystem::is_directory(path, ignored);
  if (is_plugin_name(path.filename().string()) || path.has_parent_path() || is_named_folder) {
    return {std::move(name), std::move(path)};
  }
  return {text, {}};
}

constexpr const char* kAllEmbeddings = "all";  // as the blocks of a fusion

}  // namespace

void add_run_flags(CLI::App& command, RunArguments& arguments, RunFlagTexts& texts) {
  RunOptions& run = arguments.run;
  begin_group(command, "What is evaluated");
  command
      .add_option("--predictor", texts.predictors,
                  "Head that maps an embedding to deltas, knn, lasso or ridge, or to classes, logistic (the default "
                  "where these are predicted); or [NAME=]PATH of a predictor plugin: .so, .py, or a folder "
                  "with one and its data files")
      ->type_name("[NAME=]PATH")
      ->allow_extra_args(false)
      ->capture_default_str();
  command
      .add_option(
          "--target", arguments.targets,
          "What is predicted: lfc, the deltas; deg, which genes respond and in which direction; cells, single cells "
          "(of tasks by prepare --cell-metrics, with predicted cells or the bounds alone; default: all that the "
          "task holds; finished predictions are taken for deltas where it holds these)")
      ->check(CLI::IsMember({"lfc", "deg", "cells"}))
      ->type_name("lfc|deg|cells")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--fold", run.folds, "Only these folds or splits, by name (default: all)")->type_name("NAME");
  command
      .add_option("--metric", texts.metrics,
                  "Only these metrics: " + metric_names() +
                      " (default: all that the task allows); of a suite also nsig_real, nsig_pred, nsig_spearman, "
                      "expr_mse_numerator, expr_mse_denominator, and those of classic cell-eval, "
                      "discrimination_score_l1, discrimination_score_l2, discrimination_score_cosine, pearson_delta, "
                      "mae, mse, mae_delta, mse_delta and, by name alone, pearson_edistance")
      ->type_name("METRIC[,METRIC]")
      ->delimiter(',')
      ->allow_extra_args(false);
  command
      .add_option("--exclude-targets", texts.excluded_targets,
                  "Genes that no metric counts because they were perturbed: own, the perturbation's own gene; panel, "
                  "the measured targets of all perturbations of the context; none. published: as each metric is "
                  "defined, PDS_L1 and the suite's members without the own gene, pds_cosine without the panel's, the "
                  "others with all. The noise table is of all genes, so "
                  "own and panel do without its ceilings")
      ->check(CLI::IsMember({"published", "own", "panel", "none"}))
      ->type_name("own|panel|none")
      ->capture_default_str();
  add_task_flags(command, arguments.task);

  add_split_flags(command, run.split, texts);

  begin_group(command, "The protocol");
  command
      .add_option("--common-dim", run.common_dim,
                  "Principal components that every embedding is reduced to; fewer where there are fewer training rows")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command
      .add_option("--grid", texts.grids,
                  "Values of a hyperparameter to choose from, for example knn.k=5,10,20 (default: the predictor's own)")
      ->type_name("PREDICTOR.PARAM=V,V,...")
      ->allow_extra_args(false);
  add_optional(command, "--noise", arguments.task.noise,
               "Noise table of the task: the sampling error of each perturbation (default: noise.csv beside task.h5ad, "
               "if it is there)")
      ->type_name("CSV");
  command
      .add_option(
          "--bounds", texts.bounds,
          "Which methods bounds are chosen among: essay, the best of all nulls and the tightest of idealized and "
          "sampling_error_q90; figure, as in the published bar figures train_mean and sampling_error_q90 alone. "
          "--nulls and --ceiling refine either")
      ->check(CLI::IsMember({kBoundsOfEssay, kBoundsOfFigure}))
      ->capture_default_str();
  texts.ceiling_flag =
      command
          .add_option(
              "--ceiling", texts.ceiling,
              "Cheaters of which the tightest is the BAP, separated by commas: idealized, sampling_error_q90, "
              "sampling_error_q50, sampling_error_closed_form, split_half; of a task that was made of cells "
              "also depth_right (a second screen of the same truth, as deep, with a control of its own), "
              "depth_right_shared (with the truth's control), true_deltas (without noise). A metric that the "
              "noise table lacks takes depth_right beside the others. Of classes idealized, "
              "sampling_error_q10, sampling_error_q50, split_half. Of cells depth_right_shared, split_half. Of a "
              "suite one of depth_right (each metric by the way that suits it), simulation, spearman_brown "
              "(correlations), closed_form (errors), replicate (half against half as it is) and none")
          ->type_name("METHOD,...")
          ->multi_option_policy(CLI::MultiOptionPolicy::Join)
          ->delimiter(',')
          ->capture_default_str();
  texts.nulls_flag =
      command
          .add_option(
              "--nulls", texts.nulls,
              "Nulls of which the best is the WAP, separated by commas: train_mean, no_change, random, gene_pca; of "
              "classes no_change, most_frequent, prior, random, gene_pca; random and gene_pca are not evaluated unless "
              "they are named. Of cells mean_response, mean_response_dispersed, control_cells, no_change. --split "
              "transfer and others have more (mean_elsewhere, target_mean, sum_of_parts, "
              "larger_part), "
              "which count unless --nulls leaves them out")
          ->type_name("METHOD,...")
          ->multi_option_policy(CLI::MultiOptionPolicy::Join)
          ->delimiter(',')
          ->capture_default_str();
  command.add_flag(
      "--bounds-per-head", run.bounds_per_head,
      "Give each head bounds of its own, made with that head. By default bounds belong to the task: nulls and "
      "the idealized cheater go through knn and lasso (of classes: logistic), whoever is measured, so that "
      "percentages rank as errors do and adding a method moves none");
  command.add_option("--seed", run.seed, "Seed of the random null, of the intervals and of plugins")
      ->capture_default_str();
  add_optional(
      command, "--strata", arguments.strata,
      "Also tell every result by groups of test perturbations: CSV with pert_id, optionally context, and columns "
      "of groups. By effect size, cells and responding genes it is told anyway")
      ->type_name("CSV");
  command
      .add_option(
          "--group", texts.groups,
          "Show the embeddings whose names fit a glob (esm*) as one kind in the report; the first that fits. Or "
          "a table with a row an embedding: its column 'embedding', and one that has the kinds")
      ->type_name("NAME=PATTERN|CSV[#COLUMN]")
      ->allow_extra_args(false);
  command.add_flag("--inner-scores", arguments.keep_inner_scores,
                   "Keep the score of every hyperparameter setting in the summary");

  begin_group(command, "Plugins");
  command.add_option("--set", texts.sets, "Option that a plugin declares; headroom check tells which there are")
      ->type_name("PLUGIN.KEY=VALUE")
      ->allow_extra_args(false);
  command
      .add_option("--sandbox", texts.sandbox,
                  "Confinement of plugins: strict (strong or better, else exit 4), relaxed (the best to be had), off")
      ->check(CLI::IsMember({"strict", "relaxed", "off"}))
      ->capture_default_str();
  add_time_flag(command, "--limit-time", texts.limit_time_s,
                "Wall clock that one request to a plugin may take: 90, 90s, 10min or 4h (default: 600 s; a plugin that "
                "is named, not submitted, may declare another for itself: attention 4h)");
  add_time_flag(command, "--limit-total", texts.limit_total_s,
                "Time that everything which one plugin is asked may take together, whatever it is combined with, "
                "its introduction, its data folder and its probes included (default: 5 times --limit-time for every "
                "context)");
  command
      .add_option("--limit-memory", texts.limit_memory,
                  "Address space of one plugin process, at least 512MiB; its vectors may take a sixteenth of it "
                  "(default: 8GiB; declared otherwise: attention 16GiB)")
      ->type_name("SIZE");
}

void add_fusion_flags(CLI::App& command, RunOptions& run, RunFlagTexts& texts) {
  command
      .add_option("--fusion", texts.fusions,
                  "Several embeddings of --embedding as one model, NAME+PREDICTOR in the results: each is a block, "
                  "reduced by the perturbations that it covers, and the fusion covers what any of them does. all: "
                  "every --embedding. Embeddings made from training labels are refused: a fusion weighs its blocks by "
                  "these labels")
      ->type_name("NAME=a,b,...|NAME=all")
      ->allow_extra_args(false);
  command
      .add_option("--fusion-predictor", texts.fusion_predictors,
                  "Head of the fusions: stack, kernels, concat, concat:HEAD (knn, lasso, ridge, logistic), attention "
                  "(a transformer, where Headroom was built with libtorch; --set attention.size=simple|full), or "
                  "[NAME=]PATH.so of a predictor plugin that takes several blocks; of the default, those that do the "
                  "task's kind")
      ->type_name("NAME|[NAME=]PATH")
      ->allow_extra_args(false)
      ->capture_default_str();
  command.add_flag("--ablate", run.ablate,
                   "Also evaluate every fusion without each of its blocks, and tell by how much it is worse");
}

void settle_bounds(RunFlagTexts& texts) {
  if (texts.bounds != kBoundsOfFigure) return;
  const auto take = [](CLI::Option* flag, std::string& text, const auto& names) {
    if (flag->count() > 0) return;
    text = fmt::format("{}", fmt::join(names, ","));
    flag->default_str(text);
  };
  take(texts.ceiling_flag, texts.ceiling, kFigureCeilings);
  take(texts.nulls_flag, texts.nulls, kFigureNulls);
}

Result<void> read_run_flags(const RunFlagTexts& texts, RunArguments& arguments) {
  RunOptions& run = arguments.run;
  for (const std::string& text : texts.embeddings) {
    auto [name, path] = named_path(text);
    EmbeddingSpec spec;
    std::tie(spec.path, spec.part) = path_and_part(path);
    // One file may hold many embeddings.
    spec.name = spec.part.empty() || text.find('=') < text.find('#') ? std::move(name) : name_of_part(spec.part);
    if (spec.name.empty() || spec.path.empty()) {
      return bad_input(fmt::format("'{}' names no embedding", text), "--embedding", "write it as NAME=PATH or PATH");
    }
    run.embeddings.push_back(std::move(spec));
  }
  run.predictors_are_named = texts.predictors != RunFlagTexts().predictors;
  for (const std::string& text : texts.predictors) run.predictors.push_back(predictor_of(text));
  run.fusion_predictors_are_named = texts.fusion_predictors != RunFlagTexts().fusion_predictors;
  for (const std::string& text : texts.fusion_predictors) run.fusion_predictors.push_back(predictor_of(text));
  for (const std::string& text : texts.fusions) {
    auto entry = key_and_value(text, "--fusion", "NAME=a,b,... or NAME=all");
    if (!entry) return tl::unexpected<Error>(entry.error());
    FusionSpec spec{entry->first, {}};
    if (entry->second != kAllEmbeddings) spec.embeddings = CLI::detail::split(entry->second, ',');
    run.fusions.push_back(std::move(spec));
  }
  for (const std::string& text : texts.grids) {
    auto entry = key_and_value(text, "--grid", "PREDICTOR.PARAM=V,V,...");
    if (!entry) return tl::unexpected<Error>(entry.error());
    std::vector<double>& values = run.grid[entry->first];
    values.clear();
    for (const std::string& part : CLI::detail::split(entry->second, ',')) {
      auto value = number(part, "--grid " + entry->first);
      if (!value) return tl::unexpected<Error>(value.error());
      values.push_back(*value);
    }
  }
  for (const std::string& text : texts.sets) {
    auto entry = key_and_value(text, "--set", "PLUGIN.KEY=VALUE");
    if (!entry) return tl::unexpected<Error>(entry.error());
    run.plugin_options[entry->first] = entry->second;
  }
  for (const std::string& text : texts.metrics) {
    const auto metric = metric_by_name(text);
    if (!metric) {
      return bad_input(fmt::format("there is no metric '{}'", text), "--metric", "the metrics are " + metric_names());
    }
    run.metrics.push_back(*metric);
  }
  run.excluded_targets = exclusion_by_name(texts.excluded_targets).value_or(ExcludedTargets::as_published);
  for (const std::string& text : texts.groups) {
    const auto groups = read_embedding_groups(text);
    if (!groups) return tl::unexpected<Error>(groups.error());
    run.groups.insert(run.groups.end(), groups->begin(), groups->end());
  }
  run.labels = arguments.task.columns.labels;
  if (!texts.ceiling.empty()) run.ceiling = CLI::detail::split(texts.ceiling, ',');
  if (!texts.nulls.empty()) run.nulls = CLI::detail::split(texts.nulls, ',');
  run.nulls_are_named = !std::equal(run.nulls.begin(), run.nulls.end(), kDeltaNulls.begin(), kDeltaNulls.end());
  if (texts.split_family && texts.split_file) {
    return bad_input("a family and a file say different splits", "--split-file",
                     "give one of --split and --split-file");
  }
  run.split_is_named = texts.split_family || texts.split_file || run.split.joint;
  if (texts.split_family) run.split.family = *texts.split_family;
  if (texts.split_file) {
    run.split.family = kFamilyFile;
    run.split.file = *texts.split_file;
  }
  for (const Combine each : {Combine::none, Combine::sum, Combine::mean, Combine::max}) {
    if (texts.combine == combine_name(each)) run.combine = each;
  }
  arguments.task.columns.folds_are_optional = run.split.family != kFamilyWithin;
  if (arguments.task.columns.n_folds) run.split.n_folds = *arguments.task.columns.n_folds;
  run.split.seed = arguments.task.columns.fold_seed;
  run.sandbox = sandbox_mode(texts.sandbox);
  if (texts.limit_time_s > 0) run.limits.set_wall_time_s(texts.limit_time_s);
  if (texts.limit_total_s > 0) run.limits.set_total_time_s(texts.limit_total_s);
  if (!texts.limit_memory.empty()) {
    auto bytes = size_in_bytes(texts.limit_memory, "--limit-memory");
    if (!bytes) return tl::unexpected<Error>(bytes.error());
    run.limits.set_address_space_bytes(*bytes);
  }
  return {};
}

}  // namespace headroom::cli
