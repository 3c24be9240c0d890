// Splits beyond one context from outside: flags, what the results say of them, and what a task was prepared for.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "program.hpp"

namespace headroom {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class Splits : public ProgramTest {
 protected:
  json summary() const { return json::parse(content_of(folder_ / "out" / "summary.json")); }
  static json method_of(const json& context, const std::string& name) {
    for (const json& method : context["methods"]) {
      if (method["name"] == name) return method;
    }
    ADD_FAILURE() << "no method " << name;
    return json();
  }
};

constexpr const char* kSplitSettings =
    " --predictor knn --grid knn.k=5,10 --metric L2 --common-dim 10 --sandbox relaxed ";

TEST_F(Splits, AnUnseenContextIsToldByTheOthers) {
  ASSERT_EQ(headroom("simulate -o study --preset study").exit_code, 0);
  const std::string run =
      std::string("run study/task --embedding good=study/embeddings/good.h5ad -o out") + kSplitSettings;
  const Ended ended = headroom(run + "--split transfer");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const json contexts = summary()["contexts"];
  ASSERT_EQ(contexts.size(), 3u);
  for (const json& context : contexts) {
    EXPECT_EQ(context["split_family"], "transfer");
    const json elsewhere = method_of(context, "mean_elsewhere"), mean = method_of(context, "train_mean");
    EXPECT_LT(elsewhere["value"].get<double>(), mean["value"].get<double>());
    EXPECT_EQ(context["wap"]["method"], "mean_elsewhere") << "contexts share most of their response";
    EXPECT_EQ(method_of(context, "good+knn")["status"], "ok");
    ASSERT_EQ(elsewhere["folds"].size(), 1u);
    EXPECT_EQ(elsewhere["folds"][0]["split"], "transfer");
    EXPECT_EQ(elsewhere["folds"][0]["n_test"], 240);
    EXPECT_EQ(elsewhere["folds"][0]["n_training"], 480);
  }
  // The same again is taken over; verify makes it again.
  const std::string before = content_of(folder_ / "out" / "summary.json");
  ASSERT_EQ(headroom(run + "--split transfer --resume").exit_code, 0);
  EXPECT_EQ(content_of(folder_ / "out" / "summary.json"), before);
  const Ended verified = headroom("verify out --sample 4");
  EXPECT_EQ(verified.exit_code, 0) << verified.err << verified.out;
}

TEST_F(Splits, ATaskRemembersWhatItWasPreparedFor) {
  ASSERT_EQ(headroom("simulate -o screen --preset tiny").exit_code, 0);
  ASSERT_EQ(headroom("prepare screen/cells.h5ad -o task --split both").exit_code, 0);
  const std::string bounds = std::string("bounds task") + kSplitSettings;
  const Ended as_prepared = headroom(bounds);
  EXPECT_EQ(as_prepared.exit_code, 2);
  EXPECT_THAT(as_prepared.err, HasSubstr("the task has one context, 'lineA'"));
  EXPECT_EQ(headroom(std::string("bounds task --predictor knn --grid knn.k=1,2 --metric L2 --common-dim 4 --sandbox "
                                 "relaxed --split within"))
                .exit_code,
            0);
}

// Joint folds span contexts as other families do, and what goes by folds within a context goes by no others.
TEST_F(Splits, JointFoldsAreToldAndNeitherAuditedNorScored) {
  ASSERT_EQ(headroom("simulate -o study --preset study").exit_code, 0);
  const std::string task = "study/task --folds 3 --folds-shared --joint ";
  const std::string with_good = task + kSplitSettings + "--embedding good=study/embeddings/good.h5ad ";
  ASSERT_EQ(headroom("run " + with_good + "-o out").exit_code, 0);
  const json told = summary();
  EXPECT_THAT(told["settings"].value("split", ""), HasSubstr("joint=1"));
  EXPECT_FALSE(told["contexts"][0].contains("split_family"));
  EXPECT_EQ(told["contexts"][0]["methods"][0]["folds"][0]["n_training"], 480);
  const Ended audited = headroom("run " + with_good + "--audit -o out2");
  EXPECT_EQ(audited.exit_code, 2);
  EXPECT_THAT(audited.err, HasSubstr("--joint"));
  const Ended scored = headroom("score " + task + kSplitSettings + "--predictions study/truth.h5ad -o out2");
  EXPECT_EQ(scored.exit_code, 2);
  EXPECT_THAT(scored.err, HasSubstr("--joint"));
}

TEST_F(Splits, MistakesAreSaid) {
  ASSERT_EQ(headroom("simulate -o screen --preset tiny").exit_code, 0);
  const std::string bounds = std::string("bounds screen/task") + kSplitSettings;
  const auto expect_error = [&](const std::string& flags, const std::string& part) {
    const Ended ended = headroom(bounds + flags);
    EXPECT_EQ(ended.exit_code, 2) << flags;
    EXPECT_THAT(ended.err, HasSubstr(part)) << flags;
  };
  expect_error("--split combination", "no perturbation of the task is a combination");
  expect_error("--split transfer --split-file x.csv", "say different splits");
  expect_error("--split elsewhere", "--split");
  expect_error("--split-file nowhere.csv", "nowhere.csv");
  expect_error("--joint", "the task has one context");
  const Ended other_kind = headroom("bounds screen/task --predictor logistic --target lfc");
  EXPECT_EQ(other_kind.exit_code, 2);
  EXPECT_THAT(other_kind.err, HasSubstr("'logistic' does not do the target lfc"));
}

}  // namespace
}  // namespace headroom
