#include "evaluation/item_evaluator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

#include "evaluation/cell_methods.hpp"
#include "evaluation/fold_gate.hpp"
#include "evaluation/predictions.hpp"
#include "evaluation/stopwatch.hpp"
#include "evaluation/unchanged_folder.hpp"
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

}  // namespace

ItemEvaluator::ItemEvaluator(const Task& task, const NoiseTable* noise, const RunOptions& options, const Roster& roster,
                             const Plan& plan, const std::vector<std::unique_ptr<ContextWork>>& works,
                             const std::atomic<std::size_t>& n_items_left, ItemResults& results, ThreadPool& pool,
                             Progress& progress, std::stop_token stop)
    : task_(task),
      noise_(noise),
      options_(options),
      roster_(roster),
      plan_(plan),
      works_(works),
      n_items_left_(n_items_left),
      results_(results),
      pool_(pool),
      progress_(progress),
      stop_(std::move(stop)),
      cells_(task_, options_, pool_, stop_),
      patience_(roster.heads.size()) {}

void ItemEvaluator::evaluate(const PlanItem& item, const std::vector<std::size_t>& methods) {
  try {
    with_inputs(item, threads_of_worker(), [&](const MakerInputs& inputs) { evaluate_with(item, methods, inputs); });
  } catch (const std::bad_alloc&) {
    fail_for_memory(item, methods);
  }
}

void ItemEvaluator::ask(std::size_t plugin, const PlanItem& item, int n_threads) {
  make_early(item, roster_.embeddings[plugin].name, n_threads,
             [&](const MakerInputs& inputs) { (void)vectors_of(plugin, inputs); });
}

void ItemEvaluator::share_cells(const PlanItem& item, std::size_t m) {
  make_early(item, plan_.methods[m].name, pool_.n_threads(),
             [&](const MakerInputs& inputs) { make_shared_cells(plan_.methods[m], inputs); });
}

void ItemEvaluator::make_early(const PlanItem& item, const std::string& name, int n_threads,
                               const std::function<void(const MakerInputs&)>& make) {
  progress_.working_on(fmt::format("{}: {}", plan_.contexts[item.context].name, name));
  try {
    with_inputs(item, n_threads, make);
  } catch (const std::bad_alloc&) {  // it is made again, and then fails by itself
  }
}

void ItemEvaluator::fail_for_memory(const PlanItem& item, const std::vector<std::size_t>& methods) {
  const std::string why = "the machine has no memory left for evaluating it";
  for (const std::size_t m : methods) {
    FoldEvaluation& evaluation = results_.part(item, m);
    if (evaluation.status != Status::not_run) continue;
    evaluation = FoldEvaluation{};
    evaluation.status = Status::failed;
    evaluation.reason = std::string(kHostMemory) + ": " + why;
    if (!source_of(item.kind).is_of_the_scale) {
      const PlannedMethod& method = plan_.methods[m];
      evaluation.failure = PluginFailure{method.embedding.empty() ? method.name : method.embedding, kHostMemory, why};
    }
    results_.conclude_part(item, m);
  }
}

void ItemEvaluator::with_inputs(const PlanItem& item, int n_threads,
                                const std::function<void(const MakerInputs&)>& use) {
  SplitWork& split = *works_[item.context]->splits[item.split];
  const auto fold = split.data.get([&] {
    return make_fold_data(task_, plan_.contexts[item.context].splits[item.split], plan_.metrics,
                          options_.excluded_targets);
  });
  if (!*fold) return results_.fail(fold->error());
  use(MakerInputs{task_, noise_, options_, roster_, plan_, **fold, *works_[item.context], split, cells_, item.context,
                  item.split, n_threads});
}

void ItemEvaluator::evaluate_with(const PlanItem& item, const std::vector<std::size_t>& methods,
                                  const MakerInputs& inputs) {
  if (source_of(item.kind).is_of_blocks) return evaluate_fusion(item, methods, inputs);
  if (source_of(item.kind).through_head) return evaluate_through_heads(item, methods, inputs);
  for (const std::size_t m : methods) {
    evaluate_without_head(plan_.methods[m], inputs, results_.part(item, m));
    results_.conclude_part(item, m);
  }
}

std::string ItemEvaluator::asked_ids(const Embedding& embedding, const FoldData& fold) const {
  const bool knows_any = std::any_of(embedding.present.begin(), embedding.present.end(), [](auto p) { return p != 0; });
  return knows_any ? "" : "; those that it was asked for " + ids_in_words(ids_of(task_, fold.training));
}

