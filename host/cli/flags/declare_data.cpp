// Commands on data: simulate, prepare, inspect.

#include <memory>
#include <string>

#include "cli/flags/cell_flags.hpp"
#include "cli/flags/declare_commands.hpp"
#include "cli/flags/flag_groups.hpp"
#include "cli/flags/flag_values.hpp"
#include "cli/flags/task_flags.hpp"
#include "plan/split_families.hpp"

namespace headroom::cli {
namespace {

void add_prepare_flags(CLI::App& command, PrepareArguments& arguments, std::vector<std::string>& cells,
                       std::string& memory_limit) {
  PrepareOptions& options = arguments.options;
  command
      .add_option("cells", cells,
                  "Cells: an h5ad, or a folder with matrix.mtx[.gz], features.tsv[.gz] and barcodes.tsv[.gz]; several, "
                  "a folder of .h5ad files or a pattern in quotes are one screen, in whatever order they are named")
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

  begin_group(command, "Several files");
  add_choice(command, "--join-genes", options.join.genes,
             {{"intersection", GeneJoin::intersection}, {"union", GeneJoin::whole_union}},
             "Genes of a screen of several files, which are told from each other by id: those that all files have (the "
             "others are in no cell's total), or all of them (0 where a file lacks one)");
  command
      .add_option(
          "--batch-from", arguments.batch_from,
          "What is a batch: file, each of several files (default: --batch-col, whose labels mean the same in all "
          "files)")
      ->check(CLI::IsMember({"file"}))
      ->type_name("file");

  CLI::Option* part =
      command.add_flag("--part", arguments.part,
                       "Make one file a part of a screen, DIR/NAME.h5ad, which is read again at the speed of the disk: "
                       "the files of a screen one by one, on whatever machine. What is said of the cells is said when "
                       "they are joined");
  command
      .add_option(
          "--screen", arguments.screen,
          "With --part: all files of the screen, the part's own among them, as they are named wherever one is "
          "made. The part is then DIR/NAME.part, estimates in the place of cells: of the perturbations that are "
          "at home in its file, from all of their cells and the control's. Give it the flags of the task. It takes "
          "less time than one process where most perturbations lie in few files; where each lies in all files, every "
          "part reads "
          "all of them, and one process costs the least")
      ->type_name("CELLS")
      ->needs(part);
  command
      .add_flag("--join", options.are_parts,
                "The files are parts: make a task of them, the same to the last bit as of the files themselves")
      ->excludes(part);

  begin_group(command, "Input and output");
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

  begin_group(command, "Predicted cells");
  command.add_flag(
      "--cell-metrics", arguments.cell_metrics,
      "Keep in the task what scoring predicted cells needs of these (from a second pass over raw counts): pooled "
      "counts and their sampling error, responding genes, the control's cells gene by gene, and what the official "
      "halves score; for headroom score TASK --predicted cells, also with --suite vcc2026");

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

struct InspectFlagTexts {
  std::string as = "anything", sandbox = "strict";
};

}  // namespace

void add_simulate_command(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<SimulateArguments>();
  CLI::App& simulate_app =
      *app.add_subcommand("simulate", "Make a seeded synthetic screen with known truth: cells, task, embeddings");
  simulate_app.footer(
      "Examples:\n"
      "  headroom simulate -o example                     small, for trying things out\n"
      "  headroom simulate -o screen --preset medium --seed 7\n"
      "\n"
      "Writes DIR/cells.h5ad, DIR/task (as headroom prepare makes it), DIR/embeddings/*.h5ad and\n"
      "DIR/truth.h5ad: the deltas that endlessly many cells would show. The presets study and paper\n"
      "have deltas with noise instead of cells.");
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
  auto cells = std::make_shared<std::vector<std::string>>();
  CLI::App& prepare_app =
      *app.add_subcommand("prepare", "From single cells to a task: deltas, folds and their sampling error");
  prepare_app.footer(
      "Examples:\n"
      "  headroom prepare cells.h5ad --control non-targeting -o task\n"
      "  headroom prepare cells.h5ad --control-col is_control --design matched --batch-col plate -o task\n"
      "  headroom prepare 10x_folder --cells cells.tsv --control NT --memory-limit 4GiB -o task\n"
      "  headroom prepare 'plates/*.h5ad' --batch-from file --control DMSO --design matched -o task\n"
      "  headroom prepare --part plate7.h5ad -o parts/7\n"
      "  headroom prepare --join parts/* --control DMSO -o task\n"
      "  headroom prepare --part plate7.h5ad --screen 'plates/*.h5ad' --control DMSO -o parts\n"
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
  add_prepare_flags(prepare_app, *arguments, *cells, *memory_limit);
  add_review_flags(prepare_app, arguments->review);
  add_common_flags(prepare_app, arguments->common);
  prepare_app.callback([&command, arguments, cells, memory_limit] {
    command = [arguments, cells, memory_limit]() -> Result<int> {
      arguments->cells = cells->front();
      arguments->options.more_cells.assign(cells->begin() + 1, cells->end());
      if (arguments->part && cells->size() > 1) {
        return bad_input("a part is made of one file", "--part", "make one part of each file, then --join them");
      }
      if (!arguments->batch_from.empty()) {
        if (arguments->options.columns.batch_col) {
          return bad_input("--batch-col and --batch-from are both given", "command line", "give one of them");
        }
        arguments->options.join.has_file_column = true;
        arguments->options.columns.batch_col = kFileColumn;
      }
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
        if (auto valid = check_split_request(split); !valid) return tl::unexpected<Error>(valid.error());
      }
      return prepare(*arguments);
    };
  });
}

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
                  "Only this target's part of a task or of results: lfc, deg or cells (default: all)")
      ->check(CLI::IsMember({"lfc", "deg", "cells"}))
      ->type_name("lfc|deg|cells");
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

}  // namespace headroom::cli
