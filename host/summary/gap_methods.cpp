#include "summary/gap_methods.hpp"

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
    if (method.folds[f].status == Status::ok) gap_method.fold_values[f] = method.folds[f].metric_values[metric];
  }
  return gap_method;
}

}  // namespace headroom
