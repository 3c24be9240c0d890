#include "evaluation/method_makers.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <new>
#include <string_view>
#include <utility>

#include "bounds/gene_pca.hpp"
#include "bounds/idealized.hpp"
#include "bounds/random_embedding.hpp"
#include "bounds/resampling.hpp"
#include "evaluation/cell_methods.hpp"
#include "evaluation/noise_methods.hpp"
#include "evaluation/predictions.hpp"
#include "evaluation/relation_nulls.hpp"
#include "evaluation/stopwatch.hpp"
#include "evaluation/trial_methods.hpp"
#include "evaluation/whole_fold.hpp"
#include "numerics/blas.hpp"

namespace headroom {
namespace {

tl::unexpected<NoEmbedding> skipped(std::string reason) {
  return tl::unexpected<NoEmbedding>(NoEmbedding{Status::skipped, std::move(reason)});
}

MadeEmbedding made(Matrix vectors, std::vector<std::uint8_t> present, bool raw = false) {
  return std::make_shared<const Embedding>(Embedding{std::move(vectors), std::move(present), raw});
}

const TaskContext& context_of(const MakerInputs& in) { return in.task.contexts[in.fold.context]; }

// The inner products of a context's deltas. Null where they would be larger than the deltas themselves.
std::shared_ptr<const Matrix> products_of(const MakerInputs& in) {
  const Matrix& deltas = context_of(in).deltas;
  if (in.fold.spans_contexts() || deltas.rows() > deltas.cols()) return nullptr;
  return in.context.products.get([&] { return inner_products_of_rows(deltas); });
}

// ---- embeddings ----

// Of a split that is not all of one context: its training and test rows, each in its place.
MadeEmbedding make_idealized_of_rows(const MakerInputs& in) {
  std::vector<TaskRow> rows = in.fold.training;
  rows.insert(rows.end(), in.fold.test.begin(), in.fold.test.end());
  std::sort(rows.begin(), rows.end());
  const auto scores = idealized_embedding(deltas_of(in.task, rows), in.options.common_dim);
  if (!scores) return skipped(scores.error().line());
  const std::size_t n = ids_of_places(in.task, in.fold).size();
  Matrix vectors = Matrix::Zero(static_cast<Eigen::Index>(n), scores->cols());
  std::vector<std::uint8_t> present(n, 0);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int32_t place = in.fold.place(rows[i]);
    vectors.row(place) = scores->row(static_cast<Eigen::Index>(i));
    present[static_cast<std::size_t>(place)] = 1;
  }
  return made(std::move(vectors), std::move(present), true);
}

MadeEmbedding make_idealized(const PlanItem&, const MakerInputs& in) {
  // One embedding serves all folds where each trains on or tests every row.
  const bool is_whole = in.fold.training.size() + in.fold.test.size() == context_of(in).pert_ids.size();
  if (in.fold.spans_contexts() || !is_whole) return make_idealized_of_rows(in);
  const auto scores = in.context.idealized.get([&] {
    const auto products = products_of(in);
    return idealized_embedding(context_of(in).deltas, in.options.common_dim, products.get());
  });
  if (!*scores) return skipped(scores->error().line());
  return made(**scores, std::vector<std::uint8_t>(context_of(in).pert_ids.size(), 1), true);
}

MadeEmbedding make_random(const PlanItem& item, const MakerInputs& in) {
  // One vector a perturbation, whatever the context: its rows in several are one.
  const std::vector<std::string> ids = ids_of_places(in.task, in.fold);
  std::map<std::string_view, std::int32_t> number_of;
  for (const std::string& id : ids) number_of.emplace(id, 0);
  std::int32_t n_distinct = 0;
  for (auto& [id, number] : number_of) number = n_distinct++;
  RowIndex rows;
  for (const std::string& id : ids) rows.push_back(number_of.at(id));
  Matrix vectors =
      random_embedding(n_distinct, in.options.common_dim, in.options.seed + static_cast<std::uint64_t>(item.part));
  if (in.fold.spans_contexts()) vectors = gather_rows(vectors, rows);
  return made(std::move(vectors), std::vector<std::uint8_t>(ids.size(), 1));
}

// The deltas behind training rows of classes; none: the values are deltas themselves, or classes are all there is.
std::optional<Matrix> measured_training(const MakerInputs& in) {
  if (!context_of(in).measured) return std::nullopt;
  Matrix deltas(static_cast<Eigen::Index>(in.fold.training.size()), context_of(in).measured->cols());
  for (Eigen::Index i = 0; i < deltas.rows(); ++i) {
    const TaskRow& at = in.fold.training[static_cast<std::size_t>(i)];
    deltas.row(i) = in.task.contexts[at.context].measured->row(at.row);
  }
  return deltas;
}

MadeEmbedding make_gene_pca(const PlanItem&, const MakerInputs& in) {
  const std::optional<Matrix> measured = measured_training(in);
  std::shared_ptr<const Result<SharedMatrix>> gram;
  if (!measured) gram = training_gram(in);
  std::optional<ConstMatrixMap> products;
  if (gram && *gram) products.emplace(std::as_const(**gram).view());
  const ConstMatrixMap values = in.fold.training_deltas.view();
  auto vectors =
      gene_pca_embedding(measured ? ConstMatrixRef(*measured) : ConstMatrixRef(values), in.task.gene_ids,
                         ids_of_places(in.task, in.fold), in.options.common_dim, products ? &*products : nullptr);
  if (!vectors) return skipped(vectors.error());
  return made(std::move(vectors->vectors), std::move(vectors->present));
}

MadeEmbedding make_of_plugin(const PlanItem& item, const MakerInputs& in) {
  return vectors_of(in.plan.methods[item.methods.front()].embeddings.front(), in);
}

// ---- methods that need no head ----

// How often each test row counts in every resample of the split: the draws that the summary's intervals are made with.
std::shared_ptr<const Matrix> resample_counts(const MakerInputs& in) {
  return in.split.resample_counts.get([&] {
    const PlannedContext& context = in.plan.contexts[in.context_index];
    const TestResamples resamples(n_tests_of(context.splits), in.options.seed);
    return resamples.all_counts(in.split_index);
  });
}

void evaluate_constant(const PlannedMethod& method, const MakerInputs& in, FoldEvaluation& evaluation) {
  const Stopwatch watch;
  const Matrix prediction = constant_prediction(in.plan.target->constant_nulls[method.index].predict, in.fold);
  score(in, for_all_tests(prediction, static_cast<Eigen::Index>(in.fold.test.size())), evaluation);
  evaluation.wall_s = watch.wall_s();
  evaluation.cpu_s = watch.cpu_s();
}

void evaluate_relation(const PlannedMethod& method, const MakerInputs& in, FoldEvaluation& evaluation) {
  const Stopwatch watch;
  score(in, predict_by_relation(method.name, in.task, in.fold), evaluation);
  evaluation.wall_s = watch.wall_s();
  evaluation.cpu_s = watch.cpu_s();
}

void evaluate_noise(const PlannedMethod& method, const MakerInputs& in, FoldEvaluation& evaluation) {
  evaluate_noise_method(in.plan.target->noise_methods[method.index], in.noise, in.task, in.fold, in.plan.metrics,
                        evaluation);
}

void evaluate_trials(const PlannedMethod& method, const MakerInputs& in, FoldEvaluation& evaluation) {
  const Stopwatch watch;
  if (in.plan.target->trial_methods[method.index].of_halves) {
    const auto halves = score_halves(in.task, in.fold, in.plan.metrics, *resample_counts(in));
    evaluate_trial_method(in.plan.target->trial_methods[method.index], in.task, halves.value_or(TrialScores()),
                          evaluation);
    evaluation.wall_s = watch.wall_s();
    evaluation.cpu_s = watch.cpu_s();
    return;
  }
  const auto trials =
      in.split.trial_scores.get([&] { return score_trials(in.task, in.fold, in.plan.metrics, *resample_counts(in)); });
  evaluate_trial_method(in.plan.target->trial_methods[method.index], in.task, *trials, evaluation);
  evaluation.wall_s = watch.wall_s();
  evaluation.cpu_s = watch.cpu_s();
}

void evaluate_depth_right(const PlannedMethod& method, const MakerInputs& in, FoldEvaluation& evaluation) {
  const Stopwatch watch;
  const auto scores = in.split.depth_right.get(
      [&] { return score_second_screens(in.task, in.fold, in.plan.metrics, in.options.seed); });
  evaluate_depth_right_method(in.plan.target->depth_right_methods[method.index], *scores, evaluation);
  evaluation.wall_s = watch.wall_s();
  evaluation.cpu_s = watch.cpu_s();
}

void evaluate_cells_made(const PlannedMethod& method, const MakerInputs& in, FoldEvaluation& evaluation) {
  evaluate_made_cells(method, in, *resample_counts(in), evaluation);
}

void evaluate_cells_predicted(const PlannedMethod& method, const MakerInputs& in, FoldEvaluation& evaluation) {
  evaluate_predicted_cells(method, in, *resample_counts(in), evaluation);
}

void evaluate_predictions(const PlannedMethod& method, const MakerInputs& in, FoldEvaluation& evaluation) {
  const Stopwatch watch;
  const RosterEntry& entry = in.roster.predictions[method.index];
  auto predictions = entry.fault ? Answer<FinishedPredictions>(tl::unexpect, *entry.fault)
                                 : ask_for_predictions(entry, in.options.predictions[method.index].form, in.task,
                                                       in.fold, in.options.seed);
  if (!predictions && is_interruption(predictions.error())) return;
  if (!predictions) {
    evaluation.status = Status::failed;
    evaluation.reason = sentence(predictions.error());
    evaluation.failure = failure_of(entry.name, predictions.error());
    return;
  }
  evaluation.covered.assign(in.fold.test.size(), 0);
  for (const std::int32_t position : predictions->covered_tests) {
    evaluation.covered[static_cast<std::size_t>(position)] = 1;
  }
  score(in, with_stand_ins(*in.plan.target, in.fold, predictions->covered_tests, std::move(predictions->values)),
        evaluation);
  evaluation.wall_s = watch.wall_s();
  evaluation.cpu_s = watch.cpu_s() + predictions->usage.cpu_s;
  evaluation.peak_memory_bytes = static_cast<double>(predictions->usage.peak_memory_bytes);
}

// ---- the table ----

struct Maker {
  MethodKind kind;
  MadeEmbedding (*embedding)(const PlanItem&, const MakerInputs&);                // of kinds that go through a head
  void (*evaluation)(const PlannedMethod&, const MakerInputs&, FoldEvaluation&);  // of the others
};

constexpr std::array kMakers = {
    Maker{MethodKind::constant_null, nullptr, evaluate_constant},
    Maker{MethodKind::relation_null, nullptr, evaluate_relation},
    Maker{MethodKind::noise, nullptr, evaluate_noise},
    Maker{MethodKind::trials, nullptr, evaluate_trials},
    Maker{MethodKind::depth_right, nullptr, evaluate_depth_right},
    Maker{MethodKind::idealized, make_idealized, nullptr},
    Maker{MethodKind::gene_pca, make_gene_pca, nullptr},
    Maker{MethodKind::random, make_random, nullptr},
    Maker{MethodKind::embedding, make_of_plugin, nullptr},
    Maker{MethodKind::fusion, nullptr, nullptr},  // make_blocks()
    Maker{MethodKind::predictions, nullptr, evaluate_predictions},
    Maker{MethodKind::made_cells, nullptr, evaluate_cells_made},
    Maker{MethodKind::predicted_cells, nullptr, evaluate_cells_predicted},
};

const Maker& maker_of(MethodKind kind) {
  return *std::find_if(kMakers.begin(), kMakers.end(), [&](const Maker& maker) { return maker.kind == kind; });
}

}  // namespace

