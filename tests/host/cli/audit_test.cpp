// headroom run --audit: what it writes and prints.
#include <nlohmann/json.hpp>

#include "program.hpp"

namespace headroom {
namespace {

using nlohmann::json;

constexpr const char* kRun =
    "run screen/task --embedding good=screen/embeddings/good.h5ad --predictor knn --common-dim 20 --metric L2 "
    "--sandbox relaxed ";

// Of the simulated screen with 160 perturbations: its folds have enough of them.
class AuditedRun : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    const Ended ended = headroom("simulate -o screen --preset small");
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
  }
  json audit_of(const std::string& out) const {
    return json::parse(content_of(folder_ / out / "summary.json"))["audit"];
  }
};

TEST_F(AuditedRun, AGoodEmbeddingPassesEveryProbe) {
  const Ended ended = headroom(std::string(kRun) + "--audit -o out");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  std::map<std::string, std::string> outcomes;
  for (const json& row : audit_of("out")) {
    outcomes[row["name"].get<std::string>() + " " + row["probe"].get<std::string>()] = row["outcome"];
    EXPECT_FALSE(row["detail"].get<std::string>().empty());
  }
  const std::map<std::string, std::string> expected = {
      {"good ids-renamed", "skipped"},   {"good rows-reordered", "pass"},
      {"good same-call-twice", "pass"},  {"good+knn embedding-shuffled", "pass"},
      {"good+knn ids-renamed", "pass"},  {"good+knn labels-shuffled", "pass"},
      {"good+knn over-ceiling", "pass"}, {"good+knn same-call-twice", "pass"},
      {"good twin-vectors", "pass"}};
  EXPECT_EQ(outcomes, expected);
  EXPECT_NE(ended.out.find("good+knn  pass     8 probes, 1 skipped"), std::string::npos) << ended.out;
  const std::string csv = content_of(folder_ / "out" / "scores.csv");
  EXPECT_NE(csv.substr(0, csv.find('\n')).find(",gap_closed,audit"), std::string::npos) << csv;
  const json summary = json::parse(content_of(folder_ / "out" / "summary.json"));
  for (const json& method : summary["contexts"][0]["methods"]) {
    EXPECT_EQ(method.value("audit", ""), method["name"] == "good+knn" ? "pass" : "") << method["name"];
  }

  const Ended resumed = headroom(std::string(kRun) + "--audit --resume --threads 1 -o out");
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_TRUE(audit_of("out") == json::parse(summary["audit"].dump())) << "another audit of the resumed run";
}

TEST_F(AuditedRun, IsLeftOutUnlessAskedFor) {
  const Ended ended = headroom(std::string(kRun) + "--fold 0 -o out");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(ended.out.find("audit"), std::string::npos) << ended.out;
  EXPECT_EQ(content_of(folder_ / "out" / "summary.json").find("over-ceiling"), std::string::npos);
}

}  // namespace
}  // namespace headroom
