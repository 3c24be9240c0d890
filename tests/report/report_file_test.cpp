// The written file by itself: what is in it, that it asks nothing of a network, and that names cannot leave their
// place.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "host/io/temporary_folder.hpp"
#include "host/summary/example_results.hpp"
#include "report/report.hpp"
#include "report/simulated_report.hpp"
#include "store/store.hpp"
#include "summary/summary.hpp"
#include "summary/summary_json.hpp"

namespace headroom {
namespace {

TEST(ScriptSafeJson, EscapesWhatCouldEndTheScript) {
  EXPECT_EQ(script_safe_json(R"({"a":"</script><!-- & > ]]>"})"),
            R"({"a":"\u003c/script\u003e\u003c!-- \u0026 \u003e ]]\u003e"})");
  EXPECT_EQ(script_safe_json("\u2028\u2029\u2030"), "\\u2028\\u2029\u2030");
  const std::string text = R"({"a<b>":"&\u003c</x>"})";
  EXPECT_EQ(nlohmann::json::parse(script_safe_json(text)), nlohmann::json::parse(text)) << "the meaning stays";
}

TEST(ReportFile, IsSelfContained) {
  const std::string page = report_page(simulated_report({}));
  for (const char* loads : {"<script src", "<link", "<img", "<iframe", "@import", "url("}) {
    EXPECT_EQ(page.find(loads), std::string::npos) << loads;
  }
  EXPECT_EQ(page.find("@@"), std::string::npos) << "a part of the page was not put in";
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos) << "the browser is told to load nothing";
  EXPECT_NE(page.find("https://d3js.org v5"), std::string::npos) << "D3";
  EXPECT_NE(page.find("Redistributions in binary form"), std::string::npos) << "and its licence";
}

TEST(ReportFile, IsTheSameEachTime) { EXPECT_EQ(report_page(simulated_report({})), report_page(simulated_report({}))); }

TEST(ReportFile, HoldsNoMarkupOfNames) {
  SimulatedReportOptions options;
  options.further_names = {"</script><script>window.pwned = 1</script>", "@@d3@@"};
  const std::string page = report_page(simulated_report(options));
  EXPECT_EQ(page.find("window.pwned = 1</script>"), std::string::npos);
  const auto count = [&](const std::string& text) {
    std::size_t n = 0;
    for (auto at = page.find(text); at != std::string::npos; at = page.find(text, at + 1)) ++n;
    return n;
  };
  EXPECT_EQ(count("</script>"), 3u);
  EXPECT_EQ(count("https://d3js.org v5"), 1u) << "a name must not be filled in like a part of the page";
}

// What a run has in memory and what it left on disk must give the same page.
TEST(ReportModel, ReadsBackFromTheStore) {
  testing::TemporaryFolder folder;
  ThreadPool pool(1);
  const Task task = example_task();
  const RunResults results = example_results();
  const RunSummary summary = summarise(results, task, "0.1.0", pool);
  const auto facts = perturbation_facts(results, task, {});
  {
    auto store = Store::open(folder.path(), {"L2", "Pearson"});
    ASSERT_TRUE(store) << store.error().line();
    ASSERT_TRUE(store->put_facts(facts));
    for (const auto& method : results.contexts[0].methods) {
      for (std::size_t f = 0; f < method.folds.size(); ++f) {
        const std::vector<std::string> perts = ids_of(task, results.contexts[0].splits[f].test);
        ASSERT_TRUE(store->put({"K-562", std::to_string(f), method.name, "f"}, perts, method.folds[f]));
      }
    }
  }
  std::ofstream(folder.path() / "summary.json") << summary_json(summary);
  const auto read = read_report_models(folder.path());
  ASSERT_TRUE(read) << read.error().line();
  ReportModel made = report_model(summary, results, facts);
  ASSERT_EQ(read->size(), 1u);
  ASSERT_EQ(read->front().contexts.size(), 1u);
  EXPECT_EQ(read->front().metric, "L2");
  EXPECT_EQ(read->front().contexts[0].facts.pert_ids, made.contexts[0].facts.pert_ids);
  ASSERT_EQ(read->front().contexts[0].methods.size(), made.contexts[0].methods.size());
  for (std::size_t m = 0; m < made.contexts[0].methods.size(); ++m) {
    const auto& names = read->front().contexts[0].methods;
    const auto at = std::find(names.begin(), names.end(), made.contexts[0].methods[m]);
    ASSERT_NE(at, names.end());
    EXPECT_EQ(read->front().contexts[0].values.row(at - names.begin()),
              made.contexts[0].values.row(static_cast<Eigen::Index>(m)));
  }
}

TEST(ReportModel, NeedsOnlyASummary) {
  testing::TemporaryFolder folder;
  const auto path = folder.path() / "scores.json";
  std::ofstream(path) << summary_json(simulated_report({}).summary);
  const auto read = read_report_models(path);
  ASSERT_TRUE(read) << read.error().line();
  EXPECT_TRUE(read->front().contexts.empty());
  const auto missing = read_report_models(folder.path());
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().where.find("summary.json"), std::string::npos);
}

}  // namespace
}  // namespace headroom
