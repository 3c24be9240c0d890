#include "report/audit_lines.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "host/summary/example_summary.hpp"

namespace headroom {
namespace audit_lines_test {

void add(RunSummary& summary, const char* name, const char* probe, const char* outcome, const char* detail) {
  AuditResult& audit = *summary.add_audit();
  audit.set_name(name);
  audit.set_context("K-562");
  audit.set_probe(probe);
  audit.set_outcome(outcome);
  audit.set_detail(detail);
}

std::string drawn(const RunSummary& summary, int width = 60) {
  TerminalStyle style;
  style.width = width;
  std::ostringstream out;
  draw_audit(out, summary, style);
  return out.str();
}

TEST(DrawAudit, IsOneLineAMethod) {
  RunSummary summary = example_summary();
  EXPECT_EQ(drawn(summary), "") << "not audited";
  add(summary, "weak+knn", "labels-shuffled", "pass", "L2 4.2 shuffled");
  add(summary, "weak+knn", "ids-renamed", "skipped", "none");
  add(summary, "good+knn", "same-call-twice", "pass", "");
  add(summary, "good+knn", "labels-shuffled", "fail", "L2 2.9\nshuffled, 2.87 as submitted, 4.128 random+knn");
  add(summary, "noise+knn", "labels-shuffled", "skipped", "3 covered");
  EXPECT_EQ(drawn(summary),
            "\naudit: probes for leakage\n"
            "  weak+knn   pass     1 probe, 1 skipped\n"
            "  good+knn   fail     labels-shuffled in K-562\n"
            "  noise+knn  skipped  labels-shuffled in K-562\n");
}

}  // namespace audit_lines_test
}  // namespace headroom
