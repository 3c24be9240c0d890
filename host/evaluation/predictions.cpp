#include "evaluation/predictions.hpp"

#include <fmt/format.h>

#include "evaluation/embedding.hpp"

namespace headroom {

Answer<FinishedPredictions> ask_for_predictions(const RosterEntry& entry, PredictedForm form, const Task& task,
                                                const FoldData& fold, std::uint32_t seed) {
  RosterEntry reader = entry;
  reader.settings.options.emplace_back("fold", fold.name);
  WorkerUsageSoFar usage;
  auto answer = ask_for_embedding(reader, task, fold.context, &fold, seed, &usage);
  if (!answer) return tl::unexpected<WorkerFault>(answer.error());
  const auto n_genes = static_cast<Eigen::Index>(task.gene_ids.size());
  const bool knows_any = answer->vectors.cols() > 0;
  if (knows_any && answer->vectors.cols() != n_genes) {
    return tl::unexpected<WorkerFault>(WorkerFault{
        WorkerVerdict::BAD_OUTPUT,
        fmt::format("its predictions have {} columns, the task has {} genes", answer->vectors.cols(), n_genes)});
  }

  FinishedPredictions predictions;
  predictions.usage = usage;
  predictions.covered_tests = covered_tests(*answer, fold);
  predictions.deltas.resize(static_cast<Eigen::Index>(predictions.covered_tests.size()), n_genes);
  const std::optional<RowVector>& control = task.contexts[fold.context].control_profile;
  for (Eigen::Index i = 0; i < predictions.deltas.rows(); ++i) {
    const std::int32_t position = predictions.covered_tests[static_cast<std::size_t>(i)];
    predictions.deltas.row(i) = answer->vectors.row(fold.test[static_cast<std::size_t>(position)].row);
    if (form != PredictedForm::deltas) predictions.deltas.row(i) -= *control;
  }
  return predictions;
}

Result<void> require_control_profiles(const Task& task) {
  for (const TaskContext& context : task.contexts) {
    if (context.control_profile) continue;
    return bad_input(fmt::format("the task keeps no control profile of context '{}'{}", context.name,
                                 task.control_note.empty() ? "" : ": " + task.control_note),
                     task.path,
                     task.control_note.empty()
                         ? "make it again from the cells with headroom prepare, or score deltas (--predicted deltas)"
                         : "score deltas (--predicted deltas)");
  }
  return {};
}

}  // namespace headroom
