// The program from outside: what it prints, what it writes and how it ends.
#include <nlohmann/json.hpp>

#include "program.hpp"

namespace headroom {
namespace {

using nlohmann::json;

// The tiny screen has 12 perturbations, so the grid and the common dimension are small.
constexpr const char* kTinyRun =
    "run screen/task --embedding good=screen/embeddings/good.h5ad --predictor knn --grid knn.k=1,2,3 --common-dim 4 "
    "--sandbox relaxed ";

// The one line of an error.
void expect_error(const Ended& ended, int exit_code, const std::string& part) {
  EXPECT_EQ(ended.exit_code, exit_code) << ended.err;
  EXPECT_NE(ended.err.find("headroom: error: "), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find(part), std::string::npos) << ended.err;
}

// Without what differs from run to run.
json without_times(json value) {
  if (value.is_object()) {
    for (const char* key : {"wall_s", "cpu_s", "peak_memory_bytes"}) value.erase(key);
  }
  if (value.is_structured()) {
    for (auto& item : value) item = without_times(item);
  }
  return value;
}

class TinyScreen : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    const Ended ended = headroom("simulate -o screen --preset tiny");
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
  }
};

TEST_F(ProgramTest, MistakesAreOneLineAndExitCodeTwo) {
  expect_error(headroom(""), 2, "see 'headroom --help'");
  expect_error(headroom("frobnicate"), 2, "headroom --help");
  expect_error(headroom("run missing --embedding a=b.h5ad -o out"), 2, "missing");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
}

TEST_F(ProgramTest, HelpNamesEveryCommandAndExitCode) {
  const Ended ended = headroom("--help");
  EXPECT_EQ(ended.exit_code, 0);
  for (const char* word : {"simulate", "prepare", "run", "bounds", "report", "progress", "Exit codes"}) {
    EXPECT_NE(ended.out.find(word), std::string::npos) << word;
  }
}

TEST_F(TinyScreen, RunWritesEveryFileAndAHonestSummary) {
  const Ended ended = headroom(std::string(kTinyRun) + "-o out");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.out.find("good+knn"), std::string::npos);
  EXPECT_NE(ended.err.find("good: 12 of 12 test perturbations have a vector"), std::string::npos) << ended.err;
  for (const char* name : {"summary.json", "scores.csv", "perturbations.csv", "report.html", "results.sqlite"}) {
    EXPECT_TRUE(std::filesystem::exists(folder_ / "out" / name)) << name;
  }
  const json summary = json::parse(content_of(folder_ / "out" / "summary.json"));
  ASSERT_FALSE(summary["contexts"].empty());
  for (const json& context : summary["contexts"]) {
    EXPECT_EQ(context["head"], "knn");
    for (const json& method : context["methods"]) {
      EXPECT_TRUE(method["status"] == "ok" || method["status"] == "skipped") << method;
      if (method["status"] == "skipped") {
        EXPECT_FALSE(method["reason"].get<std::string>().empty());
      }
    }
  }
  EXPECT_EQ(summary["task"]["sha256"].get<std::string>().size(), 64u);
}

TEST_F(TinyScreen, SameBytesOnAnyNumberOfThreadsAndAfterResume) {
  ASSERT_EQ(headroom(std::string(kTinyRun) + "-o one --threads 1").exit_code, 0);
  ASSERT_EQ(headroom(std::string(kTinyRun) + "-o three --threads 3").exit_code, 0);
  const json one = json::parse(content_of(folder_ / "one" / "summary.json"));
  // Not EXPECT_EQ: it would print both summaries.
  EXPECT_TRUE(without_times(one) == without_times(json::parse(content_of(folder_ / "three" / "summary.json"))));

  const Ended resumed = headroom(std::string(kTinyRun) + "-o one --resume");
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_NE(resumed.err.find(" evaluations were there, 0 had been made"), std::string::npos) << resumed.err;
  EXPECT_TRUE(without_times(one) == without_times(json::parse(content_of(folder_ / "one" / "summary.json"))));
}

TEST_F(TinyScreen, OtherSettingsAreNotResumed) {
  ASSERT_EQ(headroom(std::string(kTinyRun) + "-o out").exit_code, 0);
  const Ended other = headroom(std::string(kTinyRun) + "-o out --resume --seed 7");
  ASSERT_EQ(other.exit_code, 0) << other.err;
  EXPECT_NE(other.err.find("resumed: 0 evaluations were there"), std::string::npos) << other.err;
}

TEST_F(TinyScreen, ABrokenPluginFailsByItself) {
  ASSERT_EQ(headroom(std::string(kTinyRun) + "-o alone").exit_code, 0);
  std::ofstream(folder_ / "broken.so") << "this is no library";
  const Ended ended = headroom(std::string(kTinyRun) + "--embedding bad=broken.so -o out");
  EXPECT_EQ(ended.exit_code, 3) << ended.err;
  EXPECT_NE(ended.err.find("bad+knn failed: load_failed"), std::string::npos) << ended.err;

  const auto good_of = [](const json& summary) {
    for (const json& method : summary["contexts"][0]["methods"]) {
      if (method["name"] == "good+knn") return without_times(method);
    }
    return json();
  };
  const json alone = good_of(json::parse(content_of(folder_ / "alone" / "summary.json")));
  ASSERT_FALSE(alone.is_null());
  EXPECT_TRUE(alone == good_of(json::parse(content_of(folder_ / "out" / "summary.json"))));
}

TEST_F(TinyScreen, AnEmbeddingWithoutOverlapSaysSo) {
  std::ofstream(folder_ / "other.csv") << "id,x,y\nnobody,1,2\nnothing,3,4\n";
  const Ended ended = headroom(std::string(kTinyRun) + "--embedding other=other.csv -o out");
  EXPECT_EQ(ended.exit_code, 3) << ended.err;
  EXPECT_NE(ended.err.find("check that its ids are of the same kind"), std::string::npos) << ended.err;
}

TEST_F(TinyScreen, WrongFlagsNameWhatThereIs) {
  const std::string run = std::string(kTinyRun) + "-o out ";
  expect_error(headroom(run + "--grid knn.q=1"), 2, "they are knn.k");
  expect_error(headroom(run + "--grid knn.k=1.5"), 2, "whole number");
  expect_error(headroom(run + "--set good.colour=red"), 2, "there is no option 'good.colour'");
  expect_error(headroom(run + "--context mars"), 2, "mars");
  expect_error(headroom(run + "--fold 9"), 2, "its folds are");
  expect_error(headroom(run + "--metric R2"), 2, "the metrics are");
  expect_error(headroom(run + "--ceiling sky"), 2, "sampling_error_q90");
  expect_error(headroom(run + "--predictor forest"), 2, "there is no head 'forest'");
  expect_error(headroom(run + "--embedding good=screen/embeddings/weak.h5ad"), 2, "is taken");
  std::ofstream(folder_ / "other.so") << "this is no library";
  const std::string impostor =
      "run screen/task --embedding screen/embeddings/good.h5ad --predictor knn=./other.so -o out";
  expect_error(headroom(impostor), 2, "the name 'knn' is taken");
}

TEST_F(TinyScreen, BoundsNeedNoPlugin) {
  const Ended ended =
      headroom("bounds screen/task --predictor knn --grid knn.k=1,2,3 --common-dim 4 --sandbox relaxed --json");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const json summary = json::parse(ended.out);
  EXPECT_TRUE(summary["contexts"][0].contains("wap"));
  EXPECT_TRUE(summary["contexts"][0].contains("bap"));
}

}  // namespace
}  // namespace headroom
