#include "evaluation/submissions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "host/io/temporary_folder.hpp"

namespace headroom {
namespace submissions_test {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using testing::TemporaryFolder;

std::vector<std::string> names_of(const SubmissionFolder& found) {
  std::vector<std::string> names;
  for (const SubmissionSpec& spec : found.submissions) names.push_back(spec.name);
  return names;
}

SubmissionFolder read(const TemporaryFolder& folder, const std::set<std::string>& taken = {}) {
  auto found = read_submissions(folder.path(), taken, {});
  EXPECT_TRUE(found) << found.error().line();
  return found ? *found : SubmissionFolder{};
}

TEST(ReadSubmissions, TakesPluginsVectorFilesAndFolders) {
  const TemporaryFolder folder;
  for (const char* name : {"a.so", "b.h5ad", "c.csv", "d.csv.gz", "e.tsv", "f.tsv.gz", "g.npz"}) folder.write(name, "");
  for (const char* name : {"README", ".so", ".hidden.so.swp", "h.so.bak"}) folder.write(name, "");
  for (const char* name : {".DS_Store", "._c.csv", "Thumbs.db", "k.csv~"}) folder.write(name, "");
  for (const char* name : {"__MACOSX", ".git"}) fs::create_directory(folder / name);
  folder.write("__MACOSX/c.csv", "");
  fs::create_directory(folder / "i");
  folder.write("i/plugin.so", "");
  folder.write("i/other.so", "");
  folder.write("i/weights", "");
  fs::create_directory(folder / "j");
  folder.write("j/vectors.csv", "");
  folder.write("j/._vectors.csv", "");
  const SubmissionFolder found = read(folder);
  EXPECT_THAT(names_of(found), ElementsAre("a", "b", "c", "d", "e", "f", "g", "i", "j"));
  EXPECT_THAT(
      found.notes,
      ElementsAre(
          "'README' is no submission: neither a plugin (.so, .py, .onnx), nor a file of vectors, nor a folder",
          "'h.so.bak' is no submission: neither a plugin (.so, .py, .onnx), nor a file of vectors, nor a folder",
          "8 hidden or system files are passed over: '.DS_Store', '._c.csv', '.git', "
          "'.hidden.so.swp', '.so', …"));
  EXPECT_EQ(found.submissions[7].path, folder / "i/plugin.so");
  EXPECT_EQ(found.submissions[7].data_folder, folder / "i");
  EXPECT_EQ(found.submissions[8].path, folder / "j/vectors.csv");
  EXPECT_TRUE(found.submissions[8].data_folder.empty());
  for (const SubmissionSpec& spec : found.submissions) EXPECT_EQ(spec.fault, "");
}

TEST(ReadSubmissions, OfOnnxComeInAFolder) {
  const TemporaryFolder folder;
  folder.write("net.onnx", "");
  const SubmissionFolder found = read(folder);
  ASSERT_EQ(found.submissions.size(), 1u);
  EXPECT_NE(found.submissions[0].fault.find("hand in a folder with model.onnx and its vocabulary.csv"),
            std::string::npos);
}

TEST(ReadSubmissions, FollowsLinksOnlyToFilesBesideThem) {
  const TemporaryFolder folder;
  folder.write("a.so", "");
  fs::create_directory(folder / "own");
  folder.write("own/real.so", "");
  fs::create_symlink("a.so", folder / "beside.so");
  fs::create_symlink("own/real.so", folder / "below.so");
  fs::create_symlink("../a.so", folder / "own/plugin.so");
  fs::create_symlink("loop.so", folder / "loop.so");
  const SubmissionFolder found = read(folder);
  ASSERT_THAT(names_of(found), ElementsAre("a", "below", "beside", "loop", "own"));
  EXPECT_NE(found.submissions[1].fault, "");
  EXPECT_EQ(found.submissions[2].fault, "");
  EXPECT_NE(found.submissions[3].fault, "");
  EXPECT_NE(found.submissions[4].fault, "");
}

TEST(ReadSubmissions, GivesEachANameOfItsOwn) {
  const TemporaryFolder folder;
  for (const char* name : {"a.csv", "a.so", "a.so.csv", "b+c.so", "b_c.csv", "knn.so", "x.csv"}) folder.write(name, "");
  fs::create_directory(folder / "a");
  fs::create_directory(folder / "knn");
  const SubmissionFolder found = read(folder, {"knn", "x", "x.csv"});
  std::vector<std::string> names = names_of(found);
  EXPECT_THAT(names, ElementsAre("a.folder", "a.csv", "a.so", "a.so.csv", "b_c.so", "b_c.csv", "knn.folder", "knn.so",
                                 "x.csv~2"));
  EXPECT_EQ(found.notes.size(), 9u);
}

TEST(ReadSubmissions, RefusesNamesThatJoinAMethods) {
  const TemporaryFolder folder;
  for (const char* name : {"a+b.so", "c.so", "d+.csv.gz"}) folder.write(name, "");
  fs::create_directory(folder / "e+f");
  folder.write("e+f/plugin.so", "");
  fs::create_directory(folder / "g");
  folder.write("g/h+i.csv", "");
  const SubmissionFolder found = read(folder);
  ASSERT_THAT(names_of(found), ElementsAre("a_b", "c", "d_", "e_f", "g"));
  EXPECT_EQ(found.submissions[0].fault,
            "the name 'a+b.so' holds a '+', which joins an embedding and a head: rename it to 'a_b.so'");
  EXPECT_EQ(found.submissions[1].fault, "");
  EXPECT_THAT(found.submissions[2].fault, ::testing::HasSubstr("rename it to 'd_.csv.gz'"));
  EXPECT_THAT(found.submissions[3].fault, ::testing::HasSubstr("rename it to 'e_f'"));
  EXPECT_EQ(found.submissions[4].fault, "") << "the folder's name counts, not what lies in it";
}

TEST(ReadSubmissions, WritesNamesThatDoNotShow) {
  const TemporaryFolder folder;
  folder.write("\xff.so", "");
  folder.write("\xfe\n.so", "");
  for (const std::string& name : names_of(read(folder))) {
    EXPECT_TRUE(std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c < 0x7f; })) << name;
  }
}

