#include "evaluation/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <new>
#include <numeric>
#include <set>
#include <utility>

#include "evaluation/audit.hpp"
#include "evaluation/compare_run.hpp"
#include "evaluation/effective_settings.hpp"
#include "evaluation/embeddings_to_ask.hpp"
#include "evaluation/finish_results.hpp"
#include "evaluation/item_evaluator.hpp"
#include "evaluation/mean_over_parts.hpp"
#include "evaluation/method_makers.hpp"
#include "evaluation/predictions.hpp"
#include "evaluation/shared_work.hpp"

namespace headroom {

class PlannedRun::State final : public ItemResults {
 public:
  State(const Task& task, const NoiseTable* noise, const RunOptions& options, ThreadPool& pool, Progress& progress,
        std::stop_token stop, EvaluationStore* store, RunObserver* observer)
      : task_(task),
        noise_(noise),
        options_(options),
        pool_(pool),
        progress_(progress),
        stop_(std::move(stop)),
        store_(store),
        observer_(observer) {}

  // Everything that does not look at the deltas.
  Result<void> prepare(VectorFiles vector_files, std::optional<Roster> loaded) {
    if (auto valid = validate(options_); !valid) return valid;
    for (const PredictionsSpec& spec : options_.predictions) {
      if (auto has = require_controls(task_, spec.form); !has) return has;
    }
    if (!loaded) {
      auto roster = load_roster(target_of(task_), options_, pool_, vector_files, {&task_, false, false, {}}, stop_);
      if (!roster) return tl::unexpected<Error>(roster.error());
      loaded = std::move(*roster);
    }
    roster_ = std::move(*loaded);
    auto plan = make_plan(task_, options_, roster_);
    if (!plan) return tl::unexpected<Error>(plan.error());
    plan_ = std::move(*plan);
    set_places();
    evaluator_.emplace(task_, noise_, options_, roster_, plan_, works_, n_items_left_, *this, pool_, progress_, stop_);
    results_.settings = effective_settings(options_, plan_, roster_);
    return {};
  }

  const RunResults& results() const { return results_; }
  const Plan& plan() const { return plan_; }
  std::vector<PluginOfRun> plugins() const { return plugins_of_run(roster_); }

  std::vector<EvaluationKey> keys() const {
    std::vector<EvaluationKey> keys;
    for_each_evaluation(plan_, [&](const PlanItem& item, std::size_t m) { keys.push_back(key(item, m)); });
    return keys;
  }

  Result<void> read_files_left(const HasAll& has_all, const FileReview& files, Review& review) {
    std::vector<std::vector<EvaluationKey>> keys(roster_.embeddings.size());
    for_each_evaluation(plan_, [&](const PlanItem& item, std::size_t m) {
      for (const std::size_t e : plan_.methods[m].embeddings) {
        if (!roster_.embeddings[e].is_read) keys[e].push_back(key(item, m));
      }
    });
    for (std::size_t e = 0; e < keys.size(); ++e) {
      RosterEntry& entry = roster_.embeddings[e];
      if (entry.is_read) continue;
      const auto has = has_all(keys[e]);
      if (!has) return tl::unexpected<Error>(has.error());
      entry.is_read = *has;
    }
    if (auto read = read_vector_files(roster_, options_, pool_, files); !read) return read;
    raise_doubts(roster_, review);
    return {};
  }

  std::int64_t n_steps() const {
    std::size_t n = 0;
    for (const PlanItem& item : plan_.items) n += item.methods.size();
    return static_cast<std::int64_t>(n);
  }

  RunOutcome execute() {
    if (auto read = read_vector_files(roster_, options_, pool_); !read) return {{}, read.error()};
    // A plugin that was found at fault now has no part in the settings.
    results_.settings = effective_settings(options_, plan_, roster_);
    if (store_ != nullptr) {
      if (auto begun = store_->begin(results_.settings, plugins()); !begun) return {{}, begun.error()};
      if (auto recalled = recall_all(); !recalled) return {{}, recalled.error()};
    }
    const std::vector<std::size_t> all = all_items();
    if (auto recalled = recall_components(all); !recalled) return {{}, recalled.error()};
    work_on(all);
    return conclude();
  }

