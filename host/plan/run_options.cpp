#include "plan/run_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "plan/fusion.hpp"
#include "plan/method_names.hpp"
#include "plugin_host/worker_limits.hpp"

namespace headroom {
namespace {

// Every name must be one of those that there are, and there must be one. `what`: of which kind, in the singular.
template <std::size_t N>
Result<void> check_names(const std::vector<std::string>& names, const std::array<const char*, N>& known,
                         const char* what, const char* flag) {
  if (names.empty())
    return bad_input(fmt::format("no {}", what), flag, fmt::format("name at least one of {}", fmt::join(known, ", ")));
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return bad_input(fmt::format("there is no {} '{}'", what, name), flag,
                     fmt::format("they are {}", fmt::join(known, ", ")));
  }
  return {};
}

}  // namespace

Combine effective_combine(const RunOptions& options) {
  return options.combine.value_or(options.split.family == kFamilyCombination ? Combine::sum : Combine::none);
}

std::string flag_of_split(const RunOptions& options) {
  if (options.split.family == kFamilyFile) return "--split-file";
  if (options.split.family != kFamilyWithin) return "--split " + options.split.family;
  return options.split.joint ? "--joint" : "";
}

std::set<std::string> reserved_names() {
  std::set<std::string> names(kNulls.begin(), kNulls.end());
  names.insert(kCeilingIdealized);
  names.insert(kCeilings.begin(), kCeilings.end());
  names.insert(kInterpolatedDuplicate);
  return names;
}

std::set<std::string> taken_names(const RunOptions& options) {
  std::set<std::string> names = reserved_names();
  names.insert({"knn", "lasso", "ridge", "logistic"});
  for (const EmbeddingSpec& spec : options.embeddings) names.insert(spec.name);
  for (const PredictorSpec& spec : options.predictors) names.insert(spec.name);
  for (const FusionSpec& spec : options.fusions) names.insert(spec.name);
  for (const PredictorSpec& spec : options.fusion_predictors) names.insert(spec.name);
  return names;
}

const char* form_name(PredictedForm form) {
  switch (form) {
    case PredictedForm::deltas:
      return "deltas";
    case PredictedForm::profiles:
      return "profiles";
    case PredictedForm::cells:
      return "cells";
  }
  return "";
}

Result<void> validate(const RunOptions& options) {
  if (options.predictors.empty() && options.predictors_are_named)
    return bad_input("there is no predictor", "--predictor",
                     "name one: knn, lasso, ridge, logistic, PATH.so, PATH.py or a folder with one");
  if (options.common_dim < 1)
    return bad_input(fmt::format("{} components", options.common_dim), "--common-dim", "it is at least 1");
  if (options.inner_folds < 2)
    return bad_input(fmt::format("{} inner folds", options.inner_folds), "inner folds", "at least 2 are needed");
  if (options.n_random_embeddings < 1) return bad_input("no random embedding", "random null", "at least 1 is needed");

  if (auto valid = validate(effective_worker_limits(options.limits, 1)); !valid) return valid;
  if (auto valid = check_names(options.ceiling, kCeilings, "ceiling", "--ceiling"); !valid) return valid;
  if (auto valid = check_names(options.nulls, kNulls, "null", "--nulls"); !valid) return valid;

  constexpr const char* kRename = "give it another: NAME=PATH";
  std::set<std::string> names = reserved_names();
  TakenNames taken_names(names);
  for (const EmbeddingSpec& spec : options.embeddings) {
    std::string fault = fault_of_name(spec.name);
    if (fault.empty()) fault = taken_names.take(spec.name);
    if (!fault.empty()) return bad_input(fault, "--embedding " + spec.path.string(), kRename);
    names.insert(spec.name);
  }
  std::set<std::string> heads;
  TakenNames taken_heads(reserved_names());
  for (const PredictorSpec& spec : options.predictors) {
    std::string fault = fault_of_name(spec.name);
    if (fault.empty() && heads.contains(spec.name)) fault = fmt::format("two predictors are named '{}'", spec.name);
    if (fault.empty()) fault = taken_heads.take(spec.name);
    if (!fault.empty()) return bad_input(fault, "--predictor", "give it another: NAME=PATH.so");
    heads.insert(spec.name);
  }
  if (auto valid = validate_fusions(options); !valid) return valid;
  if (const std::string flag = flag_of_split(options); !flag.empty()) {
    if (!options.predictions.empty()) {
      return bad_input("finished predictions are scored by the folds within each context", flag,
                       "leave it out: nothing says which rows a model was trained on");
    }
    if (options.audit) {
      return bad_input("the audit looks at the folds within each context", "--audit",
                       "leave it out, or " + flag + " (--split within)");
    }
  }
  // Finished predictions stand beside every method, so their names must differ from those of methods as well.
  heads.insert("knn");  // whose bounds submitted predictors borrow
  TakenNames taken_methods(names);
  for (const std::string& head : heads) {
    (void)taken_methods.take(head);  // an embedding may be called the same
    for (const std::string& name : names) (void)taken_methods.take(name + "+" + head);
  }
  for (const PredictionsSpec& spec : options.predictions) {
    std::string fault = taken_methods.take(spec.name);
    if (fault.empty()) fault = fault_of_name(spec.name);
    if (!fault.empty()) return bad_input(fault, "--predictions " + spec.path.string(), kRename);
  }
  return {};
}

}  // namespace headroom
