#include "summary/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "bounds/comparison.hpp"
#include "bounds/gap.hpp"
#include "deg/class_metrics.hpp"
#include "numerics/quantile.hpp"
#include "plan/bound_names.hpp"
#include "plan/target.hpp"
#include "protocol/metrics.hpp"
#include "summary/about_ceiling.hpp"
#include "summary/audit_outcomes.hpp"
#include "summary/gap_methods.hpp"
#include "summary/metric_trust.hpp"
#include "summary/target_parts.hpp"

namespace headroom {
namespace {

constexpr std::size_t max_plugins_all_pairs = 60;  // 1,770 pairs; the number grows with the square

// Zero without a sign: whether a sum of zeros is -0 must not show in the output.
double plain(double value) { return value + 0.0; }

template <class Message>
void set_interval(Message& message, const std::optional<Interval>& ci) {
  if (!ci) return;
  message.set_ci_low(plain(ci->low));
  message.set_ci_high(plain(ci->high));
}

// Letters and digits in lower case: "Norman 2019" and "norman_2019" are one name.
std::string bare_name(std::string_view name) {
  std::string bare;
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)))
      bare += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return bare;
}

// Whether a plugin declares weights from data of the task's name (one name holding the other, from 4 characters on).
bool was_trained_on(const PluginRecord& plugin, const std::string& task_name) {
  constexpr std::size_t shortest = 4;
  const std::string task = bare_name(task_name);
  const auto& datasets = plugin.description().training_datasets();
  return std::any_of(datasets.begin(), datasets.end(), [&](const std::string& dataset) {
    const std::string name = bare_name(dataset);
    return std::min(name.size(), task.size()) >= shortest &&
           (name.find(task) != std::string::npos || task.find(name) != std::string::npos);
  });
}

TaskDescription describe(const Task& task, const RunResults& results) {
  TaskDescription description;
  description.set_name(task.name);
  description.set_sha256(task.sha256);
  if (!task.contexts.empty()) description.set_n_genes(static_cast<int>(task.contexts.front().deltas.cols()));
  for (const auto& evaluated : results.contexts) {
    auto& context = *description.add_contexts();
    context.set_context(evaluated.context);
    context.set_n_perturbations(static_cast<int>(task.contexts[evaluated.task_context].pert_ids.size()));
    for (const Split& split : evaluated.splits) {
      context.add_folds(split.name);
      context.add_n_test(static_cast<int>(split.test.size()));
    }
  }
  description.set_pert_column(task.columns.pert_column);
  description.set_context_column(task.columns.context_column);
  description.set_fold_source(task.columns.fold_source);
  description.set_gene_source(task.columns.gene_source);
  for (const auto& note : task.notes) description.add_notes(note);
  return description;
}

// One (context, metric, head).
class HeadTable {
 public:
  HeadTable(const RunResults& results, const Task& task, const ContextEvaluation& context, std::size_t metric,
            const Head& head, const TestResamples& resamples, const std::vector<Stratum>& strata, bool inner_scores)
      : results_(results),
        task_(task),
        context_(context),
        metric_(metric),
        head_(head),
        resamples_(resamples),
        strata_(strata),
        inner_scores_(inner_scores) {
    for (const auto& method : context.methods) {
      if (!stands_in(method, head)) continue;
      if (method.left_out.empty()) methods_.push_back(&method);
    }
    n_shown_ = methods_.size();
    for (const auto& method : context.methods) {  // of fusions without a block, behind all others
      if (metric == 0 && !method.left_out.empty() && stands_in(method, head)) methods_.push_back(&method);
    }
  }

