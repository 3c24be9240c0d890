#include "evaluation/evaluate.hpp"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <utility>

#include "bounds/gene_pca.hpp"
#include "bounds/idealized.hpp"
#include "bounds/random_embedding.hpp"
#include "evaluation/audit.hpp"
#include "evaluation/embedding.hpp"
#include "evaluation/fold_data.hpp"
#include "evaluation/head.hpp"
#include "evaluation/noise_methods.hpp"
#include "evaluation/predictions.hpp"
#include "evaluation/roster.hpp"
#include "numerics/blas.hpp"

namespace headroom {
namespace {

// Where an embedding comes from.
enum class Source { idealized, plugin, gene_pca, random, predictions };

struct Item {
  std::size_t context = 0;  // position in RunResults::contexts
  std::size_t fold = 0;     // position in ContextEvaluation::folds
  Source source = Source::idealized;
  std::size_t index = 0;  // which plugin embedding, which seed of the random null, which finished predictions
};

double thread_cpu_s() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Wall and processor time of the calling thread since construction.
class Stopwatch {
 public:
  double wall_s() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - wall_start_).count();
  }
  double cpu_s() const { return thread_cpu_s() - cpu_start_; }

 private:
  std::chrono::steady_clock::time_point wall_start_ = std::chrono::steady_clock::now();
  double cpu_start_ = thread_cpu_s();
};

// Of an embedding that answered as it should and still cannot be evaluated: too few perturbations covered.
constexpr const char* kUnusable = "unusable";

std::string sentence(const WorkerFault& fault) {
  const std::string verdict = verdict_name(fault.verdict);
  return fault.message.empty() ? verdict : verdict + ": " + fault.message;
}

