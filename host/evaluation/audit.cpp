#include "evaluation/audit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <mutex>
#include <new>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "bounds/advantage.hpp"
#include "bounds/resampling.hpp"
#include "evaluation/asked_alone.hpp"
#include "evaluation/embedding.hpp"
#include "evaluation/fold_data.hpp"
#include "evaluation/fold_gate.hpp"
#include "evaluation/fresh_refit.hpp"
#include "evaluation/head.hpp"
#include "evaluation/probe_finding.hpp"
#include "evaluation/twin_vectors.hpp"
#include "evaluation/whole_fold.hpp"
#include "numerics/numpy_random.hpp"

namespace headroom {
namespace {

// See the header on when a method has not fallen to the null.
constexpr double kKeptFraction = 0.25;  // of what the method gained as it was submitted
constexpr std::size_t kMostPermutations = 3;
// A difference of scores that is rounding, relative to them.
constexpr double kRounding = 1e-9;
// By how much a vector may change with its place in the request, relative to the largest number of all vectors:
// networks compute in single precision and in blocks.
constexpr double kPlaceTolerance = 1e-4;
// Seeds of the permutations, apart from the run's other uses of its seed.
constexpr std::uint32_t kEmbeddingSeed = 0x5e1fu, kLabelSeed = 0x1abeu;
constexpr const char* kOpaqueContext = "context-1";

// Positions of a list in an order that depends on its length and the seed alone.
RowIndex permutation(std::size_t n, std::uint32_t seed) {
  RowIndex order(n);
  std::iota(order.begin(), order.end(), 0);
  NumpyRandomState(seed).shuffle(std::span<std::int32_t>(order));
  return order;
}

bool same_bytes(const Matrix& a, const Matrix& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(double)) == 0;
}

// The embedding with the rows of the covered perturbations permuted among them.
Embedding with_shuffled_rows(const Embedding& embedding, std::uint32_t seed) {
  std::vector<Eigen::Index> covered;
  for (std::size_t row = 0; row < embedding.present.size(); ++row) {
    if (embedding.present[row]) covered.push_back(static_cast<Eigen::Index>(row));
  }
  const RowIndex order = permutation(covered.size(), seed);
  Embedding shuffled = embedding;
  for (std::size_t i = 0; i < covered.size(); ++i) {
    shuffled.vectors.row(covered[i]) = embedding.vectors.row(covered[static_cast<std::size_t>(order[i])]);
  }
  return shuffled;
}

Result<FoldData> with_shuffled_labels(const FoldData& fold, std::uint32_t seed) {
  const ConstMatrixMap deltas = std::as_const(fold.training_deltas).view();
  auto shared = SharedMatrix::create(deltas.rows(), deltas.cols());
  if (!shared) return tl::unexpected<Error>(shared.error());
  const RowIndex order = permutation(static_cast<std::size_t>(deltas.rows()), seed);
  MatrixMap to = shared->view();
  for (Eigen::Index i = 0; i < deltas.rows(); ++i) to.row(i) = deltas.row(order[static_cast<std::size_t>(i)]);
  if (auto sealed = shared->seal(); !sealed) return tl::unexpected<Error>(sealed.error());
  FoldData shuffled = fold;
  shuffled.training_deltas = std::move(*shared);
  return shuffled;
}

// The fold with its labels shuffled in several ways, each made by whoever needs it first.
class ShuffledLabels {
 public:
  ShuffledLabels(const FoldData& fold, std::uint32_t seed) : fold_(fold), seed_(seed) {}

  const Result<FoldData>& get(std::size_t permutation) {
    std::lock_guard lock(mutex_);
    auto& made = made_[permutation];
    if (!made) made = with_shuffled_labels(fold_, seed_ + static_cast<std::uint32_t>(permutation));
    return *made;
  }

