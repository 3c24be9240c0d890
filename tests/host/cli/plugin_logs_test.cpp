// What plugins say: in the store, in files by --logs, and the last of it in the reason of a failed row.
#include "cli/plugin_logs.hpp"

#include <nlohmann/json.hpp>

#include "program.hpp"

namespace headroom {
namespace {

class PluginLogs : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    ASSERT_EQ(headroom("simulate -o screen --preset tiny").exit_code, 0);
  }

  Ended run(const std::string& flags) const {
    return headroom(
        "run screen/task --embedding t=" HEADROOM_TEST_PLUGINS
        "/talkative.so --predictor knn --grid knn.k=1 --common-dim 2 --metric L2 --sandbox relaxed -o out " +
        flags);
  }
};

TEST_F(PluginLogs, GoIntoTheStoreAndIntoAFileForEachPlugin) {
  const Ended ended = run("--logs logs --embedding 'g 1=screen/embeddings/good.h5ad'");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const std::string log = content_of(folder_ / "logs" / "t.log");
  EXPECT_NE(log.find("the weights are read\nprogress: 1 of 2 halves\nsaid on stdout\nsaid on stderr\n"),
            std::string::npos)
      << log;
  EXPECT_EQ(log.find("== "), 0u) << log;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "logs" / "g%201.log")) << "a file of vectors says nothing";
  auto store = Store::open_to_read(folder_ / "out", {"L2"});
  ASSERT_TRUE(store) << store.error().line();
  const auto kept = store->logs();
  ASSERT_TRUE(kept) << kept.error().line();
  ASSERT_EQ(kept->size(), 1u);
  EXPECT_EQ((*kept)[0].plugin, "t");
  EXPECT_EQ((*kept)[0].text, log);
}

TEST_F(PluginLogs, AreNoReasonToLoseARun) {
  namespace fs = std::filesystem;
  std::ofstream(folder_ / "t.log") << "the user's own\n";
  const std::string name = std::string(200, 'n') + " (1)";
  Ended ended = run("--logs . --embedding '" + name + "=" HEADROOM_TEST_PLUGINS "/talkative.so'");
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_TRUE(fs::exists(folder_ / "out" / "summary.json"));
  EXPECT_EQ(content_of(folder_ / "t.log"), "the user's own\n");
  EXPECT_NE(ended.err.find("t.log is no log of Headroom's and stays as it is"), std::string::npos) << ended.err;
  EXPECT_TRUE(fs::exists(folder_ / cli::log_file_name(name)));
  std::ofstream(folder_ / "taken") << "a file";
  ended = run("--logs taken");
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.err.find("results.sqlite holds what they said"), std::string::npos) << ended.err;
}

TEST_F(PluginLogs, OfAnEarlierRunStayWhereItIsResumed) {
  ASSERT_EQ(run("").exit_code, 0);
  ASSERT_EQ(run("--resume --logs all").exit_code, 0);  // nothing is left to do
  const std::string log = content_of(folder_ / "all" / "t.log");
  EXPECT_NE(log.find("said on stderr"), std::string::npos) << log;
  ASSERT_EQ(run("--resume --logs more --metric MSE").exit_code, 0);
  EXPECT_NE(content_of(folder_ / "more" / "t.log").find("said on stderr"), std::string::npos);
}

// Of three threads, one plugin gets all that are there, two get one each, and no more than that are ever at work.
TEST_F(PluginLogs, TellHowManyThreadsAPluginHas) {
  ASSERT_EQ(run("--threads 3 --logs alone").exit_code, 0);
  EXPECT_NE(content_of(folder_ / "alone" / "t.log").find("threads: 3\n"), std::string::npos);
  ASSERT_EQ(run("--threads 3 --logs both --embedding u=" HEADROOM_TEST_PLUGINS "/talkative.so").exit_code, 0);
  EXPECT_NE(content_of(folder_ / "both" / "t.log").find("threads: 1\n"), std::string::npos);
  EXPECT_NE(content_of(folder_ / "both" / "u.log").find("threads: 1\n"), std::string::npos);
}

TEST_F(PluginLogs, LastWordsStandInTheReasonOfAFailedRow) {
  const Ended ended = run("--set t.dies=true");
  EXPECT_EQ(ended.exit_code, 3) << ended.err;
  const auto summary = nlohmann::json::parse(content_of(folder_ / "out" / "summary.json"));
  for (const auto& method : summary["contexts"][0]["methods"]) {
    if (method["name"] != "t+knn") continue;
    EXPECT_EQ(method["reason"],
              "crashed: it died of SIGABRT while it embedded; its last words: the weights are read | said on stdout | "
              "said on stderr");
  }
  const std::string report = content_of(folder_ / "out" / "report.html");
  EXPECT_NE(report.find("said on stderr"), std::string::npos);
}

TEST(LogFileName, IsOneOfItsOwnAndOfNoOtherFolder) {
  EXPECT_EQ(cli::log_file_name("esm2-v1.0"), "esm2-v1.0.log");
  EXPECT_EQ(cli::log_file_name("../a b"), "%2e.%2fa%20b.log");
  const std::string longest = cli::log_file_name(std::string(150, 'x')),
                    cut = cli::log_file_name(std::string(151, 'x'));
  EXPECT_EQ(longest, std::string(150, 'x') + ".log");
  EXPECT_LT(cut.size(), 180u);
  EXPECT_NE(cut, cli::log_file_name(std::string(152, 'x')));
  EXPECT_EQ(cli::log_file_name(std::string(149, 'x') + "//").substr(145, 6), "xxxx%~") << "no half of an escape";
  EXPECT_EQ(cli::log_file_name(std::string(149, 'x') + "\xc3\xbc").substr(145, 6), "xxxx%~") << "nor of a character";
  EXPECT_NE(cli::log_file_name("a/b"), cli::log_file_name("a%2fb"));
}

}  // namespace
}  // namespace headroom
