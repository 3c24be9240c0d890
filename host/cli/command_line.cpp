#include "cli/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>

#include "cli/argument_order.hpp"
#include "cli/command_description.hpp"
#include "cli/config_file.hpp"
#include "cli/exit_code.hpp"
#include "cli/help_text.hpp"
#include "cli/interruption.hpp"
#include "cli/man_page.hpp"
#include "cli/shell_completion.hpp"
#include "io/atomic_file.hpp"
#include "parallel/thread_pool.hpp"
#include "plugin_host/host_process.hpp"
#include "version.hpp"

namespace headroom::cli {
namespace {

constexpr const char* kProgram = "headroom";

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

// A flag that takes one of these words; the first is the default. The word is kept as it was given.
template <class T>
CLI::Option* add_choice(CLI::App& command, const std::string& flag, T& value,
                        const std::vector<std::pair<std::string, T>>& choices, const std::string& help) {
  std::vector<std::string> words;
  for (const auto& choice : choices) words.push_back(choice.first);
  const auto take = [&value, choices](const std::string& given) {
    for (const auto& [word, meaning] : choices) {
      if (word == given) value = meaning;
    }
  };
  return command.add_option_function<std::string>(flag, take, help)
      ->type_name(CLI::detail::join(words, "|"))
      ->check(CLI::IsMember(words))
      ->default_str(words.front());
}

// Flags that are added from here on stand under this heading of --help.
void begin_group(CLI::App& command, const std::string& heading) { command.option_defaults()->group(heading); }

constexpr const char* kConfigHelp = "Read flags from this TOML file, under [COMMAND]; the command line wins";

void add_common_flags(CLI::App& command, CommonArguments& common) {
  common.n_threads = available_cores();
  begin_group(command, "Output and machine");
  command
      .add_option("--threads", common.n_threads, "Threads to use, 1 to 1024; no result depends on it (default: all)")
      ->check(CLI::Range(1, 1024));
  command.add_flag("--quiet", common.quiet, "No progress and no notes on stderr");
  command.add_flag_callback(
      "--json", [&common] { common.format = TableFormat::json; }, "Results as JSON on stdout");
  add_choice(command, "--format", common.format,
             {{"table", TableFormat::text},
              {"csv", TableFormat::csv},
              {"json", TableFormat::json},
              {"markdown", TableFormat::markdown}},
             "How results are printed on stdout");
}

// How the labels of perturbations are read.
void add_label_flags(CLI::App& command, LabelOptions& labels) {
  command
      .add_option("--control", labels.controls,
                  "Label of the control, or a pattern such as 'NegCtrl*'; all that are given are one control")
      ->type_name("LABEL")
      ->allow_extra_args(false);
  command.add_flag("--merge-labels", labels.merge,
                   "Join spellings of one perturbation: case, blanks, the order of A+B, A+ctrl");
  command.add_option("--keep-label", labels.kept, "A label such as nan or None that does name a perturbation")
      ->type_name("LABEL")
      ->allow_extra_args(false);
}

// Of every command that reads data. A code that does not exist is a mistake on the command line.
void add_review_flags(CLI::App& command, ReviewOptions& review) {
  begin_group(command, "Doubts about the input");
  command
      .add_option("--accept", review.accepted,
                  "Go on although a doubt of this code was raised: the data mean what they say")
      ->type_name("CODE")
      ->allow_extra_args(false)
      ->check([](const std::string& code) {
        const auto known = validate(ReviewOptions{{code}, false});
        return known ? std::string() : known.error().line();
      });
  command.add_flag("--strict", review.strict, "Doubts that are only noted stop the command as well");
}

template <class T>
CLI::Option* add_optional(CLI::App& command, const std::string& flags, std::optional<T>& value,
                          const std::string& help) {
  if constexpr (std::is_same_v<T, std::filesystem::path>) {
    return command
        .add_option_function<std::string>(
            flags, [&value](const std::string& given) { value = given; }, help)
        ->type_name("FILE");
  } else {
    return command.add_option_function<T>(
        flags, [&value](const T& given) { value = given; }, help);
  }
}

void add_where_flag(CLI::App& command, std::vector<RowFilter>& where, const std::string& help) {
  command
      .add_option_function<std::vector<std::string>>(
          "--where",
          [&where](const std::vector<std::string>& given) {
            where.clear();
            for (const std::string& text : given) {
              const auto equals = text.find('=');
              where.push_back({text.substr(0, equals), text.substr(equals + 1)});
            }
          },
          help)
      ->type_name("COLUMN=VALUE")
      ->allow_extra_args(false)
      ->check([](const std::string& text) {
        const auto equals = text.find('=');
        return equals == std::string::npos || equals == 0 ? "'" + text + "' is not COLUMN=VALUE" : std::string();
      });
}

constexpr const char* kTestValueHelp =
    "The label of the folds that is tested, where they are words such as train, val and test: all others are trained "
    "on";

void add_task_flags(CLI::App& command, TaskArguments& task) {
  TaskOptions& columns = task.columns;
  begin_group(command, "What the task's columns are called, and which part of it");
  command.add_option("--layer", columns.layer, "Read the deltas from layers/NAME instead of X")->type_name("NAME");
  add_optional(command, "--pert-col", columns.pert_column,
               "Column of obs with the perturbation ids, or several to join as A,B (default: the first of pert_id, "
               "gene_id, target_gene, perturbation, condition)")
      ->type_name("COLUMN[,COLUMN]");
  add_where_flag(command, columns.where,
                 "Only rows that hold this value in this column of obs; several values of a column are all kept, and "
                 "controls always. Of predictions as well, where they have the column");
  add_optional(command, "--context-col", columns.context_column,
               "Column of obs with the context (default: the first of context, cell_line, cell_type, if any)")
      ->type_name("COLUMN");
  command
      .add_option("--control", columns.labels.controls,
                  "Labels or globs (NegCtrl*) of control rows in that column, which are left out; of predictions they "
                  "show the scale")
      ->type_name("LABEL")
      ->allow_extra_args(false);
  command
      .add_option("--keep-label", columns.labels.kept,
                  "A perturbation although its label (none, NA, …) looks like none")
      ->type_name("LABEL")
      ->allow_extra_args(false);
  command.add_flag("--merge-labels", columns.labels.merge,
                   "Join spellings of one perturbation (A+ctrl and ctrl+A): rows of deltas to their mean, weighted by "
                   "n_cells where obs has it; the same of vectors and predictions");
  add_optional(command, "--group-col", columns.group_column,
               "Column of obs: perturbations that share its value are in one fold, where folds are made")
      ->type_name("COLUMN");
  add_optional(command, "--target-col", columns.target_column,
               "Column of obs with the gene that each perturbation aims at (default: its label says it)")
      ->type_name("COLUMN");
  add_optional(command, "--gene-col", columns.gene_column,
               "Column of var with the gene ids (default: the index or column that matches most perturbation ids)")
      ->type_name("COLUMN");
  add_optional(
      command, "--fold-col", columns.fold_column,
      "Column of obs with the test fold (default: the first of test_split, fold, split; else fold_0, fold_1, …, "
      "each of which tells train from test)")
      ->type_name("COLUMN");
  add_optional(command, "--fold-file", columns.fold_file, "Folds from a table: pert_id,test_split[,context]")
      ->type_name("CSV");
  add_optional(command, "--test-value", columns.test_value, kTestValueHelp)->type_name("LABEL");
  add_optional(command, "--folds", columns.n_folds,
               "Make this many folds by shuffling the perturbations of each context, 2 or more (default: 5 where the "
               "task has none)");
  command.add_option("--fold-seed", columns.fold_seed, "Seed of the folds that are made")->capture_default_str();
  command.add_flag("--folds-shared", columns.folds_are_shared,
                   "Make folds over the perturbations of all contexts together, so that each is in the same fold "
                   "everywhere");
  command.add_option("--context", columns.contexts, "Only these contexts, by name (default: all)")->type_name("NAME");
}

// "1e-3" or "5" as a number, or an error that names the flag.
Result<double> number(std::string_view text, std::string_view flag) {
  double value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) {
    return bad_input(fmt::format("'{}' is not a number", text), std::string(flag), "write it as 5 or 1e-3");
  }
  return value;
}

// KEY=VALUE split at the first '='.
Result<std::pair<std::string, std::string>> key_and_value(const std::string& text, std::string_view flag,
                                                          std::string_view form) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return bad_input(fmt::format("'{}' has no value", text), std::string(flag), fmt::format("write it as {}", form));
  }
  return std::pair{text.substr(0, equals), text.substr(equals + 1)};
}

