#include "conformance/context_checks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "conformance/difference.hpp"
#include "conformance/embedding_example.hpp"
#include "conformance/predictor_example.hpp"
#include "headroom/plugin.h"

namespace headroom {
namespace {

constexpr int kContexts = 3;
constexpr std::size_t kIds = 50;  // in each context

PredictorExample example_in_contexts(const Specimen& specimen) {
  ExampleShape shape;
  shape.n_blocks = specimen.description().min_blocks();
  shape.n_contexts = kContexts;
  return predictor_example(specimen.description(), shape, specimen.options().seed);
}

// What a predictor or embedding says of contexts, for the details of a pass.
std::string use_of_contexts(bool uses_them) { return uses_them ? ", of which it makes use" : ""; }

// kIds ids in each of the contexts, which are named in this order.
Answer<EmbeddingAnswer> embed_in(const Specimen& specimen, const std::vector<std::string>& contexts,
                                 const Matrix& control_profiles) {
  const std::vector<std::string> ids = example_ids(specimen.options(), kIds);
  auto question = embedding_question(specimen, ids, training_part_of(ids));
  if (!question) return tl::unexpected<WorkerFault>(question.error());
  question->ids.clear();
  // Rows in one order, whatever the order of the names: the alphabetical one.
  std::vector<std::string> sorted = contexts;
  std::sort(sorted.begin(), sorted.end());
  const auto number_of = [&](const std::string& name) {
    return static_cast<std::int32_t>(std::find(contexts.begin(), contexts.end(), name) - contexts.begin());
  };
  for (const std::string& context : sorted) {
    question->ids.insert(question->ids.end(), ids.begin(), ids.end());
    question->id_contexts.insert(question->id_contexts.end(), ids.size(), number_of(context));
  }
  if (question->training) {
    question->training->contexts.assign(question->training->ids.size(), number_of(sorted.front()));
  }
  question->contexts.names = contexts;
  question->contexts.blocks.push_back(
      {HEADROOM_CONTROL_PROFILE,
       ConstMatrixMap(control_profiles.data(), control_profiles.rows(), control_profiles.cols(),
                      Eigen::OuterStride<>(control_profiles.cols())),
       {}});
  for (Eigen::Index gene = 0; gene < control_profiles.cols(); ++gene) {
    question->gene_ids.push_back(fmt::format("GENE{}", gene + 1));
  }
  auto session = specimen.start();
  if (!session) return tl::unexpected<WorkerFault>(session.error());
  return (*session)->embed(*question);
}

}  // namespace

Answer<Finding> predictor_takes_several_contexts(Specimen& specimen) {
  const PredictorExample example = example_in_contexts(specimen);
  auto answer = predict_afresh(specimen, example);
  if (!answer) return tl::unexpected<WorkerFault>(answer.error());
  auto reversed = predict_afresh(specimen, with_contexts_reversed(example));
  if (!reversed) return tl::unexpected<WorkerFault>(reversed.error());
  const Finding same = expect_same_numbers(difference(*answer, *reversed), "the order in which contexts are named");
  if (same.outcome != CheckOutcome::pass) return same;
  return passed(
      fmt::format("rows of {} contexts{}", kContexts, use_of_contexts(specimen.description().uses_contexts())));
}

Answer<Finding> predictor_ignores_perturbation_numbers(Specimen& specimen) {
  const PredictorExample example = example_in_contexts(specimen);
  // The same perturbations by other codes: their numbers are drawn anew.
  PredictorExample renumbered = example;
  for (std::int32_t& code : renumbered.perturbations.training) code = 1000000 - 3 * code;
  for (std::int32_t& code : renumbered.perturbations.query) code = 1000000 - 3 * code;
  auto answer = predict_afresh(specimen, example);
  if (!answer) return tl::unexpected<WorkerFault>(answer.error());
  auto other = predict_afresh(specimen, renumbered);
  if (!other) return tl::unexpected<WorkerFault>(other.error());
  return expect_same_numbers(difference(*answer, *other), "which number a perturbation has");
}

Answer<Finding> embedding_takes_several_contexts(Specimen& specimen) {
  const std::vector<std::string> contexts = {"line_1", "line_2"};
  Matrix profiles(2, 40);  // contexts × genes, as many as the training part has
  for (Eigen::Index i = 0; i < profiles.size(); ++i) profiles.data()[i] = static_cast<double>(i % 7) / 7;
  auto answer = embed_in(specimen, contexts, profiles);
  if (!answer) return tl::unexpected<WorkerFault>(answer.error());
  auto reversed = embed_in(specimen, {contexts[1], contexts[0]}, profiles.colwise().reverse());
  if (!reversed) return tl::unexpected<WorkerFault>(reversed.error());
  const Finding same = expect_same_numbers(difference(*answer, *reversed), "the order in which contexts are named");
  if (same.outcome != CheckOutcome::pass) return same;
  return passed(fmt::format("{} ids in each of {} contexts{}", kIds, contexts.size(),
                            use_of_contexts(specimen.description().wants_control_profiles())));
}

}  // namespace headroom
