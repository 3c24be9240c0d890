#include "plan/target_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace headroom {
namespace {

using Names = std::vector<std::string>;

// Nulls and ceilings of the target beside those that every one has.
std::set<std::string> known_nulls(const Target& target) {
  std::set<std::string> names;
  if (!target.is_of_cells()) {
    names = {kNullRandom, kNullGenePca};
    names.insert(kRelationNulls.begin(), kRelationNulls.end());
  }
  for (const ConstantNull& null : target.constant_nulls) names.insert(null.name);
  for (const CellMethod& method : target.cell_methods) {
    if (method.is_null) names.insert(method.name);
  }
  return names;
}

std::set<std::string> known_ceilings(const Target& target) {
  std::set<std::string> names;
  if (!target.is_of_cells()) names.insert(kCeilingIdealized);
  for (const NoiseMethod& method : target.noise_methods) names.insert(method.name);
  for (const TrialMethod& method : target.trial_methods) names.insert(method.name);
  for (const DepthRightMethod& method : target.depth_right_methods) names.insert(method.name);
  for (const CellMethod& method : target.cell_methods) {
    if (!method.is_null) names.insert(method.name);
  }
  return names;
}

Names default_nulls(const Target& target) {
  Names names;
  for (const ConstantNull& null : target.constant_nulls) names.push_back(null.name);
  if (!target.is_of_cells()) names.insert(names.end(), {kNullRandom, kNullGenePca});
  for (const CellMethod& method : target.cell_methods) {
    if (method.is_null) names.push_back(method.name);
  }
  return names;
}

Names default_ceilings(const Target& target) {
  Names names;
  if (!target.is_of_cells()) names.emplace_back(kCeilingIdealized);
  for (const CellMethod& method : target.cell_methods) {
    if (method.is_default_ceiling) names.push_back(method.name);
  }
  for (const NoiseMethod& method : target.noise_methods) {
    if (method.is_published_ceiling) names.push_back(method.name);
  }
  for (const TrialMethod& method : target.trial_methods) {
    if (method.is_published_ceiling) names.push_back(method.name);
  }
  return names;
}

Names own_names(const Names& asked, const std::set<std::string>& known) {
  // What is the same of another target.
  static const std::multimap<std::string, std::string> counterparts = {
      {kNullTrainMean, kNullPrior},
      {kNullTrainMean, kNullMeanResponse},
      {kCeilingSamplingError, kCeilingLabelError},
      {kCeilingSamplingError, kCeilingDepthRightShared},
      {kCeilingDepthRight, kCeilingDepthRightShared}};
  Names own;
  for (std::string name : asked) {
    const auto [first, last] = counterparts.equal_range(name);
    const auto counterpart = std::find_if(first, last, [&](const auto& pair) { return known.contains(pair.second); });
    if (!known.contains(name) && counterpart != last) name = counterpart->second;
    if (known.contains(name) && std::find(own.begin(), own.end(), name) == own.end()) own.push_back(name);
  }
  return own;
}

}  // namespace

RunOptions options_of_target(RunOptions options, const Target& target) {
  const bool asks_for_default_nulls =
      std::equal(options.nulls.begin(), options.nulls.end(), kDeltaNulls.begin(), kDeltaNulls.end());
  options.nulls = asks_for_default_nulls ? default_nulls(target) : own_names(options.nulls, known_nulls(target));
  if (options.nulls.empty()) options.nulls = default_nulls(target);
  options.ceiling = own_names(options.ceiling, known_ceilings(target));
  if (options.ceiling.empty()) options.ceiling = default_ceilings(target);
  std::erase_if(options.metrics, [&](Metric metric) {
    return std::find(target.known_metrics.begin(), target.known_metrics.end(), metric) == target.known_metrics.end();
  });
  if (!options.predictors_are_named || target.is_of_cells()) {
    options.predictors_are_named = false;
    options.predictors.clear();
    for (const std::string& head : target.protocol_heads) options.predictors.push_back({head, {}});
  }
  if (target.is_of_cells()) {  // no embedding predicts them
    options.embeddings.clear();
    options.submissions.clear();
    options.fusions.clear();
    options.audit = false;
    options.compare_embeddings = false;
    options.bounds_per_head = false;
  }
  return options;
}

Result<void> require_predicted(const RunOptions& options, const Target& target) {
  if (!target.is_of_cells()) return {};
  if (!options.embeddings.empty() || !options.submissions.empty()) {
    return bad_input("embeddings predict deltas, not cells", "--target " + target.name,
                     "score predicted cells with headroom score TASK --predicted cells");
  }
  for (const PredictionsSpec& spec : options.predictions) {
    if (spec.form != PredictedForm::cells) {
      return bad_input(fmt::format("predicted {} hold no cells, which cell-level metrics need", form_name(spec.form)),
                       "--target " + target.name, "give predicted cells (--predicted cells --values counts)");
    }
    if (spec.values != "counts" && spec.values != "fractional") {
      return bad_input("cell-level metrics need raw counts", "--values " + spec.values,
                       "give predicted cells as --values counts, or fractional where they need not be whole");
    }
  }
  if (options.split_is_named && !flag_of_split(options).empty()) {
    return bad_input("predicted cells are scored by the folds within each context", flag_of_split(options),
                     "leave it out, or score the deltas alone with --target lfc");
  }
  return {};
}

bool asks_for(const RunOptions& options, const Target& target) {
  const bool predicts_cells =
      std::any_of(options.predictions.begin(), options.predictions.end(),
                  [](const PredictionsSpec& spec) { return spec.form == PredictedForm::cells; });
  const bool has_others = !options.embeddings.empty() || !options.submissions.empty() || !options.predictions.empty();
  if (target.is_of_cells() && has_others && !predicts_cells) return false;
  return options.metrics.empty() || std::any_of(options.metrics.begin(), options.metrics.end(), [&](Metric metric) {
           return std::find(target.known_metrics.begin(), target.known_metrics.end(), metric) !=
                  target.known_metrics.end();
         });
}

}  // namespace headroom