// [NAME=]PATH. Paths may hold '=' too: what stands before the first one is a name unless it holds a '/', or only the
// whole is there.
struct NamedPath {
  std::string name;  // of the file where none is given
  std::filesystem::path path;
};
NamedPath named_path(const std::string& text) {
  std::error_code ignored;
  const auto equals = text.find('=');
  const bool is_path =
      equals == std::string::npos || text.find('/') < equals ||
      (!std::filesystem::exists(text.substr(equals + 1), ignored) && std::filesystem::exists(text, ignored));
  if (!is_path) return {text.substr(0, equals), text.substr(equals + 1)};
  const std::filesystem::path path(text);
  return {path.filename().stem().string(), path};
}

// PATH#PART, unless a file of the whole name is there.
std::pair<std::filesystem::path, std::string> path_and_part(const std::filesystem::path& path) {
  const std::string text = path.string();
  const auto hash = text.find('#');
  std::error_code ignored;
  if (hash == std::string::npos || std::filesystem::exists(path, ignored)) return {path, {}};
  return {text.substr(0, hash), text.substr(hash + 1)};
}

// "obsm/esm2#obs/gene" is called esm2.
std::string name_of_part(const std::string& part) {
  const std::string first = part.substr(0, part.find('#'));
  return first.substr(first.rfind('/') + 1);
}

// 2GiB, 512MB, 1000000: bytes.
Result<std::uint64_t> size_in_bytes(const std::string& text, std::string_view flag) {
  double value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string unit(end, text.data() + text.size());
  static const std::map<std::string, double> kUnits = {
      {"", 1},         {"B", 1},           {"kB", 1e3},    {"MB", 1e6},       {"GB", 1e9},         {"K", 1024.},
      {"M", 1048576.}, {"G", 1073741824.}, {"KiB", 1024.}, {"MiB", 1048576.}, {"GiB", 1073741824.}};
  const auto scale = kUnits.find(unit);
  if (status != std::errc() || scale == kUnits.end() || !(value > 0)) {
    return bad_input(fmt::format("'{}' is no size", text), std::string(flag), "write it as 2GiB or 512MB");
  }
  return static_cast<std::uint64_t>(value * scale->second);
}

constexpr const char* kSplitHelp =
    "within: the task's folds, an unseen perturbation of a seen context. transfer: each context by all others, where "
    "its "
    "perturbations are measured, too. transfer-few: the same, with a few of its own perturbations to train on. both: "
    "folds over all perturbations, an unseen one of an unseen context. combination: folds over the parts of "
    "combinations "
    "A+B, of which 0, 1 or 2 are unseen. Folds are made as --folds and --fold-seed say";

// The family, and what it is made with.
void add_family_flags(CLI::App& command, std::optional<std::string>& family, SplitRequest& split) {
  add_optional(command, "--split", family, kSplitHelp)
      ->check(CLI::IsMember({kFamilyWithin, kFamilyTransfer, kFamilyTransferFew, kFamilyBoth, kFamilyCombination}))
      ->type_name("FAMILY");
  command.add_flag("--joint", split.joint,
                   "within: train on the rows of a fold in all contexts together, as the published fusion does; every "
                   "perturbation must be in the same fold everywhere (--folds-shared)");
  command
      .add_option("--few-percent", split.few_percent,
                  "transfer-few: how many of the context's perturbations are trained on, in per cent")
      ->capture_default_str();
  command
      .add_option("--test-doubles", split.test_doubles,
                  "combination: how many of those without an unseen part are tested, in per cent")
      ->capture_default_str();
}

// How a file of cells is read: of prepare, and of inspect, which tells what prepare would understand.
void add_cell_flags(CLI::App& command, PrepareOptions& options) {
  add_choice(
      command, "--values", options.values,
      {{"counts", CellValues::counts},
       {"log1p", CellValues::log1p},
       {"asis", CellValues::asis},
       {"scaled", CellValues::scaled},
       {"fractional", CellValues::fractional}},
      "What the file holds: counts (scaled to the target sum, then log1p), log1p (that was done already), scaled "
      "(already scaled, not logged), fractional (counts corrected for ambient RNA, which need not be whole), or "
      "asis (nothing is done)");
  command
      .add_option("--target-sum", options.target_sum,
                  "Total of a cell that counts are scaled to, and that log1p values came from")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--layer", options.layer, "Read layers/NAME, or raw/X, instead of X")->type_name("NAME");
  add_optional(command, "--cells", options.cell_table,
               "Table of the cells, TSV or CSV, where the cells are a Matrix Market folder");
  command.add_flag(
      "--transposed", options.transposed,
      "The matrix lies the other way than is usual: of such a folder cells × genes (needed only where it is "
      "square), of an h5ad genes × cells, with the cells' columns in var");
  add_optional(command, "--genes", options.genes.genes_file, "Keep only these genes: a file with one id a line");
  add_choice(
      command, "--features", options.genes.all_features, {{"gene", false}, {"all", true}},
      "Features that are taken as genes: those of gene expression, or all (guides, antibodies and peaks as well)");

  begin_group(command, "Which cells are what");
  CellColumnOptions& columns = options.columns;
  add_optional(
      command, "--pert-col", columns.pert_col,
      "Column of obs with the perturbation, or several to join as A,B (default: the first of pert_id, gene_id, "
      "target_gene, perturbation, condition)")
      ->type_name("COLUMN[,COLUMN]");
  add_label_flags(command, columns.labels);
  add_optional(command, "--control-col", columns.control_col,
               "Column of obs that is true for control cells (default: is_control)")
      ->type_name("COLUMN");
  add_optional(
      command, "--batch-col", columns.batch_col,
      "Column of obs with the batch (default: the first of gem_group, batch, plate, replicate; else one batch)")
      ->type_name("COLUMN");
  add_optional(command, "--context-col", columns.context_col,
               "Column of obs with the context (default: the first of context, cell_line, cell_type, if any)")
      ->type_name("COLUMN");
  command.add_option("--context", columns.contexts, "Only these contexts, by name (default: all)")->type_name("NAME");
  add_where_flag(command, columns.where,
                 "Only cells that hold this value in this column of obs; several values of a column are all kept, and "
                 "controls always");
  add_optional(command, "--group-col", columns.group_col,
               "Column of obs whose values keep perturbations together in one fold, as the guides of one gene")
      ->type_name("COLUMN");
}

