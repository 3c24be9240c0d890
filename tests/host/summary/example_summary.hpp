// A small summary with every kind of row, for the tests of what is drawn and written from it.
#pragma once

#include <string>

#include "summary.pb.h"

namespace headroom {

inline MethodResult& add_method(ContextResult& context, const std::string& name, const std::string& role,
                                const std::string& status = "ok") {
  MethodResult& method = *context.add_methods();
  method.set_name(name);
  method.set_role(role);
  method.set_status(status);
  return method;
}

inline void set_gap_closed(MethodResult& method, double value, double percent, double low, double high,
                           const std::string& verdict) {
  method.set_value(value);
  method.set_gap_closed(percent);
  method.set_ci_low(low);
  method.set_ci_high(high);
  method.set_verdict(verdict);
}

inline RunSummary example_summary() {
  RunSummary summary;
  summary.set_headroom_version("0.1.0");
  summary.mutable_task()->set_name("task.h5ad");
  summary.mutable_settings()->add_metrics("L2");
  summary.mutable_settings()->add_ceiling("idealized");
  summary.mutable_settings()->add_ceiling("sampling_error_q90");
  ContextResult& context = *summary.add_contexts();
  context.set_context("K-562");
  context.set_metric("L2");
  context.set_higher_is_better(false);
  context.set_head("knn");
  context.mutable_wap()->set_method("random+knn");
  context.mutable_wap()->set_value(4.1283);
  context.mutable_bap()->set_method("sampling_error_q90");
  context.mutable_bap()->set_value(1.932);
  context.mutable_gap()->set_value(2.1963);
  context.mutable_gap()->set_ci_low(2.1);
  context.mutable_gap()->set_ci_high(2.31);
  context.mutable_gap()->set_defined(true);
  context.mutable_gap()->set_dynamic_range(0.532);
  add_method(context, "random+knn", "null").set_value(4.1283);
  auto& skipped = add_method(context, "gene_pca+knn", "null", "skipped");
  skipped.set_reason("3 % of the perturbations are measured genes");
  add_method(context, "sampling_error_q90", "cheater").set_value(1.932);
  set_gap_closed(add_method(context, "weak+knn", "plugin"), 3.88, 11.25, 3, 18.25, "progress");
  set_gap_closed(add_method(context, "good+knn", "plugin"), 2.87, 57.25, 50.1, 63.9, "progress");
  auto& leaking = add_method(context, "oracle+knn", "plugin");
  set_gap_closed(leaking, 1.2, 133.4, 128, 140, "at the limit: check for leakage");
  leaking.add_flags("supervised embedding");
  set_gap_closed(add_method(context, "noise+knn", "plugin"), 4.2, -4.2, -9, 1.2, "within noise of null");
  auto& failed = add_method(context, "bad\x1b[31m+knn", "plugin", "failed");
  failed.set_reason("crashed (SIGSEGV)");
  context.add_notes("the noise table has no PDS_L1: bounded by the other cheaters");
  return summary;
}

}  // namespace headroom