// A value that is made once, by whoever needs it first, and dropped after its last use.
template <class T>
class MadeOnce {
 public:
  template <class Make>
  std::shared_ptr<const T> get(Make&& make) {
    std::lock_guard lock(mutex_);
    if (!value_) value_ = std::make_shared<const T>(make());
    return value_;
  }
  void drop() {
    std::lock_guard lock(mutex_);
    value_.reset();
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

// With a predictor that lets its time run out: every evaluation through it costs the whole limit, minutes each, and
// there is one for every embedding and null of every fold. After a few it is not asked again.
class Patience {
 public:
  void note(const WorkerFault& fault) {
    if (fault.verdict == WorkerVerdict::WALL_LIMIT || fault.verdict == WorkerVerdict::CPU_LIMIT) ++n_run_out_;
  }
  bool is_exhausted() const { return n_run_out_ >= kMost; }
  static WorkerFault fault() {
    return {WorkerVerdict::WALL_LIMIT, fmt::format("it let its time run out {} times and was not asked again", kMost)};
  }

 private:
  static constexpr int kMost = 3;
  std::atomic<int> n_run_out_{0};
};

// What the items of one context and fold share, made by the first and freed by the last of them.
struct FoldStage {
  EvaluationInputs inputs;  // of every evaluation in this fold
  MadeOnce<Result<FoldData>> data;
  MadeOnce<Result<SharedMatrix>> training_gram;  // for heads that give errors
  std::atomic<std::size_t> n_items_left{0};
  std::mutex shelf_mutex;
  std::vector<std::vector<std::unique_ptr<WorkerSession>>> shelf;  // per head: idle workers of shipped predictors
  std::vector<std::atomic<std::size_t>> n_seeds_done;              // per head: of the random null

  explicit FoldStage(std::size_t n_heads) : shelf(n_heads), n_seeds_done(n_heads) {}
};

struct ContextStage {
  // For the observer: guarded by its mutex.
  std::size_t n_bound_items_left = 0;
  std::map<std::pair<Source, std::size_t>, std::size_t> n_folds_done;  // per plugin embedding or predictions
  std::vector<Item> untold;                                            // complete, but the bounds are not

  MadeOnce<Matrix> products;  // of all deltas with each other, over genes
  MadeOnce<Result<Matrix>> idealized;
  std::vector<MadeOnce<Answer<Embedding>>> embeddings;  // per plugin that does not want the training part
  std::vector<std::unique_ptr<FoldStage>> folds;
  std::atomic<std::size_t> n_items_left{0};

  explicit ContextStage(std::size_t n_embeddings) : embeddings(n_embeddings) {}
};

class Run {
 public:
  Run(const Task& task, const NoiseTable* noise, const RunOptions& options, ThreadPool& pool, Progress& progress,
      std::stop_token stop, EvaluationMemory* memory, RunObserver* observer)
      : task_(task),
        noise_(noise),
        options_(options),
        pool_(pool),
        progress_(progress),
        stop_(std::move(stop)),
        memory_(memory),
        observer_(observer) {}

  // Everything that does not look at the deltas.
  Result<void> prepare(VectorFiles vector_files) {
    if (auto valid = validate(options_); !valid) return valid;
    for (const PredictionsSpec& spec : options_.predictions) {
      if (spec.form == PredictedForm::deltas) continue;
      if (auto has = require_control_profiles(task_); !has) return has;
    }
    auto roster = load_roster(options_, pool_, vector_files);
    if (!roster) return tl::unexpected<Error>(roster.error());
    roster_ = std::move(*roster);
    patience_ = std::vector<Patience>(roster_.heads.size());
    if (auto planned = plan(); !planned) return planned;
    settle_settings();
    return {};
  }

  const RunResults& results() const { return results_; }

  std::vector<EvaluationKey> keys() const {
    std::vector<EvaluationKey> keys;
    for_each_key([&](const Item&, EvaluationKey key) { keys.push_back(std::move(key)); });
    return keys;
  }

  std::vector<PluginOfRun> plugins_of_run() const {
    std::vector<PluginOfRun> plugins;
    for (const auto* entries : {&roster_.embeddings, &roster_.predictions, &roster_.heads}) {
      for (const RosterEntry& entry : *entries) {
        PluginOfRun& plugin = plugins.emplace_back();
        plugin.record = describe(entry);
        plugin.path = entry.data ? entry.data->path : entry.file->path;
        plugin.data_folder_sha256 = entry.data_folder_sha256;
        if (!entry.fault) plugin.confinement = entry.confinement;
        plugin.limits = effective_limits(entry);
      }
    }
    return plugins;
  }

  std::int64_t n_steps() const { return static_cast<std::int64_t>(items_.size() * roster_.heads.size()); }

  RunOutcome execute() {
    if (auto read = read_vector_files(roster_, options_, pool_); !read) return {{}, read.error()};
    settle_settings();  // a plugin that was found at fault now has no part in them
    if (memory_ != nullptr) {
      if (auto begun = memory_->begin(results_.settings, plugins_of_run()); !begun) return {{}, begun.error()};
      if (auto recalled = recall_all(); !recalled) return {{}, recalled.error()};
    }

    progress_.begin("evaluations", n_steps(), "evaluations");
    pool_.for_each(items_.size(), [&](std::size_t i) { work(items_[i]); });
    progress_.end();

    finish();
    if (options_.audit && !error_ && !stop_.stop_requested()) {
      results_.audit = audit(task_, options_, roster_, results_, pool_, progress_, stop_);
    }
    RunOutcome outcome{std::move(results_), std::move(error_)};
    if (!outcome.error && stop_.stop_requested()) {
      outcome.error = Error{ErrorKind::interrupted, "interrupted", {}, "--resume goes on from what was done"};
    }
    return outcome;
  }

 private:
  // ---- the plan: which methods stand where, and which items fill them ----

  Result<void> plan() {
    results_.metrics = evaluated_metrics(options_);
    for (std::size_t h = 0; h < roster_.n_tables; ++h) {
      const bool shipped = roster_.heads[h].file->shipped;
      results_.heads.push_back({roster_.heads[h].name, shipped, shipped ? "" : "knn"});
    }
    auto folds = chosen_folds();
    if (!folds) return tl::unexpected<Error>(folds.error());

    for (std::size_t c = 0; c < task_.contexts.size(); ++c) {
      ContextEvaluation context;
      context.context = task_.contexts[c].name;
      context.task_context = c;
      const auto& fold_of_row = task_.contexts[c].fold_of_row;
      for (const std::int32_t fold : *folds) {
        RowIndex rows;
        for (std::size_t row = 0; row < fold_of_row.size(); ++row) {
          if (fold_of_row[row] == fold) rows.push_back(static_cast<std::int32_t>(row));
        }
        if (rows.empty()) continue;
        context.folds.push_back(fold);
        context.test_rows.push_back(std::move(rows));
      }
      add_methods(context);
      results_.contexts.push_back(std::move(context));
      stages_.push_back(std::make_unique<ContextStage>(roster_.embeddings.size()));
    }
    random_parts_.resize(results_.contexts.size());
    genes_ = gene_input(task_);
    for (std::size_t c = 0; c < results_.contexts.size(); ++c) add_items(c);
    return {};
  }

  Result<std::vector<std::int32_t>> chosen_folds() const {
    std::vector<std::int32_t> folds;
    if (options_.folds.empty()) {
      for (std::size_t f = 0; f < task_.fold_names.size(); ++f) folds.push_back(static_cast<std::int32_t>(f));
      return folds;
    }
    for (const std::string& name : options_.folds) {
      const auto found = std::find(task_.fold_names.begin(), task_.fold_names.end(), name);
      if (found == task_.fold_names.end()) {
        return bad_input(fmt::format("the task has no fold '{}'", name), task_.path,
                         fmt::format("its folds are {}", fmt::join(task_.fold_names, ", ")));
      }
      folds.push_back(static_cast<std::int32_t>(found - task_.fold_names.begin()));
    }
    std::sort(folds.begin(), folds.end());
    folds.erase(std::unique(folds.begin(), folds.end()), folds.end());
    return folds;
  }

  bool in_ceiling(std::string_view method) const {
    return std::find(options_.ceiling.begin(), options_.ceiling.end(), method) != options_.ceiling.end();
  }

  bool in_nulls(std::string_view method) const {
    return std::find(options_.nulls.begin(), options_.nulls.end(), method) != options_.nulls.end();
  }

  static MethodEvaluation new_method(const ContextEvaluation& context, std::string embedding, std::string predictor,
                                     Role role, bool in_bound) {
    MethodEvaluation method;
    method.name = predictor.empty() ? embedding : embedding + "+" + predictor;
    if (!predictor.empty()) method.embedding = std::move(embedding);
    method.predictor = std::move(predictor);
    method.role = role;
    method.in_bound = in_bound;
    for (const std::int32_t fold : context.folds) method.folds.emplace_back().fold = fold;
    return method;
  }

  // The methods of a context, in the order in which they are reported.
  void add_methods(ContextEvaluation& context) {
    auto& methods = context.methods;
    for (const char* name : {kNullTrainMean, kNullNoChange}) {
      methods.push_back(new_method(context, name, "", Role::null_method, in_nulls(name)));
    }
    for (const RosterEntry& head : roster_.heads) {
      for (const char* name : {kNullRandom, kNullGenePca}) {
        if (in_nulls(name)) methods.push_back(new_method(context, name, head.name, Role::null_method, true));
      }
    }
    for (const RosterEntry& head : roster_.heads) {
      if (!head.file->shipped) continue;  // the idealized embedding is made of test labels
      methods.push_back(new_method(context, "idealized", head.name, Role::cheater, in_ceiling(kCeilingIdealized)));
    }
    for (const NoiseMethod& noise_method : noise_methods()) {
      const bool bound = in_ceiling(noise_method.name);
      const bool published = noise_method.name == std::string_view(kCeilingSamplingError);
      methods.push_back(
          new_method(context, noise_method.name, "", bound || published ? Role::cheater : Role::reference, bound));
    }
    for (const RosterEntry& embedding : roster_.embeddings) {
      for (const Head& head : results_.heads) {
        methods.push_back(new_method(context, embedding.name, head.name, Role::plugin, false));
        if (embedding.description.wants_training()) methods.back().flags.push_back("supervised embedding");
      }
    }
    for (const RosterEntry& predictions : roster_.predictions) {
      methods.push_back(new_method(context, predictions.name, "", Role::plugin, false));
      methods.back().flags.push_back("finished predictions");
      for (const std::string& note : predictions.notes) context.notes.push_back(predictions.name + ": " + note);
    }
  }

  void add_items(std::size_t c) {
    const ContextEvaluation& context = results_.contexts[c];
    for (std::size_t f = 0; f < context.folds.size(); ++f) {
      auto stage = std::make_unique<FoldStage>(roster_.heads.size());
      const std::string& fold_name = task_.fold_names[static_cast<std::size_t>(context.folds[f])];
      stage->inputs = inputs_of_fold(options_, task_, context.task_context, fold_name, context.test_rows[f]);
      const std::size_t first = items_.size();
      // The longest first, so that no thread ends late.
      items_.push_back({c, f, Source::idealized, 0});
      for (std::size_t e = 0; e < roster_.embeddings.size(); ++e) items_.push_back({c, f, Source::plugin, e});
      for (std::size_t p = 0; p < roster_.predictions.size(); ++p) items_.push_back({c, f, Source::predictions, p});
      if (in_nulls(kNullGenePca)) items_.push_back({c, f, Source::gene_pca, 0});
      for (std::size_t seed = 0; seed < n_random_seeds(); ++seed) items_.push_back({c, f, Source::random, seed});
      stages_[c]->n_bound_items_left +=
          1 + (in_nulls(kNullGenePca) ? 1 : 0) + n_random_seeds();  // the first: idealized
      random_parts_[c].emplace_back(roster_.heads.size(), std::vector<FoldEvaluation>(n_random_seeds()));
      stage->n_items_left = items_.size() - first;
      stages_[c]->n_items_left += items_.size() - first;
      stages_[c]->folds.push_back(std::move(stage));
    }
  }

  std::size_t n_random_seeds() const {
    return in_nulls(kNullRandom) ? static_cast<std::size_t>(options_.n_random_embeddings) : 0;
  }

  // ---- memory: what an earlier run with the same inputs left ----

  EvaluationKey make_key(const Item& item, std::string method, EvaluationInputs inputs) const {
    std::string fingerprint = fingerprint_of(inputs);
    return {results_.contexts[item.context].context, fold_name(item), std::move(method), std::move(fingerprint),
            std::move(inputs)};
  }

  // An embedding, or a source of the bounds, through a head.
  EvaluationKey key_of(const Item& item, std::size_t head) const {
    EvaluationInputs inputs = stages_[item.context]->folds[item.fold]->inputs;
    add_head_inputs(inputs, options_, roster_.heads[head]);
    if (item.source == Source::plugin) add_embedding_inputs(inputs, roster_.embeddings[item.index], genes_);
    if (item.source == Source::gene_pca) inputs.push_back(genes_);
    if (item.source == Source::random) inputs.push_back({"random embeddings", std::to_string(n_random_seeds())});
    return make_key(item, method_name_of(item, head), std::move(inputs));
  }

  // The train mean, no change, or a method of the noise table.
  EvaluationKey key_without_embedding(const Item& item, const std::string& name) const {
    EvaluationInputs inputs = stages_[item.context]->folds[item.fold]->inputs;
    const auto& from_noise = noise_methods();
    if (std::any_of(from_noise.begin(), from_noise.end(), [&](const NoiseMethod& m) { return m.name == name; })) {
      add_noise_inputs(inputs, noise_);
    }
    return make_key(item, name, std::move(inputs));
  }

  const std::string& fold_name(const Item& item) const {
    return task_.fold_names[static_cast<std::size_t>(results_.contexts[item.context].folds[item.fold])];
  }

  // Finished predictions, which no head and no seed has a part in.
  EvaluationKey key_of_predictions(const Item& item) const {
    EvaluationInputs inputs = stages_[item.context]->folds[item.fold]->inputs;
    add_embedding_inputs(inputs, roster_.predictions[item.index], genes_);
    return make_key(item, method_name_of(item, 0), std::move(inputs));
  }

  std::string method_name_of(const Item& item, std::size_t head) const {
    const std::string& head_name = roster_.heads[head].name;
    switch (item.source) {
      case Source::idealized:
        return "idealized+" + head_name;
      case Source::gene_pca:
        return std::string(kNullGenePca) + "+" + head_name;
      case Source::random:
        return std::string(kNullRandom) + "+" + head_name;
      case Source::predictions:
        return roster_.predictions[item.index].name;
      case Source::plugin:
        break;
    }
    return roster_.embeddings[item.index].name + "+" + head_name;
  }

  static std::vector<std::string> names_without_embedding() {
    std::vector<std::string> names = {kNullTrainMean, kNullNoChange};
    for (const NoiseMethod& noise_method : noise_methods()) names.emplace_back(noise_method.name);
    return names;
  }

  // Calls take(item, key) for everything that is kept.
  template <class Take>
  void for_each_key(Take&& take) const {
    for (const Item& item : items_) {
      if (item.source == Source::idealized) {
        for (const std::string& name : names_without_embedding()) take(item, key_without_embedding(item, name));
      }
      if (item.source == Source::random && item.index > 0) continue;  // kept as one evaluation over all seeds
      if (item.source == Source::predictions) take(item, key_of_predictions(item));
      for (std::size_t h = 0; h < roster_.heads.size(); ++h) {
        if (takes_part(item, h)) take(item, key_of(item, h));
      }
    }
  }

  // Fills the places of all evaluations that an earlier run left; their items then have nothing to do.
  Result<void> recall_all() {
    Result<void> done;
    for_each_key([&](const Item& item, const EvaluationKey& key) {
      if (done) done = recall(item, key);
    });
    if (done) memory_->recall_ended();
    return done;
  }

  Result<void> recall(const Item& item, const EvaluationKey& key) {
    auto recalled = memory_->recall(key);
    if (!recalled) return tl::unexpected<Error>(recalled.error());
    if (!*recalled) return {};
    (*recalled)->fold = results_.contexts[item.context].folds[item.fold];
    method(item.context, key.method).folds[item.fold] = std::move(**recalled);
    return {};
  }

  // Failures are kept with their reasons, but not those of a run that is being stopped.
  void remember(const Item& item, const EvaluationKey& key, const FoldEvaluation& evaluation) {
    if (memory_ == nullptr || evaluation.status == Status::not_run) return;
    if (evaluation.status == Status::failed && stop_.stop_requested()) return;
    const ContextEvaluation& context = results_.contexts[item.context];
    std::vector<std::string> ids;
    for (const std::int32_t row : context.test_rows[item.fold])
      ids.push_back(task_.contexts[context.task_context].pert_ids[static_cast<std::size_t>(row)]);
    auto kept = memory_->remember(key, ids, evaluation);
    if (!kept) fail(kept.error());
  }

  // Whether there is nothing left to find out: by this run, or taken over from an earlier one.
  static bool is_conclusive(const FoldEvaluation& evaluation) {
    return evaluation.status == Status::ok || evaluation.status == Status::skipped;
  }

  bool is_done(const Item& item, std::size_t h) {
    return is_conclusive(method(item.context, method_name_of(item, h)).folds[item.fold]);
  }

  bool is_all_done(const Item& item) {
    if (item.source == Source::predictions) return is_done(item, 0);
    for (std::size_t h = 0; h < roster_.heads.size(); ++h) {
      if (takes_part(item, h) && !is_done(item, h)) return false;
    }
    if (item.source != Source::idealized) return true;
    const auto names = names_without_embedding();
    return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
      return is_conclusive(method(item.context, name).folds[item.fold]);
    });
  }