 private:
  const FoldData& fold_;
  std::uint32_t seed_;
  std::mutex mutex_;
  std::array<std::optional<Result<FoldData>>, kMostPermutations> made_;
};

// The probes of one context: those of its first evaluated fold.
class ContextAudit {
 public:
  ContextAudit(const Task& task, const RunOptions& options, const Roster& roster, const RunResults& results,
               const ContextEvaluation& context, const FoldData& fold, ShuffledLabels& labels, ThreadPool& pool)
      : task_(task),
        target_(target_of(task)),
        options_(options),
        roster_(roster),
        results_(results),
        context_(context),
        fold_(fold),
        labels_(labels),
        pool_(pool) {
    if (target_.score_fold == nullptr) return;
    resample_counts_ = TestResamples(n_tests_of(context.splits), options.seed).all_counts(0);
  }

  std::vector<AuditResult> probe(const RosterEntry& plugin) const {
    std::vector<AuditResult> found;
    if (plugin.fault) return found;
    std::vector<std::size_t> heads;
    for (std::size_t h = 0; h < roster_.n_tables; ++h) {
      if (evaluation(plugin, h) != nullptr) heads.push_back(h);
    }
    if (heads.empty()) return found;  // a failed row says all there is to say

    const auto add = [&](const std::string& name, const char* probe, ProbeFinding finding) {
      found.push_back(audit_result(name, context_.context, probe, std::move(finding)));
    };

    const auto first = ask(plugin, fold_, options_.seed);
    if (!first) {
      add(plugin.name, "same-call-twice", broke_down(first.error()));
      return found;
    }
    add(plugin.name, "ids-renamed", probe_skipped("an embedding is asked by the names of perturbations"));
    add(plugin.name, "same-call-twice", compare_vectors(*first, ask(plugin, fold_, options_.seed), 0));
    add(plugin.name, "twin-vectors", look_for_twins(plugin, *first));
    add(plugin.name, "rows-reordered", compare_vectors(*first, ask(plugin, fold_, options_.seed + 1), kPlaceTolerance));

    const auto features = make_head_features(*first, fold_, options_, pool_);
    for (const std::size_t h : heads) {
      const RosterEntry& head = roster_.heads[h];
      const std::string name = fmt::format("{}+{}", plugin.name, head.name);
      const FoldEvaluation& submitted = *evaluation(plugin, h);
      if (!features) {
        add(name, "same-call-twice", probe_failed("its vectors could be evaluated in the run and cannot be now"));
        continue;
      }
      add(name, "embedding-shuffled", shuffle_until_fallen([&](std::size_t permutation) {
            return with_shuffled_embedding(h, submitted, *first, permutation);
          }));
      add(name, "labels-shuffled", shuffle_until_fallen([&](std::size_t permutation) {
            return with_shuffled_training(plugin, h, submitted, *first, *features, permutation);
          }));
      const auto [renamed, repeated] = repeat(head, submitted, *first, *features);
      add(name, "ids-renamed", renamed);
      add(name, "same-call-twice", repeated);
    }
    return found;
  }

 private:
  // What the run found for the plugin through a head in this fold; null unless it went well.
  const FoldEvaluation* evaluation(const RosterEntry& plugin, std::size_t h) const {
    for (const MethodEvaluation& method : context_.methods) {
      const bool is_it =
          method.role == Role::plugin && method.embedding == plugin.name && method.predictor == roster_.heads[h].name;
      if (is_it && !method.folds.empty() && method.folds.front().status == Status::ok) return &method.folds.front();
    }
    return nullptr;
  }

  // One that wants the training part gives other vectors in every fold: those of the first are at hand.
  ProbeFinding look_for_twins(const RosterEntry& plugin, const Embedding& embedding) const {
    const std::size_t n_folds = plugin.description.wants_training() ? 1 : context_.splits.size();
    const auto [n_twins, n_tests] = count_twin_vectors(embedding, context_, n_folds);
    if (n_tests == 0) return probe_skipped("it covers no test perturbation");
    if (n_twins == 0) return probe_passed("no test perturbation has the vector of a training one");
    return probe_warns(fmt::format("{} of {} covered test perturbations ({:.3g} %) have the vector of a training one",
                                   n_twins, n_tests,
                                   100.0 * static_cast<double>(n_twins) / static_cast<double>(n_tests)));
  }