MadeEmbedding vectors_of(std::size_t plugin, const MakerInputs& in) {
  const RosterEntry& entry = in.roster.embeddings[plugin];
  const bool supervised = entry.description.wants_training();
  const auto ask = [&]() -> Answer<Embedding> {
    if (entry.fault) return tl::unexpected<WorkerFault>(*entry.fault);
    return ask_for_embedding(entry, in.task, in.fold.contexts, supervised ? &in.fold : nullptr, in.options.seed,
                             effective_combine(in.options), nullptr, in.n_threads);
  };
  const auto answer =
      supervised ? std::make_shared<const Answer<Embedding>>(ask()) : in.context.embeddings[plugin].get(ask);
  if (!supervised && in.options.compare_embeddings && in.roster.embeddings.size() > 1) {
    (void)in.context.components[plugin].get([&]() -> std::optional<LeadingComponents> {
      if (!*answer) return std::nullopt;
      const Stopwatch watch;
      std::optional<LeadingComponents> components;
      try {
        components = leading_components(**answer);
      } catch (const std::bad_alloc&) {  // the embedding can be evaluated all the same
      }
      if (entry.settings.budget) entry.settings.budget->charge(watch.cpu_s());  // wide vectors make work for the host
      return components;
    });
  }
  if (*answer) return std::shared_ptr<const Embedding>(answer, &**answer);
  return tl::unexpected<NoEmbedding>(
      NoEmbedding{Status::failed, sentence(answer->error()), failure_of(entry.name, answer->error())});
}

