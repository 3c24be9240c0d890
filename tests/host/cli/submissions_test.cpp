// headroom run --submissions: every submission of a folder has its rows, whatever is wrong with the others.
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "program.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kRun =
    "run screen/task --predictor knn --grid knn.k=1,2,3 --common-dim 4 --limit-time 20 --sandbox relaxed -o out ";

// One method of one context, metric by metric, without what differs from run to run.
json rows_of(const json& summary, const std::string& method) {
  json rows;
  for (const json& context : summary["contexts"]) {
    for (json found : context["methods"]) {
      if (found["name"] != method) continue;
      for (json& fold : found["folds"]) {
        for (const char* key : {"wall_s", "cpu_s", "peak_memory_bytes"}) fold.erase(key);
      }
      rows.push_back(found);
    }
  }
  return rows;
}

class Submissions : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    const Ended ended = headroom("simulate -o screen --preset tiny");
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    fs::create_directory(inbox());
  }

  fs::path inbox() const { return folder_ / "inbox"; }
  void submit(const fs::path& from, const std::string& as) const { fs::copy_file(from, inbox() / as); }
  void submit_vectors(const std::string& as) const { submit(folder_ / "screen/embeddings/good.h5ad", as); }
  void write(const std::string& as, const std::string& text) const { std::ofstream(inbox() / as) << text; }

  std::set<std::string> perturbations() const {
    std::ifstream table(folder_ / "screen/task/noise.csv");
    std::string line;
    std::getline(table, line);
    const auto fields = [](const std::string& text) {
      std::vector<std::string> all;
      std::istringstream stream(text);
      for (std::string field; std::getline(stream, field, ',');) all.push_back(field);
      return all;
    };
    const std::vector<std::string> names = fields(line);
    const auto column = static_cast<std::size_t>(std::find(names.begin(), names.end(), "pert_id") - names.begin());
    std::set<std::string> ids;
    while (std::getline(table, line)) {
      if (const auto row = fields(line); column < row.size() && !row[column].empty()) ids.insert(row[column]);
    }
    return ids;
  }

  json summary() const { return json::parse(content_of(folder_ / "out" / "summary.json")); }

  // The line of a submission in the table at the end.
  static std::string outcome(const Ended& ended, const std::string& submission) {
    std::istringstream lines(ended.err);
    bool in_table = false;
    for (std::string line; std::getline(lines, line);) {
      in_table |= line.starts_with("submission ");
      if (in_table && line.starts_with(submission + " ")) return line;
    }
    return {};
  }
};

TEST_F(Submissions, EveryKindIsEvaluatedAndTold) {
  submit_vectors("vectors.h5ad");
  submit(fs::path(HEADROOM_BUILD_DIR) / "lib/headroom/examples/gene_family.so", "family.so");
  submit(fs::path(HEADROOM_BUILD_DIR) / "lib/headroom/examples/kernel_mean.so", "kernel.so");
  write("notes.txt", "hello");
  const Ended ended = headroom(std::string(kRun) + "--submissions inbox");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.err.find("note: 'notes.txt' is no submission"), std::string::npos) << ended.err;
  for (const auto& [name, kind] :
       {std::pair{"vectors", " vectors "}, {"family", " embedding "}, {"kernel", " predictor "}}) {
    const std::string line = outcome(ended, name);
    EXPECT_NE(line.find(kind), std::string::npos) << name << ": " << ended.err;
    EXPECT_NE(line.find(" ok "), std::string::npos) << line;
  }
  for (const char* method : {"vectors+knn", "family+knn", "vectors+kernel", "family+kernel"}) {
    const json rows = rows_of(summary(), method);
    ASSERT_FALSE(rows.empty()) << method;
    for (const json& row : rows) EXPECT_EQ(row["status"], "ok") << row["reason"];
  }
}

