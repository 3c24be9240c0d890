// headroom verify on the store of a real run: untouched, with a number that was changed, with other inputs.
#include <sqlite3.h>

#include <nlohmann/json.hpp>

#include "program.hpp"

namespace headroom {
namespace {

class Verify : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    ASSERT_EQ(headroom("simulate -o screen --preset tiny").exit_code, 0);
    std::filesystem::copy_file(folder_ / "screen" / "embeddings" / "good.h5ad", folder_ / "e.h5ad");
    const Ended run = headroom(
        "run screen/task --embedding e=e.h5ad --predictor knn --grid knn.k=1,2,3 --common-dim 4 --sandbox relaxed "
        "-o out");
    ASSERT_EQ(run.exit_code, 0) << run.err;
  }

  void change(const std::string& sql) {
    sqlite3* store = nullptr;
    sqlite3_open((folder_ / "out" / "results.sqlite").c_str(), &store);
    ASSERT_EQ(sqlite3_exec(store, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(store);
    ASSERT_GT(sqlite3_changes(store), 0);
    sqlite3_close(store);
  }
};

TEST_F(Verify, FindsAnUntouchedStoreEqualFromAnyFolder) {
  const Ended all = headroom("verify out --all");
  EXPECT_EQ(all.exit_code, 0) << all.out << all.err;
  EXPECT_NE(all.out.find(" equal to the bit, 0 differ, 0 not comparable"), std::string::npos) << all.out;
  const Ended some = headroom("verify out --sample 3 --format json");
  EXPECT_EQ(some.exit_code, 0);
  const auto rows = nlohmann::json::parse(some.out);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0]["outcome"], "equal");
  std::filesystem::create_directory(folder_ / "elsewhere");
  std::filesystem::rename(folder_ / "out", folder_ / "elsewhere" / "moved");
  EXPECT_EQ(headroom("verify elsewhere/moved --sample 3").exit_code, 0) << "relative paths are those of the run";
}

TEST_F(Verify, NamesANumberThatWasChanged) {
  change(
      "UPDATE score SET L2 = L2 + 0.5 WHERE row = 1 AND evaluation IN "
      "(SELECT id FROM evaluation WHERE method = 'e+knn' AND fold = '0')");
  const Ended ended = headroom("verify out --all");
  EXPECT_EQ(ended.exit_code, 3) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("fold 0, e+knn: L2 of 1 of "), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("(by 0.5)"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find(", 1 differ,"), std::string::npos) << ended.out;

  change("UPDATE evaluation SET best_params = '{\"k\":99.0}' WHERE method = 'e+knn' AND fold = '1'");
  EXPECT_NE(headroom("verify out --all").out.find("hyperparameters k=99"), std::string::npos);
}

TEST_F(Verify, NamesTheFileThatIsAnotherOne) {
  std::filesystem::copy_file(folder_ / "screen" / "embeddings" / "weak.h5ad", folder_ / "e.h5ad",
                             std::filesystem::copy_options::overwrite_existing);
  const Ended vectors = headroom("verify out --all");
  EXPECT_EQ(vectors.exit_code, 2) << vectors.out << vectors.err;
  EXPECT_NE(vectors.out.find("e+knn: data of e: sha256 "), std::string::npos) << vectors.out;
  EXPECT_EQ(vectors.out.find("idealized+knn: "), std::string::npos) << "it does not depend on that file";

  std::ofstream(folder_ / "screen" / "task" / "noise.csv", std::ios::app) << "\n";
  EXPECT_NE(headroom("verify out --all").out.find("sampling_error_q90: noise table: sha256 "), std::string::npos);

  std::filesystem::remove(folder_ / "e.h5ad");
  const Ended missing = headroom("verify out --all");
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_NE(missing.err.find("e.h5ad"), std::string::npos) << missing.err;
}

TEST_F(Verify, EveryRunOfAFolderIsRepeatedAsItWasAsked) {
  const Ended other = headroom(
      "run screen/task --embedding second=e.h5ad --predictor ridge --common-dim 3 --seed 5 --sandbox relaxed -o out");
  ASSERT_EQ(other.exit_code, 0) << other.err;
  const Ended ended = headroom("verify out --all --format csv");
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("e+knn,equal"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("second+ridge,equal"), std::string::npos) << ended.out;
}