  Result<void> execute_items(const std::vector<std::size_t>& items) {
    parts_apart_ = true;
    observer_ = nullptr;  // no method is through before all shards are
    if (auto begun = store_->begin(results_.settings, plugins()); !begun) return begun;
    if (auto recalled = recall_items(items); !recalled) return recalled;
    if (auto recalled = recall_components(items); !recalled) return recalled;
    store_->recall_ended();
    work_on(items);
    // Whoever gathers the shards compares embeddings by what is kept here, and asks none of them.
    if (!error_ && !stop_.stop_requested()) make_components();
    if (!error_ && !stop_.stop_requested()) remember_components();
    if (error_) return tl::unexpected<Error>(*error_);
    if (stop_.stop_requested()) return tl::unexpected<Error>(interruption());
    return {};
  }

  RunOutcome gather() {
    parts_apart_ = true;
    if (auto read = read_vector_files(roster_, options_, pool_); !read) return {{}, read.error()};
    results_.settings = effective_settings(options_, plan_, roster_);
    if (auto begun = store_->begin(results_.settings, plugins()); !begun) return {{}, begun.error()};
    if (auto recalled = recall_from_shards(); !recalled) return {{}, recalled.error()};
    if (auto recalled = recall_components(all_items()); !recalled) return {{}, recalled.error()};
    store_->recall_ended();
    parts_apart_ = false;
    for (const PlanItem& item : plan_.items) {
      for (const std::size_t m : item.methods) complete_mean(item, m);
    }
    return conclude();
  }

  Result<void> keep(const RunResults& gathered) {
    for (const PlanItem& item : plan_.items) {
      if (item.part + 1 < item.n_parts) continue;
      for (const std::size_t m : item.methods) {
        remember(item, m, gathered.contexts[item.context].methods[m].folds[item.split]);
      }
    }
    if (error_) return tl::unexpected<Error>(*error_);
    return {};
  }

  std::vector<EmbeddingKey> compared_of(const std::vector<std::size_t>& items) const {
    std::vector<EmbeddingKey> keys;
    for (const ComparedEmbedding& at : compared_of_items(options_, roster_, plan_, items)) {
      keys.push_back(key_of_compared(at, task_, options_, roster_, plan_));
    }
    return keys;
  }

  std::vector<EvaluationKey> parts_of(const PlanItem& item) const {
    std::vector<EvaluationKey> parts;
    for (const std::size_t m : item.methods) {
      parts.push_back(part_key_of(plan_, item, plan_.methods[m], options_, roster_, noise_));
    }
    return parts;
  }

 private:
  static Error interruption() {
    return Error{ErrorKind::interrupted, "interrupted", {}, "--resume goes on from what was done"};
  }

  // What is told of all evaluations together.
  RunOutcome conclude() {
    finish_results(roster_, results_);
    if (options_.compare_embeddings && !error_) {
      results_.similarity = compare_embeddings_of_run(task_, options_, roster_, plan_, works_, pool_, stop_);
      if (!stop_.stop_requested()) remember_components();
    }
    if (options_.audit && !error_ && !stop_.stop_requested()) {
      results_.audit = audit(task_, options_, roster_, results_, pool_, progress_, stop_);
    }
    RunOutcome outcome{std::move(results_), std::move(error_)};
    if (!outcome.error && stop_.stop_requested()) outcome.error = interruption();
    return outcome;
  }

  // ---- places: where each evaluation of the plan is written ----