  ContextResult result() {
    const bool higher = higher_is_better(results_.metrics[metric_]);
    std::vector<GapMethod> gap_methods = gap_methods_of(methods_, metric_, context_.splits.size());
    const GapReport report = close_gap(gap_methods, higher, resamples_);

    ContextResult result;
    result.set_context(context_.context);
    if (context_.family != kFamilyWithin) result.set_split_family(context_.family);
    if (context_.unseen_parts) {
      result.set_unseen_parts(static_cast<std::int32_t>(*context_.unseen_parts));
      result.set_task_context(task_.contexts[context_.task_context].name);
    }
    if (results_.target != kFirstTarget) result.set_target(results_.target);
    result.set_metric(std::string(metric_name(results_.metrics[metric_])));
    result.set_higher_is_better(higher);
    result.set_head(head_.name);
    result.set_bounds_scope(head_.own_bounds ? kBoundsOfHead : kBoundsOfTask);
    set_excluded_targets(result);
    set_bound(report.wap, *result.mutable_wap());
    set_bound(report.bap, *result.mutable_bap());
    set_gap(report, *result.mutable_gap());
    for (std::size_t m = 0; m < n_shown_; ++m) *result.add_methods() = method_result(*methods_[m], report.methods[m]);
    if (!result.gap().defined()) add_other_ceiling(gap_methods, higher, result);
    if (metric_ == 0) add_comparisons(gap_methods, report, higher, result);
    for (std::size_t m = n_shown_; m < methods_.size(); ++m) add_ablation(m, gap_methods, report, higher, result);
    add_calibration(methods_, gap_methods, results_.metrics[metric_], result);
    add_resolution(methods_, gap_methods, report, higher, resamples_, result);
    if (!is_of_fold(results_.metrics[metric_])) {
      for (const Stratum& stratum : strata_) add_stratum(stratum, gap_methods, higher, result);
    }
    for (const auto& note : context_.notes) result.add_notes(note);
    add_remarks(result);
    for (std::size_t m = 0; m < methods_.size(); ++m) {
      const bool stands_in_for_another =
          gap_methods[m].competes == Competes::for_bap && competes(*methods_[m]) != Competes::for_bap;
      if (stands_in_for_another && methods_[m]->name == kCeilingDepthRight) {
        result.add_notes(
            fmt::format("{}: the tighter of the other cheaters and {}, a second screen as deep with a "
                        "control of its own",
                        result.metric(), methods_[m]->name));
      }
      const bool is_bound = gap_methods[m].competes == Competes::for_bap && methods_[m]->status == Status::ok;
      if (is_bound && !report.methods[m].value) {
        result.add_notes(
            fmt::format("{} has no {}: bounded by the other cheaters", methods_[m]->name, result.metric()));
      }
    }
    return result;
  }

 private:
  // What is to be known of the cells that were scored, and of how many perturbations a value is.
  void add_remarks(ContextResult& result) const {
    std::set<std::string> told;
    for (const MethodEvaluation* method : methods_) {
      std::size_t n_tests = 0, n_undefined = 0;
      for (const FoldEvaluation& fold : method->folds) {
        if (fold.status != Status::ok) continue;
        std::istringstream remarks(fold.reason);
        for (std::string line; std::getline(remarks, line);) {
          if (told.insert(line).second) result.add_notes(line);
        }
        const Vector& values = fold.metric_values[metric_];
        n_tests += static_cast<std::size_t>(values.size());
        n_undefined += static_cast<std::size_t>(values.array().isNaN().count());
      }
      const bool leaves_out = results_.target == cells_target().name && !is_of_fold(results_.metrics[metric_]);
      if (!leaves_out || method->role != Role::plugin || n_undefined == 0) continue;
      result.add_notes(fmt::format("{}: {} is undefined for {} of {} test perturbations, which are left out",
                                   method->name, result.metric(), n_undefined, n_tests));
    }
  }

