// A run in parts from outside: plan, the parts, merge. Whatever the parts, the results are those of one run.
#include <gmock/gmock.h>
#include <sqlite3.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "host/cli/program.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

// A summary or a table of scores without what differs from run to run.
std::string without_times(const std::string& summary) {
  static const std::regex times(R"re("(wall_s|cpu_s|peak_memory_bytes)":\s*[^,}\n]+)re");
  return std::regex_replace(summary, times, "\"$1\": 0");
}

class Shards : public ProgramTest {
 protected:
  static void SetUpTestSuite() {
    std::string pattern = (fs::temp_directory_path() / "headroom-shards-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    data_ = pattern;
    const auto run = [](const std::string& arguments) {
      return std::system(
          ("cd '" + data_.string() + "' && '" HEADROOM_BUILD_DIR "/bin/headroom' " + arguments + " >/dev/null 2>&1")
              .c_str());
    };
    ASSERT_EQ(run("simulate -o study --preset study"), 0);
    ASSERT_EQ(run("simulate -o tiny --preset tiny"), 0);
    ASSERT_EQ(run("prepare tiny/cells.h5ad --deg -o tiny/deg"), 0);
  }
  static void TearDownTestSuite() { fs::remove_all(data_); }

  void SetUp() override {
    ProgramTest::SetUp();
    for (const char* name : {"study", "tiny"}) fs::create_directory_symlink(data_ / name, folder_ / name);
  }

  void make_shards(int n, const std::string& beside = "", int left_out = 0) {
    for (int i = 1; i <= n; ++i) {
      if (i == left_out) continue;
      const Ended ended = headroom(shard(i, n) + beside);
      ASSERT_EQ(ended.exit_code, 0) << ended.err;
    }
  }
  static std::string shard(int i, int n) {
    return "run --plan plan --shard " + std::to_string(i) + "/" + std::to_string(n) + " -o shards/" + std::to_string(i);
  }

  // One run's files against those of n shards.
  void expect_same_in_shards(const std::string& what, const std::vector<int>& numbers) {
    const Ended one = headroom("run " + what + " -o one");
    ASSERT_EQ(one.exit_code, 0) << one.err;
    const Ended planned = headroom("plan " + what + " -o plan");
    ASSERT_EQ(planned.exit_code, 0) << planned.err;
    for (const int n : numbers) {
      make_shards(n);
      const Ended merged = headroom("merge shards/* -o merged");
      ASSERT_EQ(merged.exit_code, 0) << merged.err;
      EXPECT_EQ(without_times(content_of(folder_ / "merged/summary.json")),
                without_times(content_of(folder_ / "one/summary.json")))
          << n << " shards";
      EXPECT_EQ(content_of(folder_ / "merged/perturbations.csv"), content_of(folder_ / "one/perturbations.csv"));
      EXPECT_EQ(content_of(folder_ / "merged/similarity.csv"), content_of(folder_ / "one/similarity.csv"));
      for (const char* name : {"scores.csv", "report.html", "results.sqlite", "run.toml"}) {
        EXPECT_TRUE(fs::exists(folder_ / "merged" / name)) << name;
      }
      fs::remove_all(folder_ / "shards");
      fs::remove_all(folder_ / "merged");
    }
  }

  static fs::path data_;
};

fs::path Shards::data_;

// Three contexts; two embeddings and a fusion of them, without each of its blocks; the random null's five seeds in
// different processes.
constexpr const char* kStudy =
    "study/task --embedding good=study/embeddings/good.h5ad --embedding weak=study/embeddings/weak.h5ad "
    "--predictor knn --grid knn.k=5,10 --metric L2,Pearson --common-dim 10 --sandbox relaxed --folds 3 ";

TEST_F(Shards, AreOneRunWhateverTheirNumber) {
  expect_same_in_shards(std::string(kStudy) + "--fusion both=all --fusion-predictor concat:ridge --ablate", {1, 3, 7});
}

TEST_F(Shards, AreOneRunOverSplitsThatSpanContexts) {
  expect_same_in_shards(std::string(kStudy) + "--split transfer", {3});
}

TEST_F(Shards, AreOneRunOfBothTargets) {
  expect_same_in_shards(
      "tiny/deg --embedding good=tiny/embeddings/good.h5ad --grid knn.k=2,4 --grid logistic.C=1,1000 --common-dim 4 "
      "--sandbox relaxed",
      {1, 3, 7});
}

TEST_F(Shards, ThatAreMissingAreNamedWithTheirCommand) {
  ASSERT_EQ(headroom("plan " + std::string(kStudy) + "-o plan").exit_code, 0);
  make_shards(3, "", 2);
  const Ended missing = headroom("merge shards/* -o merged");
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err, HasSubstr("1 of 3 shards are missing or unfinished"));
  const std::string command =
      "headroom run --plan " + (folder_ / "plan").string() + " --shard 2/3 -o " + (folder_ / "shards/2").string();
  EXPECT_THAT(missing.err, HasSubstr("shard 2/3: there is no folder of it: " + command));
  EXPECT_THAT(missing.err, Not(HasSubstr("shard 1/3")));
  EXPECT_FALSE(fs::exists(folder_ / "merged"));