  // ---- the work ----

  MethodEvaluation& method(std::size_t c, const std::string& name) {
    auto& methods = results_.contexts[c].methods;
    return *std::find_if(methods.begin(), methods.end(), [&](const MethodEvaluation& m) { return m.name == name; });
  }

  // Where the evaluation of an item through a head is written.
  FoldEvaluation& place(const Item& item, std::size_t head) {
    if (item.source == Source::random) return random_parts_[item.context][item.fold][head][item.index];
    return method(item.context, method_name_of(item, head)).folds[item.fold];
  }

  bool takes_part(const Item& item, std::size_t head) const {
    if (item.source == Source::idealized) return roster_.heads[head].file->shipped;
    if (item.source == Source::plugin) return head < results_.heads.size();  // a borrowed head serves the bounds alone
    if (item.source == Source::predictions) return false;                    // they need none
    return true;
  }

  void work(const Item& item) {
    ContextStage& context_stage = *stages_[item.context];
    FoldStage& stage = *context_stage.folds[item.fold];
    if (!stop_.stop_requested() && !failed() && !is_all_done(item)) {
      const auto fold = stage.data.get([&] {
        return make_fold_data(task_, results_.contexts[item.context].task_context,
                              results_.contexts[item.context].folds[item.fold], results_.metrics);
      });
      if (!*fold) {
        fail(fold->error());
      } else {
        if (item.source == Source::idealized) evaluate_without_embedding(item, **fold);
        if (item.source == Source::predictions) {
          evaluate_predictions(item, **fold);
        } else {
          evaluate_item(item, **fold, stage);
        }
      }
    }
    progress_.advance(static_cast<std::int64_t>(roster_.heads.size()));
    if (!stop_.stop_requested() && !failed()) tell_observer(item);
    if (stage.n_items_left.fetch_sub(1) == 1) {
      stage.shelf.clear();
      stage.training_gram.drop();
      stage.data.drop();
    }
    if (context_stage.n_items_left.fetch_sub(1) == 1) {
      context_stage.products.drop();
      context_stage.idealized.drop();
      for (auto& embedding : context_stage.embeddings) embedding.drop();
    }
  }