void ItemEvaluator::evaluate_through_heads(const PlanItem& item, const std::vector<std::size_t>& methods,
                                           const MakerInputs& inputs) {
  const Stopwatch preparation;
  const auto conclude_all = [&](Status status, const std::string& reason, const std::optional<PluginFailure>& failure) {
    for (const std::size_t m : methods) conclude_without_numbers(item, m, status, reason, failure);
  };

  MadeEmbedding embedding = make_embedding(item, inputs);
  if (!embedding && stop_.stop_requested()) return;
  if (!embedding) {
    return conclude_all(embedding.error().status, embedding.error().reason, embedding.error().failure);
  }
  TimeBudget* budget = budget_of_embedding(methods.front());
  if (budget != nullptr && budget->is_spent()) {
    return conclude_all(Status::failed, sentence(kOutOfTime), failure_of(embedding_name(methods.front()), kOutOfTime));
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

void ItemEvaluator::evaluate_fusion(const PlanItem& item, const std::vector<std::size_t>& methods,
                                    const MakerInputs& inputs) {
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
        conclude_without_numbers(item, m, Status::failed, reason, PluginFailure{embedding_name(m), kUnusable, reason});
      }
    }
  }
  for (std::size_t b = 0; b < blocks->size(); ++b) {
    drop_if_wide(plan_.methods[methods.front()].embeddings[b], *(*blocks)[b].embedding, inputs);
  }
}

BlockMaking ItemEvaluator::blocks_for(std::size_t m) const {
  const RosterEntry& head = roster_.heads[*plan_.methods[m].head];
  return {head.grid.settings.rows() > 1, head.description.wants_raw_features(), !head.description.uses_contexts()};
}

void ItemEvaluator::conclude_without_numbers(const PlanItem& item, std::size_t m, Status status,
                                             const std::string& reason, const std::optional<PluginFailure>& failure) {
  FoldEvaluation& evaluation = results_.part(item, m);
  evaluation.status = status;
  evaluation.reason = reason;
  evaluation.failure = failure;
  results_.conclude_part(item, m);
}

void ItemEvaluator::evaluate_with_features(const PlanItem& item, std::size_t m, const HeadFeatures& features,
                                           const MakerInputs& inputs, const RowIndex& covered, const Spent& shared,
                                           const std::vector<ContextFit>* fits) {
  const Stopwatch watch;
  FoldEvaluation& evaluation = results_.part(item, m);
  evaluation.covered.assign(inputs.fold.test.size(), 0);
  for (const std::int32_t position : covered) evaluation.covered[static_cast<std::size_t>(position)] = 1;
  evaluation.effective_dim = features.effective_dim;
  if (source_of(item.kind).is_of_blocks) evaluation.fusion.blocks = coverage_of(features);

  const auto usage = evaluate_through_head(item, m, features, inputs, covered, fits, evaluation);
  evaluation.wall_s = watch.wall_s() + shared.wall_s;
  evaluation.cpu_s = watch.cpu_s() + shared.cpu_s + usage.cpu_s;
  evaluation.peak_memory_bytes = static_cast<double>(usage.peak_memory_bytes);
  results_.conclude_part(item, m);
}

TimeBudget* ItemEvaluator::budget_of_embedding(std::size_t m) const {
  const auto& embeddings = plan_.methods[m].embeddings;
  if (source_of(plan_.methods[m].kind).is_of_blocks) return nullptr;
  return embeddings.empty() ? nullptr : roster_.embeddings[embeddings.front()].settings.budget.get();
}

void ItemEvaluator::drop_if_wide(std::size_t plugin, const Embedding& embedding, const MakerInputs& inputs) const {
  const auto bytes = static_cast<std::uint64_t>(embedding.vectors.size()) * sizeof(double);
  if (bytes > most_kept_bytes(roster_.embeddings.size())) inputs.context.embeddings[plugin].drop();
}

WorkerUsageSoFar ItemEvaluator::evaluate_through_head(const PlanItem& item, std::size_t m, const HeadFeatures& features,
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

  progress_.working_on(
      fmt::format("{} fold {}: {} worker", plan_.contexts[item.context].name, inputs.fold.name, plan_.methods[m].name));
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
                                                 task_.contexts[inputs.fold.context].name, inputs.fold.training_deltas,
                                                 gram ? &**gram : nullptr);
  if (!head.file->shipped) session.finish();  // only then is known what it used
  usage = session.usage();
  usage.cpu_s -= cpu_before_s;
  // Vectors can be such that a head has much to do with them; what it waits for on a busy machine is not theirs.
  if (budget != nullptr) budget->charge(usage.cpu_s);
  if (!outcome) {
    if (!shipped) patience_[h].note(outcome.error());
    return fault(outcome.error());
  }
  if (auto same = require_unchanged_folder(head); !same) return fault(same.error());
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

int ItemEvaluator::threads_of_worker() const {
  const int n_threads = pool_.n_threads();
  const int n_left = static_cast<int>(std::min<std::size_t>(n_items_left_.load(), static_cast<std::size_t>(n_threads)));
  return n_threads / std::max(1, n_left);
}

Answer<FoldWorker> ItemEvaluator::take_worker(std::size_t h, const MakerInputs& inputs) {
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

}  // namespace headroom