  const Ended partial = headroom("merge shards/* -o part --partial");
  EXPECT_TRUE(partial.exit_code == 0 || partial.exit_code == 3) << partial.err;
  EXPECT_THAT(partial.err, HasSubstr("the results are partial"));
  EXPECT_TRUE(fs::exists(folder_ / "part/summary.json"));

  // The very command that was named.
  ASSERT_EQ(headroom(command.substr(command.find(' ') + 1)).exit_code, 0);
  EXPECT_EQ(headroom("merge shards/* -o merged").exit_code, 0);
}

TEST_F(Shards, GoOnFromTheirStoreAfterAKill) {
  ASSERT_EQ(headroom("plan " + std::string(kStudy) + "-o plan").exit_code, 0);
  ASSERT_EQ(headroom("run " + std::string(kStudy) + "-o one").exit_code, 0);
  make_shards(2, "", 1);
  int n_killed = 0;
  for (const double moment_s : {0.1, 0.3, 0.5}) {
    n_killed += killed_after(shard(1, 2) + " --threads 1", std::chrono::duration<double>(moment_s));
  }
  const Ended unfinished = headroom("merge shards/* -o merged");
  if (n_killed == 3) {
    EXPECT_EQ(unfinished.exit_code, 2);
    EXPECT_THAT(unfinished.err, HasSubstr("shard 1/2"));
  }
  const Ended resumed = headroom(shard(1, 2));
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  ASSERT_EQ(headroom("merge shards/* -o again").exit_code, 0);
  EXPECT_EQ(without_times(content_of(folder_ / "again/summary.json")),
            without_times(content_of(folder_ / "one/summary.json")));
}

TEST_F(Shards, RefuseAnInputThatHasChanged) {
  fs::copy_file(data_ / "study/embeddings/good.h5ad", folder_ / "mine.h5ad");
  const std::string study =
      std::regex_replace(std::string(kStudy), std::regex("study/embeddings/good.h5ad"), "mine.h5ad");
  ASSERT_EQ(headroom("plan " + study + "-o plan").exit_code, 0);
  ASSERT_EQ(headroom(shard(1, 2)).exit_code, 0);
  fs::copy_file(data_ / "study/embeddings/noise.h5ad", folder_ / "mine.h5ad", fs::copy_options::overwrite_existing);
  const Ended changed = headroom(shard(2, 2));
  EXPECT_EQ(changed.exit_code, 2);
  EXPECT_THAT(changed.err, HasSubstr("vectors of good (mine.h5ad) has changed: sha256 "));
  EXPECT_FALSE(fs::exists(folder_ / "shards/2"));
  const Ended merged = headroom("merge shards/* -o merged --partial");
  EXPECT_EQ(merged.exit_code, 2);
  EXPECT_THAT(merged.err, HasSubstr("vectors of good (mine.h5ad) has changed"));
}