  // All rows of a stratum together, whatever their fold: there are few in each.
  void add_stratum(const Stratum& stratum, const std::vector<GapMethod>& gap_methods, bool higher,
                   ContextResult& result) const {
    std::vector<GapMethod> of_stratum;
    for (const GapMethod& method : gap_methods) {
      of_stratum.push_back({method.name, method.competes, {rows_of(stratum, method)}});
    }
    const auto n = static_cast<Eigen::Index>(stratum.tests.size());
    const bool with_intervals = metric_ == 0;
    const TestResamples resamples({n}, results_.settings.seed(),
                                  with_intervals ? static_cast<int>(resamples_.n_resamples()) : 1);
    const GapReport report = close_gap(of_stratum, higher, resamples);
    StratumResult& told = *result.add_strata();
    told.set_by(stratum.by);
    told.set_stratum(stratum.name);
    if (stratum.low) told.set_low(plain(*stratum.low));
    if (stratum.high) told.set_high(plain(*stratum.high));
    told.set_n_test(static_cast<std::int32_t>(n));
    if (report.wap) told.set_wap(plain(report.wap->value));
    if (report.bap) told.set_bap(plain(report.bap->value));
    for (std::size_t m = 0; m < n_shown_; ++m) {
      if (methods_[m]->role != Role::plugin || !report.methods[m].value) continue;
      StratumValue& value = *told.add_methods();
      value.set_method(methods_[m]->name);
      value.set_value(plain(*report.methods[m].value));
      if (report.methods[m].gap_closed) value.set_gap_closed(plain(*report.methods[m].gap_closed));
      if (with_intervals) set_interval(value, report.methods[m].ci);
    }
  }

  // A method's values of the stratum's rows; none where a fold has no result.
  FoldValues rows_of(const Stratum& stratum, const GapMethod& method) const {
    std::vector<double> all;
    for (std::size_t f = 0; f < context_.splits.size(); ++f) {
      const Vector& of_fold = method.fold_values[f].of_tests;
      if (of_fold.size() != static_cast<Eigen::Index>(context_.splits[f].test.size())) return {};
      all.insert(all.end(), of_fold.begin(), of_fold.end());
    }
    Vector some(static_cast<Eigen::Index>(stratum.tests.size()));
    for (std::size_t i = 0; i < stratum.tests.size(); ++i) some[static_cast<Eigen::Index>(i)] = all[stratum.tests[i]];
    if (!some.allFinite()) return {};
    return some;
  }

  void set_excluded_targets(ContextResult& result) const {
    std::string excluded = results_.settings.exclude_targets();
    const bool is_published = excluded.empty();
    if (is_published) excluded = exclusion_name(published_exclusion(results_.metrics[metric_]));
    if (excluded == exclusion_name(ExcludedTargets::none)) return;
    const bool is_panel = excluded == exclusion_name(ExcludedTargets::panel);
    result.set_excluded_targets(excluded);
    result.set_n_excluded_targets(
        static_cast<std::int32_t>(is_panel ? context_.n_panel_targets : context_.n_excluded_targets));
    if (is_published) return;
    std::size_t n_tests = 0;
    for (const Split& split : context_.splits) n_tests += split.test.size();
    result.add_notes(is_panel
                         ? fmt::format("--exclude-targets panel: the {} measured targets of the panel are left out",
                                       context_.n_excluded_targets)
                         : fmt::format("--exclude-targets own: the perturbation's own gene is left out, which is "
                                       "measured for {} of {} test perturbations",
                                       context_.n_excluded_targets, n_tests));
  }

  // The gap to what the true deltas would score, where the bounds leave none.
  void add_other_ceiling(std::vector<GapMethod> gap_methods, bool higher, ContextResult& result) const {
    bool any = false;
    for (std::size_t m = 0; m < methods_.size(); ++m) {
      if (gap_methods[m].competes == Competes::for_bap) gap_methods[m].competes = Competes::for_nothing;
      if (methods_[m]->name != kCeilingClosedForm || methods_[m]->status != Status::ok) continue;
      gap_methods[m].competes = Competes::for_bap;
      any = true;
    }
    if (!any) return;
    const GapReport report = close_gap(gap_methods, higher, resamples_);
    if (!report.gap || !report.gap->defined) return;
    OtherCeiling& other = *result.mutable_other_ceiling();
    other.set_ceiling(kCeilingClosedForm);
    set_bound(report.bap, *other.mutable_bap());
    set_gap(report, *other.mutable_gap());
  }