// What lies in a folder from elsewhere says nothing about who may do what here.
TEST_F(Verify, ConfinesPluginsAsTheCallerSays) {
  std::filesystem::remove_all(folder_ / "out");
  const Ended run =
      headroom("run screen/task --embedding e=e.h5ad --predictor ridge --common-dim 3 --sandbox off -o out");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const std::string unconfined = "plugins run without confinement";
  ASSERT_NE(run.err.find(unconfined), std::string::npos);
  const Ended confined = headroom("verify out --sample 2 --sandbox relaxed");
  EXPECT_EQ(confined.exit_code, 0) << confined.err;
  EXPECT_NE(confined.err.find("made with --sandbox off"), std::string::npos) << confined.err;
  EXPECT_EQ(confined.err.find(unconfined), std::string::npos) << confined.err;
  EXPECT_EQ(headroom("verify out --sample 2").err.find(unconfined), std::string::npos);
  const Ended asked = headroom("verify out --sample 2 --sandbox off");
  EXPECT_EQ(asked.exit_code, 0) << asked.err;
  EXPECT_NE(asked.err.find(unconfined), std::string::npos) << asked.err;
}

// Nor about what its plugins may cost.
TEST_F(Verify, LimitsPluginsAsTheCallerSays) {
  std::filesystem::remove_all(folder_ / "out");
  const Ended run = headroom(
      "run screen/task --embedding e=e.h5ad --predictor ridge --common-dim 3 --sandbox relaxed --limit-time 700 "
      "--limit-memory 16GiB -o out");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const Ended capped = headroom("verify out --all");
  EXPECT_EQ(capped.exit_code, 0) << capped.out << capped.err;
  const std::string told = "made with --limit-time 700 --limit-total 3500 --limit-memory 16384MiB;";
  EXPECT_NE(capped.err.find(told), std::string::npos) << capped.err;
  const Ended raised = headroom("verify out --sample 2 --limit-time 700 --limit-memory 16GiB");
  EXPECT_EQ(raised.exit_code, 0) << raised.err;
  EXPECT_EQ(raised.err.find("its plugins have less"), std::string::npos) << raised.err;
  const Ended starved = headroom("verify out --all --limit-total 0.000001");
  EXPECT_EQ(starved.exit_code, 3) << starved.out << starved.err;
  EXPECT_EQ(headroom("verify out --limit-memory 100MiB").exit_code, 2);
}

TEST_F(Verify, LooksHereForTheFilesOfARunWhoseFolderIsGone) {
  for (const char* part : {"first", "second"}) std::filesystem::create_directory(folder_ / part);
  std::filesystem::copy_file(folder_ / "e.h5ad", folder_ / "first" / "e.h5ad");
  std::filesystem::copy_file(folder_ / "screen" / "embeddings" / "weak.h5ad", folder_ / "second" / "e.h5ad");
  const std::filesystem::path test_folder = folder_;
  const std::string flags = " --predictor ridge --common-dim 3 --sandbox relaxed -o ../both";
  folder_ = test_folder / "first";
  ASSERT_EQ(headroom("run ../screen/task --embedding a=e.h5ad" + flags).exit_code, 0);
  folder_ = test_folder / "second";
  ASSERT_EQ(headroom("run ../screen/task --embedding b=e.h5ad" + flags).exit_code, 0);
  std::filesystem::rename(test_folder / "second", test_folder / "third");
  folder_ = test_folder / "third";
  const Ended ended = headroom("verify ../both --all");
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  folder_ = test_folder;
}

TEST_F(Verify, MistakesAreTold) {
  const Ended nothing = headroom("verify screen");
  EXPECT_EQ(nothing.exit_code, 2);
  EXPECT_NE(nothing.err.find("there is no store to verify"), std::string::npos) << nothing.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "screen" / "results.sqlite"));
  EXPECT_EQ(headroom("verify out --all --sample 3").exit_code, 2);
}

}  // namespace
}  // namespace headroom