  static ProbeFinding compare_vectors(const Embedding& first, const Answer<Embedding>& second, double tolerance) {
    if (!second) return broke_down(second.error());
    if (first.present != second->present || first.vectors.cols() != second->vectors.cols()) {
      return probe_failed("it knows other perturbations or gives vectors of another length");
    }
    if (tolerance == 0) {
      return same_bytes(first.vectors, second->vectors) ? probe_passed("the vectors are bitwise the same")
                                                        : probe_failed("the vectors differ");
    }
    const double largest = first.vectors.cwiseAbs().maxCoeff();
    const double difference = (first.vectors - second->vectors).cwiseAbs().maxCoeff();
    return difference <= tolerance * largest
               ? probe_passed("each perturbation keeps its vector")
               : probe_failed(
                     fmt::format("vectors change with their place in the request by up to {:.3g}", difference));
  }

  // ids-renamed and same-call-twice, of the predictor.
  std::pair<ProbeFinding, ProbeFinding> repeat(const RosterEntry& head, const FoldEvaluation& submitted,
                                               const Embedding& embedding, const HeadFeatures& features) const {
    const auto again = refit_afresh(head, submitted, features, context_.context, fold_);
    if (!again) return {probe_skipped("the same request failed"), broke_down(again.error())};
    if (const auto metric = metric_that_differs(target_, *again, embedding, fold_, submitted, results_.metrics)) {
      return {probe_skipped("the same request gives other predictions"),
              probe_failed(
                  fmt::format("the refit in a fresh worker has another {} than in the run", metric_name(*metric)))};
    }
    const ProbeFinding repeated = probe_passed("the predictions have the run's own scores, bit for bit");
    const auto renamed = refit_afresh(head, submitted, features, kOpaqueContext, fold_);
    if (!renamed) return {broke_down(renamed.error()), repeated};
    return {same_bytes(*again, *renamed) ? probe_passed("the predictions are bitwise the same")
                                         : probe_failed("the predictions change with the name of the context"),
            repeated};
  }

  Answer<Embedding> ask(const RosterEntry& plugin, const FoldData& fold, std::uint32_t order_seed) const {
    const bool supervised = plugin.description.wants_training();
    return ask_for_embedding(plugin, task_, fold.contexts, supervised ? &fold : nullptr, order_seed,
                             effective_combine(options_));
  }

  // The finding of the first permutation that does not fail the probe, or of the last.
  template <class Probe>
  static ProbeFinding shuffle_until_fallen(Probe&& probe) {
    ProbeFinding finding;
    for (std::size_t permutation = 0; permutation < kMostPermutations; ++permutation) {
      finding = probe(permutation);
      if (finding.outcome != "fail") break;
    }
    return finding;
  }

  ProbeFinding with_shuffled_embedding(std::size_t h, const FoldEvaluation& submitted, const Embedding& embedding,
                                       std::size_t permutation) const {
    const auto seed = (options_.seed ^ kEmbeddingSeed) + static_cast<std::uint32_t>(permutation);
    const Embedding shuffled = with_shuffled_rows(embedding, seed);
    const auto features = make_head_features(shuffled, fold_, options_, pool_);
    if (!features) return probe_skipped(features.error().line());
    return evaluate_shuffled(h, submitted, shuffled, *features, fold_, true);
  }

