#include "cli/suite_command.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <malloc.h>

#include <algorithm>

#include "cli/exit_code.hpp"
#include "cli/interruption.hpp"
#include "cli/notes.hpp"
#include "cli/review_output.hpp"
#include "cli/terminal_streams.hpp"
#include "io/atomic_file.hpp"
#include "io/own_file.hpp"
#include "suite/kept_screen.hpp"
#include "suite/prediction_check.hpp"
#include "suite/suite_card.hpp"
#include "suite/suite_page.hpp"
#include "suite/suite_result.hpp"
#include "suite/write_fixed.hpp"
#include "summary/summary_json.hpp"
#include "terminal/terminal_progress.hpp"
#include "version.hpp"

namespace headroom::cli {
namespace {

namespace fs = std::filesystem;

constexpr OwnMark kSuiteRowsMark{"suite_perturbations.csv", "context,side,pert_id,", true};

// Of metrics that are no members, and of members that are named.
Table other_metrics(const SuiteResult& suite, const std::vector<std::string>& named) {
  Table table;
  for (const char* name : {"context", "metric", "u", "b", "r", "n", "ceiling", "ceiling_way", "ceiling_is_about",
                           "gap_closed", "ci_low", "ci_high"})
    table.columns.push_back({name});
  for (const SuiteContextResult& context : suite.contexts()) {
    const auto add = [&](const auto& m) {
      const auto cell = [](bool has, double x) { return cell_of(has ? std::optional<double>(x) : std::nullopt); };
      table.rows.push_back(
          {context.context(), m.name(), cell(m.has_u(), m.u()), cell(m.has_b(), m.b()), cell(m.has_r(), m.r()),
           static_cast<std::int64_t>(m.n()), cell(m.has_ceiling(), m.ceiling()), m.ceiling_way(),
           std::string(m.ceiling_is_about() ? "true" : "false"), cell(m.has_gap_closed(), m.gap_closed()),
           cell(m.has_ci_low(), m.ci_low()), cell(m.has_ci_high(), m.ci_high())});
    };
    for (const SuiteMember& member : context.members()) {
      if (std::find(named.begin(), named.end(), member.name()) != named.end()) add(member);
    }
    for (const SuiteMetric& metric : context.metrics()) add(metric);
  }
  return table;
}

// Of the contexts that a task keeps, those that --context names; all where it names none.
Result<void> choose_contexts(const std::vector<std::string>& wanted, const fs::path& task, KeptScreen& kept) {
  if (wanted.empty()) return {};
  std::vector<std::string> known;
  for (const KeptContext& context : kept.contexts) known.push_back(context.truth.names.context);
  for (const std::string& name : wanted) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return bad_input(fmt::format("there is no context '{}'", name), task.string(),
                     fmt::format("give some of {} with --context", fmt::join(known, ", ")));
  }
  std::erase_if(kept.contexts, [&](const KeptContext& context) {
    return std::find(wanted.begin(), wanted.end(), context.truth.names.context) == wanted.end();
  });
  return {};
}

Result<CellComparison> compared(const SuiteArguments& arguments, ThreadPool& pool, Progress& progress) {
  CompareOptions options = arguments.options;
  options.settle = [&](Review& review) { return settle_review(review, arguments.common.quiet); };
  if (!arguments.real.empty()) {
    return compare_cells(arguments.real, arguments.predictions, options, pool, progress, Interruption::token());
  }
  if (arguments.options.excluded != ExcludedTargets::as_published) {
    return bad_input("the task keeps what its halves score as published alone",
                     "--exclude-targets " + std::string(exclusion_name(arguments.options.excluded)),
                     "give the real cells with --real, or leave --suite out: then the task's folds are scored");
  }
  std::error_code ignored;
  const fs::path task = fs::is_directory(arguments.task, ignored) ? arguments.task / "task.h5ad" : arguments.task;
  auto kept = read_kept_screen(task, pool);
  if (!kept) return tl::unexpected<Error>(kept.error());
  if (auto chosen = choose_contexts(arguments.options.real.columns.contexts, task, *kept); !chosen) {
    return tl::unexpected<Error>(chosen.error());
  }
  for (KeptContext& context : kept->contexts) {
    if (!arguments.options.distances) context.truth.top.clear();
  }
  return compare_with_kept(*kept, arguments.predictions, options, pool, progress, Interruption::token());
}

Result<PredictionRules> rules_of(const PredictionCheckArguments& arguments, bool quiet) {
  PredictionRules rules = arguments.is_upload ? upload_rules() : PredictionRules{};
  if (arguments.against && arguments.real) {
    return bad_input("--against and --real are both given", "headroom check", "give one of them");
  }
  if (arguments.against) {
    Review review;
    auto task = read_task(*arguments.against, {}, review, TaskParts::all_but_deltas);
    if (!task) return tl::unexpected<Error>(task.error());
    if (auto settled = settle_review(review, quiet); !settled) return tl::unexpected<Error>(settled.error());
    rules.source = task->path;
    rules.genes = task->gene_ids;
    rules.controls = task->origin.controls;
    for (const TaskContext& context : task->contexts) rules.contexts.push_back({context.name, context.pert_ids, {}});
    if (task->origin.n_total_genes && *task->origin.n_total_genes != task->gene_ids.size()) rules.genes.clear();
  }
  if (arguments.real) {
    CellPanelOptions options = arguments.options;
    options.needs_control = true;
    auto opened = open_cell_panel(*arguments.real, options);
    if (!opened) return tl::unexpected<Error>(opened.error());
    const CellPanel& real = **opened;
    rules.source = real.path;
    rules.genes = real.gene_ids();
    rules.controls = real.control_labels;
    for (const CellPanel::Context& context : real.contexts) {
      PredictionRules::Context rule{context.name, context.labels, {}};
      for (const std::uint32_t group : context.group) rule.n_cells.push_back(real.n_cells(group));
      rules.contexts.push_back(std::move(rule));
    }
    // The real file says how many cells a perturbation has; scoring takes any number.
    rules.cells_each.reset();
  }
  return rules;
}

std::string finding_line(const PredictionFinding& finding, const TerminalStyle& style) {
  using Verdict = PredictionFinding::Verdict;
  const char* const word = finding.verdict == Verdict::passed  ? "passed"
                           : finding.verdict == Verdict::noted ? "noted"
                                                               : "FAILED";
  const Ink ink = finding.verdict == Verdict::passed  ? Ink::green
                  : finding.verdict == Verdict::noted ? Ink::yellow
                                                      : Ink::red;
  std::string line =
      inked(fmt::format("{:<7}", word), ink, style) + fmt::format("{:<16} {}: ", finding.name, finding.place);
  if (finding.verdict == Verdict::passed) return line + finding.found;
  if (!finding.first.empty()) line += "first " + finding.first + "; ";
  return line + fmt::format("expected {}; found {}", finding.expected, finding.found);
}

Table findings_table(const PredictionCheck& check) {
  Table table;
  for (const char* name : {"check", "verdict", "file", "place", "first", "expected", "found"})
    table.columns.push_back({name});
  for (const PredictionFinding& each : check.findings) {
    using Verdict = PredictionFinding::Verdict;
    table.rows.push_back({each.name,
                          std::string(each.verdict == Verdict::passed  ? "passed"
                                      : each.verdict == Verdict::noted ? "noted"
                                                                       : "failed"),
                          check.path, each.place, each.first, each.expected, each.found});
  }
  return table;
}

}  // namespace