  // Tells of the plugins' methods that are complete, once the context's bounds are.
  void tell_observer(const Item& item) {
    if (observer_ == nullptr) return;
    const std::lock_guard lock(observer_mutex_);
    ContextStage& stage = *stages_[item.context];
    if (item.source == Source::plugin || item.source == Source::predictions) {
      if (++stage.n_folds_done[{item.source, item.index}] == stage.folds.size()) stage.untold.push_back(item);
    } else {
      --stage.n_bound_items_left;
    }
    if (stage.n_bound_items_left > 0) return;
    const ContextEvaluation& context = results_.contexts[item.context];
    for (const Item& done : stage.untold) {
      if (done.source == Source::predictions) {
        observer_->method_finished(results_, context, method(done.context, roster_.predictions[done.index].name));
        continue;
      }
      for (std::size_t h = 0; h < results_.heads.size(); ++h) {
        observer_->method_finished(results_, context, method(done.context, method_name_of(done, h)));
      }
    }
    stage.untold.clear();
  }

  // The methods that need no embedding: train mean, no change, and the noise table's.
  void evaluate_without_embedding(const Item& item, const FoldData& fold) {
    const Eigen::Index n_tests = fold.truth.deltas.rows();
    const Matrix zeros = Matrix::Zero(n_tests, fold.truth.deltas.cols());
    const Matrix mean = fold.truth.mean_training_delta.replicate(n_tests, 1);
    for (const auto& [name, prediction] :
         {std::pair<const char*, const Matrix*>{kNullTrainMean, &mean}, {kNullNoChange, &zeros}}) {
      const Stopwatch watch;
      FoldEvaluation& evaluation = method(item.context, name).folds[item.fold];
      if (is_conclusive(evaluation)) continue;
      score(*prediction, fold, evaluation);
      evaluation.wall_s = watch.wall_s();
      evaluation.cpu_s = watch.cpu_s();
      remember(item, key_without_embedding(item, name), evaluation);
    }
    for (const NoiseMethod& noise_method : noise_methods()) {
      FoldEvaluation& evaluation = method(item.context, noise_method.name).folds[item.fold];
      if (is_conclusive(evaluation)) continue;
      evaluate_noise_method(noise_method, noise_, task_, fold, results_.metrics, evaluation);
      remember(item, key_without_embedding(item, noise_method.name), evaluation);
    }
  }

