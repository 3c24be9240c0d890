// A folder of hostile submissions beside a good one: the good one's rows are those that it has alone, every hostile one
// has its verdict, and no label shows in anything that was written.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>

namespace headroom {
namespace submissions_test {

namespace fs = std::filesystem;
using nlohmann::json;

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class HostileSubmissions : public ::testing::Test {
 protected:
  void SetUp() override {
    if (access(HEADROOM_PROGRAM, X_OK) != 0 || access(HEADROOM_WORKER_PROGRAM, X_OK) != 0) {
      GTEST_SKIP() << "this user cannot reach the build folder";
    }
    std::string pattern = (fs::path(::testing::TempDir()) / "headroom-inbox-XXXXXX").string();
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
  int run(const std::string& further = "", const std::string& limit_time = "1") const {
    return headroom(
        "run screen/task --submissions inbox --predictor knn --grid knn.k=1,2,3 --common-dim 4 --fold 0 --fold 1 "
        "--limit-memory 1GiB --sandbox relaxed -o out --limit-time " +
        limit_time + " " + further);
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
  // "load_failed: ..." of the first failed method that is there for this plugin.
  static std::string reason_of(const json& summary, const std::string& plugin) {
    for (const json& context : summary["contexts"]) {
      for (const json& method : context["methods"]) {
        // A hostile embedding fails through every predictor: of those, the good one's row tells.
        const bool is_it =
            method["embedding"] == plugin || (method["predictor"] == plugin && method["embedding"] == "good");
        if (is_it && method["status"] == "failed") return method["reason"];
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
                                                         {"start_process", "policy"},
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
  // More good ones, so that there are more evaluations through a predictor that hangs than it is asked for.
  for (const char* copy : {"second.h5ad", "third.h5ad"}) {
    fs::copy_file(folder_ / "screen/embeddings/good.h5ad", folder_ / "inbox" / copy);
  }
  EXPECT_EQ(run("--threads 2"), 3) << content_of(folder_ / "log");
  const json beside = summary();
  // One that hangs is asked a few times, not by every embedding.
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

// Submissions that would cost the run its memory or its time: each is one failed row with its own reason.
TEST_F(HostileSubmissions, CostNoMoreThanTheirBudgets) {
  using Clock = std::chrono::steady_clock;
  const auto seconds_since = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  constexpr double kBudget_s = 3.5;
  const Clock::time_point start_alone = Clock::now();
  ASSERT_EQ(run("--threads 2"), 0) << content_of(folder_ / "log");
  const double alone_s = seconds_since(start_alone);
  const json alone = good_rows(summary());
  const std::pair<const char*, const char*> hostile[] = {{"hang_anew", "wall_limit"},
                                                         {"stay_under_limit", "total_limit"},
                                                         {"hang_in_constructor", "wall_limit"},
                                                         {"declare_huge_grids", "abi_mismatch"},
                                                         {"overflow_grids", "abi_mismatch"},
                                                         {"claim_host_fault_in_constructor", "protocol_error"},
                                                         {"claim_host_fault_later", "protocol_error"},
                                                         {"change_description", "protocol_error"},
                                                         {"take_two_blocks", "unsuited"},
                                                         {"know_nothing_widely", "unusable"}};
  const auto copy_into = [&](const std::string& name, const std::string& place) {
    fs::copy_file(fs::path(HEADROOM_HOSTILE_PLUGINS) / (name + ".so"), folder_ / "inbox" / place);
  };
  for (const auto& [name, verdict] : hostile) copy_into(name, std::string(name) + ".so");
  for (int copy = 2; copy < 10; ++copy)
    copy_into("know_nothing_widely", "know_nothing_" + std::to_string(copy) + ".so");
  // 8 GiB and 2 TiB of nothing, 15 GiB that would be read for longer than the budget, and a FIFO.
  std::ofstream(folder_ / "inbox/sparse.csv") << "id,a";
  fs::resize_file(folder_ / "inbox/sparse.csv", std::uintmax_t{8} << 30);
  for (const auto& [name, gibibytes] : {std::pair<const char*, int>{"holes", 2048}, {"deep", 15}}) {
    fs::create_directory(folder_ / "inbox" / name);
    copy_into("read_label_file", std::string(name) + "/plugin.so");
    std::ofstream(folder_ / "inbox" / name / "weights.bin") << "w";
    fs::resize_file(folder_ / "inbox" / name / "weights.bin", static_cast<std::uintmax_t>(gibibytes) << 30);
  }
  ASSERT_EQ(mkfifo((folder_ / "inbox/pipe.csv").c_str(), 0600), 0);

  // One with many embeddings beside it: a budget is a submission's, however often it is asked.
  for (const char* copy : {"second.h5ad", "third.h5ad", "fourth.h5ad"}) {
    fs::copy_file(folder_ / "screen/embeddings/good.h5ad", folder_ / "inbox" / copy);
  }
  std::size_t n_hostile = 0;
  for (const auto& entry : fs::directory_iterator(folder_ / "inbox")) n_hostile += entry.path().extension() != ".h5ad";

  const Clock::time_point start_beside = Clock::now();
  EXPECT_EQ(run(fmt::format("--limit-total {} --threads 2", kBudget_s), "2"), 3) << content_of(folder_ / "log");
  const double beside_s = seconds_since(start_beside);
  EXPECT_LT(beside_s, 4 * alone_s + static_cast<double>(n_hostile) * kBudget_s);
  RecordProperty("alone_s", fmt::format("{:.2f}", alone_s));
  RecordProperty("beside_s", fmt::format("{:.2f}", beside_s));
  const json beside = summary();
  for (const auto& [name, verdict] : hostile) {
    const std::string reason = reason_of(beside, name);
    const std::string expected = verdict;
    EXPECT_TRUE(reason.starts_with(expected) || (expected == "unusable" && reason.find("for 0 of") != reason.npos) ||
                // On a machine that is slow enough, each of its requests takes longer than one may.
                (expected == "total_limit" && reason.starts_with("wall_limit")))
        << name << ": " << reason;
  }
  for (const auto& [name, part] : {std::pair<const char*, const char*>{"sparse", "more than the"},
                                   {"holes", "holds more than"},
                                   {"deep", "longer than it may"},
                                   {"pipe", "a FIFO"}}) {
    EXPECT_NE(reason_of(beside, name).find(part), std::string::npos) << name << ": " << reason_of(beside, name);
  }
  json rows;
  for (const json& row : good_rows(beside)) {
    if (row[0] == "knn") rows.push_back(row);
  }
  EXPECT_TRUE(rows == alone) << "the good submission has other numbers beside hostile ones";
  EXPECT_EQ(content_of(folder_ / "log").find("--sandbox off"), std::string::npos);
}

// A name that would join two methods' is that submission's failed row, which says what to do.
TEST_F(HostileSubmissions, ANameWithAPlusIsItsOwnFailure) {
  fs::copy_file(folder_ / "screen/embeddings/good.h5ad", folder_ / "inbox/good+knn.h5ad");
  EXPECT_EQ(run("", "20"), 3) << content_of(folder_ / "log");
  const std::string reason = reason_of(summary(), "good_knn");
  EXPECT_NE(reason.find("the name 'good+knn.h5ad' holds a '+'"), std::string::npos) << reason;
  EXPECT_NE(reason.find("rename it to 'good_knn.h5ad'"), std::string::npos) << reason;
}

TEST_F(HostileSubmissions, AClaimOfAHostFaultInAProbeFailsTheProbe) {
  fs::copy_file(fs::path(HEADROOM_HOSTILE_PLUGINS) / "claim_host_fault_in_probe.so",
                folder_ / "inbox/claim_host_fault_in_probe.so");
  EXPECT_EQ(run("--audit", "20"), 0) << content_of(folder_ / "log");
  bool is_found = false;
  const json audited = summary();
  for (const json& probe : audited["audit"]) {
    if (probe["name"] != "good+claim_host_fault_in_probe" || probe["probe"] != "ids-renamed") continue;
    is_found = true;
    EXPECT_EQ(probe["outcome"], "fail") << probe.dump();
    EXPECT_EQ(probe["detail"].get<std::string>().find("--sandbox"), std::string::npos);
  }
  EXPECT_TRUE(is_found);
}

// Whatever hangs, a signal ends the run long before any limit does.
TEST_F(HostileSubmissions, ASignalEndsARunThatHangs) {
  for (const char* name : {"hang_in_constructor", "hang_anew", "sleep_for_ever"}) {
    const fs::path file = folder_ / "inbox" / (std::string(name) + ".so");
    fs::copy_file(fs::path(HEADROOM_HOSTILE_PLUGINS) / file.filename(), file);
    const pid_t child = fork();
    if (child == 0) {
      const fs::path task = folder_ / "screen/task", inbox = folder_ / "inbox", out = folder_ / "stopped";
      if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr)) _exit(1);
      execl(HEADROOM_PROGRAM, "headroom", "run", task.c_str(), "--submissions", inbox.c_str(), "--predictor", "knn",
            "--grid", "knn.k=1,2,3", "--common-dim", "4", "--sandbox", "relaxed", "-o", out.c_str(), nullptr);
      _exit(1);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    kill(child, SIGTERM);
    int status = 0;
    pid_t ended = 0;
    // Within a minute on any machine; the limit of the one request that hangs is ten.
    for (int tenth = 0; tenth < 600 && ended == 0; ++tenth) {
      ended = waitpid(child, &status, WNOHANG);
      if (ended == 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    EXPECT_EQ(ended, child) << name << " keeps the run from ending";
    if (ended == 0) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
    } else if (name != std::string("sleep_for_ever")) {
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGTERM) << name << ": status " << status;
    }
    fs::remove(file);
    fs::remove_all(folder_ / "stopped");
  }
}

// One that hears another fold's worker crashes: it never does, neither in company nor when the audit asks it alone.
TEST_F(HostileSubmissions, CannotTalkFromFoldToFold) {
  for (const char* name : {"colluder", "accomplice"}) {
    fs::create_directory(folder_ / "inbox" / name);
    fs::copy_file(fs::path(HEADROOM_HOSTILE_PLUGINS) / "colluding_embedding.so",
                  folder_ / "inbox" / name / "plugin.so");
    std::ofstream(folder_ / "inbox" / name / "marks") << std::string(std::size_t{2} << 20, 'm');
  }
  ASSERT_EQ(headroom("run screen/task --submissions inbox --predictor knn --grid knn.k=1,2,3 --common-dim 4 --fold 0 "
                     "--fold 1 --metric L2 --threads 2 --limit-memory 1GiB --audit -o out"),
            0)
      << content_of(folder_ / "log");
  int n_alone = 0;
  const json audited = summary();
  for (const json& probe : audited["audit"]) {
    if (probe["probe"] != "asked-alone") continue;
    ++n_alone;
    EXPECT_EQ(probe["outcome"], "pass") << probe.dump();
  }
  EXPECT_GE(n_alone, 2);
}

// A folder that only its owner may read is readable by its own plugin.
TEST_F(HostileSubmissions, AFolderOfItsOwnersAloneIsReadByItsPlugin) {
  fs::create_directory(folder_ / "inbox/own");
  fs::copy_file(fs::path(HEADROOM_HOSTILE_PLUGINS) / "read_own_folder.so", folder_ / "inbox/own/plugin.so");
  std::ofstream(folder_ / "inbox/own/weights.txt") << "7";
  fs::permissions(folder_ / "inbox/own/weights.txt", fs::perms(0600));
  fs::permissions(folder_ / "inbox/own", fs::perms(0700));
  EXPECT_EQ(run("", "20"), 0) << content_of(folder_ / "log");
  EXPECT_EQ(reason_of(summary(), "own"), "none");
}

// One that cannot be copied for a worker fails by itself. It has to be copied for who runs as root, since its worker is
// another user, and where no mount can show it read-only.
TEST_F(HostileSubmissions, AFolderThatCannotBeCopiedIsItsOwnFailure) {
  fs::path deep = folder_ / "inbox/own";
  for (int level = 0; level < 70; ++level) deep /= "d";
  fs::create_directories(deep);
  fs::copy_file(fs::path(HEADROOM_HOSTILE_PLUGINS) / "read_own_folder.so", folder_ / "inbox/own/plugin.so");
  std::ofstream(folder_ / "inbox/own/weights.txt") << "7";
  fs::permissions(folder_ / "inbox/own", fs::perms(0700));
  const int exit_code = run("", "20");
  const json results = summary();
  const bool is_copied = geteuid() == 0 || results["settings"]["confinement"] != "FULL";
  EXPECT_EQ(exit_code, is_copied ? 3 : 0) << content_of(folder_ / "log");
  const std::string reason = reason_of(results, "own");
  EXPECT_EQ(reason.find("folders in one another") != reason.npos, is_copied) << reason;
}

}  // namespace submissions_test
}  // namespace headroom