MadeEmbedding make_embedding(const PlanItem& item, const MakerInputs& inputs) {
  return maker_of(item.kind).embedding(item, inputs);
}

tl::expected<std::vector<FusedEmbedding>, NoEmbedding> make_blocks(const PlanItem& item, const MakerInputs& inputs) {
  std::vector<FusedEmbedding> blocks;
  for (const std::size_t plugin : inputs.plan.methods[item.methods.front()].embeddings) {
    const std::string& name = inputs.roster.embeddings[plugin].name;
    MadeEmbedding embedding = vectors_of(plugin, inputs);
    if (!embedding) {
      embedding.error().reason = "block '" + name + "': " + embedding.error().reason;
      return tl::unexpected<NoEmbedding>(std::move(embedding.error()));
    }
    blocks.push_back({name, std::move(*embedding), &inputs.split.reduced[plugin]});
  }
  return blocks;
}

void evaluate_without_head(const PlannedMethod& method, const MakerInputs& inputs, FoldEvaluation& evaluation) {
  maker_of(method.kind).evaluation(method, inputs, evaluation);
}

std::shared_ptr<const Result<SharedMatrix>> training_gram(const MakerInputs& inputs) {
  return inputs.split.training_gram.get([&] {
    const auto products = products_of(inputs);
    return make_training_gram(inputs.fold, products.get());
  });
}

void score(const MakerInputs& inputs, const Matrix& predictions, FoldEvaluation& evaluation) {
  const Target& target = *inputs.plan.target;
  evaluation.metric_values = target.score(predictions, inputs.fold.truth, inputs.plan.metrics);
  if (evaluation.covered.empty()) evaluation.covered.assign(inputs.fold.test.size(), 1);
  if (target.score_fold != nullptr) {
    const auto counts = resample_counts(inputs);
    evaluation.whole =
        score_whole_fold(target, predictions, inputs.fold.truth, inputs.plan.metrics, evaluation.covered, *counts);
  }
  evaluation.status = Status::ok;
}

std::string sentence(const WorkerFault& fault) {
  const std::string verdict = verdict_name(fault.verdict);
  return fault.message.empty() ? verdict : verdict + ": " + fault.message;
}

PluginFailure failure_of(const std::string& plugin, const WorkerFault& fault) {
  return {plugin, verdict_name(fault.verdict), fault.message};
}

}  // namespace headroom