TEST_F(Submissions, BadOnesFailByThemselvesWithTheirReasons) {
  submit_vectors("good.h5ad");
  ASSERT_EQ(headroom(std::string(kRun) + "--submissions inbox").exit_code, 0);
  const json alone = rows_of(summary(), "good+knn");
  ASSERT_FALSE(alone.empty());

  write("text.so", "this is no library");
  write("empty.so", "");
  write("empty.csv", "");
  write("strangers.csv", "id,x,y\nnobody,1,2\nnothing,3,4\n");
  write("nan.csv", "id,x,y\nnobody,1,nan\n");
  fs::create_directory(inbox() / "folder.so");
  fs::create_directory(inbox() / "folder.csv");
  ASSERT_EQ(mkfifo((inbox() / "fifo.so").c_str(), 0600), 0);
  ASSERT_EQ(mkfifo((inbox() / "fifo.npz").c_str(), 0600), 0);
  fs::create_symlink(folder_ / "screen/embeddings/weak.h5ad", inbox() / "out.h5ad");
  fs::create_symlink("nowhere", inbox() / "dangling.so");
  fs::create_directory_symlink(folder_ / "screen", inbox() / "elsewhere");
  fs::create_directory(inbox() / "piped");
  ASSERT_EQ(mkfifo((inbox() / "piped/model.py").c_str(), 0600), 0);
  fs::create_directory(inbox() / "bare");
  fs::create_directory(inbox() / "twins");
  write("twins/a.so", "x");
  write("twins/b.so", "x");
  const Ended ended = headroom(std::string(kRun) + "--submissions inbox");
  EXPECT_EQ(ended.exit_code, 3) << ended.err;
  const std::pair<const char*, const char*> expected[] = {
      {"text", "load_failed"},       {"empty.so", "the file is empty"},
      {"empty.csv", "is empty"},     {"strangers", "it has a vector for none of"},
      {"nan", "plugin_error"},       {"folder.so", "it is a directory"},
      {"folder.csv", "directory"},   {"fifo.so", "it is a FIFO"},
      {"fifo.npz", "it is a FIFO"},  {"out", "leads out of the folder"},
      {"dangling", "leads nowhere"}, {"elsewhere", "a symbolic link to a folder"},
      {"bare", "neither a plugin"},  {"twins", "2 plugins"},
      {"piped", "it is a FIFO"}};
  for (const auto& [name, reason] : expected) {
    const std::string line = outcome(ended, name);
    EXPECT_FALSE(line.empty()) << name << "\n" << ended.err;
    EXPECT_EQ(line.find(" ok "), std::string::npos) << line;
    // The table cuts long reasons; the results hold them whole.
    const json rows = rows_of(summary(), std::string(name) + "+knn");
    ASSERT_FALSE(rows.empty()) << name;
    EXPECT_EQ(rows[0]["status"], "failed");
    EXPECT_NE(rows[0]["reason"].get<std::string>().find(reason), std::string::npos) << rows[0]["reason"];
  }
  // Each with its file and a remedy.
  for (const auto& [name, told] : {std::pair{"empty.csv", "(empty.csv): give the complete file"},
                                   {"fifo.so", "(fifo.so): give a regular file"},
                                   {"piped", "(model.py): give a regular file"},
                                   {"out", "(out.h5ad): put the file itself in its place"},
                                   {"bare", "(bare): put plugin.so, model.py or model.onnx into it"}}) {
    const std::string reason = rows_of(summary(), std::string(name) + "+knn").at(0)["reason"];
    EXPECT_NE(reason.find(told), std::string::npos) << reason;
  }
  EXPECT_TRUE(rows_of(summary(), "good+knn") == alone) << "the good one has other numbers beside the bad ones";
}

TEST_F(Submissions, AFolderIsReadableByItsPluginAlone) {
  const fs::path plugin = fs::path(HEADROOM_TEST_PLUGINS) / "own_folder.so";
  for (const char* name : {"mine", "rival"}) {
    fs::create_directory(inbox() / name);
    submit(plugin, std::string(name) + "/plugin.so");
    write(std::string(name) + "/weights", "2.5");
  }
  fs::create_symlink("../rival/weights", inbox() / "mine" / "link");
  fs::create_directory(inbox() / "without");
  submit(plugin, "without/its_name.so");
  // No way leads out of the copy or the mount that a plugin sees of its folder: not even back to its own.
  const Ended ended = headroom(std::string(kRun) + "--submissions inbox");
  EXPECT_EQ(ended.exit_code, 3) << ended.err;
  EXPECT_NE(outcome(ended, "mine").find(" ok "), std::string::npos) << ended.err;
  EXPECT_NE(outcome(ended, "rival").find(" ok "), std::string::npos) << ended.err;
  EXPECT_NE(outcome(ended, "without").find("its own weights"), std::string::npos) << ended.err;
}

