#include "evaluation/load_roster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "host/evaluation/made_task.hpp"
#include "host/io/temporary_folder.hpp"

namespace headroom {
namespace load_roster_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LoadRoster : public ::testing::Test {
 protected:
  std::string refusal() {
    const auto roster = load_roster(lfc_target(), options_, pool_);
    return roster ? "" : roster.error().line();
  }

  testing::TemporaryFolder folder_;
  RunOptions options_ = testing::made_options();
  ThreadPool pool_{2};
};

TEST_F(LoadRoster, IntroducesWhatWasNamedInItsOrder) {
  options_.predictors = {{"ridge", {}}, {"knn", {}}};
  options_.embeddings = {{"one", folder_.write("one.csv", "pert_id,x\np100,1\n"), {}},
                         {"two", folder_.write("two.csv", "pert_id,x\np100,2\n"), {}}};
  const auto roster = load_roster(lfc_target(), options_, pool_);
  ASSERT_TRUE(roster.has_value()) << roster.error().line();
  std::vector<std::string> names;
  for (const auto* entries : {&roster->heads, &roster->embeddings}) {
    for (const RosterEntry& entry : *entries) {
      names.push_back(entry.name);
      EXPECT_FALSE(entry.fault.has_value()) << entry.name;
      EXPECT_FALSE(entry.file->sha256.empty());
    }
  }
  EXPECT_THAT(names, ElementsAre("ridge", "knn", "lasso", "one", "two")) << "lasso serves the bounds";
  EXPECT_EQ(roster->n_tables, 2u);
  EXPECT_EQ(roster->heads[1].grid.settings, (Matrix(2, 1) << 1, 3).finished());
  EXPECT_TRUE(describe(roster->embeddings[0]).has_description());
  EXPECT_EQ(describe(roster->embeddings[0]).file(), "one.csv");
}

TEST_F(LoadRoster, RefusesFlagsThatNoPluginDeclares) {
  options_.grid["knn.neighbours"] = {3};
  EXPECT_THAT(refusal(), HasSubstr("there is no hyperparameter 'knn.neighbours'"));
  options_.grid.erase("knn.neighbours");
  options_.grid["knn.k"] = {2.5};
  EXPECT_THAT(refusal(), HasSubstr("2.5 is not allowed"));
  options_.grid["knn.k"] = {};
  EXPECT_THAT(refusal(), HasSubstr("a grid without values"));
  options_.grid.erase("knn.k");
  options_.plugin_options["knn.colour"] = "blue";
  EXPECT_THAT(refusal(), HasSubstr("there is no option 'knn.colour'"));
}

TEST_F(LoadRoster, OpensNoOtherHeadWithBoundsPerHead) {
  options_.bounds_per_head = true;
  const auto roster = load_roster(lfc_target(), options_, pool_);
  ASSERT_TRUE(roster.has_value()) << roster.error().line();
  EXPECT_EQ(roster->heads.size(), 1u);
}

TEST_F(LoadRoster, RefusesWhatIsNotThere) {
  options_.predictors = {{"forest", {}}};
  EXPECT_THAT(refusal(), HasSubstr("there is no head 'forest'"));
  options_.predictors = {{"mine", folder_.path() / "mine.so"}};
  EXPECT_THAT(refusal(), HasSubstr("no such plugin"));
}

TEST_F(LoadRoster, KeepsAPluginsOwnFaultInItsEntry) {
  options_.embeddings = {{"broken", folder_.write("broken.csv", "pert_id,x\np100,word\n"), {}},
                         {"text", folder_.write("text.so", "this is no library"), {}}};
  const auto roster = load_roster(lfc_target(), options_, pool_);
  ASSERT_TRUE(roster.has_value()) << roster.error().line();
  EXPECT_TRUE(roster->embeddings[0].fault.has_value());
  ASSERT_TRUE(roster->embeddings[1].fault.has_value());
  EXPECT_EQ(roster->embeddings[1].fault->verdict, WorkerVerdict::LOAD_FAILED);
}

TEST_F(LoadRoster, CanLeaveFilesOfVectorsUnread) {
  options_.embeddings = {{"broken", folder_.write("broken.csv", "pert_id,x\np100,word\n"), {}}};
  auto roster = load_roster(lfc_target(), options_, pool_, VectorFiles::leave);
  ASSERT_TRUE(roster.has_value()) << roster.error().line();
  EXPECT_FALSE(roster->embeddings[0].fault.has_value());
  EXPECT_FALSE(roster->embeddings[0].is_read);
  ASSERT_TRUE(read_vector_files(*roster, options_, pool_).has_value());
  EXPECT_TRUE(roster->embeddings[0].is_read);
  EXPECT_TRUE(roster->embeddings[0].fault.has_value());
}

// A round has hundreds of files: their reader is copied once, and says once what it is.
TEST_F(LoadRoster, OpensTheReaderOfVectorsOnce) {
  const std::string vectors = "pert_id,x\np100,1\np101,2\n";
  options_.embeddings = {{"a", folder_.write("a.csv", vectors), {}}, {"b", folder_.write("b.csv", vectors), {}}};
  const auto roster = load_roster(lfc_target(), options_, pool_, VectorFiles::leave);
  ASSERT_TRUE(roster.has_value()) << roster.error().line();
  const RosterEntry &a = roster->embeddings[0], &b = roster->embeddings[1];
  EXPECT_EQ(a.file, b.file);
  EXPECT_NE(a.data, b.data);
  ASSERT_NE(a.settings.introduced, nullptr);
  EXPECT_EQ(a.settings.introduced, b.settings.introduced);
  EXPECT_EQ(a.confinement.level(), b.confinement.level());
  EXPECT_NE(a.settings.budget, b.settings.budget);
}

TEST_F(LoadRoster, SaysHowManyFilesMayBeOpen) {
  struct rlimit before {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  for (int i = 0; i < 200; ++i) options_.submissions.push_back({std::to_string(i), {}, {}, "not to be read"});
  struct rlimit few = before;
  few.rlim_cur = 400;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  const std::string refused = refusal();
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_THAT(refused, HasSubstr("200 submissions are held open at once, and this session may open 400 files"));
  EXPECT_THAT(refused, HasSubstr("ulimit -Hn"));
}

}  // namespace load_roster_test
}  // namespace headroom