  void set_bound(const std::optional<Bound>& bound, BoundResult& result) const {
    if (!bound) return;
    result.set_method(methods_[bound->method]->name);
    result.set_value(plain(bound->value));
    set_interval(result, bound->ci);
    const auto excluded =
        exclusion_by_name(results_.settings.exclude_targets()).value_or(ExcludedTargets::as_published);
    if (is_about_ceiling(result.method(), results_.metrics[metric_], excluded)) result.set_is_about(true);
  }

  static void set_gap(const GapReport& report, GapResult& result) {
    result.set_defined(report.gap && report.gap->defined);
    if (!report.gap) return;
    result.set_value(plain(report.gap->value));
    set_interval(result, report.gap->ci);
    if (report.wap->value != 0) result.set_dynamic_range(plain(report.gap->value / std::abs(report.wap->value)));
  }

  MethodResult method_result(const MethodEvaluation& method, const MethodGap& gap) const {
    MethodResult result;
    result.set_name(method.name);
    result.set_embedding(method.embedding);
    result.set_predictor(method.predictor);
    result.set_role(role_name(method.role));
    result.set_status(status_name(method.status));
    result.set_reason(method.reason);
    result.set_in_bound(method.in_bound);
    const CeilingLabel label = ceiling_label(method.name);
    result.set_ceiling_depth(label.depth);
    result.set_ceiling_control(label.control);
    if (gap.value) result.set_value(plain(*gap.value));
    if (gap.gap_closed) result.set_gap_closed(plain(*gap.gap_closed));
    set_interval(result, gap.ci);
    if (method.role == Role::plugin && method.status == Status::ok)
      result.set_verdict(std::string(verdict_text(gap.verdict)));
    std::int64_t n_test = 0, n_covered = 0;
    std::vector<double> covered_values;
    for (std::size_t f = 0; f < method.folds.size(); ++f) {
      FoldResult& fold = *result.add_folds();
      fold = fold_result(method.folds[f], f);
      if (gap.fold_values[f]) fold.set_value(plain(*gap.fold_values[f]));
      if (gap.fold_gap_closed[f]) fold.set_gap_closed(plain(*gap.fold_gap_closed[f]));
      if (method.folds[f].status != Status::ok) continue;
      n_test += fold.n_test();
      n_covered += fold.n_covered();
      if (fold.has_value_covered()) covered_values.push_back(fold.value_covered());
    }
    if ((!method.embedding.empty() || method.role == Role::plugin) && n_test > 0) {
      result.set_coverage(static_cast<double>(n_covered) / static_cast<double>(n_test));
    }
    if (!covered_values.empty() && covered_values.size() == method.folds.size()) {
      result.set_value_covered(median(covered_values));
    }
    for (const auto& flag : method.flags) result.add_flags(flag);
    add_blocks(method, result);
    if (method.role == Role::plugin && uses_data_of_task(method)) result.add_flags("trained on this data set");
    return result;
  }