  void set_places() {
    results_.target = plan_.target->name;
    results_.metrics = plan_.metrics;
    results_.heads = plan_.heads;
    for (const PlannedContext& planned : plan_.contexts) {
      ContextEvaluation& context = results_.contexts.emplace_back();
      context.context = planned.name;
      context.task_context = planned.task_context;
      context.family = planned.family;
      context.unseen_parts = planned.unseen_parts;
      context.splits = planned.splits;
      context.notes = planned.notes;
      context.n_excluded_targets = planned.n_excluded_targets;
      context.n_panel_targets = planned.n_panel_targets;
      for (const PlannedMethod& method : plan_.methods) context.methods.push_back(place_of(method, planned));
      ContextWork& work = *works_.emplace_back(std::make_unique<ContextWork>(roster_.embeddings.size()));
      for (std::size_t s = 0; s < planned.splits.size(); ++s) {
        work.splits.push_back(std::make_unique<SplitWork>(roster_.embeddings.size(), roster_.heads.size()));
      }
    }
    for (const PlanItem& item : plan_.items) {
      if (item.n_parts == 1) continue;
      for (const std::size_t m : item.methods) split_work(item).means[m].parts.resize(item.n_parts);
    }
  }

  // Works on these items, positions in the plan: what they share is dropped with the last of them.
  void work_on(const std::vector<std::size_t>& items) {
    std::int64_t n_methods = 0;
    for (const std::size_t i : items) {
      const PlanItem& item = plan_.items[i];
      ContextWork& context = *works_[item.context];
      ++context.n_items_left;
      ++split_work(item).n_items_left;
      if (source_of(item.kind).is_of_the_scale) ++context.n_scale_items_left;
      n_methods += static_cast<std::int64_t>(item.methods.size());
    }
    n_items_left_.store(items.size());
    ask_few_embeddings(items);
    share_cells(items);
    progress_.begin("evaluations", n_methods, "evaluations");
    pool_.for_each(items.size(), [&](std::size_t i) { work(plan_.items[items[i]]); });
    progress_.end();
  }

  MethodEvaluation place_of(const PlannedMethod& planned, const PlannedContext& context) const {
    MethodEvaluation method;
    method.name = planned.name;
    method.embedding = planned.embedding;
    method.predictor = planned.predictor;
    method.role = planned.role;
    method.in_bound = planned.in_bound;
    method.flags = planned.flags;
    method.left_out = planned.left_out;
    method.whole = planned.whole;
    if (source_of(planned.kind).is_of_blocks) {
      for (const std::size_t e : planned.embeddings) method.blocks.push_back(roster_.embeddings[e].name);
    }
    method.folds.resize(context.splits.size());
    return method;
  }

  // The evaluation of a method in an item's split, over all parts.
  FoldEvaluation& whole(const PlanItem& item, std::size_t m) {
    return results_.contexts[item.context].methods[m].folds[item.split];
  }

  // The evaluation that the item itself makes.
  FoldEvaluation& part(const PlanItem& item, std::size_t m) override {
    return item.n_parts == 1 ? whole(item, m) : split_work(item).means.at(m).parts[item.part];
  }

  // The evaluation that is kept in the store for the item.
  FoldEvaluation& kept(const PlanItem& item, std::size_t m) { return parts_apart_ ? part(item, m) : whole(item, m); }

  SplitWork& split_work(const PlanItem& item) { return *works_[item.context]->splits[item.split]; }

  // ---- store: what an earlier run with the same inputs left ----

  EvaluationKey key(const PlanItem& item, std::size_t m) const {
    return (parts_apart_ ? part_key_of : key_of)(plan_, item, plan_.methods[m], options_, roster_, noise_);
  }

  // Fills the places of all evaluations that an earlier run left; their items then have nothing to do.
  Result<void> recall_all() {
    Result<void> done;
    for_each_evaluation(plan_, [&](const PlanItem& item, std::size_t m) {
      if (done) done = recall(item, m);
    });
    if (done) store_->recall_ended();
    return done;
  }