TEST_F(Shards, OfAnotherPlanOrNumberOrProcessorAreRefused) {
  ASSERT_EQ(headroom("plan " + std::string(kStudy) + "-o plan").exit_code, 0);
  ASSERT_EQ(headroom(shard(1, 2)).exit_code, 0);
  ASSERT_EQ(headroom("run --plan plan --shard 2/3 -o of_three").exit_code, 0);
  EXPECT_THAT(headroom("merge shards/1 of_three -o merged").err, HasSubstr("it is one of 3 shards, unlike"));
  ASSERT_EQ(headroom("plan " + std::string(kStudy) + "--seed 7 -o plan7").exit_code, 0);
  ASSERT_EQ(headroom("run --plan plan7 --shard 2/2 -o of_plan7").exit_code, 0);
  EXPECT_THAT(headroom("merge shards/1 of_plan7 -o merged").err, HasSubstr("it is a shard of another plan, unlike"));
  EXPECT_THAT(headroom("run --plan plan7 --shard 1/2 -o shards/1").err, HasSubstr("a shard of another plan"));
  EXPECT_THAT(headroom("run --plan plan --shard 2/2 --seed 1 -o x").err, HasSubstr("the plan says that"));

  ASSERT_EQ(setenv("OPENBLAS_CORETYPE", "Sandybridge", 1), 0);
  const Ended made = headroom(shard(2, 2));
  unsetenv("OPENBLAS_CORETYPE");
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const Ended refused = headroom("merge shards/* -o merged");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("another kind of processor (Sandybridge"));
  EXPECT_FALSE(fs::exists(folder_ / "merged"));
  // Here it is made again: the store tells for which processor its numbers are.
  const Ended again = headroom(shard(2, 2));
  EXPECT_THAT(again.err, HasSubstr("kernels: Sandybridge"));
  EXPECT_EQ(headroom("merge shards/* -o merged").exit_code, 0);
}

TEST_F(Shards, AreNotMadeOfFinishedPredictions) {
  for (const std::string command : {"plan", "submit --engine slurm"}) {
    const Ended ended =
        headroom(command + " study/task --predictions p.h5ad --predicted cells --values counts -o plan");
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_THAT(ended.err, HasSubstr("finished predictions are not evaluated in parts"));
    EXPECT_THAT(ended.err, HasSubstr("headroom score"));
    EXPECT_FALSE(fs::exists(folder_ / "plan"));
  }
}

// What embeddings are compared by is made where they are evaluated.
TEST_F(Shards, KeepWhatEmbeddingsAreComparedBy) {
  ASSERT_EQ(headroom("plan " + std::string(kStudy) + "-o plan").exit_code, 0);
  make_shards(2);
  ASSERT_EQ(headroom("merge shards/* -o merged").exit_code, 0);
  for (const char* shard : {"shards/1", "shards/2"}) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open((folder_ / shard / "results.sqlite").c_str(), &database), SQLITE_OK);
    ASSERT_EQ(
        sqlite3_exec(database, "UPDATE compared SET scores = zeroblob(length(scores)); PRAGMA wal_checkpoint(TRUNCATE)",
                     nullptr, nullptr, nullptr),
        SQLITE_OK);
    EXPECT_GT(sqlite3_total_changes(database), 0) << shard;
    sqlite3_close(database);
  }
  ASSERT_EQ(headroom("merge shards/* -o other").exit_code, 0);
  EXPECT_NE(content_of(folder_ / "other/similarity.csv"), content_of(folder_ / "merged/similarity.csv"))
      << "merge asks no embedding: what is compared is what the shards kept";
}

TEST_F(Shards, ThatRanTwiceMustAgree) {
  ASSERT_EQ(headroom("plan " + std::string(kStudy) + "-o plan").exit_code, 0);
  make_shards(2);
  ASSERT_EQ(headroom("run --plan plan --shard 2/2 -o twice").exit_code, 0);
  const Ended merged = headroom("merge shards/* twice -o merged");
  EXPECT_EQ(merged.exit_code, 0) << merged.err;
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open((folder_ / "twice/results.sqlite").c_str(), &database), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(database, "UPDATE score SET L2 = L2 + 1e-9 WHERE row = 0; PRAGMA wal_checkpoint(TRUNCATE)",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(database);
  const Ended refused = headroom("merge shards/* twice -o other");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("two runs of shard 2/2 say different things of"));
}

}  // namespace
}  // namespace headroom