  FoldResult fold_result(const FoldEvaluation& evaluation, std::size_t f) const {
    FoldResult result;
    const Split& split = context_.splits[f];
    result.set_fold(split.name);
    if (split.family != kFamilyWithin) {
      result.set_split(split.name);
    }
    const bool spans = std::any_of(split.training.begin(), split.training.end(),
                                   [&](const TaskRow& at) { return at.context != split.context; });
    if (spans || split.family != kFamilyWithin) {
      result.set_n_training(static_cast<std::int32_t>(split.training.size()));
    }
    result.set_status(status_name(evaluation.status));
    if (evaluation.status != Status::ok) result.set_reason(evaluation.reason);
    result.set_n_test(static_cast<int>(context_.splits[f].test.size()));
    if (evaluation.status != Status::ok) return result;
    const Vector& values = evaluation.metric_values[metric_];
    const WholeFoldScores& whole = evaluation.whole;
    double covered_sum = 0;
    int n_covered = 0;
    for (Eigen::Index i = 0; i < values.size(); ++i) {
      if (!evaluation.covered[static_cast<std::size_t>(i)]) continue;
      covered_sum += values[i];
      ++n_covered;
    }
    result.set_n_covered(n_covered);
    const double value_covered =
        whole.empty() ? covered_sum / n_covered : whole.covered_values[static_cast<Eigen::Index>(metric_)];
    if (n_covered > 0 && std::isfinite(value_covered)) result.set_value_covered(plain(value_covered));
    const MeanOverTests mean = mean_over_tests(values);
    // None is finite where the metric is of the fold alone.
    if (mean.n_finite < values.size() && (whole.empty() || mean.n_finite > 0)) {
      result.set_n_finite(static_cast<int>(mean.n_finite));
      if (mean.n_finite > 0) result.set_value_finite(plain(mean.mean_of_finite));
    }
    for (const auto& [name, value] : evaluation.best_params) (*result.mutable_best_params())[name] = value;
    if (evaluation.effective_dim) result.set_effective_dim(*evaluation.effective_dim);
    for (const BlockWeight& weight : evaluation.fusion.weights) {
      FittedBlockResult& block = *result.add_blocks();
      block.set_name(weight.name);
      block.set_kernel(weight.kernel);
      block.set_weight(plain(weight.weight));
    }
    if (evaluation.fusion.loo_l2) result.set_loo_l2(plain(*evaluation.fusion.loo_l2));
    if (evaluation.fusion.out_of_fold_l2) result.set_out_of_fold_l2(plain(*evaluation.fusion.out_of_fold_l2));
    for (const BlockCoverage& block : evaluation.fusion.blocks) {
      BlockOfFold& of_fold = *result.add_block_features();
      of_fold.set_name(block.name);
      of_fold.set_n_covered(block.n_covered);
      of_fold.set_effective_dim(block.effective_dim);
    }
    result.set_wall_s(evaluation.wall_s);
    result.set_cpu_s(evaluation.cpu_s);
    result.set_peak_memory_bytes(evaluation.peak_memory_bytes);
    if (inner_scores_ && metric_ == 0) {
      for (const auto& point : evaluation.inner_scores) {
        InnerScore& score = *result.add_inner_scores();
        for (const auto& [name, value] : point.params) (*score.mutable_params())[name] = value;
        for (const double value : point.split_scores) score.add_scores(plain(value));
        score.set_feasible(point.feasible);
      }
    }
    return result;
  }

  bool uses_data_of_task(const MethodEvaluation& method) const {
    return std::any_of(results_.plugins.begin(), results_.plugins.end(), [&](const PluginRecord& plugin) {
      const bool is_block = std::find(method.blocks.begin(), method.blocks.end(), plugin.name()) != method.blocks.end();
      return (plugin.name() == method.embedding || plugin.name() == method.predictor || is_block) &&
             was_trained_on(plugin, task_.name);
    });
  }

