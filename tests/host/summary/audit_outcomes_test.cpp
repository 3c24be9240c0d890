#include "summary/audit_outcomes.hpp"

#include <gtest/gtest.h>

#include <map>

#include "host/summary/example_summary.hpp"

namespace headroom {
namespace {

AuditResult probe(const std::string& name, const std::string& context, const std::string& outcome) {
  AuditResult result;
  result.set_name(name);
  result.set_context(context);
  result.set_outcome(outcome);
  return result;
}

MethodResult method(const std::string& embedding) {
  MethodResult method;
  method.set_name(embedding + "+knn");
  method.set_embedding(embedding);
  method.set_predictor("knn");
  return method;
}

TEST(WorstAudit, IsOverTheMethodAndItsEmbedding) {
  RunSummary summary;
  *summary.add_audit() = probe("a", "one", "skipped");
  EXPECT_EQ(worst_audit(summary, method("a")), "skipped");
  *summary.add_audit() = probe("a+knn", "one", "pass");
  EXPECT_EQ(worst_audit(summary, method("a")), "pass");
  *summary.add_audit() = probe("a", "two", "warn");
  *summary.add_audit() = probe("b", "two", "fail");
  EXPECT_EQ(worst_audit(summary, method("a")), "warn");
  EXPECT_EQ(worst_audit(summary, method("a"), "one"), "pass");
  EXPECT_EQ(worst_audit(summary, method("b"), "one"), "");
  MethodResult failed = method("a");
  failed.set_status("failed");
  EXPECT_EQ(worst_audit(summary, failed), "") << "its embedding was probed, it was not";
}

// The rows of over-ceiling by method.
std::map<std::string, std::string> over_ceiling(RunSummary summary) {
  complete_audit(summary);
  std::map<std::string, std::string> outcomes;
  for (const AuditResult& audit : summary.audit()) {
    if (audit.probe() == "over-ceiling") outcomes[audit.name()] = audit.outcome();
  }
  return outcomes;
}

TEST(CompleteAudit, FlagsWhatClosesMoreThanTheGap) {
  RunSummary summary = example_summary();
  EXPECT_TRUE(over_ceiling(summary).empty()) << "not asked for";
  summary.mutable_settings()->set_audit(true);
  set_gap_closed(add_method(*summary.mutable_contexts(0), "high+knn", "plugin"), 1.8, 108, 103, 113, "at the limit");
  set_gap_closed(add_method(*summary.mutable_contexts(0), "near+knn", "plugin"), 1.9, 104, 97, 113, "at the limit");
  const auto outcomes = over_ceiling(summary);
  EXPECT_EQ(outcomes.at("good+knn"), "pass");
  EXPECT_EQ(outcomes.at("near+knn"), "pass");
  EXPECT_EQ(outcomes.at("high+knn"), "warn");
  EXPECT_EQ(outcomes.at("oracle+knn"), "fail");
  EXPECT_EQ(outcomes.count("random+knn"), 0u);

  summary.mutable_contexts(0)->mutable_gap()->set_defined(false);
  EXPECT_EQ(over_ceiling(summary).at("oracle+knn"), "skipped");
}

TEST(CompleteAudit, GivesEveryPluginMethodOneWord) {
  RunSummary summary = example_summary();
  summary.mutable_settings()->set_audit(true);
  *summary.add_audit() = probe("good+knn", "K-562", "fail");
  complete_audit(summary);
  for (const MethodResult& row : summary.contexts(0).methods()) {
    if (row.name() == "good+knn") {
      EXPECT_EQ(row.audit(), "fail");
    } else if (row.name() == "weak+knn") {
      EXPECT_EQ(row.audit(), "pass");
    } else if (row.role() != "plugin" || row.status() == "failed") {
      EXPECT_EQ(row.audit(), "") << row.name();
    }
  }
}

}  // namespace
}  // namespace headroom