  void evaluate_item(const Item& item, const FoldData& fold, FoldStage& stage) {
    const Stopwatch preparation;
    std::vector<std::size_t> heads;
    for (std::size_t h = 0; h < roster_.heads.size(); ++h) {
      if (takes_part(item, h) && !is_done(item, h)) heads.push_back(h);
    }
    if (heads.empty()) return;
    // `verdict` is empty unless the embedding is at fault.
    const auto conclude_all = [&](Status status, const std::string& reason, const std::string& verdict) {
      for (const std::size_t h : heads) {
        FoldEvaluation& evaluation = place(item, h);
        evaluation.status = status;
        evaluation.reason = reason;
        if (!verdict.empty()) blame(evaluation, roster_.embeddings[item.index], verdict);
        if (item.source == Source::random) {
          finish_seed(item, h, stage);
        } else {
          remember(item, key_of(item, h), evaluation);
        }
      }
    };

    std::shared_ptr<const Answer<Embedding>> embedding;
    if (const auto skipped = make_embedding(item, fold, embedding)) return conclude_all(Status::skipped, *skipped, "");
    if (!*embedding) {
      return conclude_all(Status::failed, sentence(embedding->error()), verdict_name(embedding->error().verdict));
    }
    const auto features = make_head_features(**embedding, fold, options_, pool_);
    if (!features) {
      const bool ours = item.source != Source::plugin;
      return ours ? conclude_all(Status::skipped, features.error().line(), "")
                  : conclude_all(Status::failed, features.error().line(), kUnusable);
    }
    const RowIndex covered = covered_tests(**embedding, fold);
    const double shared_wall_s = preparation.wall_s(), shared_cpu_s = preparation.cpu_s();

    for (const std::size_t h : heads) {
      if (stop_.stop_requested()) return;
      const Stopwatch watch;
      FoldEvaluation& evaluation = place(item, h);
      evaluation.covered.assign(fold.test_rows.size(), 0);
      for (const std::int32_t position : covered) evaluation.covered[static_cast<std::size_t>(position)] = 1;
      evaluation.effective_dim = features->effective_dim;

      const auto usage = evaluate_through_head(item, h, *features, fold, covered, stage, evaluation);
      evaluation.wall_s = watch.wall_s() + shared_wall_s;
      evaluation.cpu_s = watch.cpu_s() + shared_cpu_s + usage.cpu_s;
      evaluation.peak_memory_bytes = static_cast<double>(usage.peak_memory_bytes);
      if (item.source == Source::random) {
        finish_seed(item, h, stage);
      } else {
        remember(item, key_of(item, h), evaluation);
      }
    }
  }

  void evaluate_predictions(const Item& item, const FoldData& fold) {
    FoldEvaluation& evaluation = place(item, 0);
    const Stopwatch watch;
    const RosterEntry& entry = roster_.predictions[item.index];
    auto predictions =
        entry.fault ? Answer<FinishedPredictions>(tl::unexpect, *entry.fault)
                    : ask_for_predictions(entry, options_.predictions[item.index].form, task_, fold, options_.seed);
    if (!predictions) {
      evaluation.status = Status::failed;
      evaluation.reason = sentence(predictions.error());
      blame(evaluation, entry, verdict_name(predictions.error().verdict));
      remember(item, key_of_predictions(item), evaluation);
      return;
    }
    evaluation.covered.assign(fold.test_rows.size(), 0);
    for (const std::int32_t position : predictions->covered_tests) {
      evaluation.covered[static_cast<std::size_t>(position)] = 1;
    }
    score(with_missing_as_train_mean(fold, predictions->covered_tests, std::move(predictions->deltas)), fold,
          evaluation);
    evaluation.wall_s = watch.wall_s();
    evaluation.cpu_s = watch.cpu_s() + predictions->usage.cpu_s;
    evaluation.peak_memory_bytes = static_cast<double>(predictions->usage.peak_memory_bytes);
    remember(item, key_of_predictions(item), evaluation);
  }