  Result<void> recall_items(const std::vector<std::size_t>& items) {
    for (const std::size_t i : items) {
      for (const std::size_t m : plan_.items[i].methods) {
        if (auto recalled = recall(plan_.items[i], m); !recalled) return recalled;
      }
    }
    return {};
  }

  // Each of them has a store of its own, and every item a place.
  Result<void> recall_from_shards() {
    std::vector<Result<void>> recalled(plan_.items.size());
    pool_.for_each(recalled.size(), [&](std::size_t i) { recalled[i] = recall_items({i}); });
    for (const auto& one : recalled) {
      if (!one) return one;
    }
    return {};
  }

  Result<void> recall(const PlanItem& item, std::size_t m) {
    auto recalled = store_->recall(key(item, m));
    if (!recalled) return tl::unexpected<Error>(recalled.error());
    if (*recalled) kept(item, m) = std::move(**recalled);
    return {};
  }

  std::vector<std::size_t> all_items() const {
    std::vector<std::size_t> all(plan_.items.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    return all;
  }

  // ---- what embeddings are compared by ----

  Result<void> recall_components(const std::vector<std::size_t>& items) {
    compared_ = compared_of_items(options_, roster_, plan_, items);
    if (store_ == nullptr) return {};
    for (const ComparedEmbedding& at : compared_) {
      auto recalled = store_->recall_components(key_of_compared(at, task_, options_, roster_, plan_));
      if (!recalled) return tl::unexpected<Error>(recalled.error());
      if (!*recalled || !fits(**recalled, at, task_, plan_)) continue;
      works_[at.context]->components[at.embedding].set(std::move(**recalled));
    }
    return {};
  }

  // Of those that were not asked, since all of their evaluations were there.
  void make_components() {
    pool_.for_each(compared_.size(), [&](std::size_t i) {
      if (!stop_.stop_requested()) (void)components_of(compared_[i], task_, options_, roster_, plan_, works_);
    });
  }

  // What could not be had is not kept: it is tried again.
  void remember_components() {
    if (store_ == nullptr) return;
    for (const ComparedEmbedding& at : compared_) {
      const auto made = works_[at.context]->components[at.embedding].made();
      if (!made || !*made) continue;
      auto kept = store_->remember_components(key_of_compared(at, task_, options_, roster_, plan_), **made);
      if (!kept) return fail(kept.error());
    }
  }

  // Makes a mean whose parts were recalled one by one, with the last of them, if all are there.
  void complete_mean(const PlanItem& item, std::size_t m) {
    if (item.n_parts == 1 || item.part + 1 < item.n_parts) return;
    const std::vector<FoldEvaluation>& parts = split_work(item).means.at(m).parts;
    const bool is_complete = std::none_of(parts.begin(), parts.end(),
                                          [](const FoldEvaluation& one) { return one.status == Status::not_run; });
    if (is_complete) whole(item, m) = mean_over_parts(parts);
  }

  // Failures are kept with their reasons, but not those of a run that is being stopped.
  void remember(const PlanItem& item, std::size_t m, const FoldEvaluation& evaluation) {
    if (store_ == nullptr || evaluation.status == Status::not_run) return;
    if (evaluation.status == Status::failed && stop_.stop_requested()) return;
    const Split& split = plan_.contexts[item.context].splits[item.split];
    auto kept = store_->remember(key(item, m), ids_of(task_, split.test), evaluation);
    if (!kept) fail(kept.error());
  }

  // Whether there is nothing left to find out: by this run, or taken over from an earlier one.
  bool is_done(const PlanItem& item, std::size_t m) {
    const Status status = kept(item, m).status;
    return status == Status::ok || status == Status::skipped;
  }

  std::vector<std::size_t> methods_left(const PlanItem& item) {
    std::vector<std::size_t> left;
    for (const std::size_t m : item.methods) {
      if (!is_done(item, m)) left.push_back(m);
    }
    return left;
  }

  // ---- the work ----

  void work(const PlanItem& item) {
    ContextWork& context = *works_[item.context];
    SplitWork& split = split_work(item);
    if (!stop_.stop_requested() && !failed()) {
      if (const std::vector<std::size_t> methods = methods_left(item); !methods.empty()) {
        evaluator_->evaluate(item, methods);
      }
    }
    n_items_left_.fetch_sub(1);
    progress_.advance(static_cast<std::int64_t>(item.methods.size()));
    if (!stop_.stop_requested() && !failed()) tell_observer(item);
    if (split.n_items_left.fetch_sub(1) == 1) {
      split.shelf.clear();
      split.training_gram.drop();
      split.trial_scores.drop();
      split.depth_right.drop();
      for (auto& reduced : split.reduced) reduced.drop();
      split.data.drop();
    }
    if (context.n_items_left.fetch_sub(1) == 1) {
      context.products.drop();
      context.idealized.drop();
      for (auto& embedding : context.embeddings) embedding.drop();
    }
  }

  // Tells of the plugins' methods that are complete, once the context's bounds are.
  void tell_observer(const PlanItem& item) {
    if (observer_ == nullptr) return;
    const std::lock_guard lock(observer_mutex_);
    ContextWork& work = *works_[item.context];
    if (source_of(item.kind).is_of_the_scale) {
      --work.n_scale_items_left;
    } else {
      for (const std::size_t m : item.methods) {
        // A fusion without a block is told beside the whole one, in the results.
        const bool is_told = plan_.methods[m].left_out.empty();
        if (++work.n_splits_done[m] == work.splits.size() && is_told) work.untold.push_back(m);
      }
    }
    if (work.n_scale_items_left > 0) return;
    const ContextEvaluation& context = results_.contexts[item.context];
    for (const std::size_t m : work.untold) observer_->method_finished(results_, context, context.methods[m]);
    work.untold.clear();
  }

  // Cells are scored once for all splits of a context, and that before the splits share the threads.
  void share_cells(const std::vector<std::size_t>& items) {
    std::set<std::pair<std::size_t, std::size_t>> shared;  // contexts and methods
    for (const std::size_t i : items) {
      const PlanItem& item = plan_.items[i];
      if (item.kind != MethodKind::made_cells && item.kind != MethodKind::predicted_cells) continue;
      for (const std::size_t m : methods_left(item)) {
        if (stop_.stop_requested() || failed()) return;
        if (shared.emplace(item.context, m).second) evaluator_->share_cells(item, m);
      }
    }
  }

  // Where fewer embeddings have to be asked than there are threads, they are asked before anything else, with an even
  // share of the threads each: who needs one would wait for it anyhow, and one thread a plugin would leave the others
  // idle.
  void ask_few_embeddings(const std::vector<std::size_t>& items) {
    const auto questions =
        embeddings_to_ask(plan_, roster_, items, [&](const PlanItem& item) { return !methods_left(item).empty(); });
    const auto n_threads = static_cast<std::size_t>(pool_.n_threads());
    if (questions.size() >= n_threads) return;
    for (auto begin = questions.begin(); begin != questions.end();) {
      // Workers for several contexts do not live at the same time.
      const std::size_t context = plan_.items[begin->item].context;
      const auto end = std::find_if(begin, questions.end(), [&](const EmbeddingToAsk& question) {
        return plan_.items[question.item].context != context;
      });
      const auto n = static_cast<std::size_t>(end - begin);
      pool_.for_each(n, [&](std::size_t i) {
        if (stop_.stop_requested() || failed()) return;
        const EmbeddingToAsk& question = *(begin + static_cast<std::ptrdiff_t>(i));
        evaluator_->ask(question.plugin, plan_.items[question.item], static_cast<int>(n_threads / n));
      });
      begin = end;
    }
  }

  // An item's part of a method is there. The last one of a mean averages over all of them.
  void conclude_part(const PlanItem& item, std::size_t m) override {
    if (parts_apart_) return remember(item, m, part(item, m));
    if (item.n_parts > 1) {
      PartsOfMean& mean = split_work(item).means.at(m);
      if (mean.n_done.fetch_add(1) + 1 < item.n_parts) return;
      whole(item, m) = mean_over_parts(mean.parts);
    }
    remember(item, m, whole(item, m));
  }

  bool failed() {
    std::lock_guard lock(error_mutex_);
    return error_.has_value();
  }
  void fail(const Error& error) override {
    std::lock_guard lock(error_mutex_);
    if (!error_) error_ = error;
  }

  const Task& task_;
  const NoiseTable* noise_;
  const RunOptions& options_;
  ThreadPool& pool_;
  Progress& progress_;
  std::stop_token stop_;
  EvaluationStore* store_;
  RunObserver* observer_;
  std::mutex observer_mutex_;

  Roster roster_;
  Plan plan_;
  RunResults results_;
  std::vector<std::unique_ptr<ContextWork>> works_;  // per context of the plan
  std::optional<ItemEvaluator> evaluator_;           // once the plan is made
  std::atomic<std::size_t> n_items_left_{0};         // of the plan: not worked on yet, or just now
  bool parts_apart_ = false;                         // parts of means are kept one by one
  std::vector<ComparedEmbedding> compared_;          // of the items that are worked on
  std::mutex error_mutex_;
  std::optional<Error> error_;
};

PlannedRun::PlannedRun(std::unique_ptr<State> state) : state_(std::move(state)) {}
PlannedRun::PlannedRun(PlannedRun&&) noexcept = default;
PlannedRun& PlannedRun::operator=(PlannedRun&&) noexcept = default;
PlannedRun::~PlannedRun() = default;

Result<PlannedRun> PlannedRun::plan(const Task& task, const NoiseTable* noise, const RunOptions& options,
                                    ThreadPool& pool, Progress& progress, std::stop_token stop, EvaluationStore* store,
                                    RunObserver* observer, VectorFiles vector_files, std::optional<Roster> roster) {
  std::unique_ptr<State> state(new State(task, noise, options, pool, progress, std::move(stop), store, observer));
  if (auto prepared = state->prepare(vector_files, std::move(roster)); !prepared)
    return tl::unexpected<Error>(prepared.error());
  return PlannedRun(std::move(state));
}

const RunResults& PlannedRun::results() const { return state_->results(); }
const Plan& PlannedRun::plan() const { return state_->plan(); }
std::vector<PluginOfRun> PlannedRun::plugins() const { return state_->plugins(); }
std::vector<EvaluationKey> PlannedRun::evaluations() const { return state_->keys(); }
std::int64_t PlannedRun::n_steps() const { return state_->n_steps(); }
Result<void> PlannedRun::read_files_left(const HasAll& has_all, const FileReview& files, Review& review) {
  return state_->read_files_left(has_all, files, review);
}
RunOutcome PlannedRun::evaluate() { return state_->execute(); }
Result<void> PlannedRun::evaluate_items(const std::vector<std::size_t>& items) { return state_->execute_items(items); }
RunOutcome PlannedRun::gather() { return state_->gather(); }
Result<void> PlannedRun::keep(const RunResults& gathered) { return state_->keep(gathered); }
std::vector<EvaluationKey> PlannedRun::parts_of(std::size_t item) const {
  return state_->parts_of(state_->plan().items[item]);
}

std::vector<EmbeddingKey> PlannedRun::compared_of(const std::vector<std::size_t>& items) const {
  return state_->compared_of(items);
}

RunOutcome evaluate(const Task& task, const NoiseTable* noise, const RunOptions& options, ThreadPool& pool,
                    Progress& progress, std::stop_token stop, EvaluationStore* store, RunObserver* observer) {
  auto run = PlannedRun::plan(task, noise, options, pool, progress, std::move(stop), store, observer);
  if (!run) return {{}, run.error()};
  return run->evaluate();
}

}  // namespace headroom
