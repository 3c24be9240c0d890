// A folder of hostile submissions beside a good one: the good one's rows are those that it has alone, every hostile one
// has its verdict, and no label shows in anything that was written.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

namespace headroom {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class HostileSubmissions : public testing::Test {
 protected:
  void SetUp() override {
    if (access(HEADROOM_PROGRAM, X_OK) != 0 || access(HEADROOM_WORKER_PROGRAM, X_OK) != 0) {
      GTEST_SKIP() << "this user cannot reach the build folder";
    }
    std::string pattern = (fs::path(testing::TempDir()) / "headroom-inbox-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    ASSERT_EQ(headroom("simulate -o screen --preset tiny"), 0) << content_of(folder_ / "log");
    fs::create_directory(folder_ / "inbox");
    fs::copy_file(folder_ / "screen/embeddings/good.h5ad", folder_ / "inbox/good.h5ad");
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  int headroom(const std::string& arguments) const {
    const std::string command =
        "cd '" + folder_.string() + "' && '" HEADROOM_PROGRAM "' " + arguments + " >stdout 2>log";
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  int run() const {
    return headroom(
        "run screen/task --submissions inbox --predictor knn --grid knn.k=1,2,3 --common-dim 4 --fold 0 --fold 1 "
        "--limit-time 1 --limit-memory 1GiB --sandbox relaxed -o out");
  }
  json summary() const { return json::parse(content_of(folder_ / "out/summary.json")); }

  // Every row of the good submission through knn, without costs.
  static json good_rows(const json& summary) {
    json rows;
    for (const json& context : summary["contexts"]) {
      for (json method : context["methods"]) {
        if (method["name"] != "good+knn") continue;
        for (json& fold : method["folds"]) {
          for (const char* key : {"wall_s", "cpu_s", "peak_memory_bytes"}) fold.erase(key);
        }
        rows.push_back({context["head"], context["wap"], context["bap"], method});
      }
    }
    return rows;
  }
  // "load_failed: ..." of the first failed method that has this plugin.
  static std::string reason_of(const json& summary, const std::string& plugin) {
    for (const json& context : summary["contexts"]) {
      for (const json& method : context["methods"]) {
        if ((method["embedding"] == plugin || method["predictor"] == plugin) && method["status"] == "failed") {
          return method["reason"];
        }
      }
    }
    return "none";
  }

  fs::path folder_;
};

TEST_F(HostileSubmissions, LeaveTheGoodOneAsItIsAlone) {
  ASSERT_EQ(run(), 0) << content_of(folder_ / "log");
  const json alone = good_rows(summary());
  ASSERT_FALSE(alone.empty());

  const std::pair<const char*, const char*> hostile[] = {{"crash", "crashed"},
                                                         {"give_nan", "bad_output"},
                                                         {"huge_dimension", "bad_output"},
                                                         {"newer_library", "load_failed"},
                                                         {"exit_as_if_done", "early_exit"},
                                                         {"sleep_for_ever", "wall_limit"},
                                                         {"connect_tcp", "policy"},
                                                         {"forge_description", "protocol_error"},
                                                         {"throw_across", "plugin_error"}};
  for (const auto& [name, verdict] : hostile) {
    const std::string file = std::string(name) + ".so";
    fs::copy_file(fs::path(HEADROOM_HOSTILE_PLUGINS) / file, folder_ / "inbox" / file);
  }
  for (const char* name : {"read_label_file", "flood_log"}) {
    fs::create_directory(folder_ / "inbox" / name);
    fs::copy_file(fs::path(HEADROOM_HOSTILE_PLUGINS) / (std::string(name) + ".so"),
                  folder_ / "inbox" / name / "plugin.so");
  }
  EXPECT_EQ(run(), 3) << content_of(folder_ / "log");
  const json beside = summary();
  // One that hangs is asked a few times, not by every embedding and null: 14 evaluations of a second each otherwise.
  EXPECT_NE(beside.dump().find("it let its time run out 3 times and was not asked again"), std::string::npos);
  for (const auto& [name, verdict] : hostile) {
    EXPECT_TRUE(reason_of(beside, name).starts_with(verdict)) << name << ": " << reason_of(beside, name);
  }
  for (const json& context : beside["contexts"]) {
    for (const json& method : context["methods"]) {
      if (method["name"] == "good+read_label_file") {
        EXPECT_EQ(method["status"], "ok") << method["reason"];
      }
    }
  }
  // Its own table; the hostile heads have tables of their own.
  json rows;
  for (const json& row : good_rows(beside)) {
    if (row[0] == "knn") rows.push_back(row);
  }
  EXPECT_TRUE(rows == alone) << "the good submission has other numbers beside hostile ones";
  for (const char* written : {"stdout", "log", "out/summary.json", "out/scores.csv", "out/perturbations.csv"}) {
    EXPECT_EQ(content_of(folder_ / written).find("LABELS-of-the-test-fold"), std::string::npos) << written;
  }
}

}  // namespace
}  // namespace headroom