  // The last seed of the random null averages over all of them.
  void finish_seed(const Item& item, std::size_t h, FoldStage& stage) {
    if (stage.n_seeds_done[h].fetch_add(1) + 1 < n_random_seeds()) return;
    FoldEvaluation& mean = method(item.context, method_name_of(item, h)).folds[item.fold];
    const std::int32_t fold = mean.fold;
    mean = mean_over_seeds(random_parts_[item.context][item.fold][h]);
    mean.fold = fold;
    remember(item, key_of(item, h), mean);
  }

  // The inner products of a context's deltas, which serve several bounds and every inner selection by errors. Null
  // where they would be larger than the deltas themselves.
  std::shared_ptr<const Matrix> products_of(const Item& item) {
    const Matrix& deltas = task_.contexts[results_.contexts[item.context].task_context].deltas;
    if (deltas.rows() > deltas.cols()) return nullptr;
    return stages_[item.context]->products.get([&] { return inner_products_of_rows(deltas); });
  }

  // Those of a fold's training rows.
  std::shared_ptr<const Result<SharedMatrix>> training_gram(const Item& item, const FoldData& fold) {
    return stages_[item.context]->folds[item.fold]->training_gram.get([&] {
      const auto products = products_of(item);
      return make_training_gram(fold, products.get());
    });
  }

  // Sets `embedding`, or returns why this source does not apply here.
  std::optional<std::string> make_embedding(const Item& item, const FoldData& fold,
                                            std::shared_ptr<const Answer<Embedding>>& embedding) {
    const TaskContext& context = task_.contexts[fold.context];
    const auto n = context.pert_ids.size();
    switch (item.source) {
      case Source::idealized: {
        const auto scores = stages_[item.context]->idealized.get([&] {
          const auto products = products_of(item);
          return idealized_embedding(context.deltas, options_.common_dim, products.get());
        });
        if (!*scores) return scores->error().line();
        embedding =
            std::make_shared<const Answer<Embedding>>(Embedding{**scores, std::vector<std::uint8_t>(n, 1), true});
        return std::nullopt;
      }
      case Source::random: {
        Matrix vectors = random_embedding(static_cast<Eigen::Index>(n), options_.common_dim,
                                          options_.seed + static_cast<std::uint64_t>(item.index));
        embedding = std::make_shared<const Answer<Embedding>>(
            Embedding{std::move(vectors), std::vector<std::uint8_t>(n, 1), false});
        return std::nullopt;
      }
      case Source::gene_pca: {
        const auto gram = training_gram(item, fold);
        std::optional<ConstMatrixMap> products;
        if (gram && *gram) products.emplace(std::as_const(**gram).view());
        auto made = gene_pca_embedding(fold.training_deltas.view(), task_.gene_ids, context.pert_ids,
                                       options_.common_dim, products ? &*products : nullptr);
        if (!made) return made.error();
        embedding = std::make_shared<const Answer<Embedding>>(
            Embedding{std::move(made->vectors), std::move(made->present), false});
        return std::nullopt;
      }
      case Source::predictions:  // they are no embedding and never come here
      case Source::plugin:
        break;
    }
    const RosterEntry& entry = roster_.embeddings[item.index];
    const auto ask = [&]() -> Answer<Embedding> {
      if (entry.fault) return tl::unexpected<WorkerFault>(*entry.fault);
      const bool supervised = entry.description.wants_training();
      return ask_for_embedding(entry, task_, fold.context, supervised ? &fold : nullptr, options_.seed);
    };
    embedding = entry.description.wants_training() ? std::make_shared<const Answer<Embedding>>(ask())
                                                   : stages_[item.context]->embeddings[item.index].get(ask);
    return std::nullopt;
  }

  // Fills the evaluation and returns what the worker used for it.
  WorkerUsageSoFar evaluate_through_head(const Item& item, std::size_t h, const HeadFeatures& features,
                                         const FoldData& fold, const RowIndex& covered, FoldStage& stage,
                                         FoldEvaluation& evaluation) {
    const RosterEntry& head = roster_.heads[h];
    WorkerUsageSoFar usage;
    const auto fault = [&](const WorkerFault& why) {
      evaluation.status = Status::failed;
      evaluation.reason = sentence(why);
      // Where one of Headroom's own heads cannot go on, it is for what it was given.
      const bool by_embedding = head.file->shipped && item.source == Source::plugin;
      blame(evaluation, by_embedding ? roster_.embeddings[item.index] : head,
            by_embedding ? kUnusable : verdict_name(why.verdict));
      return usage;
    };
    if (head.fault) return fault(*head.fault);
    if (patience_[h].is_exhausted()) return fault(Patience::fault());

    progress_.working_on(fmt::format("{} fold {}: {} worker", results_.contexts[item.context].context, fold_name(item),
                                     method_name_of(item, h)));
    auto session = take_worker(h, stage);
    if (!session) {
      patience_[h].note(session.error());
      return fault(session.error());
    }
    const double cpu_before_s = (*session)->usage().cpu_s;
    std::shared_ptr<const Result<SharedMatrix>> gram;
    if (head.description.gives_errors()) {
      gram = training_gram(item, fold);
      if (!*gram) return fault({WorkerVerdict::HOST_FAULT, gram->error().line()});
    }
    auto outcome = evaluate_head(**session, head.grid, features, task_.contexts[fold.context].name,
                                 fold.training_deltas, gram ? &**gram : nullptr);
    usage = (*session)->usage();
    usage.cpu_s -= cpu_before_s;
    if (!outcome) {
      patience_[h].note(outcome.error());
      return fault(outcome.error());
    }
    if (head.file->shipped) {
      std::lock_guard lock(stage.shelf_mutex);
      stage.shelf[h].push_back(std::move(*session));
    }

    evaluation.best_params = head.grid.params(outcome->best_setting);
    evaluation.inner_scores = std::move(outcome->inner_scores);
    score(with_missing_as_train_mean(fold, covered, std::move(outcome->predictions)), fold, evaluation);
    return usage;
  }

