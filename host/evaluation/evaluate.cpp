#include "evaluation/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <new>
#include <numeric>
#include <utility>

#include "evaluation/audit.hpp"
#include "evaluation/cell_work.hpp"
#include "evaluation/compare_run.hpp"
#include "evaluation/context_fits.hpp"
#include "evaluation/effective_settings.hpp"
#include "evaluation/embeddings_to_ask.hpp"
#include "evaluation/finish_results.hpp"
#include "evaluation/fold_gate.hpp"
#include "evaluation/head.hpp"
#include "evaluation/mean_over_parts.hpp"
#include "evaluation/method_makers.hpp"
#include "evaluation/patience.hpp"
#include "evaluation/predictions.hpp"
#include "evaluation/shared_work.hpp"
#include "evaluation/stopwatch.hpp"
#include "evaluation/submission_budget.hpp"
#include "plugin_host/description_check.hpp"
#include "review/id_kind.hpp"

namespace headroom {
namespace {

// Of an embedding that answered as it should and still cannot be evaluated: too few perturbations covered.
constexpr const char* kUnusable = "unusable";
// Of what failed in Headroom's own head, and of what did for want of the host's memory.
constexpr const char* kHeadFault = "head_fault";
constexpr const char* kHostMemory = "host_memory";

// Of an embedding whose time is used up between two requests.
const WorkerFault kOutOfTime{WorkerVerdict::TOTAL_LIMIT,
                             "what was made of its vectors used up all its time (--limit-total)"};

// Whether a head says itself that it cannot go on with what it was given.
bool is_told_by_head(const WorkerFault& fault) {
  return fault.verdict == WorkerVerdict::PLUGIN_ERROR || fault.verdict == WorkerVerdict::BAD_OUTPUT;
}

class Run {
 public:
  Run(const Task& task, const NoiseTable* noise, const RunOptions& options, ThreadPool& pool, Progress& progress,
      std::stop_token stop, EvaluationStore* store, RunObserver* observer)
      : task_(task),
        noise_(noise),
        options_(options),
        pool_(pool),
        progress_(progress),
        stop_(std::move(stop)),
        store_(store),
        observer_(observer),
        cells_(task_, options_, pool_, stop_) {}

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
    patience_ = std::vector<Patience>(roster_.heads.size());
    set_places();
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

    std::vector<std::size_t> all(plan_.items.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    work_on(all);
    return conclude();
  }

  Result<void> execute_items(const std::vector<std::size_t>& items) {
    parts_apart_ = true;
    observer_ = nullptr;  // no method is through before all shards are
    if (auto begun = store_->begin(results_.settings, plugins()); !begun) return begun;
    if (auto recalled = recall_items(items); !recalled) return recalled;
    store_->recall_ended();
    work_on(items);
    if (error_) return tl::unexpected<Error>(*error_);
    if (stop_.stop_requested()) return tl::unexpected<Error>(interruption());
    return {};
  }

