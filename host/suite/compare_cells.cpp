#include "suite/compare_cells.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <set>

#include "cell_metrics/null_cells.hpp"
#include "suite/cell_remarks.hpp"
#include "suite/kept_screen.hpp"
#include "suite/predicted_cells.hpp"
#include "task/target_gene.hpp"

namespace headroom {
namespace {

// Perturbations whose simulated scores make a ceiling, over all simulated screens.
constexpr std::size_t kSimulatedPerturbations = 200;

std::string of_context(const CellPanel& panel, const std::string& context) {
  return panel.contexts.size() > 1 ? fmt::format("{}, context '{}'", panel.path, context) : panel.path;
}

Result<void> require_same(const std::vector<std::string>& real, const std::vector<std::string>& predicted,
                          const std::string& what, const std::string& where, const std::string& remedy) {
  const std::string missing = names_missing(real, predicted), extra = names_missing(predicted, real);
  if (missing.empty() && extra.empty()) return {};
  std::string text = fmt::format("{} differ: {} real, {} predicted", what, real.size(), predicted.size());
  if (!missing.empty()) text += fmt::format("; the prediction lacks {}", missing);
  if (!extra.empty()) text += fmt::format("; only the prediction has {}", extra);
  return bad_input(std::move(text), where, remedy);
}

Result<void> require_same_genes(const std::vector<std::string>& expected, const CellPanel& predicted) {
  const std::vector<std::string> given = predicted.gene_ids();
  if (expected == given) return {};
  if (auto same = require_same(expected, given, "genes", predicted.path,
                               "write the prediction over the genes of the real file, in its order");
      !same) {
    return same;
  }
  const auto differs = std::mismatch(expected.begin(), expected.end(), given.begin(), given.end());
  const auto at = differs.first - expected.begin();
  if (differs.first == expected.end() || differs.second == given.end()) {
    return bad_input(fmt::format("gene names repeat: {} real, {} predicted", expected.size(), given.size()),
                     predicted.path, "name every gene once");
  }
  return bad_input(fmt::format("genes are in another order: gene {} is '{}' where the real file has '{}'", at,
                               *differs.second, *differs.first),
                   predicted.path,
                   "headroom check PREDICTION --real REAL --suite vcc2026 --write-fixed FILE reorders them");
}

// Perturbations whose own gene metrics leave out, or genes of the panel that they do.
std::size_t n_left_out(const PanelNames& names) {
  if (names.excluded == ExcludedTargets::none) return 0;
  if (names.excluded == ExcludedTargets::panel) {
    return static_cast<std::size_t>(std::count(names.is_target.begin(), names.is_target.end(), true));
  }
  return static_cast<std::size_t>(
      std::count_if(names.own.begin(), names.own.end(), [](const auto& gene) { return gene.has_value(); }));
}

// How deep the screens are whose scores are the ceilings, and whose control they have.
std::string depth_text(const PanelScores& scores, PanelCeilingWay way) {
  if (way == PanelCeilingWay::none) return {};
  if (way == PanelCeilingWay::replicate) return "half of the real cells, controls of their own";
  double cells = 0, counts = 0;
  const auto n = static_cast<double>(scores.n_cells.size());
  for (std::size_t p = 0; p < scores.n_cells.size(); ++p) {
    cells += static_cast<double>(scores.n_cells[p]) / n;
    counts += scores.mean_total[p] / n;
  }
  return fmt::format("{:.0f} cells of {:.0f} counts, real control", cells, counts);
}

// Members, and of the other metrics those that are named.
void keep_metrics(const std::vector<std::string>& names, SuiteContext& scores) {
  for (std::size_t m = scores.u.size(); m-- > kSuiteMembers;) {
    if (std::find(names.begin(), names.end(), scores.u[m].name) != names.end()) continue;
    const auto drop = [m](auto& list) {
      if (m < list.size()) list.erase(list.begin() + static_cast<std::ptrdiff_t>(m));
    };
    drop(scores.u);
    drop(scores.b);
    drop(scores.reached);
    for (auto& split : scores.r) drop(split);
  }
}

// Of the prediction or the baseline as classic cell-eval takes them, beside the real side.
std::vector<MetricValues> classic_metrics(const KeptContext& real, const ClassicSide& predicted, ThreadPool& pool) {
  const PanelNames& names = real.truth.names;
  std::vector<std::size_t> rows(names.labels.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return classic_metric_values(*real.classic, predicted, left_out_genes(names, rows, ExcludedTargets::own),
                               left_out_genes(names, rows, ExcludedTargets::none), pool);
}

std::vector<double> totals_of(const GroupCounts& control, const std::vector<std::vector<double>>& groups) {
  std::vector<double> totals = control.total;
  for (const auto& each : groups) totals.insert(totals.end(), each.begin(), each.end());
  return totals;
}

Result<ComparedContext> score_context(const KeptContext& real, const CellPanel& predicted,
                                      const CellPanel::Context& guess, const CompareOptions& options,
                                      std::vector<std::string>& notes, ThreadPool& pool, Progress& progress,
                                      const std::stop_token& stop) {
  const PanelTruth* const truth = &real.truth;
  const GroupCounts& control = real.control;
  const std::vector<std::string>& labels = truth->names.labels;
  const std::size_t n = labels.size();
  ComparedContext out;
  out.labels = labels;
  out.n_control_cells = control.n_cells;
  out.n_without_gene = static_cast<std::size_t>(
      std::count_if(truth->names.own.begin(), truth->names.own.end(), [](const auto& gene) { return !gene; }));
  out.n_left_out = n_left_out(truth->names);
  for (std::size_t g = 0; g < truth->columns.n_genes; ++g) out.n_tested_genes += truth->columns.is_tested(0, g) ? 1 : 0;
  notes.insert(notes.end(), real.notes.begin(), real.notes.end());

  GroupMaker cells = cells_of_groups(predicted, guess.group);
  std::optional<GroupCounts> own_control;
  std::optional<ClassicSideBuilder> classic;
  if (real.classic) {
    if (guess.control) {
      own_control.emplace();
      if (auto made = cells_of_groups(predicted, {*guess.control})(0, *own_control); !made) {
        return tl::unexpected(made.error());
      }
    }
    const GroupCounts& measured_from = own_control ? *own_control : control;
    std::vector<std::vector<double>> totals;
    for (const std::uint32_t group : guess.group) totals.push_back(predicted.totals(group));
    classic.emplace(totals_of(measured_from, totals), measured_from, n, options.classic_energy, pool);
    cells = shown_to(*classic, std::move(cells));
    notes.push_back(guess.control ? fmt::format("metrics of classic cell-eval measure the prediction from its own {} "
                                                "control cells",
                                                own_control->n_cells)
                                  : "metrics of classic cell-eval measure the prediction from the real control: it "
                                    "brings none of its own");
  }
  auto submission = score_cells(*truth, cells, pool, progress, stop);
  if (!submission) return tl::unexpected(submission.error());
  std::vector<CellsOfLabel> groups;
  for (std::size_t p = 0; p < n; ++p) {
    out.n_real_cells.push_back(truth->profiles[p].n_cells);
    out.n_predicted_cells.push_back(submission->n_cells[p]);
    groups.emplace_back(labels[p], predicted.totals(guess.group[p]));
  }
  for (std::string& remark : remarks_on_prediction(groups)) notes.push_back(std::move(remark));
  std::vector<std::size_t> rows(n);
  for (std::size_t p = 0; p < n; ++p) rows[p] = p;
  const std::vector<double> mean = mean_response(*truth, rows, options.baseline_leaves_own_out);
  std::optional<PanelScores> baseline;
  std::optional<ClassicSideBuilder> classic_baseline;
  if (options.baseline == BaselineCells::tile) {
    baseline = score_tile(*truth, mean, pool);
    if (classic) {
      const double total = std::accumulate(mean.begin(), mean.end(), 0.0);
      std::vector<std::vector<double>> totals;
      for (const std::size_t n_cells : out.n_real_cells) totals.emplace_back(n_cells, total);
      classic_baseline.emplace(totals_of(control, totals), control, n, false, pool);
      classic_baseline->add_tile(mean);
    }
  } else {
    GroupMaker dispersed = dispersed_cells(*truth, control, mean, options.suite.seed);
    if (classic) {
      std::vector<std::vector<double>> totals(n);
      GroupCounts counts;
      for (std::size_t p = 0; p < n; ++p) {
        if (auto made = dispersed(p, counts); !made) return tl::unexpected(made.error());
        totals[p] = counts.total;
      }
      classic_baseline.emplace(totals_of(control, totals), control, n, options.classic_energy, pool);
      dispersed = shown_to(*classic_baseline, dispersed_cells(*truth, control, mean, options.suite.seed));
    }
    auto scores = score_cells(*truth, dispersed, pool, progress, stop);
    if (!scores) return tl::unexpected(scores.error());
    baseline = std::move(*scores);
  }
  std::vector<PanelScores> drawn;
  if (draws_screens(options.ceiling)) {
    const int n_screens = options.n_second_screens.value_or(static_cast<int>((kSimulatedPerturbations + n - 1) / n));
    auto screens =
        score_drawn_screens(*truth, control, &*submission, n_screens, options.suite.seed, pool, progress, stop);
    if (!screens) return tl::unexpected(screens.error());
    drawn = std::move(*screens);
  }
  auto scores =
      score_suite(*truth, *submission, *baseline, panel_ceilings(*truth, drawn, submission->n_cells, options.ceiling),
                  depth_text(*submission, options.ceiling), options.suite);
  if (!scores) return tl::unexpected(scores.error());
  out.scores = std::move(*scores);
  if (classic) {
    std::vector<MetricValues> u = classic_metrics(real, classic->take(), pool),
                              b = classic_metrics(real, classic_baseline->take(), pool);
    // A tile lies equally far from the control everywhere.
    if (b.size() < u.size()) b.push_back({u.back().name, std::vector<double>(n, std::nan("")), std::nullopt, 0});
    out.scores.u.insert(out.scores.u.end(), u.begin(), u.end());
    out.scores.b.insert(out.scores.b.end(), b.begin(), b.end());
    out.scores.reached.resize(out.scores.u.size());  // no ceiling is made of these
  }
  if (!options.metrics.empty()) keep_metrics(options.metrics, out.scores);
  if (options.calibrate) {
    if (real.cells.empty()) {
      return bad_input("the task does not keep the cells that metrics are calibrated on", "--calibration",
                       "give the real cells with --real");
    }
    auto calibration = calibrate_cells(real.cells, control, {}, pool);
    if (!calibration) return tl::unexpected(calibration.error());
    out.calibration = std::move(calibration->protocols);
  }
  return out;
}

}  // namespace

OwnGenes own_genes(const std::vector<std::string>& labels, const CellPanel& panel) {
  const auto namings = panel.gene_namings();
  const TargetGenes targets = find_target_genes(labels, namings);
  OwnGenes own;
  for (const auto& column : targets.column) {
    own.push_back(column ? std::optional<std::size_t>(static_cast<std::size_t>(*column)) : std::nullopt);
  }
  return own;
}

std::string names_missing(const std::vector<std::string>& expected, const std::vector<std::string>& given) {
  constexpr std::size_t kListed = 20;
  const std::set<std::string> there(given.begin(), given.end());
  std::vector<std::string> missing;
  for (const std::string& name : expected) {
    if (!there.contains(name)) missing.push_back(name);
  }
  if (missing.empty()) return {};
  const std::size_t n = missing.size();
  missing.resize(std::min(n, kListed));
  return fmt::format("{}: {}{}", n, fmt::join(missing, ", "), n > kListed ? ", …" : "");
}

namespace {

// What is doubtful about a file is answered before its cells are read.
Result<void> settle(const CompareOptions& options, Review& review, CellComparison& out) {
  const auto settled = options.settle ? options.settle(review) : Result<void>();
  out.doubts.insert(out.doubts.end(), review.doubts().begin(), review.doubts().end());
  return settled;
}

// The prediction of a screen whose genes, labels and controls are known: opened, matched, read and scored.
Result<CellComparison> compare_with(const std::vector<std::string>& genes, const std::vector<std::string>& controls,
                                    const std::vector<std::pair<std::string, std::vector<std::string>>>& labels,
                                    const std::filesystem::path& predicted_path, const CompareOptions& options,
                                    const std::function<Result<const KeptContext*>(std::size_t)>& reduced,
                                    ThreadPool& pool, Progress& progress, const std::stop_token& stop,
                                    CellComparison out) {
  // What the real file calls its control is no perturbation of the prediction.
  CellPanelOptions predicted_options = options.predicted;
  predicted_options.needs_control = false;
  if (predicted_options.columns.labels.controls.empty()) predicted_options.columns.labels.controls = controls;
  auto opened = open_cell_panel(predicted_path, predicted_options);
  if (!opened) return tl::unexpected(opened.error());
  CellPanel& predicted = **opened;
  if (auto settled = settle(options, predicted.review, out); !settled) return tl::unexpected(settled.error());
  if (auto same = require_same_genes(genes, predicted); !same) return tl::unexpected(same.error());
  std::vector<std::string> contexts, predicted_contexts;
  for (const auto& [name, of_context] : labels) contexts.push_back(name);
  for (const auto& context : predicted.contexts) predicted_contexts.push_back(context.name);
  const bool both_single = contexts.size() == 1 && predicted_contexts.size() == 1;
  if (!both_single) {
    if (auto same = require_same(contexts, predicted_contexts, "contexts", predicted.path,
                                 "see --context-col, or choose contexts with --context");
        !same) {
      return tl::unexpected(same.error());
    }
  }
  for (std::size_t k = 0; k < contexts.size(); ++k) {
    take_spellings(labels[k].second, predicted_options.columns.labels, predicted.contexts[k]);
    if (auto same = require_same(
            labels[k].second, predicted.contexts[k].labels, "perturbations", of_context(predicted, contexts[k]),
            "predict every perturbation of the real cells under its label; see --pert-col and --merge-labels");
        !same) {
      return tl::unexpected(same.error());
    }
  }
  out.split_seeds = split_seeds(kOfficialSplits);
  for (const std::string& line : predicted.picked) out.notes.push_back("predicted " + line);
  if (predicted.n_left_out > 0) {
    out.notes.push_back(fmt::format("{} cells of {} without a perturbation or of other contexts are left out",
                                    predicted.n_left_out, predicted.path));
  }
  std::size_t n_controls = 0;
  for (const auto& context : predicted.contexts)
    n_controls += context.control ? predicted.n_cells(*context.control) : 0;
  if (n_controls > 0) {
    out.notes.push_back(
        fmt::format("{} control cells of the prediction are left out: the real control is everybody's", n_controls));
  }
  if (auto read = read_counts(predicted, predicted_options, pool, progress, stop); !read) {
    return tl::unexpected(read.error());
  }
  double sum = 0;
  for (std::size_t k = 0; k < contexts.size(); ++k) {
    auto real = reduced(k);
    if (!real) return tl::unexpected(real.error());
    auto context = score_context(**real, predicted, predicted.contexts[k], options, out.notes, pool, progress, stop);
    if (!context) return tl::unexpected(context.error());
    sum += context->scores.score.value_or(std::nan("")) / static_cast<double>(contexts.size());
    out.contexts.push_back(std::move(*context));
  }
  if (!std::isnan(sum)) out.score = sum;
  return out;
}

}  // namespace

Result<CellComparison> compare_cells(const std::filesystem::path& real_path,
                                     const std::filesystem::path& predicted_path, const CompareOptions& options,
                                     ThreadPool& pool, Progress& progress, std::stop_token stop) {
  auto opened = open_cell_panel(real_path, options.real);
  if (!opened) return tl::unexpected(opened.error());
  CellPanel& real = **opened;
  CellComparison out;
  if (auto settled = settle(options, real.review, out); !settled) return tl::unexpected(settled.error());
  for (const std::string& line : real.picked) out.notes.push_back("real " + line);
  if (real.n_left_out > 0) {
    out.notes.push_back(fmt::format("{} cells of {} without a perturbation or of other contexts are left out",
                                    real.n_left_out, real.path));
  }
  std::vector<std::pair<std::string, std::vector<std::string>>> labels;
  for (const auto& context : real.contexts) labels.emplace_back(context.name, context.labels);
  bool is_read = false;
  std::optional<KeptContext> reduced;
  std::unique_ptr<CellPanel> again;  // the same file, where it is read twice
  return compare_with(
      real.gene_ids(), real.control_labels, labels, predicted_path, options,
      [&](std::size_t k) -> Result<const KeptContext*> {
        if (!is_read) {
          if (auto read = read_counts(real, options.real, pool, progress, stop); !read) {
            return tl::unexpected(read.error());
          }
          is_read = true;
        }
        auto context = reduce_context(
            real, real.contexts[k],
            {options.calibrate, options.excluded, {}, options.distances, options.classic, options.classic_energy}, pool,
            progress, stop);
        if (!context) return tl::unexpected(context.error());
        reduced = std::move(*context);
        if (!options.distances) return &*reduced;
        if (!again) {
          auto reopened = open_cell_panel(real_path, options.real);
          if (!reopened) return tl::unexpected(reopened.error());
          again = std::move(*reopened);
          if (auto read = read_counts(*again, options.real, pool, progress, stop); !read) {
            return tl::unexpected(read.error());
          }
        }
        if (auto filled = fill_top_cells(*again, again->contexts[k], pool, reduced->truth); !filled) {
          return tl::unexpected(filled.error());
        }
        return &*reduced;
      },
      pool, progress, stop, std::move(out));
}

Result<CellComparison> compare_with_kept(const KeptScreen& real, const std::filesystem::path& predicted_path,
                                         const CompareOptions& options, ThreadPool& pool, Progress& progress,
                                         std::stop_token stop) {
  std::vector<std::pair<std::string, std::vector<std::string>>> labels;
  for (const KeptContext& context : real.contexts) {
    labels.emplace_back(context.truth.names.context, context.truth.names.labels);
  }
  CellComparison out;
  if (options.classic) {
    out.notes.push_back("metrics of classic cell-eval are left out: they need the real cells, and the task keeps none");
  }
  return compare_with(
      real.genes, real.control_labels, labels, predicted_path, options,
      [&](std::size_t k) -> Result<const KeptContext*> { return &real.contexts[k]; }, pool, progress, stop,
      std::move(out));
}

}  // namespace headroom
