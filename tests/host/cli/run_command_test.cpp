// headroom run: what it leaves behind when it is refused, and what it does with a store that it cannot read.
#include <sqlite3.h>

#include <nlohmann/json.hpp>

#include "program.hpp"

namespace headroom {
namespace {

class RunCommand : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    ASSERT_EQ(headroom("simulate -o screen --preset tiny").exit_code, 0);
  }

  Ended run(const std::string& flags) const {
    return headroom("run screen/task --embedding e=screen/embeddings/good.h5ad --predictor knn --common-dim 4 " +
                    flags + " --sandbox relaxed -o out");
  }
};

TEST_F(RunCommand, LeavesNothingBehindWhenItIsRefused) {
  for (const char* flags : {"--grid knn.nothing=1", "--set e.nothing=1", "--grid knn.k=-1", "--fold nothing",
                            "--embedding e=screen/embeddings/weak.h5ad"}) {
    const Ended ended = run(flags);
    EXPECT_EQ(ended.exit_code, 2) << flags << ended.err;
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out")) << flags;
  }
  ASSERT_EQ(run("--grid knn.k=1,2").exit_code, 0);
  const std::string asked = content_of(folder_ / "out" / "run.toml");
  EXPECT_EQ(run("--grid knn.nothing=1").exit_code, 2);
  EXPECT_EQ(content_of(folder_ / "out" / "run.toml"), asked);
}

// The published bar figures take the train mean and the sampling error alone (protocol section 11).
TEST_F(RunCommand, BoundsOfTheFiguresAreTwoMethods) {
  const auto bounds = [&](const std::string& flags) {
    const Ended ended = headroom(
        "bounds screen/task --predictor knn --grid knn.k=1,2 --common-dim 4 --metric L2 "
        "--sandbox relaxed --json " +
        flags);
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    return nlohmann::json::parse(ended.out, nullptr, false);
  };
  const auto figure = bounds("--bounds figure")["contexts"][0];
  EXPECT_EQ(figure["wap"]["method"], "train_mean");
  EXPECT_EQ(figure["bap"]["method"], "sampling_error_q90");
  const auto essay = bounds("")["contexts"][0];
  EXPECT_LE(essay["wap"]["value"], figure["wap"]["value"]) << "the best of more nulls";
  EXPECT_GE(essay["bap"]["value"], figure["bap"]["value"]) << "the tightest of more cheaters";
  EXPECT_EQ(bounds("--bounds essay")["contexts"][0]["gap"], essay["gap"]) << "the default";
  const auto refined = bounds("--bounds figure --ceiling idealized")["contexts"][0];
  EXPECT_EQ(refined["wap"]["method"], "train_mean");
  EXPECT_EQ(refined["bap"]["method"].get<std::string>().substr(0, 9), "idealized") << "--ceiling refines it";

  // What a run was asked for is written out, so that it can be repeated.
  ASSERT_EQ(run("--grid knn.k=1,2 --bounds figure").exit_code, 0);
  const std::string asked = content_of(folder_ / "out" / "run.toml");
  EXPECT_NE(asked.find("bounds = \"figure\""), std::string::npos) << asked;
  EXPECT_NE(asked.find("nulls = \"train_mean\""), std::string::npos) << asked;
  EXPECT_NE(asked.find("ceiling = \"sampling_error_q90\""), std::string::npos) << asked;
  EXPECT_EQ(headroom("run screen/task --embedding e=screen/embeddings/good.h5ad --bounds none -o out2").exit_code, 2);
}

TEST_F(RunCommand, TellsOnResumeThatItsStoreCannotBeRead) {
  ASSERT_EQ(run("--grid knn.k=1,2").exit_code, 0);
  sqlite3* store = nullptr;
  sqlite3_open((folder_ / "out" / "results.sqlite").c_str(), &store);
  ASSERT_EQ(sqlite3_exec(store, "UPDATE evaluation SET best_params = '{' WHERE method = 'e+knn' AND fold = '0'",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(store);
  std::filesystem::remove(folder_ / "out" / "summary.json");  // or nothing would have to be read
  const Ended ended = run("--grid knn.k=1,2 --resume");
  EXPECT_EQ(ended.exit_code, 2) << ended.err;
  EXPECT_NE(ended.err.find("the store is damaged"), std::string::npos) << ended.err;
  EXPECT_EQ(ended.err.find("missing"), std::string::npos) << ended.err;
}

}  // namespace
}  // namespace headroom