  RunOutcome gather() {
    parts_apart_ = true;
    if (auto read = read_vector_files(roster_, options_, pool_); !read) return {{}, read.error()};
    results_.settings = effective_settings(options_, plan_, roster_);
    if (auto begun = store_->begin(results_.settings, plugins()); !begun) return {{}, begun.error()};
    std::vector<std::size_t> all(plan_.items.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    if (auto recalled = recall_items(all); !recalled) return {{}, recalled.error()};
    store_->recall_ended();
    parts_apart_ = false;
    for (const PlanItem& item : plan_.items) {
      for (const std::size_t m : item.methods) {
        if (item.part + 1 < item.n_parts || !complete_mean(item, m)) continue;
        remember(item, m, whole(item, m));
      }
    }
    return conclude();
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
  FoldEvaluation& part(const PlanItem& item, std::size_t m) {
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

  Result<void> recall(const PlanItem& item, std::size_t m) {
    auto recalled = store_->recall(key(item, m));
    if (!recalled) return tl::unexpected<Error>(recalled.error());
    if (*recalled) kept(item, m) = std::move(**recalled);
    return {};
  }

  // Makes a mean whose parts were recalled one by one; false: some evaluation is not there.
  bool complete_mean(const PlanItem& item, std::size_t m) {
    if (item.n_parts > 1) {
      const std::vector<FoldEvaluation>& parts = split_work(item).means.at(m).parts;
      const bool is_complete = std::none_of(parts.begin(), parts.end(),
                                            [](const FoldEvaluation& one) { return one.status == Status::not_run; });
      if (is_complete) whole(item, m) = mean_over_parts(parts);
    }
    return whole(item, m).status != Status::not_run;
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
        try {
          evaluate_item(item, methods);
        } catch (const std::bad_alloc&) {
          fail_for_memory(item, methods);
        }
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

  // What an item could not do for want of memory are its own failed rows: the others go on.
  void fail_for_memory(const PlanItem& item, const std::vector<std::size_t>& methods) {
    const std::string why = "the machine has no memory left for evaluating it";
    for (const std::size_t m : methods) {
      FoldEvaluation& evaluation = part(item, m);
      if (evaluation.status != Status::not_run) continue;
      evaluation = FoldEvaluation{};
      evaluation.status = Status::failed;
      evaluation.reason = std::string(kHostMemory) + ": " + why;
      if (!source_of(item.kind).is_of_the_scale) {
        const PlannedMethod& method = plan_.methods[m];
        evaluation.failure = PluginFailure{method.embedding.empty() ? method.name : method.embedding, kHostMemory, why};
      }
      conclude_part(item, m);
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

  // Calls use(inputs) with what the item's methods are made of; a worker that is started for them may use n_threads.
  template <class Use>
  void with_inputs(const PlanItem& item, int n_threads, Use&& use) {
    SplitWork& split = split_work(item);
    const auto fold = split.data.get([&] {
      return make_fold_data(task_, plan_.contexts[item.context].splits[item.split], plan_.metrics,
                            options_.excluded_targets);
    });
    if (!*fold) return fail(fold->error());
    use(MakerInputs{task_, noise_, options_, roster_, plan_, **fold, *works_[item.context], split, cells_,
                    item.context, item.split, n_threads});
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
      pool_.for_each(n, [&](std::size_t i) { ask_early(*(begin + static_cast<std::ptrdiff_t>(i)), n_threads / n); });
      begin = end;
    }
  }

  void ask_early(const EmbeddingToAsk& question, std::size_t n_threads) {
    if (stop_.stop_requested() || failed()) return;
    const PlanItem& item = plan_.items[question.item];
    progress_.working_on(
        fmt::format("{}: {}", plan_.contexts[item.context].name, roster_.embeddings[question.plugin].name));
    try {
      with_inputs(item, static_cast<int>(n_threads),
                  [&](const MakerInputs& inputs) { (void)vectors_of(question.plugin, inputs); });
    } catch (const std::bad_alloc&) {  // it is asked again, and then fails by itself
    }
  }

  void evaluate_item(const PlanItem& item, const std::vector<std::size_t>& methods) {
    with_inputs(item, threads_of_worker(), [&](const MakerInputs& inputs) { evaluate_with(item, methods, inputs); });
  }

  void evaluate_with(const PlanItem& item, const std::vector<std::size_t>& methods, const MakerInputs& inputs) {
    if (source_of(item.kind).is_of_blocks) return evaluate_fusion(item, methods, inputs);
    if (source_of(item.kind).through_head) return evaluate_through_heads(item, methods, inputs);
    for (const std::size_t m : methods) {
      evaluate_without_head(plan_.methods[m], inputs, part(item, m));
      conclude_part(item, m);
    }
  }

  // Of an embedding that knows no perturbation of the split: what it was asked for, as the end of a sentence. A
  // plugin's own ids are not known here, those of a file were looked at before the run.
  std::string asked_ids(const Embedding& embedding, const FoldData& fold) const {
    const bool knows_any =
        std::any_of(embedding.present.begin(), embedding.present.end(), [](auto p) { return p != 0; });
    return knows_any ? "" : "; those that it was asked for " + ids_in_words(ids_of(task_, fold.training));
  }

  // An embedding through the heads of its methods.
  void evaluate_through_heads(const PlanItem& item, const std::vector<std::size_t>& methods,
                              const MakerInputs& inputs) {
    const Stopwatch preparation;
    const auto conclude_all = [&](Status status, const std::string& reason,
                                  const std::optional<PluginFailure>& failure) {
      for (const std::size_t m : methods) conclude_without_numbers(item, m, status, reason, failure);
    };

    MadeEmbedding embedding = make_embedding(item, inputs);
    if (!embedding && stop_.stop_requested()) return;
    if (!embedding) {
      return conclude_all(embedding.error().status, embedding.error().reason, embedding.error().failure);
    }
    TimeBudget* budget = budget_of_embedding(methods.front());
    if (budget != nullptr && budget->is_spent()) {
      return conclude_all(Status::failed, sentence(kOutOfTime),
                          failure_of(embedding_name(methods.front()), kOutOfTime));
    }
    const Stopwatch making;
    const auto features = make_head_features(**embedding, inputs.fold, options_, pool_);
    // Wide vectors make work for the host. What it waits for on a busy machine is not theirs.
    if (budget != nullptr) budget->charge(making.cpu_s());
    for (const std::size_t plugin : plan_.methods[methods.front()].embeddings) {
      drop_if_wide(plugin, **embedding, inputs);
    }
    const auto unusable = [&](const std::string& reason) {
      if (source_of(item.kind).is_of_the_scale) return conclude_all(Status::skipped, reason, std::nullopt);
      return conclude_all(Status::failed, reason, PluginFailure{embedding_name(methods.front()), kUnusable, reason});
    };
    if (!features) return unusable(features.error().line() + asked_ids(**embedding, inputs.fold));
    const RowIndex covered = covered_tests(**embedding, inputs.fold);
    std::optional<Result<std::vector<ContextFit>>> fits;
    if (options_.split.per_context && inputs.fold.spans_contexts()) {
      const Stopwatch fitting;
      fits = make_context_fits(**embedding, task_, inputs.fold, options_, pool_);
      if (budget != nullptr) budget->charge(fitting.cpu_s());
      if (!*fits) return unusable(fits->error().line());
    }
    embedding->reset();  // the features are all that is needed from here on
    const Spent shared{preparation.wall_s(), preparation.cpu_s()};
    for (const std::size_t m : methods) {
      if (stop_.stop_requested()) return;
      evaluate_with_features(item, m, *features, inputs, covered, shared, fits ? &**fits : nullptr);
    }
  }

  // Several embeddings as blocks through the heads of their methods. Features depend on whether a head has settings to
  // choose from, and on nothing else: what stands beside it changes no number.
  void evaluate_fusion(const PlanItem& item, const std::vector<std::size_t>& methods, const MakerInputs& inputs) {
    const Stopwatch preparation;
    const auto blocks = make_blocks(item, inputs);
    if (!blocks && stop_.stop_requested()) return;
    if (!blocks) {
      for (const std::size_t m : methods) {
        conclude_without_numbers(item, m, blocks.error().status, blocks.error().reason, blocks.error().failure);
      }
      return;
    }
    const RowIndex covered = covered_tests(*blocks, inputs.fold);
    const Spent shared{preparation.wall_s(), preparation.cpu_s()};
    std::vector<BlockMaking> kinds;
    for (const std::size_t m : methods) {
      if (std::find(kinds.begin(), kinds.end(), blocks_for(m)) == kinds.end()) kinds.push_back(blocks_for(m));
    }
    for (const BlockMaking& kind : kinds) {
      std::vector<std::size_t> of_kind = methods;
      std::erase_if(of_kind, [&](std::size_t m) { return blocks_for(m) != kind; });
      const Stopwatch making;
      const auto features = make_fusion_features(*blocks, inputs.fold, options_, kind, pool_);
      const Spent spent{shared.wall_s + making.wall_s(), shared.cpu_s + making.cpu_s()};
      for (const std::size_t m : of_kind) {
        if (stop_.stop_requested()) return;
        if (features) {
          evaluate_with_features(item, m, *features, inputs, covered, spent);
        } else {
          const std::string reason = features.error().line();
          conclude_without_numbers(item, m, Status::failed, reason,
                                   PluginFailure{embedding_name(m), kUnusable, reason});
        }
      }
    }
    for (std::size_t b = 0; b < blocks->size(); ++b) {
      drop_if_wide(plan_.methods[methods.front()].embeddings[b], *(*blocks)[b].embedding, inputs);
    }
  }

  // What the method's head is given: inner splits where it has several settings.
  BlockMaking blocks_for(std::size_t m) const {
    const RosterEntry& head = roster_.heads[*plan_.methods[m].head];
    return {head.grid.settings.rows() > 1, head.description.wants_raw_features(), !head.description.uses_contexts()};
  }

  void conclude_without_numbers(const PlanItem& item, std::size_t m, Status status, const std::string& reason,
                                const std::optional<PluginFailure>& failure) {
    FoldEvaluation& evaluation = part(item, m);
    evaluation.status = status;
    evaluation.reason = reason;
    evaluation.failure = failure;
    conclude_part(item, m);
  }

  struct Spent {
    double wall_s = 0, cpu_s = 0;
  };

  // One method with the features of its embeddings. `shared`: what making these took. `fits`: the contexts by
  // themselves, whose mean is the prediction; null: one fit over all rows.
  void evaluate_with_features(const PlanItem& item, std::size_t m, const HeadFeatures& features,
                              const MakerInputs& inputs, const RowIndex& covered, const Spent& shared,
                              const std::vector<ContextFit>* fits = nullptr) {
    const Stopwatch watch;
    FoldEvaluation& evaluation = part(item, m);
    evaluation.covered.assign(inputs.fold.test.size(), 0);
    for (const std::int32_t position : covered) evaluation.covered[static_cast<std::size_t>(position)] = 1;
    evaluation.effective_dim = features.effective_dim;
    if (source_of(item.kind).is_of_blocks) evaluation.fusion.blocks = coverage_of(features);

    const auto usage = evaluate_through_head(item, m, features, inputs, covered, fits, evaluation);
    evaluation.wall_s = watch.wall_s() + shared.wall_s;
    evaluation.cpu_s = watch.cpu_s() + shared.cpu_s + usage.cpu_s;
    evaluation.peak_memory_bytes = static_cast<double>(usage.peak_memory_bytes);
    conclude_part(item, m);
  }

  // Of the plugin whose vectors a method goes by; null where they are not a plugin's, or several plugins'.
  TimeBudget* budget_of_embedding(std::size_t m) const {
    const auto& embeddings = plan_.methods[m].embeddings;
    if (source_of(plan_.methods[m].kind).is_of_blocks) return nullptr;
    return embeddings.empty() ? nullptr : roster_.embeddings[embeddings.front()].settings.budget.get();
  }

  // What is too wide to be kept for the splits to come is asked for again.
  void drop_if_wide(std::size_t plugin, const Embedding& embedding, const MakerInputs& inputs) const {
    const auto bytes = static_cast<std::uint64_t>(embedding.vectors.size()) * sizeof(double);
    if (bytes > most_kept_bytes(roster_.embeddings.size())) inputs.context.embeddings[plugin].drop();
  }

  // Of a method that goes through a head.
  const std::string& embedding_name(std::size_t m) const { return plan_.methods[m].embedding; }

  // An item's part of a method is there. The last one of a mean averages over all of them.
  void conclude_part(const PlanItem& item, std::size_t m) {
    if (parts_apart_) return remember(item, m, part(item, m));
    if (item.n_parts > 1) {
      PartsOfMean& mean = split_work(item).means.at(m);
      if (mean.n_done.fetch_add(1) + 1 < item.n_parts) return;
      whole(item, m) = mean_over_parts(mean.parts);
    }
    remember(item, m, whole(item, m));
  }

  // Fills the evaluation and returns what the worker used for it. `fits`: as in evaluate_with_features().
  WorkerUsageSoFar evaluate_through_head(const PlanItem& item, std::size_t m, const HeadFeatures& features,
                                         const MakerInputs& inputs, const RowIndex& covered,
                                         const std::vector<ContextFit>* fits, FoldEvaluation& evaluation) {
    const std::size_t h = *plan_.methods[m].head;
    const RosterEntry& head = roster_.heads[h];
    const bool shipped = head.file->shipped;
    TimeBudget* budget = shipped ? budget_of_embedding(m) : nullptr;
    WorkerUsageSoFar usage;
    const auto fault = [&](const WorkerFault& why) {
      if (is_interruption(why)) return usage;
      evaluation.status = Status::failed;
      evaluation.reason = sentence(why);
      const bool by_embedding = shipped && !plan_.methods[m].embeddings.empty();
      if (shipped && !is_told_by_head(why)) {
        // Where one of Headroom's own heads breaks down or does not end, that is Headroom's fault, and nobody else is
        // held to it.
        const std::string what = "Headroom's own " + head.name + " failed (" + evaluation.reason + ")";
        evaluation.reason = std::string(kHeadFault) + ": " + what;
        evaluation.failure = PluginFailure{by_embedding ? embedding_name(m) : head.name, kHeadFault, what};
      } else {
        // Where it says that it cannot go on, it is for what it was given.
        evaluation.failure =
            by_embedding ? PluginFailure{embedding_name(m), kUnusable, evaluation.reason} : failure_of(head.name, why);
      }
      return usage;
    };
    if (head.fault) return fault(*head.fault);
    if (std::string why = unsuited_for_blocks(head.description, features.blocks.size()); !why.empty()) {
      return fault({WorkerVerdict::UNSUITED, std::move(why)});
    }
    if (!shipped && patience_[h].is_exhausted()) return fault(Patience::fault());
    if (budget != nullptr && budget->is_spent()) {  // by the heads before this one
      evaluation.status = Status::failed;
      evaluation.reason = sentence(kOutOfTime);
      evaluation.failure = failure_of(embedding_name(m), kOutOfTime);
      return usage;
    }

    progress_.working_on(fmt::format("{} fold {}: {} worker", plan_.contexts[item.context].name, inputs.fold.name,
                                     plan_.methods[m].name));
    auto worker = take_worker(h, inputs);
    if (!worker) {
      if (!shipped) patience_[h].note(worker.error());
      return fault(worker.error());
    }
    WorkerSession& session = *worker->session;
    const double cpu_before_s = session.usage().cpu_s;
    std::shared_ptr<const Result<SharedMatrix>> gram;
    if (head.description.gives_errors()) {
      gram = training_gram(inputs);
      if (!*gram) return fault(host_fault(gram->error()));
    }
    auto outcome = fits != nullptr ? evaluate_each_context(*plan_.target, session, head.grid, *fits, task_)
                                   : evaluate_head(*plan_.target, session, head.grid, features,
                                                   task_.contexts[inputs.fold.context].name,
                                                   inputs.fold.training_deltas, gram ? &**gram : nullptr);
    if (!head.file->shipped) session.finish();  // only then is known what it used
    usage = session.usage();
    usage.cpu_s -= cpu_before_s;
    // Vectors can be such that a head has much to do with them; what it waits for on a busy machine is not theirs.
    if (budget != nullptr) budget->charge(usage.cpu_s);
    if (!outcome) {
      if (!shipped) patience_[h].note(outcome.error());
      return fault(outcome.error());
    }
    if (shipped) {
      std::lock_guard lock(inputs.split.shelf_mutex);
      inputs.split.shelf[h].push_back(std::move(*worker));
    }

    if (!outcome->best_setting) {
      const WorkerFault why = no_feasible_setting(features, head.grid);
      if (!shipped || !source_of(item.kind).is_of_the_scale) return fault(why);
      evaluation.status = Status::skipped;
      evaluation.reason = fmt::format("{}: {} is left out of the bounds", why.message, head.name);
      return usage;
    }
    evaluation.best_params = head.grid.params(*outcome->best_setting);
    evaluation.inner_scores = std::move(outcome->inner_scores);
    if (source_of(item.kind).is_of_blocks && outcome->facts) keep_facts(*outcome->facts, evaluation);
    score(inputs, with_stand_ins(*plan_.target, inputs.fold, covered, std::move(outcome->predictions)), evaluation);
    return usage;
  }

  // Of the threads that have no item left to work on, an even share for each that has: a worker that starts then lives
  // beside no more others than there are items, each of which took no more.
  int threads_of_worker() const {
    const int n_threads = pool_.n_threads();
    const int n_left = static_cast<int>(std::min<std::size_t>(n_items_left_.load(), static_cast<std::size_t>(n_threads)));
    return n_threads / std::max(1, n_left);
  }

  // An idle worker of a shipped head, which keeps nothing between calls; a fresh one for anybody else's plugin.
  Answer<FoldWorker> take_worker(std::size_t h, const MakerInputs& inputs) {
    {
      std::lock_guard lock(inputs.split.shelf_mutex);
      auto& idle = inputs.split.shelf[h];
      if (!idle.empty()) {
        FoldWorker worker = std::move(idle.back());
        idle.pop_back();
        return worker;
      }
    }
    return start_for_fold(roster_.heads[h], {inputs.fold.context, inputs.fold.name}, threads_of_worker());
  }

  bool failed() {
    std::lock_guard lock(error_mutex_);
    return error_.has_value();
  }
  void fail(const Error& error) {
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
  CellWork cells_;
  std::vector<Patience> patience_;                   // per head
  std::atomic<std::size_t> n_items_left_{0};         // of the plan: not worked on yet, or just now
  bool parts_apart_ = false;                         // parts of means are kept one by one
  std::mutex error_mutex_;
  std::optional<Error> error_;
};

}  // namespace

struct PlannedRun::State {
  Run run;
};

PlannedRun::PlannedRun(std::unique_ptr<State> state) : state_(std::move(state)) {}
PlannedRun::PlannedRun(PlannedRun&&) noexcept = default;
PlannedRun& PlannedRun::operator=(PlannedRun&&) noexcept = default;
PlannedRun::~PlannedRun() = default;

Result<PlannedRun> PlannedRun::plan(const Task& task, const NoiseTable* noise, const RunOptions& options,
                                    ThreadPool& pool, Progress& progress, std::stop_token stop, EvaluationStore* store,
                                    RunObserver* observer, VectorFiles vector_files, std::optional<Roster> roster) {
  std::unique_ptr<State> state(new State{Run(task, noise, options, pool, progress, std::move(stop), store, observer)});
  if (auto prepared = state->run.prepare(vector_files, std::move(roster)); !prepared)
    return tl::unexpected<Error>(prepared.error());
  return PlannedRun(std::move(state));
}

const RunResults& PlannedRun::results() const { return state_->run.results(); }
const Plan& PlannedRun::plan() const { return state_->run.plan(); }
std::vector<PluginOfRun> PlannedRun::plugins() const { return state_->run.plugins(); }
std::vector<EvaluationKey> PlannedRun::evaluations() const { return state_->run.keys(); }
std::int64_t PlannedRun::n_steps() const { return state_->run.n_steps(); }
RunOutcome PlannedRun::evaluate() { return state_->run.execute(); }
Result<void> PlannedRun::evaluate_items(const std::vector<std::size_t>& items) {
  return state_->run.execute_items(items);
}
RunOutcome PlannedRun::gather() { return state_->run.gather(); }
std::vector<EvaluationKey> PlannedRun::parts_of(std::size_t item) const {
  return state_->run.parts_of(state_->run.plan().items[item]);
}

RunOutcome evaluate(const Task& task, const NoiseTable* noise, const RunOptions& options, ThreadPool& pool,
                    Progress& progress, std::stop_token stop, EvaluationStore* store, RunObserver* observer) {
  auto run = PlannedRun::plan(task, noise, options, pool, progress, std::move(stop), store, observer);
  if (!run) return {{}, run.error()};
  return run->evaluate();
}

}  // namespace headroom