TEST_F(Submissions, AreToldAgainWhereNothingIsLeftToDo) {
  submit_vectors("vectors.h5ad");
  submit(fs::path(HEADROOM_BUILD_DIR) / "lib/headroom/examples/kernel_mean.so", "kernel.so");
  const std::string run = std::string(kRun) + "--submissions inbox ";
  const Ended first = headroom(run);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const auto written = fs::last_write_time(folder_ / "out" / "summary.json");
  const Ended again = headroom(run + "--resume");
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(fs::last_write_time(folder_ / "out" / "summary.json"), written) << "nothing was left to do";
  EXPECT_EQ(again.out, first.out);
  for (const char* name : {"vectors", "kernel"}) {
    EXPECT_NE(outcome(again, name).find(" ok "), std::string::npos) << again.err;
    EXPECT_EQ(outcome(again, name), outcome(first, name));
  }
}

// A file of vectors is read late where there may be nothing to do; what is wrong with it is then told all the same.
TEST_F(Submissions, ABadFileFailsAgainInTheSameWay) {
  submit_vectors("good.h5ad");
  write("nan.csv", "id,x,y\nnobody,1,nan\n");
  const std::string run = std::string(kRun) + "--submissions inbox ";
  const Ended first = headroom(run);
  ASSERT_EQ(first.exit_code, 3) << first.err;
  const json rows = rows_of(summary(), "nan+knn");
  const json plugins = summary()["plugins"];
  const Ended again = headroom(run + "--resume");
  EXPECT_EQ(again.exit_code, 3);
  EXPECT_NE(again.err.find("failed before: plugin_error"), std::string::npos) << again.err;
  EXPECT_FALSE(outcome(first, "nan").empty());
  EXPECT_EQ(outcome(again, "nan"), outcome(first, "nan"));
  EXPECT_EQ(outcome(again, "good"), outcome(first, "good"));
  EXPECT_TRUE(rows_of(summary(), "nan+knn") == rows);
  EXPECT_TRUE(summary()["plugins"] == plugins);
}

// What a review refuses is no less refused where an earlier run has refused it.
TEST_F(Submissions, WhatIsRefusedStaysRefused) {
  submit_vectors("good.h5ad");
  write("strangers.csv", "id,x,y\nnobody,1,2\nnothing,3,4\n");
  std::string flat = "id,x,y\n";
  for (const std::string& id : perturbations()) flat += id + ",1,2\n";
  write("flat.csv", flat);
  const std::string run = std::string(kRun) + "--submissions inbox --strict ";
  const Ended first = headroom(run);
  ASSERT_EQ(first.exit_code, 3) << first.err;
  const std::string reason = rows_of(summary(), "flat+knn").at(0)["reason"];
  EXPECT_NE(reason.find("[vectors.flat]"), std::string::npos) << reason;
  EXPECT_NE(reason.find("--accept vectors.flat if the data mean what they say"), std::string::npos) << reason;
  submit_vectors("later.h5ad");
  const Ended again = headroom(run + "--resume");
  EXPECT_EQ(again.exit_code, 3);
  for (const char* name : {"good", "flat", "strangers"}) EXPECT_EQ(outcome(again, name), outcome(first, name));
  EXPECT_NE(outcome(again, "later").find(" ok "), std::string::npos) << again.err;
  EXPECT_EQ(rows_of(summary(), "flat+knn").at(0)["reason"], reason);

  const Ended accepted = headroom(run + "--resume --accept vectors.flat");
  EXPECT_EQ(rows_of(summary(), "flat+knn").at(0)["reason"].get<std::string>().find("vectors.flat"), std::string::npos);
  EXPECT_NE(accepted.err.find("accepted: [vectors.flat]"), std::string::npos) << accepted.err;
}