void add_prepare_flags(CLI::App& command, PrepareArguments& arguments, std::string& memory_limit) {
  PrepareOptions& options = arguments.options;
  command
      .add_option("cells", arguments.cells,
                  "Cells: an h5ad, or a folder with matrix.mtx[.gz], features.tsv[.gz] and barcodes.tsv[.gz]")
      ->type_name("CELLS")
      ->required();
  begin_group(command, "Input and output");
  command.add_option("-o,--out", arguments.out, "Folder for task.h5ad and noise.csv")->type_name("DIR")->required();
  command.add_option("--min-cells", options.min_cells, "Drop perturbations with fewer cells than this in a context")
      ->capture_default_str();
  command
      .add_option("--memory-limit", memory_limit,
                  "Memory to use, for example 2GiB; cells beyond it go to a temporary file (default: half of the "
                  "machine's)")
      ->type_name("SIZE");

  add_cell_flags(command, options);
  add_choice(command, "--design", options.design, {{"global", Design::global}, {"matched", Design::matched}},
             "What deltas are taken against: global: all control cells of the context; matched: those of each batch "
             "(plates)");

  begin_group(command, "Genes that respond");
  command.add_flag("--deg", options.deg,
                   "Labels -1, 0, +1 of every gene beside the deltas (Welch's test, adjusted p below 0.05), also of "
                   "resampled cells: global: perturbations of more than 30 cells against all control cells; matched: "
                   "more than 20 cells on a plate, the majority over plates");
  command.add_flag("--deg-statistics", options.deg_statistics,
                   "With --deg: t and adjusted p as layers deg_t and deg_q (matched: means over plates)");

  begin_group(command, "Folds");
  add_optional(command, "--fold-col", options.fold_col,
               "Column of obs with the test fold, or several that tell train from test: fold_0,fold_1,fold_2")
      ->type_name("COLUMN");
  add_optional(command, "--fold-file", options.fold_file, "Folds from a table: pert_id,test_split[,context]")
      ->type_name("CSV");
  add_optional(command, "--test-value", options.test_value, kTestValueHelp)->type_name("LABEL");
  command.add_option("--folds", options.n_folds, "Else make this many by shuffling")->capture_default_str();
  command.add_option("--fold-seed", options.fold_seed, "Seed of the folds that are made")->capture_default_str();
  command.add_flag("--folds-shared", options.folds_are_shared,
                   "Make folds over the perturbations of all contexts together, so that each is in the same fold "
                   "everywhere");

  begin_group(command, "What runs on the task test, unless they say otherwise");
  add_family_flags(command, arguments.split_family, arguments.split);

  begin_group(command, "Sampling error");
  command.add_option("--outer", options.bootstrap.n_outer, "Draws of batches, with replacement")->capture_default_str();
  command.add_option("--inner", options.bootstrap.n_inner, "Draws of cells within each of them")->capture_default_str();
  command.add_option("--seed", options.bootstrap.seed, "Seed of the draws")->capture_default_str();
}

SandboxMode sandbox_mode(const std::string& text) {
  if (text == "strict") return SandboxMode::STRICT;
  return text == "relaxed" ? SandboxMode::RELAXED : SandboxMode::OFF;
}

std::string upper_case(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string metric_names() {
  std::string names;
  for (const auto& metrics : {all_metrics(), class_metrics()}) {
    for (const Metric metric : metrics) names += (names.empty() ? "" : ", ") + std::string(metric_name(metric));
  }
  return names;
}

// What CLI11 collects as text before it is read as values.
struct RunFlagTexts {
  std::vector<std::string> embeddings, predictors = {"knn", "lasso"}, grids, sets, metrics;
  std::vector<std::string> fusions, fusion_predictors = {"stack", "kernels"};
  std::string ceiling = std::string(kCeilingIdealized) + "," + kCeilingSamplingError;
  std::string nulls = fmt::format("{}", fmt::join(kDeltaNulls, ","));
  std::string bounds = kBoundsOfEssay;
  std::optional<std::filesystem::path> split_file;
  std::optional<std::string> split_family;
  std::string combine;
  CLI::Option *ceiling_flag = nullptr, *nulls_flag = nullptr;
  std::string sandbox = "strict", limit_memory;
  double limit_time_s = 0, limit_total_s = 0;
};

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

void add_run_flags(CLI::App& command, RunArguments& arguments, RunFlagTexts& texts) {
  RunOptions& run = arguments.run;
  begin_group(command, "What is evaluated");
  command
      .add_option("--predictor", texts.predictors,
                  "Head that maps an embedding to deltas, knn, lasso or ridge, or to classes, logistic (the default "
                  "where these are predicted); or [NAME=]PATH.so of a predictor plugin")
      ->type_name("[NAME=]PATH")
      ->allow_extra_args(false)
      ->capture_default_str();
  command
      .add_option("--target", arguments.targets,
                  "What is predicted: lfc, the deltas; deg, which genes respond and in which direction "
                  "(default: all that the task holds; finished predictions are taken for deltas where it holds these)")
      ->check(CLI::IsMember({"lfc", "deg"}))
      ->type_name("lfc|deg")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--fold", run.folds, "Only these folds or splits, by name (default: all)")->type_name("NAME");
  command
      .add_option("--metric", texts.metrics,
                  "Only these metrics: " + metric_names() + " (default: all that the task allows)")
      ->type_name("METRIC[,METRIC]")
      ->delimiter(',')
      ->allow_extra_args(false);
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
          .add_option("--ceiling", texts.ceiling,
                      "Cheaters of which the tightest is the BAP, separated by commas: idealized, sampling_error_q90, "
                      "sampling_error_q50, sampling_error_closed_form, split_half; of classes idealized, "
                      "sampling_error_q10, sampling_error_q50, split_half")
          ->type_name("METHOD,...")
          ->multi_option_policy(CLI::MultiOptionPolicy::Join)
          ->delimiter(',')
          ->capture_default_str();
  texts.nulls_flag =
      command
          .add_option(
              "--nulls", texts.nulls,
              "Nulls of which the best is the WAP, separated by commas: train_mean, no_change, random, gene_pca; of "
              "classes no_change, most_frequent, prior, random, gene_pca; the last two are not evaluated unless they "
              "are named")
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
  command
      .add_option("--limit-time", texts.limit_time_s,
                  "Seconds of wall clock that one request to a plugin may take (default: 600)")
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber);
  command
      .add_option("--limit-total", texts.limit_total_s,
                  "Seconds that everything which one plugin is asked may take together, whatever it is combined with, "
                  "its introduction, its data folder and its probes included (default: 5 times --limit-time for every "
                  "context)")
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber);
  command
      .add_option("--limit-memory", texts.limit_memory,
                  "Address space of one plugin process, at least 512MiB; its vectors may take a sixteenth of it "
                  "(default: 8GiB)")
      ->type_name("SIZE");
}

