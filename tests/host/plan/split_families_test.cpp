// Splits beyond one context against what NumPy makes of the same task (tests/reference/splits/make_splits.py).
#include "plan/split_families.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "host/io/temporary_folder.hpp"
#include "host/plan/split_reference.hpp"

namespace headroom {
namespace split_families_test {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::read_split_reference;
using testing::request_of;
using testing::task_of;
using testing::TemporaryFolder;

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs named(const Task& task, const std::vector<TaskRow>& rows) {
  Pairs pairs;
  const std::vector<std::string> ids = ids_of(task, rows);
  for (std::size_t i = 0; i < rows.size(); ++i) pairs.emplace_back(task.contexts[rows[i].context].name, ids[i]);
  return pairs;
}

class SplitFamilies : public ::testing::TestWithParam<std::string> {};

TEST_P(SplitFamilies, AreThoseOfTheReference) {
  const json reference = read_split_reference();
  const Task task = task_of(reference);
  const auto splits = make_splits(task, request_of(reference, GetParam()), {});
  ASSERT_TRUE(splits) << splits.error().line();
  std::vector<json> expected = reference["families"][GetParam()];
  // By context, then by the number of unseen parts.
  std::stable_sort(expected.begin(), expected.end(), [](const json& a, const json& b) {
    return std::pair(a["context"].get<std::string>(), a.value("unseen_parts", 0)) <
           std::pair(b["context"].get<std::string>(), b.value("unseen_parts", 0));
  });
  ASSERT_EQ(splits->size(), expected.size());
  for (std::size_t s = 0; s < expected.size(); ++s) {
    const Split& split = (*splits)[s];
    SCOPED_TRACE(expected[s]["context"].get<std::string>() + " " + expected[s]["name"].get<std::string>());
    EXPECT_EQ(split.name, expected[s]["name"].get<std::string>());
    EXPECT_EQ(split.family, GetParam());
    EXPECT_EQ(task.contexts[split.context].name, expected[s]["context"].get<std::string>());
    EXPECT_EQ(split.unseen_parts, expected[s].value("unseen_parts", std::size_t{0}));
    EXPECT_EQ(named(task, split.training), expected[s]["training"].get<Pairs>());
    EXPECT_EQ(ids_of(task, split.test), expected[s]["test"].get<std::vector<std::string>>());
  }
}

INSTANTIATE_TEST_SUITE_P(All, SplitFamilies, ::testing::Values("transfer", "transfer-few", "both", "combination"),
                         [](const auto& split) {
                           std::string name = split.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(SplitFamilies, NothingIsTrainedOnThatIsTested) {
  const json reference = read_split_reference();
  const Task task = task_of(reference);
  for (const char* family : {"transfer", "transfer-few", "both", "combination"}) {
    for (std::uint32_t seed = 0; seed < 10; ++seed) {
      SplitRequest request = request_of(reference, family);
      request.seed = seed;
      const auto splits = make_splits(task, request, {});
      ASSERT_TRUE(splits) << splits.error().line();
      for (const Split& split : *splits) {
        EXPECT_FALSE(split.training.empty() || split.test.empty());
        EXPECT_TRUE(std::is_sorted(split.training.begin(), split.training.end()));
        for (const TaskRow& row : split.test) {
          EXPECT_EQ(row.context, split.context);
          EXPECT_FALSE(std::binary_search(split.training.begin(), split.training.end(), row));
        }
      }
    }
  }
}

TEST(SplitFamilies, KeepGroupsTogether) {
  const json reference = read_split_reference();
  Task task = task_of(reference);
  for (TaskContext& context : task.contexts) {
    for (const std::string& id : context.pert_ids) context.fold_group.push_back(id.substr(0, 1));
  }
  const auto splits = make_splits(task, request_of(reference, "both"), {});
  ASSERT_TRUE(splits) << splits.error().line();
  for (const Split& split : *splits) {
    for (const std::string& tested : ids_of(task, split.test)) {
      for (const std::string& trained : ids_of(task, split.training)) EXPECT_NE(tested[0], trained[0]) << split.name;
    }
  }
}

TEST(SplitFamilies, KeepThoseThatAreNamed) {
  const json reference = read_split_reference();
  const Task task = task_of(reference);
  const auto some = make_splits(task, request_of(reference, "both"), {"both-1"});
  ASSERT_TRUE(some) << some.error().line();
  EXPECT_EQ(some->size(), 3u);
  EXPECT_EQ(make_splits(task, request_of(reference, "both"), {"both-0,both-2"})->size(), 6u);
  const auto none = make_splits(task, request_of(reference, "both"), {"1"});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().line(), HasSubstr("the family 'both' has no split '1'"));
  EXPECT_THAT(none.error().line(), HasSubstr("both-0, both-1, both-2"));
}

TEST(SplitFamilies, RefuseNumbersThatAnotherFamilyHears) {
  SplitRequest request;
  request.few_percent = 10;
  EXPECT_THAT(check_split_request(request).error().line(), HasSubstr("no part in the split within (--few-percent)"));
  request = {};
  request.family = kFamilyTransfer;
  request.test_doubles = 30;
  EXPECT_THAT(check_split_request(request).error().line(), HasSubstr("no part in the split transfer (--test-doubles)"));
  request.family = kFamilyCombination;
  EXPECT_TRUE(check_split_request(request));
}

TEST(SplitFamilies, SayWhatATaskLacks) {
  const json reference = read_split_reference();
  Task task = task_of(reference);
  SplitRequest few = request_of(reference, "transfer-few");
  few.few_percent = 100;
  EXPECT_THAT(make_splits(task, few, {}).error().line(), HasSubstr("above 0, below 100"));
  task.contexts[0].pert_ids = {"X", "Y"};
  EXPECT_THAT(make_splits(task, request_of(reference, "transfer"), {}).error().line(),
              HasSubstr("no perturbation of context 'Jurkat' can be tested"));
  task.contexts.resize(1);
  EXPECT_THAT(make_splits(task, request_of(reference, "both"), {}).error().line(),
              HasSubstr("the task has one context, 'Jurkat'"));
  EXPECT_THAT(make_splits(task, request_of(reference, "combination"), {}).error().line(),
              HasSubstr("no perturbation of the task is a combination"));
  EXPECT_THAT(make_splits(task, request_of(reference, "else"), {}).error().line(), HasSubstr("no family of splits"));
}

TEST(JointFolds, TrainOnEveryContextAndNeedSharedFolds) {
  Task task = task_of(read_split_reference());
  SplitRequest request;
  request.joint = true;
  const auto torn = make_splits(task, request, {});
  ASSERT_FALSE(torn);
  EXPECT_THAT(torn.error().line(),
              ::testing::AllOf(HasSubstr("is in different folds in 'Jurkat' and"), HasSubstr("--folds-shared")));
  for (TaskContext& context : task.contexts) {
    for (std::size_t row = 0; row < context.pert_ids.size(); ++row) {
      context.fold_of_row[row] = context.pert_ids[row] < "CBL" ? 0 : 1;
    }
  }
  const auto splits = make_splits(task, request, {"0"});
  ASSERT_TRUE(splits) << splits.error().line();
  ASSERT_EQ(splits->size(), 3u);
  for (const Split& split : *splits) {
    EXPECT_EQ(split.family, kFamilyWithin);
    for (const std::string& id : ids_of(task, split.test)) EXPECT_LT(id, "CBL");
    std::size_t n = 0;
    for (const TaskContext& context : task.contexts) {
      n += static_cast<std::size_t>(std::count(context.fold_of_row.begin(), context.fold_of_row.end(), 1));
    }
    EXPECT_EQ(split.training.size(), n);
  }
  request.family = kFamilyBoth;
  EXPECT_THAT(make_splits(task, request, {}).error().line(), HasSubstr("it is for the folds within a context"));
}

TEST(PartsOfPerturbations, AreReadFromTheUsualSpellings) {
  const auto parts = parts_of_perturbations(
      {"A", "B", "B+A", "A+ctrl", "ctrl+B", "A_B", "MAPK_1", "A;C", "A|B", "CC(=O)N+C", "A+A", "A_ctrl"});
  using Parts = std::vector<std::string>;
  EXPECT_THAT(parts, ElementsAre(Parts{"A"}, Parts{"B"}, Parts{"A", "B"}, Parts{"A"}, Parts{"B"}, Parts{"A", "B"},
                                 Parts{"MAPK_1"}, Parts{"A", "C"}, Parts{"A", "B"}, Parts{"CC(=O)N+C"}, Parts{"A"},
                                 Parts{"A"}));
}

// ---- splits that a table says ----

std::filesystem::path write(const TemporaryFolder& folder, const std::string& text) {
  std::ofstream(folder / "splits.csv") << text;
  return folder / "splits.csv";
}

TEST(SplitFile, IsReadAsItStands) {
  const TemporaryFolder folder;
  const Task task = task_of(read_split_reference());
  SplitRequest request;
  request.family = kFamilyFile;
  request.file = write(folder,
                       "split,part,context,pert_id\n"
                       "one,train,RPE1,CBL\none,val,Jurkat,AHR\none,test,Jurkat,CBL\none,test,RPE1,FOS\n"
                       "two,Test,RPE1,BAK1\ntwo,train,RPE1,CBL\n");
  const auto splits = make_splits(task, request, {});
  ASSERT_TRUE(splits) << splits.error().line();
  ASSERT_EQ(splits->size(), 3u);
  EXPECT_EQ(named(task, (*splits)[0].training), (Pairs{{"Jurkat", "AHR"}, {"RPE1", "CBL"}}));
  EXPECT_EQ(named(task, (*splits)[0].test), (Pairs{{"Jurkat", "CBL"}}));
  EXPECT_EQ(named(task, (*splits)[1].test), (Pairs{{"RPE1", "FOS"}}));
  EXPECT_EQ((*splits)[2].name, "two");
  EXPECT_EQ(named(task, (*splits)[2].test), (Pairs{{"RPE1", "BAK1"}}));
}

TEST(SplitFile, MistakesNameTheLine) {
  const TemporaryFolder folder;
  Task task = task_of(read_split_reference());
  const auto message = [&](const std::string& text) {
    const auto splits = read_split_file(write(folder, text), task);
    return splits ? std::string("none") : splits.error().line();
  };
  EXPECT_THAT(message("split,context,pert_id\na,RPE1,CBL\n"), HasSubstr("'a' is no part of a split"));
  EXPECT_THAT(message("part,pert_id\ntest,CBL\n"), HasSubstr("context"));
  EXPECT_THAT(message("split,part,context,pert_id\na,train,RPE1,CBL\na,seen,RPE1,FOS\n"),
              ::testing::AllOf(HasSubstr("'seen' is no part of a split"), HasSubstr("line 3")));
  EXPECT_THAT(message("split,part,context,pert_id\na,train,HeLa,CBL\n"), HasSubstr("no context 'HeLa'"));
  EXPECT_THAT(message("split,part,context,pert_id\na,train,RPE1,AHR\n"), HasSubstr("no perturbation 'AHR'"));
  EXPECT_THAT(message("split,part,context,pert_id\na,train,RPE1,CBL\na,test,RPE1,CBL\n"),
              HasSubstr("both for training and for testing"));
  EXPECT_THAT(message("split,part,context,pert_id\na,train,RPE1,CBL\n"), HasSubstr("no split of the file tests"));
  SplitRequest untrained;
  untrained.family = kFamilyFile;
  untrained.file = write(folder, "split,part,context,pert_id\nb,test,RPE1,CBL\n");
  EXPECT_THAT(make_splits(task, untrained, {}).error().line(), HasSubstr("split 'b' trains on nothing"));
  task.contexts[0].pert_ids = {"AHR+BAK1", "BAK1+AHR"};
  EXPECT_THAT(message("split,part,context,pert_id\na,train,Jurkat,AHR+BAK1\na,test,Jurkat,BAK1+AHR\n"),
              HasSubstr("they are one perturbation"));
}

}  // namespace split_families_test
}  // namespace headroom