TEST(ReadSubmissions, RefusesNamesThatNobodyCanTellApart) {
  const TemporaryFolder folder;
  for (const char* name : {" good.csv", "good.csv", "go od.so", "\u00a0.so", " .csv", "train_mean .so", "other.so"}) {
    folder.write(name, "");
  }
  const SubmissionFolder found = read(folder, {"train_mean"});
  std::map<std::string, std::string> faults;
  for (const SubmissionSpec& spec : found.submissions) faults[spec.path.filename()] = spec.name + ": " + spec.fault;
  EXPECT_EQ(faults["good.csv"], "good: ");
  EXPECT_EQ(faults["other.so"], "other: ");
  EXPECT_EQ(faults[" good.csv"],
            " good~2: its name differs from 'good' by blanks only ( good.csv): rename one of them");
  EXPECT_EQ(faults["go od.so"], "go od~3: its name differs from 'good' by blanks only (go od.so): rename one of them");
  EXPECT_EQ(faults[" .csv"].substr(faults[" .csv"].find(": ")), ": its name is blank ( .csv): rename it");
  EXPECT_THAT(faults["\u00a0.so"].substr(faults["\u00a0.so"].find(": ")),
              ::testing::StartsWith(": its name is blank ("));
  EXPECT_EQ(faults["train_mean .so"], "train_mean .so: ") << "the null's name is taken, the whole one is not";
}

TEST(ReadSubmissions, LeavesOutTheFolderOfResults) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "out");
  const auto found = read_submissions(folder.path(), {}, folder / "out");
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->submissions.empty());
  EXPECT_EQ(found->notes.size(), 1u);
}

TEST(ReadSubmissions, RefusesWhatIsNoFolder) {
  const TemporaryFolder folder;
  EXPECT_FALSE(read_submissions(folder.write("file", ""), {}, {}));
  EXPECT_FALSE(read_submissions(folder / "absent", {}, {}));
}

}  // namespace submissions_test
}  // namespace headroom