  ProbeFinding with_shuffled_training(const RosterEntry& plugin, std::size_t h, const FoldEvaluation& submitted,
                                      const Embedding& embedding, const HeadFeatures& features,
                                      std::size_t permutation) const {
    const Result<FoldData>& shuffled = labels_.get(permutation);
    if (!shuffled) return probe_skipped(shuffled.error().line());
    if (!plugin.description.wants_training()) {
      return evaluate_shuffled(h, submitted, embedding, features, *shuffled, false);
    }
    const auto fitted = ask(plugin, *shuffled, options_.seed);
    if (!fitted) return broke_down(fitted.error());
    const auto fitted_features = make_head_features(*fitted, *shuffled, options_, pool_);
    if (!fitted_features) return probe_skipped(fitted_features.error().line());
    return evaluate_shuffled(h, submitted, *fitted, *fitted_features, *shuffled, false);
  }

  // A whole evaluation with a shuffled embedding or labels.
  ProbeFinding evaluate_shuffled(std::size_t h, const FoldEvaluation& submitted, const Embedding& embedding,
                                 const HeadFeatures& features, const FoldData& fold, bool may_use_coverage) const {
    const RosterEntry& head = roster_.heads[h];
    const RowIndex covered = covered_tests(embedding, fold);
    if (static_cast<Eigen::Index>(covered.size()) < kLeastForAdvantage) {
      return probe_skipped(fmt::format("{} covered test perturbations in the first fold: at least {} are needed",
                                       covered.size(), kLeastForAdvantage));
    }
    const auto null = binding_null(results_.heads[h], features, covered, may_use_coverage);
    if (!null) return probe_skipped(fmt::format("no null has a finite {}", metric_name(results_.metrics.front())));
    auto worker = start_for_fold(head, {fold.context, fold.name});
    if (!worker) return broke_down(worker.error());
    const auto outcome =
        evaluate_head(target_, *worker->session, head.grid, features, context_.context, fold.training_deltas, nullptr);
    if (!outcome) return broke_down(outcome.error());
    if (!outcome->best_setting) return broke_down(no_feasible_setting(features, head.grid));
    return judge(on(covered, primary_values(with_stand_ins(target_, fold, covered, outcome->predictions))),
                 on(covered, fold_values_of(submitted, 0)), *null);
  }

  struct Null {
    std::string name;
    FoldValues values;  // of covered test perturbations
  };

  // Of the covered test perturbations, or of the fold where it has a value as a whole.
  static double mean(const FoldValues& values) { return values.whole ? values.whole->value : values.of_tests.mean(); }

  ProbeFinding judge(const FoldValues& values, const FoldValues& submitted, const Null& null) const {
    const Metric metric = results_.metrics.front();
    const bool higher = higher_is_better(metric);
    const std::string detail = fmt::format("{} {:.4g} shuffled, {:.4g} as submitted, {:.4g} {}", metric_name(metric),
                                           mean(values), mean(submitted), mean(null.values), null.name);
    const auto advantage = paired_advantage(values, null.values, higher);
    if (!advantage) return probe_skipped(fmt::format("{} is undefined for some predictions", metric_name(metric)));
    const double gained = mean_difference(higher ? submitted : null.values, higher ? null.values : submitted);
    const double least =
        std::max({kKeptFraction * gained, kRounding * std::abs(mean(null.values)), kRounding * std::abs(mean(values))});
    return advantage->low > 0 && advantage->mean > least ? probe_failed(detail + ": still better than the null")
                                                         : probe_passed(detail);
  }

  static double mean_difference(const FoldValues& a, const FoldValues& b) {
    return a.whole && b.whole ? a.whole->value - b.whole->value : (a.of_tests - b.of_tests).mean();
  }

  FoldValues primary_values(const Matrix& predictions) const {
    const auto primary = std::span(results_.metrics).first(1);
    FoldValues values(target_.score(predictions, fold_.truth, primary).front());
    if (target_.score_fold == nullptr) return values;
    const WholeFoldScores whole = score_whole_fold(target_, predictions, fold_.truth, primary,
                                                   std::vector<std::uint8_t>(fold_.test.size(), 1), resample_counts_);
    values.whole = WholeFold{whole.values[0], whole.resampled.row(0)};
    return values;
  }