  static void blame(FoldEvaluation& evaluation, const RosterEntry& plugin, const std::string& verdict) {
    evaluation.failed_plugin = plugin.name;
    evaluation.failure_verdict = verdict;
  }

  // An idle worker of a shipped head, which keeps nothing between calls; a fresh one for anybody else's plugin.
  Answer<std::unique_ptr<WorkerSession>> take_worker(std::size_t h, FoldStage& stage) {
    {
      std::lock_guard lock(stage.shelf_mutex);
      auto& idle = stage.shelf[h];
      if (!idle.empty()) {
        auto session = std::move(idle.back());
        idle.pop_back();
        return session;
      }
    }
    return WorkerSession::start(*roster_.heads[h].file, roster_.heads[h].settings);
  }

  void score(const Matrix& predictions, const FoldData& fold, FoldEvaluation& evaluation) {
    evaluation.metric_values = compute_metrics(predictions, fold.truth, results_.metrics);
    if (evaluation.covered.empty()) evaluation.covered.assign(fold.test_rows.size(), 1);
    evaluation.status = Status::ok;
  }

  // ---- the end: averages over seeds, status of each method, records ----

  void finish() {
    for (std::size_t c = 0; c < results_.contexts.size(); ++c) {
      ContextEvaluation& context = results_.contexts[c];
      for (MethodEvaluation& m : context.methods) conclude(m);
    }
    for (const RosterEntry& entry : roster_.embeddings) {
      results_.plugins.push_back(with_coverage(describe(entry), entry.name + "+" + results_.heads.front().name));
    }
    for (const RosterEntry& entry : roster_.predictions) {
      results_.plugins.push_back(with_coverage(describe(entry), entry.name));
    }
    for (const RosterEntry& entry : roster_.heads) results_.plugins.push_back(describe(entry));
    settle_submissions();
  }

  // What became of each submission: ok, or how it failed first, in the order of contexts, methods and folds.
  void settle_submissions() {
    for (const SubmissionPlace& place : roster_.submissions) {
      const RosterEntry& entry = (place.is_head ? roster_.heads : roster_.embeddings)[place.index];
      SubmissionOutcome outcome{entry.name, place.kind, "not evaluated", "", ""};
      if (entry.fault) {
        outcome.verdict = verdict_name(entry.fault->verdict);
        outcome.reason = entry.fault->message;
      } else {
        outcome.confinement = ConfinementLevel_Name(entry.confinement.level());
        for (char& c : outcome.confinement) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        settle_evaluated(entry, outcome);
      }
      results_.submissions.push_back(std::move(outcome));
    }
  }

  void settle_evaluated(const RosterEntry& entry, SubmissionOutcome& outcome) const {
    bool is_evaluated = false;
    for (const ContextEvaluation& context : results_.contexts) {
      for (const MethodEvaluation& m : context.methods) {
        if (m.embedding != entry.name && m.predictor != entry.name) continue;
        for (const FoldEvaluation& fold : m.folds) {
          if (fold.failed_plugin == entry.name) {
            outcome.verdict = fold.failure_verdict;
            // sentence() begins with the verdict, which has a place of its own here.
            const std::string prefix = outcome.verdict + ": ";
            outcome.reason = fold.reason.starts_with(prefix) ? fold.reason.substr(prefix.size()) : fold.reason;
            return;
          }
          is_evaluated |= m.role == Role::plugin && fold.status == Status::ok;
        }
      }
    }
    if (is_evaluated) {
      outcome.verdict = "ok";
    } else if (outcome.kind == "predictor") {
      outcome.reason = "no embedding of this run could be evaluated through it";
    }
  }

  // How many test perturbations of the evaluated folds a plugin was asked for, and how many it knows; absent where it
  // gave no answer. `method_name`: one of its methods.
  PluginRecord with_coverage(PluginRecord record, const std::string& method_name) {
    std::int64_t n_ids = 0, n_present = 0;
    for (std::size_t c = 0; c < results_.contexts.size(); ++c) {
      for (const FoldEvaluation& fold : method(c, method_name).folds) {
        n_ids += static_cast<std::int64_t>(fold.covered.size());
        n_present += std::count(fold.covered.begin(), fold.covered.end(), 1);
      }
    }
    if (n_ids > 0) {
      record.set_n_ids(static_cast<std::int32_t>(n_ids));
      record.set_n_present(static_cast<std::int32_t>(n_present));
    }
    return record;
  }

  // The mean over seeds of every per-perturbation value; the first seed's hyperparameters stand for all.
  static FoldEvaluation mean_over_seeds(const std::vector<FoldEvaluation>& parts) {
    FoldEvaluation mean = parts.front();
    for (std::size_t i = 1; i < parts.size(); ++i) {
      const FoldEvaluation& part = parts[i];
      if (part.status != Status::ok) return part;
      if (mean.status != Status::ok) return mean;
      for (std::size_t m = 0; m < mean.metric_values.size(); ++m) mean.metric_values[m] += part.metric_values[m];
      mean.wall_s += part.wall_s;
      mean.cpu_s += part.cpu_s;
      mean.peak_memory_bytes = std::max(mean.peak_memory_bytes, part.peak_memory_bytes);
    }
    for (Vector& values : mean.metric_values) values /= static_cast<double>(parts.size());
    return mean;
  }