// What --bounds means for --ceiling and --nulls where these are not given; run.toml then repeats it.
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

// A head by name, or [NAME=]PATH of a library.
PredictorSpec predictor_of(const std::string& text) {
  auto [name, path] = named_path(text);
  if (path.extension() == ".so" || path.has_parent_path()) return {std::move(name), std::move(path)};
  return {text, {}};
}

constexpr const char* kAllEmbeddings = "all";  // as the blocks of a fusion

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

// What --help says of predicted cells, which users have beside the real ones.
constexpr const char* kScoreFooter =
    "Examples:\n"
    "  headroom score task --predictions my_model=predicted.h5ad -o out\n"
    "  headroom prepare real.h5ad --control NT -o task\n"
    "  headroom score task --predictions pred.h5ad --predicted cells --values log1p --control NT -o out\n"
    "\n"
    "The last two take a pair of files, real and predicted cells, as other evaluators do. The control is always the "
    "task's own: control rows of the predictions are left out and counted, and show whether the predictions lie on the "
    "task's scale. Cells are averaged within the task's batches where they have its column of batches. With --target "
    "deg "
    "labels are called on them as prepare --deg does: on more than 30 cells of a perturbation, or more than 20 on a "
    "plate "
    "of a matched task, against the task's control cells.\n"
    "\n"
    "Each prediction counts as made without having seen its perturbation: Headroom cannot know. A column of folds in "
    "the predictions (test_split, fold, split) says which fold a row was made for; without one, every row serves the "
    "fold in which its perturbation is tested.";

struct ScoreFlagTexts {
  std::vector<std::string> predictions;
  std::string predicted = "deltas", values;
  std::optional<double> target_sum;
};

void add_score_flags(CLI::App& command, ScoreFlagTexts& texts) {
  begin_group(command, "What is evaluated");
  command
      .add_option(
          "--predictions", texts.predictions,
          "Finished predictions: an h5ad with obs pert_id and context (without a context its rows serve every "
          "context), var genes, and as X what --predicted says; their name is that of the file unless NAME says "
          "otherwise. With --target deg labels -1, 0, +1 (layer deg, or X), or their probabilities as layers down, "
          "not_de and up")
      ->type_name("[NAME=]PATH")
      ->required()
      ->allow_extra_args(false);
  command
      .add_option("--predicted", texts.predicted,
                  "What a row is: deltas (log fold changes), profiles (expression of a perturbation) or cells (their "
                  "mean is the profile; with --target deg labels are called on them); of profiles the task's own "
                  "control is subtracted")
      ->check(CLI::IsMember({"deltas", "profiles", "cells"}))
      ->type_name("deltas|profiles|cells")
      ->capture_default_str();
  command
      .add_option(
          "--values", texts.values,
          "What predicted profiles or cells hold: counts (each row scaled to the target sum, then log1p), log1p (that "
          "was done already) or asis (nothing is done); must be given with them")
      ->check(CLI::IsMember({"counts", "log1p", "asis"}))
      ->type_name("counts|log1p|asis");
  add_optional(command, "--target-sum", texts.target_sum,
               "Total that predicted counts are scaled to (default: the task's, as headroom prepare keeps it, else "
               "10000)")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  command.footer(kScoreFooter);
}

Result<void> read_score_flags(const ScoreFlagTexts& texts, RunArguments& arguments) {
  const PredictedForm form = texts.predicted == "cells"      ? PredictedForm::cells
                             : texts.predicted == "profiles" ? PredictedForm::profiles
                                                             : PredictedForm::deltas;
  if (form == PredictedForm::deltas && !texts.values.empty()) {
    return bad_input("deltas are taken as they are", "--values " + texts.values,
                     "leave it out, or say what the rows are with --predicted profiles or cells");
  }
  if (form != PredictedForm::deltas && texts.values.empty()) {
    return bad_input("it is not said what the values are", "--predicted " + texts.predicted,
                     "give --values counts, log1p or asis");
  }
  if (form == PredictedForm::deltas && texts.target_sum) {
    return bad_input("deltas are not scaled", fmt::format("--target-sum {:g}", *texts.target_sum),
                     "leave it out, or say what the rows are with --predicted profiles or cells");
  }
  for (const std::string& text : texts.predictions) {
    auto [name, path] = named_path(text);
    PredictionsSpec spec;
    spec.name = std::move(name);
    spec.path = std::move(path);
    if (spec.name.empty() || spec.path.empty()) {
      return bad_input(fmt::format("'{}' names no predictions", text), "--predictions",
                       "write it as NAME=PATH or PATH");
    }
    spec.form = form;
    spec.target_sum = texts.target_sum;
    if (!texts.values.empty()) spec.values = texts.values;
    arguments.run.predictions.push_back(std::move(spec));
  }
  return {};
}

struct CheckFlagTexts {
  std::vector<std::string> sets;
  std::string sandbox = "strict";
};

void add_check_flags(CLI::App& command, CheckArguments& arguments, CheckFlagTexts& texts) {
  command.footer(
      "Examples:\n"
      "  headroom check build/my_model.so\n"
      "  headroom check build/my_model.so --only loads determinism --set dimension=128\n"
      "  headroom check --list                            what is checked, and why\n"
      "\n"
      "Exit codes: 0 the plugin conforms; 2 usage or bad input; 3 it does not.");
  command.add_option("plugin", arguments.plugin, "Plugin library")->type_name("PLUGIN.so");
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
  command.add_option("--set", texts.sets, "Option that the plugin declares")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command
      .add_option("--sandbox", texts.sandbox,
                  "Confinement: strict (strong or better, else exit 4), relaxed (the best to be had), off")
      ->check(CLI::IsMember({"strict", "relaxed", "off"}))
      ->capture_default_str();
}

Result<void> read_check_flags(const CheckFlagTexts& texts, CheckArguments& arguments) {
  for (const std::string& text : texts.sets) {
    auto entry = key_and_value(text, "--set", "KEY=VALUE");
    if (!entry) return tl::unexpected<Error>(entry.error());
    arguments.options.plugin_options.push_back(*entry);
  }
  arguments.options.sandbox = sandbox_mode(texts.sandbox);
  if (!arguments.list && arguments.plugin.empty()) {
    return bad_input("there is no plugin to check", "headroom check", "name a library, or use --list");
  }
  return {};
}

// What the command line chose: set by the callback of the one subcommand that was given.
using Command = std::function<Result<int>()>;

// One function a command: declares it with its flags, and has `command` call it. Arguments live as long as the command.

