#include "evaluation/head.hpp"

#include <fmt/format.h>
#include <headroom/plugin.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "evaluation/feasible_grid.hpp"
#include "plugin_host/class_planes.hpp"
#include "protocol/kfold.hpp"

namespace headroom {
namespace {

constexpr double kInfeasible = -std::numeric_limits<double>::infinity();

tl::unexpected<WorkerFault> fault(WorkerVerdict verdict, std::string message) {
  return tl::unexpected<WorkerFault>(WorkerFault{verdict, std::move(message)});
}

std::string describe(const HyperparameterGrid& grid, Eigen::Index setting) {
  std::string text;
  for (const auto& [name, value] : grid.params(setting)) {
    text += (text.empty() ? "" : ", ") + name + " = " + fmt::format("{:g}", value);
  }
  return text.empty() ? "its only setting" : text;
}

// In order, one by one: Eigen's own mean adds in an order that depends on where a row begins in memory, and settings
// with the same errors must have the same score.
double mean_of(const Eigen::Ref<const RowVector>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// What is asked, but for rows and features.
PredictorQuestion question_of(const Target& target, const SharedMatrix& training_deltas, const std::string& context) {
  PredictorQuestion question(training_deltas);
  question.context = context;
  question.task_kind = target.task_kind;
  question.n_planes = static_cast<int>(target.n_planes);
  question.classes = target.classes;
  return question;
}

std::vector<std::uint8_t> marks_of(const std::vector<std::uint8_t>& marks, const RowIndex& positions) {
  std::vector<std::uint8_t> chosen;
  for (const std::int32_t position : positions) chosen.push_back(marks[static_cast<std::size_t>(position)]);
  return chosen;
}

// The blocks of an inner split, whose rows are these positions, or of the final fit.
void add_inner_blocks(PredictorQuestion& question, const HeadFeatures& features, std::size_t split,
                      const RowIndex& kept) {
  for (const BlockFeatures& block : features.blocks) {
    const ReducedSplit& part = block.splits.inner[split];
    question.add_block(block.name, part.training, part.query);
    if (block.training_present.empty()) continue;
    question.blocks.back().training_present = marks_of(block.training_present, kept);
    question.blocks.back().query_present = marks_of(block.training_present, features.inner_queries[split]);
  }
}

void add_final_blocks(PredictorQuestion& question, const HeadFeatures& features) {
  for (const BlockFeatures& block : features.blocks) {
    question.add_block(block.name, block.splits.final_fit.training, block.splits.final_fit.query);
    question.blocks.back().training_present = block.training_present;
    question.blocks.back().query_present = block.test_present;
  }
}

// The control profiles; and which rows are of one context and of one perturbation, where there are several contexts.
void tell_rows(PredictorQuestion& question, const HeadFeatures& features, const RowIndex& training,
               const std::vector<std::int32_t>& query_contexts, const std::vector<std::int32_t>& query_perturbations,
               const RowIndex& query) {
  const RowsAcross& rows = *features.across;
  const auto chosen = [](const std::vector<std::int32_t>& values, const RowIndex& positions) {
    std::vector<std::int32_t> some;
    for (const std::int32_t position : positions) some.push_back(values[static_cast<std::size_t>(position)]);
    return some;
  };
  if (std::find(rows.has_profile.begin(), rows.has_profile.end(), 1) != rows.has_profile.end()) {
    const Matrix& profiles = rows.control_profiles;
    question.contexts.blocks.push_back(
        {HEADROOM_CONTROL_PROFILE,
         ConstMatrixMap(profiles.data(), profiles.rows(), profiles.cols(), Eigen::OuterStride<>(profiles.cols())),
         rows.has_profile});
  }
  if (rows.contexts.size() < 2) return;
  question.context.clear();
  question.contexts.names = rows.contexts;
  question.training_contexts = chosen(rows.training_contexts, training);
  question.query_contexts = chosen(query_contexts, query);
  question.perturbations.training = chosen(rows.training_perturbations, training);
  question.perturbations.query = chosen(query_perturbations, query);
}

using Planes = std::span<const ConstMatrixMap>;

// Calls `visit(setting, planes)` for every feasible setting, in as many requests as the size of the output needs. Fails
// where planes are no probabilities of classes. `facts`: where what was told last is put; may be null.
template <class Visit>
Answer<void> predict_all(WorkerSession& predictor, PredictorQuestion question, const Matrix& settings, Visit&& visit,
                         std::optional<FittedFacts>* facts = nullptr) {
  const Eigen::Index n_genes = question.deltas.cols;
  const auto n_planes = static_cast<std::size_t>(question.n_planes);
  const Eigen::Index at_once = WorkerSession::max_settings_per_call(question.n_query, n_genes, question.n_planes);
  for (Eigen::Index first = 0; first < settings.rows(); first += at_once) {
    const Eigen::Index n = std::min(at_once, settings.rows() - first);
    question.settings = settings.middleRows(first, n);
    auto answer = predictor.predict(question);
    if (!answer) return tl::unexpected<WorkerFault>(answer.error());
    if (facts != nullptr) *facts = answer->facts;
    for (Eigen::Index s = 0; s < n; ++s) {
      if (!answer->feasible[static_cast<std::size_t>(s)]) continue;
      const Planes planes = Planes(answer->predictions).subspan(static_cast<std::size_t>(s) * n_planes, n_planes);
      if (question.task_kind == TaskKind::CLASSES) {
        if (std::string wrong = fault_of_planes(planes); !wrong.empty()) return fault(BAD_OUTPUT, std::move(wrong));
      }
      if (auto seen = visit(first + s, planes); !seen) return seen;
    }
  }
  return {};
}

// Calls `keep(setting, mean error)` for every feasible setting.
template <class Keep>
Answer<void> errors_of_all(WorkerSession& predictor, PredictorQuestion question, const Matrix& settings,
                           const RowIndex& query_rows, const SharedMatrix& gram, Keep&& keep) {
  question.settings = settings;
  auto answer = predictor.errors(question, query_rows, gram);
  if (!answer) return tl::unexpected<WorkerFault>(answer.error());
  for (Eigen::Index s = 0; s < settings.rows(); ++s) {
    if (!answer->feasible[static_cast<std::size_t>(s)]) continue;
    if (auto kept = keep(s, mean_of(answer->errors.row(s))); !kept) return kept;
  }
  return {};
}

}  // namespace

Answer<HeadOutcome> evaluate_head(const Target& target, WorkerSession& predictor, const HyperparameterGrid& grid,
                                  const HeadFeatures& features, const std::string& context,
                                  const SharedMatrix& training_deltas, const SharedMatrix* training_gram) {
  const Eigen::Index n_settings = grid.settings.rows();
  const std::size_t n_splits = features.inner_queries.size();
  const ConstMatrixMap deltas = training_deltas.view();

  // Scores of each setting on each inner split; a setting that is infeasible in any split keeps an infinite penalty.
  Matrix scores = Matrix::Constant(n_settings, static_cast<Eigen::Index>(n_splits), kInfeasible);
  for (std::size_t split = 0; split < n_splits; ++split) {
    const RowIndex& held_out = features.inner_queries[split];
    PredictorQuestion question = question_of(target, training_deltas, context);
    const RowIndex kept = complement_rows(features.training_rows.size(), held_out);
    add_inner_blocks(question, features, split, kept);
    question.n_query = static_cast<Eigen::Index>(held_out.size());
    RowIndex truth_rows;
    for (const std::int32_t i : kept) {
      question.training_rows.push_back(features.training_rows[static_cast<std::size_t>(i)]);
    }
    for (const std::int32_t i : held_out) truth_rows.push_back(features.training_rows[static_cast<std::size_t>(i)]);
    if (features.across) {
      tell_rows(question, features, question.training_rows, features.across->training_contexts,
                features.across->training_perturbations, truth_rows);
    }
    const auto keep = [&](Eigen::Index setting, double error) -> Answer<void> {
      if (!std::isfinite(error)) {
        return fault(BAD_OUTPUT, fmt::format("its prediction for inner split {} with {} is not finite", split + 1,
                                             describe(grid, setting)));
      }
      scores(setting, static_cast<Eigen::Index>(split)) = -error;
      return {};
    };
    auto scored = training_gram != nullptr
                      ? errors_of_all(predictor, std::move(question), grid.settings, truth_rows, *training_gram, keep)
                      : predict_all(predictor, std::move(question), grid.settings,
                                    [&](Eigen::Index setting, const Planes& planes) {
                                      return keep(setting, target.inner_error(planes, deltas, truth_rows));
                                    });
    if (!scored) return tl::unexpected<WorkerFault>(scored.error());
  }

  HeadOutcome outcome;
  double best_mean = kInfeasible;
  if (n_splits == 0 && n_settings == 1) outcome.best_setting = 0;
  for (Eigen::Index setting = 0; n_splits > 0 && setting < n_settings; ++setting) {
    GridPointScore point;
    point.params = grid.params(setting);
    const double mean = mean_of(scores.row(setting));
    point.feasible = std::isfinite(mean);
    if (point.feasible) point.split_scores.assign(scores.row(setting).begin(), scores.row(setting).end());
    if (mean > best_mean) {  // the first maximum in grid order wins
      best_mean = mean;
      outcome.best_setting = setting;
    }
    outcome.inner_scores.push_back(std::move(point));
  }
  if (!outcome.best_setting) return outcome;

  auto refitted = refit(target, predictor, grid, *outcome.best_setting, features, context, training_deltas);
  if (!refitted) return tl::unexpected<WorkerFault>(refitted.error());
  outcome.predictions = std::move(refitted->predictions);
  outcome.facts = std::move(refitted->facts);
  return outcome;
}

WorkerFault no_feasible_setting(const HeadFeatures& features, const HyperparameterGrid& grid) {
  const std::size_t n_held_out = features.inner_queries.empty() ? 0 : features.inner_queries.front().size();
  const auto n_rows = static_cast<Eigen::Index>(features.training_rows.size() - n_held_out);
  const bool has_neighbours = grid.names == std::vector<std::string>{"k"};
  return {PLUGIN_ERROR, fmt::format("no setting of the grid is feasible with {} training rows{}", n_rows,
                                    has_neighbours ? "; k=" + neighbours_for(n_rows) + " would be" : "")};
}

Answer<Refit> refit(const Target& target, WorkerSession& predictor, const HyperparameterGrid& grid,
                    Eigen::Index setting, const HeadFeatures& features, const std::string& context,
                    const SharedMatrix& training_deltas) {
  const Eigen::Index n_query = features.blocks.front().splits.final_fit.query.rows();
  Refit fit{Matrix(static_cast<Eigen::Index>(target.n_planes) * n_query, training_deltas.cols), {}};
  if (n_query == 0) return fit;
  PredictorQuestion question = question_of(target, training_deltas, context);
  add_final_blocks(question, features);
  question.n_query = n_query;
  question.training_rows = features.training_rows;
  if (features.across) {
    tell_rows(question, features, features.training_rows, features.across->test_contexts,
              features.across->test_perturbations, features.test_rows);
  }
  bool predicted = false;
  auto fitted = predict_all(
      predictor, std::move(question), grid.settings.middleRows(setting, 1),
      [&](Eigen::Index, const Planes& planes) -> Answer<void> {
        Eigen::Index row = 0;
        for (const ConstMatrixMap& plane : planes) {
          fit.predictions.middleRows(row, n_query) = plane;
          row += n_query;
        }
        predicted = true;
        return {};
      },
      &fit.facts);
  if (!fitted) return tl::unexpected<WorkerFault>(fitted.error());
  if (!predicted) {
    return fault(PLUGIN_ERROR, fmt::format("it calls {} infeasible on all training rows, after it was feasible on the "
                                           "inner splits",
                                           describe(grid, setting)));
  }
  if (!fit.predictions.allFinite()) {
    return fault(BAD_OUTPUT,
                 fmt::format("its prediction for the test rows with {} is not finite", describe(grid, setting)));
  }
  return fit;
}

}  // namespace headroom