  void add_comparisons(const std::vector<GapMethod>& gap_methods, const GapReport& report, bool higher,
                       ContextResult& result) const {
    std::vector<std::size_t> plugins;
    for (std::size_t m = 0; m < n_shown_; ++m) {
      if (methods_[m]->role == Role::plugin && report.methods[m].value) plugins.push_back(m);
    }
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    if (plugins.size() <= max_plugins_all_pairs) {
      for (std::size_t a = 0; a < plugins.size(); ++a) {
        for (std::size_t b = a + 1; b < plugins.size(); ++b) pairs.emplace_back(plugins[a], plugins[b]);
      }
    } else {
      const auto worse = [&](std::size_t a, std::size_t b) {
        return higher ? *report.methods[a].value < *report.methods[b].value
                      : *report.methods[a].value > *report.methods[b].value;
      };
      const std::size_t best = *std::max_element(plugins.begin(), plugins.end(), worse);
      for (const std::size_t other : plugins) {
        if (other != best) pairs.emplace_back(best, other);
      }
    }
    std::vector<PairOfMethods> asked;
    for (const auto& [first, second] : pairs) {
      asked.push_back({&gap_methods[first].fold_values, &gap_methods[second].fold_values});
    }
    const auto all_compared = compare_pairs(asked, higher, resamples_);
    std::vector<double> p_values;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const auto& [first, second] = pairs[i];
      const auto& compared = all_compared[i];
      if (!compared) continue;
      // The message holds first − second in the metric's own direction.
      const double sign = higher ? 1 : -1;
      Comparison& comparison = *result.add_comparisons();
      comparison.set_first(methods_[first]->name);
      comparison.set_second(methods_[second]->name);
      comparison.set_mean_difference(plain(sign * compared->mean_advantage));
      comparison.set_ci_low(plain(higher ? compared->ci.low : -compared->ci.high));
      comparison.set_ci_high(plain(higher ? compared->ci.high : -compared->ci.low));
      comparison.set_p_value(compared->p_value);
      p_values.push_back(compared->p_value);
    }
    const std::vector<double> adjusted = holm_adjusted(p_values);
    for (std::size_t i = 0; i < adjusted.size(); ++i) {
      result.mutable_comparisons(static_cast<int>(i))->set_p_holm(adjusted[i]);
    }
  }

  // methods_[m], a fusion without a block, beside the fusion with all of them.
  void add_ablation(std::size_t m, const std::vector<GapMethod>& gap_methods, const GapReport& report, bool higher,
                    ContextResult& result) const {
    const MethodEvaluation& without = *methods_[m];
    const MethodGap& gap = report.methods[m];
    Ablation& ablation = *result.add_ablations();
    ablation.set_method(without.whole);
    ablation.set_block(without.left_out);
    ablation.set_name(without.name);
    ablation.set_status(status_name(without.status));
    ablation.set_reason(without.reason);
    if (gap.value) ablation.set_value(plain(*gap.value));
    if (gap.gap_closed) ablation.set_gap_closed(plain(*gap.gap_closed));
    const auto whole = std::find_if(methods_.begin(), methods_.end(),
                                    [&](const MethodEvaluation* method) { return method->name == without.whole; });
    if (whole == methods_.end()) return;
    const auto w = static_cast<std::size_t>(whole - methods_.begin());
    if (gap.gap_closed && report.methods[w].gap_closed) {
      ablation.set_gap_drop(plain(*report.methods[w].gap_closed - *gap.gap_closed));
    }
    const auto compared = compare_paired(gap_methods[w].fold_values, gap_methods[m].fold_values, higher, resamples_);
    if (!compared) return;
    ablation.set_drop(plain(compared->mean_advantage));
    set_interval(ablation, compared->ci);
  }

  // The blocks of a fusion, over its folds. Of one that failed in a fold there is no method, and so nothing that its
  // blocks count: their names alone.
  static void add_blocks(const MethodEvaluation& method, MethodResult& result) {
    const bool failed = std::any_of(method.folds.begin(), method.folds.end(),
                                    [](const FoldEvaluation& fold) { return fold.status == Status::failed; });
    for (const std::string& name : method.blocks) {
      BlockOfMethod& block = *result.add_blocks();
      block.set_name(name);
      if (failed) continue;
      double n_test = 0, n_covered = 0, weight = 0, n_weighed = 0;
      for (const FoldEvaluation& fold : method.folds) {
        if (fold.status != Status::ok) continue;
        for (const BlockCoverage& of_fold : fold.fusion.blocks) {
          if (of_fold.name != name) continue;
          n_test += static_cast<double>(fold.covered.size());
          n_covered += of_fold.n_covered;
        }
        for (const BlockWeight& of_fold : fold.fusion.weights) weight += of_fold.name == name ? of_fold.weight : 0;
        n_weighed += fold.fusion.weights.empty() ? 0 : 1;
      }
      if (n_test > 0) block.set_coverage(n_covered / n_test);
      if (n_weighed > 0) block.set_weight(plain(weight / n_weighed));
    }
  }

  const RunResults& results_;
  const Task& task_;
  const ContextEvaluation& context_;
  std::size_t metric_;
  const Head& head_;
  const TestResamples& resamples_;
  const std::vector<Stratum>& strata_;
  bool inner_scores_;
  std::vector<const MethodEvaluation*> methods_;
  std::size_t n_shown_ = 0;  // of these; the others are fusions without one of their blocks
};

