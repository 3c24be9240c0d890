#include "conformance/conformance_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace headroom {
namespace conformance_text_test {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Conformance example() {
  Conformance conformance;
  conformance.path = "model.so";
  conformance.sha256 = "ab12";
  conformance.description.emplace();
  conformance.description->set_name("model");
  conformance.description->set_version("1.2.0");
  conformance.description->set_kind(PluginKind::PREDICTOR);
  conformance.confinement.set_level(ConfinementLevel::STRONG);
  conformance.checks = {{"loads", CheckOutcome::pass, "well"},
                        {"row-order", CheckOutcome::warn, "rounding"},
                        {"nan-free", CheckOutcome::fail, "plugin_error: \x1b[2Jgone"},
                        {"three-class", CheckOutcome::skipped, "regression only"}};
  return conformance;
}

TEST(ConformanceText, OneNamedCheckALine) {
  EXPECT_EQ(check_line({"row-order", CheckOutcome::pass, "same"}, {}), "pass     row-order                   same");
  EXPECT_EQ(check_line({"more-queries-than-training", CheckOutcome::skipped, "no"}, {}),
            "skipped  more-queries-than-training  no");
}

TEST(ConformanceText, PluginsWordsCannotActOnTheTerminal) {
  const std::string line = check_line({"opens", CheckOutcome::fail, "a\x1b[2J\nb"}, {});
  EXPECT_THAT(line, Not(HasSubstr("\x1b")));
  EXPECT_THAT(line, Not(HasSubstr("\n")));
}

TEST(ConformanceText, SummaryCounts) {
  EXPECT_EQ(check_summary(example(), {}),
            "model 1.2.0 does not conform: 1 passed, 1 warning, 1 failed, 1 skipped (sandbox: strong)");
  Conformance better = example();
  better.checks[2].outcome = CheckOutcome::warn;
  better.description.reset();
  EXPECT_EQ(check_summary(better, {}),
            "model.so conforms: 1 passed, 2 warnings, 0 failed, 1 skipped (sandbox: strong)");
}

TEST(ConformanceText, ListNamesAndExplains) {
  std::ostringstream out;
  write_check_list(out, {});
  EXPECT_THAT(out.str(), StartsWith("loads                       a confined worker"));
  const auto list = nlohmann::json::parse(check_list_json());
  ASSERT_EQ(list.size(), list_checks().size());
  EXPECT_EQ(list[0]["name"], "loads");
  EXPECT_EQ(list[0]["explanation"], list_checks()[0].explanation);
}

TEST(ConformanceText, JsonHasWhatTheTextHas) {
  const auto json = nlohmann::json::parse(conformance_json(example()));
  EXPECT_EQ(json["plugin"]["name"], "model");
  EXPECT_EQ(json["plugin"]["kind"], "predictor");
  EXPECT_EQ(json["plugin"]["sha256"], "ab12");
  EXPECT_EQ(json["sandbox"], "strong");
  EXPECT_EQ(json["conforms"], false);
  ASSERT_EQ(json["checks"].size(), 4u);
  EXPECT_EQ(json["checks"][2]["name"], "nan-free");
  EXPECT_EQ(json["checks"][2]["outcome"], "fail");
  EXPECT_EQ(json["checks"][2]["detail"], "plugin_error: \x1b[2Jgone");
}

TEST(ConformanceText, JsonLeavesOutWhatIsNotKnownAndSurvivesForeignBytes) {
  Conformance unopened = example();
  unopened.description.reset();
  unopened.checks[0].detail = "\xFF";
  const auto json = nlohmann::json::parse(conformance_json(unopened));
  EXPECT_FALSE(json["plugin"].contains("name"));
  EXPECT_EQ(json["checks"][0]["detail"], "\xEF\xBF\xBD");  // the replacement character
}

}  // namespace conformance_text_test
}  // namespace headroom