Result<int> compare_two_files(const SuiteArguments& arguments) {
  for (const OwnMark& mark : {kReportMark, kSummaryMark, kSuiteRowsMark}) {
    if (may_replace(arguments.out / mark.name, mark)) continue;
    return bad_input(fmt::format("'{}' was not written by Headroom", mark.name), arguments.out.string(),
                     "choose another folder with -o, or move the file away");
  }
  // Blocks of a perturbation's cells go back to the system, as in prepare.
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  ThreadPool pool(arguments.common.n_threads);
  TerminalProgress progress = terminal_progress(arguments.common.quiet);
  const auto comparison = compared(arguments, pool, progress);
  if (!comparison) return tl::unexpected<Error>(comparison.error());
  print_notes(comparison->notes, arguments.common.quiet);
  RunSummary summary;
  summary.set_headroom_version(HEADROOM_VERSION);
  *summary.add_suites() = suite_result(*comparison, arguments.options);
  for (const Doubt& doubt : comparison->doubts) *summary.add_doubts() = record_of(doubt);
  const SuiteResult& suite = summary.suites(0);

  std::error_code failed;
  fs::create_directories(arguments.out, failed);
  if (failed) {
    return bad_input("the folder cannot be made: " + failed.message(), arguments.out.string(), "choose another -o");
  }
  const std::string json = summary_json(summary);
  for (const auto& [name, bytes] :
       {std::pair{kSuiteRowsMark.name, suite_perturbations_csv(*comparison)},
        std::pair{kReportMark.name, suite_page(suite, comparison->notes)}, std::pair{kSummaryMark.name, json}}) {
    if (auto done = write_file_atomically(arguments.out / name, bytes); !done)
      return tl::unexpected<Error>(done.error());
  }
  const TableFormat format = arguments.common.format;
  if (format == TableFormat::json) {
    results() << json;
    return kExitEvaluated;
  }
  if (arguments.with_card && format == TableFormat::text) draw_suite_card(results(), suite, stdout_style());
  if (arguments.with_card && format != TableFormat::text)
    write_table(results(), suite_table(suite), format, stdout_style());
  if (arguments.with_other_metrics)
    write_table(results(), other_metrics(suite, arguments.options.metrics), format, stdout_style());
  return kExitEvaluated;
}

Result<int> check_predicted_cells(const PredictionCheckArguments& arguments) {
  if (arguments.prediction.empty()) {
    return bad_input("there is no prediction to check", "headroom check", "name an h5ad of predicted cells");
  }
  const auto rules = rules_of(arguments, arguments.common.quiet);
  if (!rules) return tl::unexpected<Error>(rules.error());
  ThreadPool pool(arguments.common.n_threads);
  TerminalProgress progress = terminal_progress(arguments.common.quiet);
  const auto check =
      check_prediction(arguments.prediction, *rules, arguments.options, pool, progress, Interruption::token());
  if (!check) return tl::unexpected<Error>(check.error());
  const TerminalStyle style = stdout_style();
  if (arguments.common.format == TableFormat::text) {
    for (const PredictionFinding& finding : check->findings) results() << finding_line(finding, style) << '\n';
    results() << (check->passes() ? "it may be handed in\n" : "it would be refused\n");
  } else {
    write_table(results(), findings_table(*check), arguments.common.format, style);
  }
  if (arguments.write_fixed && check->can_be_fixed) {
    if (auto done = write_fixed_prediction(arguments.prediction, *rules, arguments.options, *arguments.write_fixed);
        !done) {
      return tl::unexpected<Error>(done.error());
    }
    print_notes({fmt::format("wrote {}; check it again", arguments.write_fixed->string())}, arguments.common.quiet);
  } else if (arguments.write_fixed) {
    print_notes({"nothing is wrong that can be put right without loss; no file was written"}, arguments.common.quiet);
  }
  return check->passes() ? kExitEvaluated : kExitPluginFailed;
}

}  // namespace headroom::cli
