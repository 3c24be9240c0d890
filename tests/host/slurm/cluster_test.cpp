// A study on a real Slurm, with the accidents of real clusters: a task is killed, one is requeued, a node is drained.
// It ends in the bytes of one run.
#include <gmock/gmock.h>

#include <regex>

#include "host/cli/program.hpp"
#include "shards/shard_folder.hpp"
#include "slurm_cluster.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using testing::SlurmCluster;
using testing::wait_until;

std::string without_times(const std::string& summary) {
  static const std::regex times(R"re("(wall_s|cpu_s|peak_memory_bytes)":\s*[^,}\n]+)re");
  return std::regex_replace(summary, times, "\"$1\": 0");
}

class Cluster : public ProgramTest {
 protected:
  std::string state_of_task(const std::string& job, int task) const {
    const std::string said = SlurmCluster::said({"squeue", "--noheader", "--array", "--states=all", "--format=%T",
                                                 "--jobs=" + job + "_" + std::to_string(task)});
    return said.substr(0, said.find('\n'));
  }

  bool is_working(int task) const {
    const auto shard = read_shard(folder_ / "out/shards" / std::to_string(task));
    return shard && shard->record.state() == kShardRunning;
  }

  // The first of these tasks that works on its shard.
  int working_task(const std::vector<int>& tasks) const {
    int found = 0;
    wait_until(
        [&] {
          for (const int task : tasks) {
            if (found == 0 && is_working(task)) found = task;
          }
          return found != 0;
        },
        60);
    return found;
  }

  static bool has_ended(const std::string& job) {
    const std::string said =
        SlurmCluster::said({"squeue", "--noheader", "--states=all", "--format=%T", "--jobs=" + job});
    for (const char* state : {"PENDING", "RUNNING", "COMPLETING", "CONFIGURING"}) {
      if (said.find(state) != std::string::npos) return false;
    }
    return !said.empty();
  }

  // The ids of the array and of the merge, as submit prints them.
  static std::pair<std::string, std::string> jobs_of(const std::string& said) {
    std::smatch found;
    if (!std::regex_search(said, found, std::regex("array job (\\d+) .*merge job (\\d+)"))) return {};
    return {found[1], found[2]};
  }
};

TEST_F(Cluster, AccidentsChangeNoByte) {
  SlurmCluster cluster(folder_ / "slurm");
  if (const std::string why = cluster.start_munged(); !why.empty()) GTEST_SKIP() << why;
  const std::string trouble = cluster.start_slurm(2);
  ASSERT_EQ(trouble, "");

  const std::string study =
      " study/task --embedding good=study/embeddings/good.h5ad --embedding weak=study/embeddings/weak.h5ad "
      "--common-dim 60 --sandbox relaxed --threads 1 ";
  ASSERT_EQ(headroom("simulate -o study --preset study").exit_code, 0);
  const std::string submit = "submit --engine slurm" + study + "-o out";
  const Ended submitted = headroom(submit + " --shards 6");
  ASSERT_EQ(submitted.exit_code, 0) << submitted.err;
  const auto [array, merge] = jobs_of(submitted.out);
  ASSERT_FALSE(array.empty()) << submitted.out;

  const int killed = working_task({1, 2, 3, 4, 5, 6});
  ASSERT_NE(killed, 0) << content_of(folder_ / "out/logs/shard-1.log");
  ASSERT_EQ(output_of({"scancel", "--signal=KILL", array + "_" + std::to_string(killed)})->exit_code, 0);
  std::vector<int> others = {1, 2, 3, 4, 5, 6};
  std::erase(others, killed);
  const int requeued = working_task(others);
  ASSERT_NE(requeued, 0);
  const std::string requeued_job = array + "_" + std::to_string(requeued);
  ASSERT_EQ(output_of({"scontrol", "requeue", requeued_job})->exit_code, 0);
  ASSERT_EQ(output_of({"scontrol", "update", "NodeName=" + cluster.node(), "State=DRAIN", "Reason=test"})->exit_code,
            0);
  const Ended during = headroom("status out --format csv");
  EXPECT_EQ(during.exit_code, 0) << during.err;
  EXPECT_THAT(during.out, HasSubstr("waiting")) << "nothing begins on a drained node";
  ASSERT_EQ(output_of({"scontrol", "update", "NodeName=" + cluster.node(), "State=RESUME"})->exit_code, 0);

  // The merge finds that the killed task did not end, and says how to make it.
  const auto without_delay = [&, id = merge] {
    // Slurm lets a requeued task wait for two minutes, from when its first start has ended.
    output_of({"scontrol", "update", "JobId=" + requeued_job, "StartTime=now"});
    return has_ended(id);
  };
  ASSERT_TRUE(wait_until(without_delay, 180)) << SlurmCluster::said({"squeue"});
  EXPECT_FALSE(fs::exists(folder_ / "out/summary.json"));
  const std::string killed_name = std::to_string(killed) + "/6";
  EXPECT_THAT(content_of(folder_ / "out/logs/merge.log"), HasSubstr("--shard " + killed_name + " -o"));
  const Ended after = headroom("status out --format csv");
  // Whether it had the time to say that it was stopped is up to Slurm.
  EXPECT_THAT(after.out, AnyOf(HasSubstr(killed_name + ",killed"), HasSubstr(killed_name + ",interrupted")));

  // Submitted again, that shard alone goes on from its store.
  const Ended again = headroom(submit);
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("(shards " + std::to_string(killed) + " of 6)"));
  const std::string second_merge = jobs_of(again.out).second;
  ASSERT_FALSE(second_merge.empty()) << again.out;
  ASSERT_EQ(headroom("run" + study + "-o one").exit_code, 0);
  ASSERT_TRUE(wait_until([&] { return has_ended(second_merge); }, 120)) << SlurmCluster::said({"squeue"});
  EXPECT_THAT(content_of(folder_ / "out/logs" / ("shard-" + std::to_string(killed) + ".log")), HasSubstr("taken over"));
  EXPECT_THAT(content_of(folder_ / "out/logs" / ("shard-" + std::to_string(requeued) + ".log")),
              HasSubstr("taken over"));
  EXPECT_EQ(without_times(content_of(folder_ / "out/summary.json")),
            without_times(content_of(folder_ / "one/summary.json")))
      << content_of(folder_ / "out/logs/merge.log");
  const Ended done = headroom("status out");
  EXPECT_THAT(done.err, HasSubstr("6 shards: 6 done; merged"));
  EXPECT_THAT(headroom(submit).out, HasSubstr("all 6 shards are done"));
}

}  // namespace
}  // namespace headroom