void add_simulate_command(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<SimulateArguments>();
  CLI::App& simulate_app =
      *app.add_subcommand("simulate", "Make a seeded synthetic screen with known truth: cells, task, embeddings");
  simulate_app.footer(
      "Examples:\n"
      "  headroom simulate -o example                     small, for trying things out\n"
      "  headroom simulate -o screen --preset medium --seed 7\n"
      "\n"
      "Writes DIR/cells.h5ad, DIR/task (as headroom prepare makes it), DIR/embeddings/*.h5ad and DIR/truth.h5ad: the\n"
      "deltas that endlessly many cells would show. The presets study and paper have deltas with noise instead of "
      "cells.");
  begin_group(simulate_app, "What is simulated");
  simulate_app.add_option("-o,--out", arguments->out, "Folder to write")->type_name("DIR")->required();
  simulate_app
      .add_option(
          "--preset", arguments->preset,
          "Size of the screen; medium is 60,000 cells × 2,000 genes of 400 perturbations, study three contexts that "
          "share 60 % of the response, with three embeddings more (part1 to part3) that each know a third of it")
      ->check(CLI::IsMember({"tiny", "small", "medium", "study", "paper"}))
      ->capture_default_str();
  simulate_app.add_option("--seed", arguments->seed, "Same seed, same screen")->capture_default_str();
  add_common_flags(simulate_app, arguments->common);
  simulate_app.callback([&command, arguments] { command = [arguments] { return simulate(*arguments); }; });
}

void add_prepare_command(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<PrepareArguments>();
  auto memory_limit = std::make_shared<std::string>();
  CLI::App& prepare_app =
      *app.add_subcommand("prepare", "From single cells to a task: deltas, folds and their sampling error");
  prepare_app.footer(
      "Examples:\n"
      "  headroom prepare cells.h5ad --control non-targeting -o task\n"
      "  headroom prepare cells.h5ad --control-col is_control --design matched --batch-col plate -o task\n"
      "  headroom prepare 10x_folder --cells cells.tsv --control NT --memory-limit 4GiB -o task\n"
      "\n"
      "What your file needs: raw counts, cells × genes (X, --layer NAME, or --layer raw), and in obs the\n"
      "perturbation of each cell, with one label (--control) or a column (--control-col) for the control\n"
      "cells. Better also the batch (gem group, lane, plate): errors are resampled between and within\n"
      "batches. What was picked is printed, and so is everything that was left out.\n"
      "\n"
      "Writes DIR/task.h5ad (deltas: perturbations × genes) and DIR/noise.csv: per perturbation seven\n"
      "quantiles of the error of resampled cells in L2, MSE, MAE, Spearman and Pearson, beside them\n"
      "closed_form (standard error of the mean, in L2) and split_half (disjoint halves). In simulated\n"
      "screens closed_form is what the true deltas score; the quantiles 0.5 and 0.9 are 1.3 and 1.6 times\n"
      "that, so the published bound (0.9) is a cautious one. With --deg the task holds a second target:\n"
      "which genes respond, and in which direction, with 20 trials of resampled cells (matched: 9).");
  add_prepare_flags(prepare_app, *arguments, *memory_limit);
  add_review_flags(prepare_app, arguments->review);
  add_common_flags(prepare_app, arguments->common);
  prepare_app.callback([&command, arguments, memory_limit] {
    command = [arguments, memory_limit]() -> Result<int> {
      if (!memory_limit->empty()) {
        auto bytes = size_in_bytes(*memory_limit, "--memory-limit");
        if (!bytes) return tl::unexpected<Error>(bytes.error());
        arguments->options.memory_limit_bytes = *bytes;
      }
      if (arguments->split_family || arguments->split.joint) {
        SplitRequest& split = arguments->options.split.emplace(arguments->split);
        split.family = arguments->split_family.value_or(kFamilyWithin);
        split.n_folds = arguments->options.n_folds;
        split.seed = arguments->options.fold_seed;
      }
      return prepare(*arguments);
    };
  });
}

// A flag of the command by its name in a config file; nullptr: there is none.
const CLI::Option* flag_of(const CLI::App& command, const std::string& key) {
  const CLI::Option* flag = command.get_option_no_throw("--" + key);
  if (flag == nullptr && !key.starts_with("-")) flag = command.get_option_no_throw(key);  // a positional argument
  return flag != nullptr && flag->get_configurable() ? flag : nullptr;
}

std::string flags_of(const CLI::App& command) {
  std::string names;
  for (const CLI::Option* flag : command.get_options()) {
    if (flag->get_configurable()) names += (names.empty() ? "" : ", ") + flag->get_single_name();
  }
  return names;
}

// Every key must be a flag of the section's command, or above the first section of any command.
Result<void> check_config(const std::vector<ConfigEntry>& entries, const CLI::App& app, const std::string& path) {
  for (const ConfigEntry& entry : entries) {
    const std::string where = fmt::format("{}, line {}", path, entry.line);
    const auto commands = app.get_subcommands(
        [&](const CLI::App* command) { return entry.section.empty() || command->get_name() == entry.section; });
    if (commands.empty()) {
      return bad_input(fmt::format("there is no command '{}' for the section [{}]", entry.section, entry.section),
                       where, "the commands are listed by headroom --help");
    }
    if (std::none_of(commands.begin(), commands.end(),
                     [&](const CLI::App* command) { return flag_of(*command, entry.key) != nullptr; })) {
      return bad_input(fmt::format("there is no flag '{}'", entry.key), where,
                       entry.section.empty()
                           ? "write it under the section of its command, as [run]"
                           : fmt::format("those of {} are {}", entry.section, flags_of(*commands.front())));
    }
  }
  return {};
}

// Hands the entries of a config file to CLI11, which takes them where the command line gave nothing.
class ConfigFlags final : public CLI::ConfigBase {
 public:
  ConfigFlags(const CLI::App& app, std::vector<ConfigEntry> entries) : app_(app), entries_(std::move(entries)) {}

  std::vector<CLI::ConfigItem> from_config(std::istream&) const override {
    std::vector<CLI::ConfigItem> given;
    if (app_.get_subcommands().empty()) return given;
    const CLI::App& command = *app_.get_subcommands().front();
    for (const bool of_command : {true, false}) {  // the first value of a flag holds
      for (const ConfigEntry& entry : entries_) {
        if (entry.section != (of_command ? command.get_name() : "") || flag_of(command, entry.key) == nullptr) continue;
        CLI::ConfigItem& item = given.emplace_back();
        item.parents = {command.get_name()};
        item.name = entry.key;
        item.inputs = entry.values;
      }
    }
    return given;
  }

 private:
  const CLI::App& app_;
  std::vector<ConfigEntry> entries_;
};

