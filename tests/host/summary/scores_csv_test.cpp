#include "summary/scores_csv.hpp"

#include <gtest/gtest.h>

#include "host/summary/example_results.hpp"
#include "summary/summary.hpp"

namespace headroom {
namespace {

TEST(ScoresCsv, HasOneRowPerContextFoldAndMethod) {
  ThreadPool pool(1);
  EXPECT_EQ(scores_csv(summarise(example_results(), example_task(), "0.1.0", pool)),
            "dataset,context,fold,name,embedding,predictor,role,status,primary_metric,L2,Pearson,gap_closed,audit\n"
            "Norman 2019,K-562,0,train_mean,,,null,ok,L2,9,,0,\n"
            "Norman 2019,K-562,1,train_mean,,,null,ok,L2,11,,0,\n"
            "Norman 2019,K-562,0,random+knn,random,knn,null,ok,L2,12,0.25,-60,\n"
            "Norman 2019,K-562,1,random+knn,random,knn,null,ok,L2,12,0.25,-14.285714285714286,\n"
            "Norman 2019,K-562,0,sampling_error_q90,,,cheater,ok,L2,4,0.75,100,\n"
            "Norman 2019,K-562,1,sampling_error_q90,,,cheater,ok,L2,4,0.75,100,\n"
            "Norman 2019,K-562,0,x+knn,x,knn,plugin,ok,L2,6,0.5,60,\n"
            "Norman 2019,K-562,1,x+knn,x,knn,plugin,ok,L2,8,0.5,42.857142857142854,\n"
            "Norman 2019,K-562,0,y+knn,y,knn,plugin,ok,L2,13,0,-80,\n"
            "Norman 2019,K-562,1,y+knn,y,knn,plugin,ok,L2,13,0,-28.571428571428573,\n"
            "Norman 2019,K-562,,bad+knn,,knn,plugin,failed,L2,,,,\n");
}

TEST(ScoresCsv, PutsPublishedMetricsFirst) {
  RunSummary summary;
  for (const char* metric : {"PDS_L1", "Pearson", "MSE"}) summary.add_contexts()->set_metric(metric);
  EXPECT_EQ(
      scores_csv(summary),
      "dataset,context,fold,name,embedding,predictor,role,status,primary_metric,MSE,Pearson,PDS_L1,gap_closed,audit\n");
}

TEST(ScoresCsv, EndsWithTheAudit) {
  ThreadPool pool(1);
  RunResults results = example_results();
  results.settings.set_audit(true);
  AuditResult& audit = results.audit.emplace_back();
  audit.set_name("x+knn");
  audit.set_context("K-562");
  audit.set_outcome("fail");
  const std::string csv = scores_csv(summarise(results, example_task(), "0.1.0", pool));
  EXPECT_NE(csv.find("x+knn,x,knn,plugin,ok,L2,6,0.5,60,fail\n"), std::string::npos) << csv;
  EXPECT_NE(csv.find("y+knn,y,knn,plugin,ok,L2,13,0,-80,pass\n"), std::string::npos) << csv;
  EXPECT_NE(csv.find("train_mean,,,null,ok,L2,9,,0,\n"), std::string::npos) << csv;
}

TEST(ScoresCsv, LetsNoSpreadsheetRunAName) {
  RunSummary summary;
  summary.mutable_task()->set_name("@task");
  auto& context = *summary.add_contexts();
  context.set_context("-line");
  context.set_metric("L2");
  auto& method = *context.add_methods();
  method.set_name("=cmd|' /C calc'!A0");
  method.set_embedding("+x");
  method.add_folds()->set_value(-1.5);
  const std::string csv = scores_csv(summary);
  EXPECT_NE(csv.find("\n'@task,'-line,,'=cmd|' /C calc'!A0,'+x,"), std::string::npos) << csv;
  EXPECT_NE(csv.find(",-1.5,"), std::string::npos) << csv;
}

TEST(ScoresCsv, QuotesNames) {
  RunSummary summary;
  auto& method = *summary.add_contexts()->add_methods();
  method.set_name("a,\"b\"\nc");
  EXPECT_NE(scores_csv(summary).find(",\"a,\"\"b\"\"\nc\","), std::string::npos);
}

TEST(ScoresCsv, TakesTheGapOfTheMethodsOwnHead) {
  RunSummary summary;
  summary.mutable_settings()->add_metrics("L2");
  for (const char* head : {"fusion", "knn"}) {
    auto& context = *summary.add_contexts();
    context.set_metric("L2");
    context.set_head(head);
    auto& method = *context.add_methods();
    method.set_name("random+knn");
    method.set_predictor("knn");
    auto& fold = *method.add_folds();
    fold.set_fold("0");
    fold.set_value(1);
    fold.set_gap_closed(head == std::string("knn") ? 11 : 22);
  }
  const std::string csv = scores_csv(summary);
  EXPECT_NE(csv.find(",1,11,\n"), std::string::npos) << csv;
  EXPECT_EQ(csv.find("22"), std::string::npos) << csv;
}

}  // namespace
}  // namespace headroom