// How many perturbations an embedding was asked for and knows, over all contexts: its methods' test rows, of which each
// perturbation is in one fold.
void count_coverage(const RunResults& results, PluginRecord& plugin) {
  std::int64_t n_ids = 0, n_present = 0;
  for (const auto& context : results.contexts) {
    const auto method = std::find_if(context.methods.begin(), context.methods.end(), [&](const MethodEvaluation& m) {
      return m.role == Role::plugin && m.embedding == plugin.name() && m.status == Status::ok;
    });
    if (method == context.methods.end()) continue;
    for (const auto& fold : method->folds) {
      n_ids += static_cast<std::int64_t>(fold.covered.size());
      n_present += std::count(fold.covered.begin(), fold.covered.end(), 1);
    }
  }
  if (n_ids == 0) return;
  plugin.set_n_ids(static_cast<std::int32_t>(n_ids));
  plugin.set_n_present(static_cast<std::int32_t>(n_present));
}

}  // namespace

RunSummary summarise(const RunResults& results, const Task& task, const std::string& headroom_version, ThreadPool& pool,
                     const SummaryOptions& options) {
  RunSummary summary;
  summary.set_headroom_version(headroom_version);
  *summary.mutable_task() = describe(task, results);
  *summary.mutable_settings() = results.settings;
  if (results.settings.metrics_size() == 0) {
    for (const Metric metric : results.metrics)
      summary.mutable_settings()->add_metrics(std::string(metric_name(metric)));
  }
  const int n_resamples =
      results.settings.has_n_resamples() ? results.settings.n_resamples() : TestResamples::kDefaultResamples;
  // As many contexts at a time as have something to do for every thread: their resamples take memory.
  const std::size_t n_heads = results.heads.size(), n_tables = results.metrics.size() * n_heads;
  const auto n_together = static_cast<std::size_t>(std::max(1, pool.n_threads() / 2));
  for (std::size_t first = 0; first < results.contexts.size(); first += n_together) {
    const std::size_t n = std::min(n_together, results.contexts.size() - first);
    std::vector<std::optional<TestResamples>> resamples(n);
    std::vector<std::vector<Stratum>> strata(n);
    pool.for_each(n, [&](std::size_t c) {
      const ContextEvaluation& context = results.contexts[first + c];
      resamples[c].emplace(n_tests_of(context.splits), results.settings.seed(), n_resamples);
      strata[c] = strata_of(context, task, options.cell_count, options.strata);
    });
    std::vector<ContextResult> tables(n * n_tables);
    pool.for_each(tables.size(), [&](std::size_t i) {  // the primary metric's come first: they take longest
      const std::size_t table = i / n, c = i % n;
      tables[c * n_tables + table] =
          HeadTable(results, task, results.contexts[first + c], table / n_heads, results.heads[table % n_heads],
                    *resamples[c], strata[c], options.inner_scores)
              .result();
    });
    for (auto& table : tables) *summary.add_contexts() = std::move(table);
  }
  for (const auto& plugin : results.plugins) {
    PluginRecord& record = *summary.add_plugins();
    record = plugin;
    if (!record.has_n_ids()) count_coverage(results, record);
  }
  for (const auto& audit : results.audit) *summary.add_audit() = audit;
  for (const auto& similarity : results.similarity) *summary.add_similarity() = similarity;
  complete_audit(summary);
  return summary;
}

}  // namespace headroom