// run.toml: what was asked for, with the defaults of this version, so that a later one repeats it.
std::string settings_text(const CLI::App& command) {
  std::string text = fmt::format(
      "# What this run was asked for, by Headroom {}; defaults are written out. To repeat it:\n"
      "#   headroom {} --config run.toml\n"
      "# in the folder where it was started: paths are as they were given. Flags on the command line win.\n\n[{}]\n",
      HEADROOM_VERSION, command.get_name(), command.get_name());
  for (const CLI::Option* flag : command.get_options()) {
    const std::string name = flag->get_single_name();
    // --resume is no part of what was asked for, and how many threads there are is the machine's affair.
    if (!flag->get_configurable() || name == "resume") continue;
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
                  "Head of the fusions: stack, kernels, concat, concat:HEAD (knn, lasso, ridge, logistic), or "
                  "[NAME=]PATH.so of a predictor plugin that takes several blocks; of the default, those that do the "
                  "task's kind")
      ->type_name("NAME|[NAME=]PATH")
      ->allow_extra_args(false)
      ->capture_default_str();
  command.add_flag("--ablate", run.ablate,
                   "Also evaluate every fusion without each of its blocks, and tell by how much it is worse");
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
      "\n"
      "Writes report.html, summary.json, scores.csv, perturbations.csv, results.sqlite, run.toml and, where there\n"
      "are at least two embeddings, similarity.csv into DIR.");
  run_app.add_option("task", arguments.task.task, "Task: an h5ad of deltas, or a folder with task.h5ad")
      ->type_name("TASK")
      ->required();
  begin_group(run_app, "What is evaluated");
  run_app
      .add_option("--embedding", texts.embeddings,
                  "An embedding: a plugin (.so), or a file of vectors keyed by perturbation id (.h5ad, .csv[.gz], "
                  ".tsv[.gz], .npz); its name is that of the file unless NAME says otherwise. Of a file with several "
                  "arrays, PATH#obsm/KEY or PATH#KEY chooses the vectors, and PATH#obs/COLUMN or PATH#COLUMN the ids")
      ->type_name("[NAME=]PATH[#PART]")
      ->allow_extra_args(false);
  add_optional(run_app, "--submissions", arguments.submissions,
               "Folder of submissions: every .so (an embedding or a predictor, which it tells itself), every file of "
               "vectors and every sub-folder (plugin.so with data files beside it)")
      ->type_name("DIR");
  add_fusion_flags(run_app, arguments.run, texts);
  run_app.add_option("-o,--out", arguments.out, "Folder for the results")->type_name("DIR")->required();
  run_app.add_flag("--audit", arguments.run.audit,
                   "Probe every plugin for leakage on the first fold of each context: shuffled embedding and labels, "
                   "renamed context, repeated and reordered requests, more than 100 % of the gap");
  run_app.add_flag("--resume", arguments.resume,
                   "Take over evaluations that an earlier run left in DIR from the same inputs and settings, and say "
                   "which are made again and why; files that need no other content are left as they are");
  add_run_flags(run_app, arguments, texts);
  add_review_flags(run_app, arguments.review);
  add_common_flags(run_app, arguments.common);
  return run_app;
}

void add_run_command(CLI::App& app, Command& command, const std::string& command_line) {
  auto arguments = std::make_shared<RunArguments>();
  auto texts = std::make_shared<RunFlagTexts>();
  arguments->command_line = command_line;
  CLI::App& run_app = declare_run(app, *arguments, *texts);
  run_app.callback([&command, &run_app, arguments, texts] {
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
  score_app.add_option("task", arguments.task.task, "Task: an h5ad of deltas, or a folder with task.h5ad")
      ->type_name("TASK")
      ->required();
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
      if (auto read = read_run_flags(*texts, *arguments); !read) return tl::unexpected<Error>(read.error());
      if (auto read = read_score_flags(*score_texts, *arguments); !read) return tl::unexpected<Error>(read.error());
      return score(*arguments);
    };
  });
}

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

void add_verify_command(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<VerifyArguments>();
  CLI::App& verify_app = *app.add_subcommand("verify", "Evaluate stored results again and compare them bit for bit");
  verify_app.add_option("out", arguments->out, "Folder of a run")->type_name("OUT")->required();
  begin_group(verify_app, "What is verified");
  verify_app.add_option("--target", arguments->target, "Only evaluations of this target: lfc or deg (default: all)")
      ->check(CLI::IsMember({"lfc", "deg"}))
      ->type_name("lfc|deg");
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
  };
  auto texts = std::make_shared<Texts>();
  verify_app
      .add_option("--sandbox", texts->sandbox,
                  "Confinement of plugins, whatever the run's was: strict (strong or better, else exit 4), relaxed "
                  "(the best to be had), off")
      ->check(CLI::IsMember({"strict", "relaxed", "off"}))
      ->capture_default_str();
  verify_app
      .add_option("--limit-time", texts->limit_time_s,
                  "Seconds that one request to a plugin may take at most, whatever the run allowed (default: 600); a "
                  "shorter limit of the run's stays")
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber);
  verify_app
      .add_option("--limit-total", texts->limit_total_s,
                  "The same of everything that one plugin is asked (default: 5 times --limit-time for every context)")
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber);
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
      return verify(*arguments);
    };
  });
}

// Of a folder of results.
void add_target_flag(CLI::App& command, std::string& target) {
  command.add_option("--target", target, "Only this target's part of the results: lfc or deg (default: all)")
      ->check(CLI::IsMember({"lfc", "deg"}))
      ->type_name("lfc|deg");
}

void add_report_command(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<ReportArguments>();
  CLI::App& report_app = *app.add_subcommand("report", "Write report.html, and figures, from a run's results");
  report_app.footer(
      "Examples:\n"
      "  headroom report out                              writes out/report.html again\n"
      "  headroom report out -o page.html --figures figures");
  report_app.add_option("out", arguments->out, "Folder of a run, or a summary.json")->type_name("OUT")->required();
  begin_group(report_app, "What is written");
  add_optional(report_app, "-o,--output", arguments->page, "Page to write (default: report.html in the run's folder)");
  add_optional(report_app, "--figures", arguments->figures, "Also write the first two figures as SVG into this folder")
      ->type_name("DIR");
  add_target_flag(report_app, arguments->target);
  add_common_flags(report_app, arguments->common);
  report_app.callback([&command, arguments] { command = [arguments] { return report(*arguments); }; });
}

void add_progress_command(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<ProgressArguments>();
  PublishedScoresOptions& options = arguments->options;
  CLI::App& progress_app =
      *app.add_subcommand("progress", "Gap closed from published score tables: one row per fold and method");
  progress_app.footer(
      "Examples:\n"
      "  headroom progress --scores scores.csv --wap train_mean 'random*' --bap 'idealized*' sampling_error\n"
      "  headroom progress --scores scores.csv --wap 'mean*' --bap 'oracle*' --metric L2 --format csv");
  begin_group(progress_app, "The table, and who is what in it");
  progress_app
      .add_option(
          "--scores", arguments->scores,
          "Published scores: one row per fold and method, with its name (name, model or method), its fold "
          "(CONTEXT.FOLD, or with a column for the context) and a column per metric, or columns metric and value")
      ->type_name("CSV")
      ->required();
  progress_app
      .add_option("--wap", options.wap, "Nulls, of which the best is the WAP: exact names, or globs such as 'random*'")
      ->type_name("NAME")
      ->required();
  progress_app.add_option("--bap", options.bap, "Cheaters, of which the best is the BAP: exact names or globs")
      ->type_name("NAME")
      ->required();
  progress_app.add_option("--entry", options.entries, "Methods to judge (default: all others)")->type_name("NAME");
  progress_app.add_option("--metric", options.metric, "Only this metric (default: all columns that are one)")
      ->type_name("METRIC");
  progress_app.add_option("--context", options.contexts, "Only these contexts (default: all)")->type_name("NAME");
  progress_app
      .add_option("--context-col", options.context_column,
                  "Column with the context (default: the part of the fold before its last dot)")
      ->type_name("COLUMN");
  progress_app.add_option("--fold-col", options.fold_column, "Column with the fold")->type_name("COLUMN");
  add_review_flags(progress_app, arguments->review);
  add_common_flags(progress_app, arguments->common);
  progress_app.callback([&command, arguments] { command = [arguments] { return progress(*arguments); }; });
}

