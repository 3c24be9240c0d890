#include "conformance/class_checks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "conformance/difference.hpp"
#include "conformance/predictor_example.hpp"

namespace headroom {
namespace {

bool does_classes(const Specimen& specimen) {
  const auto& kinds = specimen.description().task_kinds();
  return std::find(kinds.begin(), kinds.end(), TaskKind::CLASSES) != kinds.end();
}

Finding not_of_classes() { return skipped("it does regression only"); }

PredictorExample example_of_classes(const Specimen& specimen, int n_classes = 3) {
  PluginDescription description = specimen.description();
  description.clear_task_kinds();
  description.add_task_kinds(TaskKind::CLASSES);
  ExampleShape shape;
  shape.n_blocks = description.min_blocks();
  shape.n_classes = n_classes;
  return predictor_example(description, shape, specimen.options().seed);
}

}  // namespace

Answer<Finding> predictor_gives_class_probabilities(Specimen& specimen) {
  if (!does_classes(specimen)) return not_of_classes();
  auto answer = predict_afresh(specimen, example_of_classes(specimen));
  if (!answer) return tl::unexpected<WorkerFault>(answer.error());
  return passed("probabilities of three classes, none below 0, that sum to 1");
}

Answer<Finding> predictor_takes_any_number_of_classes(Specimen& specimen) {
  if (!does_classes(specimen)) return not_of_classes();
  std::string refused;
  for (const int n_classes : {2, 5}) {
    auto answer = predict_afresh(specimen, example_of_classes(specimen, n_classes));
    if (!answer && answer.error().verdict == WorkerVerdict::PLUGIN_ERROR) {
      refused +=
          fmt::format("{}{} classes are refused: {}", refused.empty() ? "" : "; ", n_classes, answer.error().message);
    } else if (!answer) {
      return tl::unexpected<WorkerFault>(
          WorkerFault{answer.error().verdict, fmt::format("{}, with {} classes", answer.error().message, n_classes)});
    }
  }
  if (!refused.empty()) return warned(refused);
  return passed("two classes, five classes");
}

Answer<Finding> predictor_leaves_out_unlabelled_rows(Specimen& specimen) {
  if (!does_classes(specimen)) return not_of_classes();
  PredictorExample one = example_of_classes(specimen);
  one.training_labelled.assign(static_cast<std::size_t>(one.deltas.rows()), 1);
  PredictorExample other = one;
  for (Eigen::Index row = 0; row < one.deltas.rows(); row += 4) {
    one.training_labelled[static_cast<std::size_t>(row)] = 0;
    one.deltas.row(row).setConstant(0);
    other.deltas.row(row).setConstant(2);
  }
  other.training_labelled = one.training_labelled;
  auto first = predict_afresh(specimen, one);
  if (!first) return tl::unexpected<WorkerFault>(first.error());
  auto second = predict_afresh(specimen, other);
  if (!second) return tl::unexpected<WorkerFault>(second.error());
  return expect_same_bits(difference(*first, *second), "what stands in rows that have no labels");
}

}  // namespace headroom
