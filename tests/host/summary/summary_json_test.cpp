#include "summary/summary_json.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "host/io/temporary_folder.hpp"
#include "host/summary/example_summary.hpp"

namespace headroom {
namespace {

using Json = nlohmann::ordered_json;

TEST(SummaryJson, HoldsWhatTheContractPromises) {
  const Json written = Json::parse(summary_json(example_summary()));
  EXPECT_EQ(written["headroom_version"], "0.1.0");
  EXPECT_EQ(written["task"]["name"], "task.h5ad");
  EXPECT_EQ(written["task"]["sha256"], "") << "text is always there";
  EXPECT_EQ(written["settings"]["ceiling"], Json::parse(R"(["idealized","sampling_error_q90"])"));
  const Json& context = written["contexts"][0];
  EXPECT_EQ(context["metric"], "L2");
  EXPECT_EQ(context["higher_is_better"], false) << "a true false is printed";
  EXPECT_EQ(context["wap"]["value"], 4.1283);
  EXPECT_FALSE(context["wap"].contains("ci_low")) << "an undefined number is absent";
  EXPECT_EQ(context["methods"][3]["role"], "plugin");
  EXPECT_EQ(context["methods"][3]["gap_closed"], 11.25);
  EXPECT_EQ(context["methods"][3]["folds"], Json::array());
}

TEST(SummaryJson, PrintsZerosAndDropsWhatIsNotFinite) {
  RunSummary summary;
  auto& method = *summary.add_contexts()->add_methods();
  method.set_value(0);
  method.set_gap_closed(std::numeric_limits<double>::quiet_NaN());
  method.set_ci_low(-std::numeric_limits<double>::infinity());
  const Json written = Json::parse(summary_json(summary))["contexts"][0]["methods"][0];
  EXPECT_EQ(written["value"], 0.0);
  EXPECT_FALSE(written.contains("gap_closed"));
  EXPECT_FALSE(written.contains("ci_low"));
}

TEST(SummaryJson, PrintsLargeIntegersAsNumbersAndEnumsByName) {
  RunSummary summary;
  summary.mutable_settings()->mutable_limits()->set_address_space_bytes(8'589'934'592);
  summary.mutable_settings()->set_confinement(STRONG);
  const Json written = Json::parse(summary_json(summary))["settings"];
  EXPECT_TRUE(written["limits"]["address_space_bytes"].is_number_unsigned());
  EXPECT_EQ(written["limits"]["address_space_bytes"], 8'589'934'592);
  EXPECT_EQ(written["confinement"], "STRONG");
}

TEST(SummaryJson, GivesTheSameBytesWhateverTheOrderOfInsertion) {
  RunSummary forward, backward;
  auto& a = *forward.add_contexts()->add_methods()->add_folds()->mutable_best_params();
  auto& b = *backward.add_contexts()->add_methods()->add_folds()->mutable_best_params();
  for (int i = 0; i < 50; ++i) a[std::string("p").append(std::to_string(i))] = i;
  for (int i = 49; i >= 0; --i) b[std::string("p").append(std::to_string(i))] = i;
  EXPECT_EQ(summary_json(forward), summary_json(backward));
}

TEST(SummaryJson, ReadsBackWhatItWrote) {
  testing::TemporaryFolder folder;
  const auto path = folder.path() / "summary.json";
  RunSummary summary = example_summary();
  summary.mutable_settings()->mutable_limits()->set_address_space_bytes(8'589'934'592);
  std::ofstream(path) << summary_json(summary);
  const auto read = read_summary_json(path);
  ASSERT_TRUE(read) << read.error().line();
  EXPECT_EQ(summary_json(*read), summary_json(summary));
  const auto compact = parse_summary_json(compact_summary_json(summary), "memory");
  ASSERT_TRUE(compact);
  EXPECT_EQ(summary_json(*compact), summary_json(summary));
}

TEST(SummaryJson, SurvivesNamesThatAreNoUtf8) {
  RunSummary summary;
  summary.add_contexts()->set_context("a\xff\"\n</script>");
  EXPECT_EQ(Json::parse(summary_json(summary))["contexts"][0]["context"], "a\uFFFD\"\n</script>");
}

TEST(SummaryJson, NamesAFileThatIsNoSummary) {
  testing::TemporaryFolder folder;
  const auto path = folder.path() / "summary.json";
  EXPECT_EQ(read_summary_json(path).error().where, path.string());
  std::ofstream(path) << "[1, 2";
  const auto read = read_summary_json(path);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().what, "this is no summary of a run");
}

TEST(SummaryJson, IgnoresFieldsOfLaterVersions) {
  EXPECT_EQ(parse_summary_json(R"({"headroom_version":"9","invented_later":{"x":1}})", "memory")->headroom_version(),
            "9");
}

}  // namespace
}  // namespace headroom