void add_leaderboard_command(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<LeaderboardArguments>();
  CLI::App& leaderboard_app =
      *app.add_subcommand("leaderboard", "Rank the methods of one or more runs of the same task");
  leaderboard_app.footer(
      "Examples:\n"
      "  headroom leaderboard out\n"
      "  headroom leaderboard round1 round2 --metric Pearson --format markdown > leaderboard.md");
  leaderboard_app.add_option("out", arguments->runs, "Folders of runs")->type_name("OUT")->required();
  begin_group(leaderboard_app, "How it ranks");
  leaderboard_app.add_option("--metric", arguments->metric, "Rank by this metric (default: the runs' first)")
      ->type_name("METRIC");
  add_target_flag(leaderboard_app, arguments->target);
  add_common_flags(leaderboard_app, arguments->common);
  leaderboard_app.callback([&command, arguments] { command = [arguments] { return leaderboard(*arguments); }; });
}

void add_new_command(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<NewArguments>();
  CLI::App& new_app =
      *app.add_subcommand("new", "Write a plugin project that builds and passes 'headroom check' as it is");
  new_app.footer(
      "Examples:\n"
      "  headroom new my_model --kind embedding\n"
      "  cmake -S my_model -B my_model/build && cmake --build my_model/build\n"
      "  headroom check my_model/build/my_model.so");
  new_app.add_option("name", arguments->name, "Name of the plugin, and of the folder that is made")
      ->type_name("NAME")
      ->required();
  begin_group(new_app, "What is written");
  new_app.add_option("--kind", arguments->kind, "What the plugin is")->type_name("embedding|predictor")->required();
  new_app.add_option("--target", arguments->target, "What a predictor predicts: deltas, or which genes respond")
      ->type_name("lfc|deg")
      ->capture_default_str();
  new_app.add_option("--language", arguments->language, "What it is written in")
      ->type_name("c++|c")
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

struct InspectFlagTexts {
  std::string as = "anything", sandbox = "strict";
};

void add_inspect_command(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<InspectArguments>();
  auto texts = std::make_shared<InspectFlagTexts>();
  CLI::App& inspect_app = *app.add_subcommand(
      "inspect", "What a task, cells, vectors, predictions, a plugin, a noise table or results hold");
  inspect_app.footer(
      "Examples:\n"
      "  headroom inspect task                            a task's folder, as run reads it\n"
      "  headroom inspect predicted.h5ad --json           any h5ad or file of vectors\n"
      "  headroom inspect my_model.so                     what a plugin says of itself\n"
      "\n"
      "Exit codes: 0 described; 2 usage or bad input; 3 a plugin or a foreign file could not be described; 4 no "
      "sandbox.");
  inspect_app
      .add_option("file", arguments->path,
                  "A file, or a folder: of a task, of results, or of cells as matrix.mtx, features.tsv, barcodes.tsv")
      ->type_name("FILE")
      ->required();
  inspect_app
      .add_option("--as", texts->as,
                  "anything (an h5ad is described inside the sandbox, whatever it is), task (it is read and checked as "
                  "run does) or cells (it is read where it lies, for files of many gigabytes)")
      ->check(CLI::IsMember({"anything", "task", "cells"}))
      ->type_name("anything|task|cells")
      ->capture_default_str();
  inspect_app
      .add_option("--target", arguments->options.target,
                  "Only this target's part of a task or of results: lfc or deg (default: all)")
      ->check(CLI::IsMember({"lfc", "deg"}))
      ->type_name("lfc|deg");
  inspect_app
      .add_option("--sandbox", texts->sandbox,
                  "Confinement: strict (strong or better, else exit 4), relaxed (the best to be had), off")
      ->check(CLI::IsMember({"strict", "relaxed", "off"}))
      ->capture_default_str();
  begin_group(inspect_app, "How cells are read");
  ReadingFlags& flags = arguments->options.flags;
  add_cell_flags(inspect_app, flags.cells);
  begin_group(inspect_app, "How deltas are read");
  add_optional(inspect_app, "--target-col", flags.task.target_column,
               "Column of obs with the gene that each perturbation aims at (default: its label says it)")
      ->type_name("COLUMN");
  add_optional(inspect_app, "--gene-col", flags.task.gene_column,
               "Column of var with the gene ids (default: the index or column that matches most perturbation ids)")
      ->type_name("COLUMN");
  add_optional(inspect_app, "--fold-col", flags.task.fold_column, "Column of obs with the test fold, also of cells")
      ->type_name("COLUMN");
  add_optional(inspect_app, "--fold-file", flags.task.fold_file, "Folds from a table: pert_id,test_split[,context]")
      ->type_name("CSV");
  add_optional(inspect_app, "--test-value", flags.task.test_value, kTestValueHelp)->type_name("LABEL");
  add_optional(inspect_app, "--folds", flags.task.n_folds, "Make this many folds by shuffling");
  inspect_app.add_option("--fold-seed", flags.task.fold_seed, "Seed of the folds that are made")->capture_default_str();
  add_review_flags(inspect_app, flags.review);
  add_common_flags(inspect_app, arguments->common);
  inspect_app.callback([&command, arguments, texts] {
    using As = InspectOptions::As;
    arguments->options.as = texts->as == "task" ? As::task : texts->as == "cells" ? As::cells : As::anything;
    arguments->options.sandbox = sandbox_mode(texts->sandbox);
    arguments->options.n_threads = arguments->common.n_threads;
    share_flags(arguments->options.flags);
    command = [arguments] { return inspect(*arguments); };
  });
}

// "a|b", "TEXT:{a,b}" and "ENUM:value in {a->0,b->1} OR {0,1}", as CLI11 describes what a flag takes: the values alone.
std::vector<std::string> choices_of(const std::string& type) {
  std::vector<std::string> choices;
  const std::string name = type.substr(0, type.find(':'));
  if (name.find('|') != std::string::npos) return CLI::detail::split(name, '|');  // in an order of our own
  const auto open = type.find('{'), close = type.find('}');
  if (open == std::string::npos || close == std::string::npos) return choices;
  for (const std::string& choice : CLI::detail::split(type.substr(open + 1, close - open - 1), ',')) {
    choices.push_back(choice.substr(0, choice.find("->")));
  }
  return choices;
}

std::string value_name(const CLI::Option& flag, const std::vector<std::string>& choices) {
  if (flag.get_expected_max() == 0) return "";
  if (!choices.empty()) return CLI::detail::join(choices, "|");
  const std::string type = flag.get_type_name().substr(0, flag.get_type_name().find(':'));
  if (flag.get_positional()) return type == "TEXT" ? upper_case(flag.get_name(true)) : type;
  return type == "UINT" || type == "INT" ? "N" : type == "FLOAT" ? "NUMBER" : type;
}

FlagDescription describe(const CLI::Option& flag) {
  FlagDescription description;
  description.is_positional = flag.get_positional() && flag.get_lnames().empty() && flag.get_snames().empty();
  description.choices = choices_of(flag.get_type_name());
  description.value = value_name(flag, description.choices);
  if (description.is_positional) {
    description.names = {flag.get_name(true)};
  } else {
    for (const std::string& name : flag.get_snames()) description.names.push_back("-" + name);
    for (const std::string& name : flag.get_lnames()) description.names.push_back("--" + name);
  }
  description.help = flag.get_description();
  description.preset = flag.get_default_str();
  if (description.preset.starts_with('['))
    description.preset = description.preset.substr(1, description.preset.size() - 2);
  description.group = flag.get_group();
  description.is_required = flag.get_required();
  description.is_repeatable = flag.get_expected_max() > 1;
  return description;
}

// Without what has no group: such commands and flags are no use to people.
CommandDescription describe(const CLI::App& command) {
  CommandDescription description;
  description.name = command.get_name();
  description.about = command.get_description();
  description.footer = command.get_footer();
  for (const CLI::Option* flag : command.get_options()) {
    if (!flag->get_group().empty()) description.flags.push_back(describe(*flag));
  }
  for (const CLI::App* each : command.get_subcommands([](const CLI::App*) { return true; })) {
    if (!each->get_group().empty()) description.commands.push_back(describe(*each));
  }
  return description;
}

class HelpFormatter final : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* command, std::string, CLI::AppFormatMode) const override {
    return help_text(describe(*command), kProgram);
  }
};