  // A method is ok if every fold is; else it has the status and reason of the first fold that is not.
  static void conclude(MethodEvaluation& m) {
    m.status = Status::ok;
    for (const FoldEvaluation& fold : m.folds) {
      if (fold.status == Status::ok) continue;
      m.status = fold.status;
      m.reason = fold.reason;
      return;
    }
  }

  // What took effect beside what was asked for.
  void settle_settings() {
    RunSettings& settings = results_.settings;
    settings.Clear();
    settings.set_common_dim(options_.common_dim);
    for (const std::string& name : options_.ceiling) settings.add_ceiling(name);
    for (const std::string& name : options_.nulls) settings.add_nulls(name);
    settings.set_seed(options_.seed);
    settings.set_inner_folds(options_.inner_folds);
    settings.set_inner_fold_seed(options_.inner_seed);
    settings.set_n_random_embeddings(options_.n_random_embeddings);
    settings.set_sandbox(options_.sandbox);
    settings.set_audit(options_.audit);
    for (const Metric metric : results_.metrics) settings.add_metrics(std::string(metric_name(metric)));
    for (const RosterEntry& head : roster_.heads) {
      for (std::size_t h = 0; h < head.grid.names.size(); ++h) {
        Grid& grid = *settings.add_grids();
        grid.set_predictor(head.name);
        grid.set_hyperparameter(head.grid.names[h]);
        std::vector<double> values;
        for (const double value : head.grid.settings.col(static_cast<Eigen::Index>(h))) {
          if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
        }
        grid.mutable_values()->Assign(values.begin(), values.end());
      }
    }
    settle_confinement(settings);
  }

  // The run is as confined as its least confined worker.
  void settle_confinement(RunSettings& settings) const {
    const RosterEntry* lowest = nullptr;
    for (const auto* entries : {&roster_.heads, &roster_.embeddings, &roster_.predictions}) {
      for (const RosterEntry& entry : *entries) {
        if (entry.fault) continue;
        if (lowest == nullptr || entry.confinement.level() < lowest->confinement.level()) lowest = &entry;
      }
    }
    if (lowest == nullptr) return;
    settings.set_confinement(lowest->confinement.level());
    *settings.mutable_confinement_layers() = lowest->confinement.layers();
    *settings.mutable_limits() = effective_limits(*lowest);
  }

  // What was asked for over what is set by default.
  static WorkerLimits effective_limits(const RosterEntry& entry) {
    WorkerLimits limits = default_worker_limits(entry.settings.n_threads);
    limits.MergeFrom(entry.settings.limits);
    return limits;
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
  EvaluationMemory* memory_;
  RunObserver* observer_;
  std::mutex observer_mutex_;

  Roster roster_;
  EvaluationInput genes_;
  RunResults results_;
  std::vector<std::unique_ptr<ContextStage>> stages_;
  std::vector<Item> items_;
  // Per context, fold, head and seed: the random null before it is averaged.
  std::vector<std::vector<std::vector<std::vector<FoldEvaluation>>>> random_parts_;
  std::vector<Patience> patience_;  // per head
  std::mutex error_mutex_;
  std::optional<Error> error_;
};

}  // namespace

std::vector<Metric> evaluated_metrics(const RunOptions& options) {
  std::vector<Metric> metrics;
  for (const Metric metric : all_metrics()) {
    const bool asked = std::find(options.metrics.begin(), options.metrics.end(), metric) != options.metrics.end();
    // WMSE needs weights, which no task file carries yet.
    if (asked || (options.metrics.empty() && metric != Metric::WMSE)) metrics.push_back(metric);
  }
  return metrics;
}

struct PlannedRun::State {
  Run run;
};

PlannedRun::PlannedRun(std::unique_ptr<State> state) : state_(std::move(state)) {}
PlannedRun::PlannedRun(PlannedRun&&) noexcept = default;
PlannedRun& PlannedRun::operator=(PlannedRun&&) noexcept = default;
PlannedRun::~PlannedRun() = default;

Result<PlannedRun> PlannedRun::plan(const Task& task, const NoiseTable* noise, const RunOptions& options,
                                    ThreadPool& pool, Progress& progress, std::stop_token stop,
                                    EvaluationMemory* memory, RunObserver* observer, VectorFiles vector_files) {
  std::unique_ptr<State> state(new State{Run(task, noise, options, pool, progress, std::move(stop), memory, observer)});
  if (auto prepared = state->run.prepare(vector_files); !prepared) return tl::unexpected<Error>(prepared.error());
  return PlannedRun(std::move(state));
}

const RunResults& PlannedRun::results() const { return state_->run.results(); }
std::vector<PluginOfRun> PlannedRun::plugins() const { return state_->run.plugins_of_run(); }
std::vector<EvaluationKey> PlannedRun::evaluations() const { return state_->run.keys(); }
std::int64_t PlannedRun::n_steps() const { return state_->run.n_steps(); }
RunOutcome PlannedRun::evaluate() { return state_->run.execute(); }

RunOutcome evaluate(const Task& task, const NoiseTable* noise, const RunOptions& options, ThreadPool& pool,
                    Progress& progress, std::stop_token stop, EvaluationMemory* memory, RunObserver* observer) {
  auto run = PlannedRun::plan(task, noise, options, pool, progress, std::move(stop), memory, observer);
  if (!run) return {{}, run.error()};
  return run->evaluate();
}

}  // namespace headroom