// Results name one hash of a folder, so nothing that was read from another content may stand under it.
TEST_F(Submissions, AFolderThatIsChangedMeanwhileIsItsOwnFailure) {
  submit_vectors("good.h5ad");
  fs::create_directory(inbox() / "mine");
  submit(fs::path(HEADROOM_TEST_PLUGINS) / "own_folder.so", "mine/plugin.so");
  write("mine/weights", "2.5");
  std::atomic<bool> ended{false};
  std::thread rival([&] {
    while (!ended) {
      if (fs::exists(folder_ / "out" / "results.sqlite")) write("mine/weights", "3.5");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  });
  const Ended run = headroom(std::string(kRun) + "--submissions inbox");
  ended = true;
  rival.join();
  EXPECT_EQ(run.exit_code, 3) << run.err;
  EXPECT_NE(outcome(run, "good").find(" ok "), std::string::npos) << run.err;
  const std::string reason = rows_of(summary(), "mine+knn").at(0)["reason"];
  EXPECT_NE(reason.find("its folder was changed while it was evaluated (mine)"), std::string::npos) << reason;
  // Left in peace, it is evaluated.
  EXPECT_EQ(headroom(std::string(kRun) + "--submissions inbox --resume").exit_code, 0);
}

TEST_F(Submissions, AChangedDataFileIsNotResumed) {
  fs::create_directory(inbox() / "mine");
  submit(fs::path(HEADROOM_TEST_PLUGINS) / "own_folder.so", "mine/plugin.so");
  write("mine/weights", "2.5");
  const std::string run = std::string(kRun) + "--submissions inbox --resume";
  ASSERT_EQ(headroom(run).exit_code, 0);
  EXPECT_NE(headroom(run).err.find("made again: 0 from other inputs"), std::string::npos);
  write("mine/weights", "3.5");
  const Ended changed = headroom(run);
  ASSERT_EQ(changed.exit_code, 0) << changed.err;
  EXPECT_NE(changed.err.find("of mine+knn: data folder of mine: sha256 "), std::string::npos) << changed.err;
}

TEST_F(Submissions, NamesAreToldApart) {
  submit_vectors("twin.h5ad");
  write("twin.csv", "id,x\na,1\n");
  submit_vectors("knn.h5ad");
  submit_vectors("taken.h5ad");
  const Ended ended = headroom(std::string(kRun) + "--embedding taken=screen/embeddings/weak.h5ad --submissions inbox");
  EXPECT_EQ(ended.exit_code, 3) << ended.err;
  EXPECT_NE(ended.err.find("'knn.h5ad' is called 'knn.h5ad'"), std::string::npos) << ended.err;
  for (const char* method : {"twin.h5ad+knn", "twin.csv+knn", "knn.h5ad+knn", "taken.h5ad+knn", "taken+knn"}) {
    EXPECT_FALSE(rows_of(summary(), method).empty()) << method;
  }
}

TEST_F(Submissions, AFolderWithoutSubmissionsIsAMistake) {
  const Ended none = headroom(std::string(kRun) + "--submissions inbox");
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_NE(none.err.find("there is nothing to evaluate"), std::string::npos) << none.err;
  const Ended missing = headroom(std::string(kRun) + "--submissions nowhere");
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_NE(missing.err.find("there is no such folder"), std::string::npos) << missing.err;
}

// What it cannot do is no failure where the run has what it can.
TEST_F(Submissions, APredictorOfOneTargetIsEvaluatedOnThatAlone) {
  ASSERT_EQ(headroom("prepare screen/cells.h5ad --deg -o both").exit_code, 0);
  submit_vectors("vectors.h5ad");
  submit(fs::path(HEADROOM_BUILD_DIR) / "lib/headroom/examples/kernel_mean.so", "kernel.so");
  const std::string run = "run both --common-dim 4 --grid logistic.C=1 --sandbox relaxed --submissions inbox -o out ";
  const Ended ended = headroom(run + "--grid knn.k=1,2");
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(outcome(ended, "kernel").find(" ok "), std::string::npos) << ended.err;
  EXPECT_FALSE(rows_of(summary(), "vectors+kernel").empty());
  EXPECT_EQ(headroom(run + "--grid knn.k=1,2 --resume").exit_code, 0);
  const Ended alone = headroom(run + "--target deg");
  EXPECT_EQ(alone.exit_code, 3);
  EXPECT_NE(outcome(alone, "kernel").find("unsuited"), std::string::npos) << alone.err;
}

TEST_F(Submissions, APredictorWithoutAnEmbeddingSaysWhatItLacks) {
  submit(fs::path(HEADROOM_BUILD_DIR) / "lib/headroom/examples/kernel_mean.so", "kernel.so");
  const Ended ended = headroom(std::string(kRun) + "--submissions inbox");
  EXPECT_EQ(ended.exit_code, 3) << ended.err;
  EXPECT_NE(outcome(ended, "kernel").find("not evaluated"), std::string::npos) << ended.err;
}

}  // namespace
}  // namespace headroom
