#include "evaluation/context_fits.hpp"

#include <utility>

namespace headroom {

Result<std::vector<ContextFit>> make_context_fits(const Embedding& embedding, const Task& task, const FoldData& fold,
                                                  const RunOptions& options, ThreadPool& pool) {
  std::vector<ContextFit> fits;
  std::optional<Error> last;
  for (const std::size_t c : fold.contexts) {
    Split split;
    split.name = fold.name;
    split.context = fold.context;
    split.test = fold.test;
    for (const TaskRow& at : fold.training) {
      if (at.context == c) split.training.push_back(at);
    }
    if (split.training.empty()) continue;
    auto of_context = make_fold_data(task, split, {});
    if (!of_context) return tl::unexpected<Error>(of_context.error());
    // Its rows have the places of the whole fold, whose vectors it takes.
    of_context->contexts = fold.contexts;
    of_context->first_place = fold.first_place;
    of_context->across =
        std::make_shared<const RowsAcross>(rows_across(task, fold.contexts, split.training, split.test));
    auto features = make_head_features(embedding, *of_context, options, pool);
    if (!features) {
      last = features.error();
      continue;
    }
    fits.push_back({std::move(*of_context), std::move(*features)});
  }
  if (fits.empty())
    return tl::unexpected<Error>(last.value_or(Error{ErrorKind::bad_input, "nothing to train on", {}, {}}));
  return fits;
}

Answer<HeadOutcome> evaluate_each_context(const Target& target, WorkerSession& predictor,
                                          const HyperparameterGrid& grid, const std::vector<ContextFit>& fits,
                                          const Task& task) {
  HeadOutcome mean;
  int n = 0;
  for (const ContextFit& fit : fits) {
    auto outcome = evaluate_head(target, predictor, grid, fit.features, task.contexts[fit.fold.context].name,
                                 fit.fold.training_deltas, nullptr);
    if (!outcome) return outcome;
    if (!outcome->best_setting) continue;
    if (n++ == 0) {
      mean = std::move(*outcome);
    } else {
      mean.predictions += outcome->predictions;
    }
  }
  if (n > 1) mean.predictions /= n;
  return mean;
}

}  // namespace headroom