void add_completion_command(CLI::App& app, Command& command) {
  auto shell = std::make_shared<std::string>();
  CLI::App& completion_app =
      *app.add_subcommand("completion", "Print the completion of commands and flags for a shell");
  completion_app.footer(
      "Examples:\n"
      "  source <(headroom completion bash)               in ~/.bashrc\n"
      "  headroom completion zsh > ~/.zfunc/_headroom     with that folder in zsh's fpath\n"
      "\n"
      "Installed packages bring both.");
  completion_app.add_option("shell", *shell, "Which shell")->check(CLI::IsMember({"bash", "zsh"}))->required();
  completion_app.callback([&app, &command, shell] {
    command = [&app, shell]() -> Result<int> {
      const CommandDescription program = describe(app);
      fmt::print("{}", *shell == "bash" ? bash_completion(program) : zsh_completion(program));
      return 0;
    };
  });
}

// For the build: writes what is installed beside the program.
void add_documents_command(CLI::App& app, Command& command) {
  auto folder = std::make_shared<std::filesystem::path>();
  CLI::App& documents_app = *app.add_subcommand("documents", "Write the man pages and the completion scripts");
  documents_app.group("");
  documents_app.add_option("folder", *folder, "Folder with man1, bash and zsh in it")->required();
  documents_app.callback([&app, &command, folder] {
    command = [&app, folder]() -> Result<int> {
      const CommandDescription program = describe(app);
      std::map<std::string, std::string> files = {{"bash/headroom", bash_completion(program)},
                                                  {"zsh/_headroom", zsh_completion(program)},
                                                  {"man1/headroom.1", man_page(program, program, HEADROOM_VERSION)}};
      for (const CommandDescription& each : program.commands) {
        files["man1/headroom-" + each.name + ".1"] = man_page(program, each, HEADROOM_VERSION);
      }
      for (const auto& [name, text] : files) {
        std::error_code error;
        std::filesystem::create_directories((*folder / name).parent_path(), error);
        if (error) return bad_input("cannot make the folder", (*folder / name).parent_path().string(), error.message());
        if (auto written = write_file_atomically(*folder / name, text); !written) {
          return tl::unexpected<Error>(written.error());
        }
      }
      return 0;
    };
  });
}

int print_error(const Error& error) {
  fmt::print(stderr, "headroom: error: {}\n", error.line());
  return exit_code(error);
}

}  // namespace

namespace {

struct GivenArguments {
  std::vector<std::string> arguments;  // without the program's name and --config FILE
  std::string config;                  // empty: none
};

// `headroom run --config FILE` is `headroom --config FILE run`, and so it is given to CLI11. Of several the last holds.
GivenArguments hoist_config(int argc, char** argv) {
  GivenArguments given;
  bool flags_ended = false;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    flags_ended = flags_ended || argument == "--";
    if (!flags_ended && argument == "--config" && i + 1 < argc) {
      given.config = argv[++i];
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
  if (positionals.size() != 1 || positionals.front()->get_expected_max() > 1) return;
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
      with_positional_first({arguments.begin() + 1, arguments.end()}, values_of, is_there);
  std::move(ordered.begin(), ordered.end(), arguments.begin() + 1);
}

}  // namespace

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

int run_command_line(int argc, char** argv) {
  if (auto prepared = prepare_host_process(); !prepared) return print_error(prepared.error());
  Interruption::install();
  std::string command_line;
  for (int i = 0; i < argc; ++i) command_line += (i > 0 ? " " : "") + std::string(argv[i]);

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
  add_report_command(app, command);
  add_leaderboard_command(app, command);
  add_progress_command(app, command);
  add_new_command(app, command);
  add_check_command(app, command);
  add_inspect_command(app, command);
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
  auto given = hoist_config(argc, argv);
  if (!given.config.empty()) {
    auto entries = read_config_file(given.config);
    if (!entries) return print_error(entries.error());
    if (auto known = check_config(*entries, app, given.config); !known) return print_error(known.error());
    app.config_formatter(std::make_shared<ConfigFlags>(app, std::move(*entries)));
  }

  put_positional_first(app, given.arguments);
  if (!given.config.empty()) given.arguments.insert(given.arguments.begin(), {"--config", given.config});
  try {
    std::reverse(given.arguments.begin(), given.arguments.end());  // CLI11 takes them from the end
    app.parse(std::move(given.arguments));
  } catch (const CLI::ParseError& problem) {
    if (problem.get_exit_code() == 0) return app.exit(problem);  // --help, --version
    const auto named = app.get_subcommands();
    const std::string help =
        named.empty() ? "headroom --help" : fmt::format("headroom {} --help", named[0]->get_name());
    return print_error(Error{ErrorKind::bad_input, problem.what(),
                             given.config.empty() ? "command line" : "command line and " + given.config,
                             fmt::format("see '{}'", help)});
  }
  const Result<int> ended = command();
  return ended ? *ended : print_error(ended.error());
}

}  // namespace headroom::cli
