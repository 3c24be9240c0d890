#include "summary/gap_methods.hpp"

#include <algorithm>

#include "plan/bound_names.hpp"

namespace headroom {

Competes competes(const MethodEvaluation& method) {
  if (!method.in_bound || method.role == Role::plugin) return Competes::for_nothing;
  return method.role == Role::null_method ? Competes::for_wap : Competes::for_bap;
}

GapMethod gap_method(const MethodEvaluation& method, std::size_t metric, std::size_t n_folds) {
  GapMethod gap_method;
  gap_method.name = method.name;
  gap_method.competes = competes(method);
  gap_method.fold_values.resize(n_folds);
  for (std::size_t f = 0; f < method.folds.size(); ++f) {
    gap_method.fold_values[f] = fold_values_of(method.folds[f], metric);
  }
  return gap_method;
}

std::vector<GapMethod> gap_methods_of(const std::vector<const MethodEvaluation*>& methods, std::size_t metric,
                                      std::size_t n_folds) {
  std::vector<GapMethod> all;
  for (const MethodEvaluation* method : methods) all.push_back(gap_method(*method, metric, n_folds));
  const auto has_value = [](const GapMethod& method) {
    return std::any_of(method.fold_values.begin(), method.fold_values.end(),
                       [](const FoldValues& values) { return values.value().has_value(); });
  };
  bool lacks = false;
  for (std::size_t m = 0; m < methods.size(); ++m) {
    const bool is_table = methods[m]->predictor.empty() && all[m].competes == Competes::for_bap;
    if (is_table && !has_value(all[m])) lacks = true;
  }
  if (!lacks) return all;
  for (const char* stand_in : {kCeilingDepthRight, kCeilingClosedForm}) {
    for (std::size_t m = 0; m < methods.size(); ++m) {
      if (methods[m]->name != stand_in || !has_value(all[m])) continue;
      all[m].competes = Competes::for_bap;
      return all;
    }
  }
  return all;
}

}  // namespace headroom
