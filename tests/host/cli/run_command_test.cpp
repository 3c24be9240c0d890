// headroom run: what it leaves behind when it is refused, and what it does with a store that it cannot read.
#include <sqlite3.h>

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