  static FoldValues on(const RowIndex& positions, const FoldValues& values) {
    FoldValues chosen = values;
    chosen.of_tests.resize(static_cast<Eigen::Index>(positions.size()));
    for (Eigen::Index i = 0; i < chosen.of_tests.size(); ++i) {
      chosen.of_tests[i] = values.of_tests[positions[static_cast<std::size_t>(i)]];
    }
    return chosen;
  }

  // The best null of the head's table on these test perturbations; none if no null has finite values.
  std::optional<Null> binding_null(const Head& head, const HeadFeatures& features, const RowIndex& covered,
                                   bool may_use_coverage) const {
    std::optional<Null> best;
    const bool higher = higher_is_better(results_.metrics.front());
    const auto consider = [&](const std::string& name, FoldValues values) {
      if (values.whole ? !std::isfinite(values.whole->value) : !values.of_tests.allFinite()) return;
      const bool is_better = !best || (higher ? mean(values) > mean(best->values) : mean(values) < mean(best->values));
      if (is_better) best = Null{name, std::move(values)};
    };
    for (const MethodEvaluation& method : context_.methods) {
      if (method.role != Role::null_method || !method.in_bound || !stands_in(method, head)) continue;
      if (method.folds.front().status != Status::ok || (!head.shipped && method.predictor == head.name)) continue;
      consider(method.name, on(covered, fold_values_of(method.folds.front(), 0)));
    }
    if (may_use_coverage) {
      const Matrix prediction = target_.stand_in(fold_.training_deltas.view(), features.training_rows);
      const Matrix predictions = for_all_tests(prediction, static_cast<Eigen::Index>(fold_.test.size()));
      consider(target_.name_of_stand_in, on(covered, primary_values(predictions)));
    }
    return best;
  }

  const Task& task_;
  const Target& target_;
  const RunOptions& options_;
  const Roster& roster_;
  const RunResults& results_;
  const ContextEvaluation& context_;
  const FoldData& fold_;
  ShuffledLabels& labels_;
  ThreadPool& pool_;
  Matrix resample_counts_;  // of the fold, where it has values as a whole
};

}  // namespace

std::vector<AuditResult> audit(const Task& task, const RunOptions& options, const Roster& roster,
                               const RunResults& results, ThreadPool& pool, Progress& progress, std::stop_token stop) {
  std::vector<AuditResult> all;
  const std::size_t n_embeddings = roster.embeddings.size();
  progress.begin("audit", static_cast<std::int64_t>(results.contexts.size() * n_embeddings), "embeddings");
  for (const ContextEvaluation& context : results.contexts) {
    if (context.splits.empty() || stop.stop_requested()) continue;
    const auto fold = make_fold_data(task, context.splits.front(), results.metrics, options.excluded_targets);
    if (!fold) {
      for (const RosterEntry& plugin : roster.embeddings) {
        all.push_back(
            audit_result(plugin.name, context.context, "same-call-twice", probe_skipped(fold.error().line())));
      }
      continue;
    }
    ShuffledLabels labels(*fold, options.seed ^ kLabelSeed);
    const ContextAudit probes(task, options, roster, results, context, *fold, labels, pool);
    std::vector<std::vector<AuditResult>> found(n_embeddings);
    pool.for_each(n_embeddings, [&](std::size_t e) {
      try {
        if (!stop.stop_requested()) found[e] = probes.probe(roster.embeddings[e]);
      } catch (const std::bad_alloc&) {
        AuditResult& result = found[e].emplace_back();
        result.set_name(roster.embeddings[e].name);
        result.set_context(context.context);
        result.set_probe("same-call-twice");
        result.set_outcome("skipped");
        result.set_detail("the machine has no memory left for probing it");
      }
      progress.advance(1);
    });
    for (auto& of_plugin : found) std::move(of_plugin.begin(), of_plugin.end(), std::back_inserter(all));
    auto alone = ask_alone(task, options, roster, results, context, pool, stop);
    std::move(alone.begin(), alone.end(), std::back_inserter(all));
  }
  progress.end();
  return all;
}

}  // namespace headroom
