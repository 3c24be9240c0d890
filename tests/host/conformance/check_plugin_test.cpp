// The run of all checks: which are tried, what stops them, what is an error of the caller's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <regex>
#include <set>

#include "host/conformance/checked_plugin.hpp"

namespace headroom {
namespace check_plugin_test {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A file of a test's own, removed with it.
class TemporaryFile {
 public:
  TemporaryFile(const std::string& extension, const std::string& content) {
    std::string pattern = (std::filesystem::temp_directory_path() / "headroom-check-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    std::ofstream(path_ = folder_ / ("file" + extension)) << content;
  }
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path folder_, path_;
};

TEST(ListChecks, NamesAreKebabCaseAndUnique) {
  std::set<std::string> names;
  for (const CheckDescription& check : list_checks()) {
    EXPECT_TRUE(std::regex_match(check.name, std::regex("[a-z]+(-[a-z]+)*"))) << check.name;
    EXPECT_TRUE(names.insert(check.name).second) << check.name;
    EXPECT_FALSE(check.explanation.empty()) << check.name;
    EXPECT_EQ(check.explanation.find('\n'), std::string::npos);
  }
  // The contract's list.
  for (const char* name :
       {"loads", "exported-symbols", "descriptor-sane", "version", "dimension-stable", "unknown-ids-masked",
        "empty-request", "single-row-request", "duplicate-ids", "determinism", "seed-respected", "thread-budget",
        "row-order", "nan-free", "more-queries-than-training", "blocks", "hyperparameter-grid", "published-size"}) {
    EXPECT_EQ(names.count(name), 1u) << name;
  }
}

TEST(CheckPlugin, ReportsEveryCheckInOrder) {
  CheckOptions options = options_for_tests();
  std::vector<std::string> reported;
  options.on_result = [&](const CheckResult& result) { reported.push_back(result.name); };
  const auto conformance = check_plugin(shipped_plugin("knn"), options);
  ASSERT_TRUE(conformance) << conformance.error().line();
  ASSERT_EQ(conformance->checks.size(), list_checks().size());
  for (std::size_t i = 0; i < list_checks().size(); ++i) {
    EXPECT_EQ(conformance->checks[i].name, list_checks()[i].name);
    EXPECT_EQ(reported.at(i), list_checks()[i].name);
    EXPECT_FALSE(conformance->checks[i].detail.empty()) << list_checks()[i].name;
  }
  EXPECT_EQ(conformance->description->name(), "knn");
  EXPECT_EQ(conformance->sha256.size(), 64u);
  EXPECT_EQ(result_of(*conformance, "dimension-stable").outcome, CheckOutcome::skipped);
  EXPECT_EQ(result_of(*conformance, "published-size").outcome, CheckOutcome::skipped);
}

TEST(CheckPlugin, FindsNothingInTheShippedHeads) {
  for (const char* head : {"knn", "lasso", "ridge"}) {
    const auto conformance = check_plugin(shipped_plugin(head), options_for_tests());
    ASSERT_TRUE(conformance) << conformance.error().line();
    EXPECT_TRUE(conformance->conforms()) << head;
    EXPECT_THAT(others_than(*conformance, CheckOutcome::pass), IsEmpty()) << head;
  }
}

// It takes two or three classes; that it refuses five is worth a warning and no more.
TEST(CheckPlugin, FindsTheHeadOfClassesConforming) {
  const auto conformance = check_plugin(shipped_plugin("logistic"), options_for_tests());
  ASSERT_TRUE(conformance) << conformance.error().line();
  EXPECT_TRUE(conformance->conforms());
  for (const CheckResult& check : conformance->checks) {
    EXPECT_NE(check.outcome, CheckOutcome::fail) << check.name << ": " << check.detail;
    EXPECT_EQ(check.outcome == CheckOutcome::warn, check.name == "class-counts") << check.name << ": " << check.detail;
  }
}

// They take any number of blocks, rows that some lack among them. The stack refuses five classes, as its head does.
TEST(CheckPlugin, FindsTheFusionsConforming) {
  for (const char* fusion : {"concat-knn", "stack", "kernels"}) {
    const auto conformance = check_plugin(shipped_plugin(fusion), options_for_tests());
    ASSERT_TRUE(conformance) << conformance.error().line();
    EXPECT_TRUE(conformance->conforms()) << fusion;
    for (const CheckResult& check : conformance->checks) {
      EXPECT_NE(check.outcome, CheckOutcome::fail) << fusion << ", " << check.name << ": " << check.detail;
      EXPECT_TRUE(check.outcome != CheckOutcome::warn || check.name == "class-counts")
          << fusion << ", " << check.name << ": " << check.detail;
    }
    EXPECT_THAT(result_of(*conformance, "blocks").detail, HasSubstr("1, 2, 5 blocks")) << fusion;
  }
}

TEST(CheckPlugin, FindsTheExamplesConforming) {
  for (const char* example : {"examples/gene_family", "examples/kernel_mean", "examples/letters"}) {
    const auto conformance = check_plugin(shipped_plugin(example), options_for_tests());
    ASSERT_TRUE(conformance) << conformance.error().line();
    for (const CheckResult& check : conformance->checks) {
      EXPECT_NE(check.outcome, CheckOutcome::fail) << example << ", " << check.name << ": " << check.detail;
    }
  }
}

TEST(CheckPlugin, GivesAPluginItsDataFileAndAsksForIdsThatItKnows) {
  const TemporaryFile vectors(".csv", "id,x,y\nCPD-1,0.5,1\nCPD-2,0.25,2\nCPD-3,1,3\n");
  CheckOptions options = options_for_tests();
  auto data = open_data_file(vectors.path());
  ASSERT_TRUE(data) << data.error().line();
  options.data_file = std::make_shared<DataFile>(std::move(*data));
  options.plugin_options = {{"format", "file.csv"}};
  const auto unknown = check_plugin(shipped_plugin("table"), options);
  ASSERT_TRUE(unknown) << unknown.error().line();
  EXPECT_EQ(result_of(*unknown, "knows-example-ids").outcome, CheckOutcome::warn);
  EXPECT_EQ(result_of(*unknown, "row-order").outcome, CheckOutcome::skipped);

  options.known_ids = {"CPD-1", "CPD-2", "CPD-3"};
  const auto known = check_plugin(shipped_plugin("table"), options);
  ASSERT_TRUE(known) << known.error().line();
  EXPECT_THAT(others_than(*known, CheckOutcome::pass), IsEmpty());
  EXPECT_THAT(result_of(*known, "knows-example-ids").detail, HasSubstr("3 of 200"));
  EXPECT_EQ(result_of(*known, "row-order").outcome, CheckOutcome::pass);
  EXPECT_EQ(result_of(*known, "dimension-stable").detail, "2 columns");
}

TEST(CheckPlugin, StopsAfterALibraryThatDoesNotLoad) {
  const TemporaryFile text(".so", "this is no library");
  const auto conformance = check_plugin(text.path(), options_for_tests());
  ASSERT_TRUE(conformance) << conformance.error().line();
  EXPECT_FALSE(conformance->conforms());
  EXPECT_FALSE(conformance->description);
  EXPECT_THAT(result_of(*conformance, "loads").detail, HasSubstr("load_failed: it is not an ELF file"));
  EXPECT_EQ(conformance->count(CheckOutcome::fail), 1);
  EXPECT_EQ(conformance->count(CheckOutcome::skipped), static_cast<int>(list_checks().size()) - 1);
}

TEST(CheckPlugin, StopsAfterADescriptorThatIsNotSane) {
  const auto conformance = check_plugin(test_plugin("other_major"), options_for_tests());
  ASSERT_TRUE(conformance) << conformance.error().line();
  EXPECT_EQ(result_of(*conformance, "loads").outcome, CheckOutcome::pass);
  EXPECT_EQ(result_of(*conformance, "descriptor-sane").outcome, CheckOutcome::fail);
  EXPECT_THAT(result_of(*conformance, "descriptor-sane").detail, HasSubstr("ABI major 7"));
  EXPECT_EQ(result_of(*conformance, "opens").outcome, CheckOutcome::skipped);
}

TEST(CheckPlugin, TellsMissingTextsFromAMissingVersion) {
  const auto conformance = check_plugin(test_plugin("without_texts"), options_for_tests());
  ASSERT_TRUE(conformance) << conformance.error().line();
  EXPECT_EQ(result_of(*conformance, "descriptor-sane").outcome, CheckOutcome::warn);
  EXPECT_EQ(result_of(*conformance, "descriptor-sane").detail, "empty: the description, the licence");
  EXPECT_EQ(result_of(*conformance, "version").outcome, CheckOutcome::fail);
}

TEST(CheckPlugin, NamesWhatALibraryExportsBesideItsEntry) {
  const auto conformance = check_plugin(test_plugin("leaky"), options_for_tests());
  ASSERT_TRUE(conformance) << conformance.error().line();
  const CheckResult result = result_of(*conformance, "exported-symbols");
  EXPECT_EQ(result.outcome, CheckOutcome::fail);
  EXPECT_THAT(result.detail, HasSubstr("2 symbols beside the entry"));
  EXPECT_THAT(result.detail, HasSubstr("leak_one"));
  EXPECT_THAT(result.detail, HasSubstr("leak_two"));
}

TEST(CheckPlugin, SaysThatAPluginDoesNotOpen) {
  const Conformance conformance = check_wayward("embedding", "open_fails");
  EXPECT_EQ(result_of(conformance, "loads").outcome, CheckOutcome::pass);
  EXPECT_EQ(result_of(conformance, "descriptor-sane").outcome, CheckOutcome::skipped);
  EXPECT_EQ(result_of(conformance, "opens").outcome, CheckOutcome::fail);
  EXPECT_EQ(result_of(conformance, "opens").detail, "plugin_error: there are no weights");
  EXPECT_EQ(result_of(conformance, "determinism").outcome, CheckOutcome::skipped);
}

TEST(CheckPlugin, WaitsForAHangingPluginOnce) {
  CheckOptions options = options_for_tests();
  options.limits.set_wall_time_s(1);
  const Conformance conformance = check_wayward("predictor", "hangs", {}, options);
  EXPECT_THAT(result_of(conformance, "single-row-request").detail,
              ::testing::AnyOf(HasSubstr("wall_limit"), HasSubstr("cpu_limit")));
  EXPECT_EQ(result_of(conformance, "determinism").outcome, CheckOutcome::skipped);
  EXPECT_THAT(result_of(conformance, "determinism").detail, HasSubstr("single-row-request"));
}

TEST(CheckPlugin, RunsOnlyTheNamedChecks) {
  const Conformance conformance = check_wayward("embedding", "none", {"row-order", "loads"});
  ASSERT_EQ(conformance.checks.size(), 2u);
  EXPECT_EQ(conformance.checks[0].name, "loads");
  EXPECT_EQ(conformance.checks[1].name, "row-order");
}

TEST(CheckPlugin, RefusesWhatTheCallerGotWrong) {
  CheckOptions options = options_for_tests();
  options.names = {"row-odor"};
  auto conformance = check_plugin(shipped_plugin("knn"), options);
  ASSERT_FALSE(conformance);
  EXPECT_EQ(conformance.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(conformance.error().line(), HasSubstr("row-odor"));
  EXPECT_THAT(conformance.error().line(), HasSubstr("row-order"));

  options = options_for_tests();
  conformance = check_plugin(shipped_plugin("absent"), options);
  ASSERT_FALSE(conformance);
  EXPECT_EQ(conformance.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(conformance.error().line(), HasSubstr("absent.so"));

  options.plugin_options = {{"speed", "high"}};
  conformance = check_plugin(shipped_plugin("knn"), options);
  ASSERT_FALSE(conformance);
  EXPECT_EQ(conformance.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(conformance.error().line(), HasSubstr("speed"));

  options = options_for_tests();
  options.worker_program = "/absent/headroom-worker";
  conformance = check_plugin(shipped_plugin("knn"), options);
  ASSERT_FALSE(conformance);
  EXPECT_NE(conformance.error().kind, ErrorKind::bad_input);
}

TEST(CheckPlugin, MeasuresThePublishedSize) {
  CheckOptions options = options_for_tests();
  options.published_size = true;
  options.limits.set_wall_time_s(200);
  options.names = {"published-size"};
  const auto conformance = check_plugin(shipped_plugin("knn"), options);
  ASSERT_TRUE(conformance) << conformance.error().line();
  const CheckResult result = result_of(*conformance, "published-size");
  EXPECT_EQ(result.outcome, CheckOutcome::pass) << result.detail;
  EXPECT_THAT(result.detail, HasSubstr("5 settings, 1600 training rows, 400 queries, 6640 genes"));
  EXPECT_THAT(result.detail, HasSubstr("peak memory"));
}

}  // namespace check_plugin_test
}  // namespace headroom
