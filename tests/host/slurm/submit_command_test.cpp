// A study that is handed to Slurm, as far as it goes without one.
#include <gmock/gmock.h>

#include "host/cli/program.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class SubmittedStudy : public ProgramTest {};

// No Slurm is needed to see what would be submitted, nor to look at what became of it.
TEST_F(SubmittedStudy, ADryRunWritesWhatWouldBeSubmitted) {
  ASSERT_EQ(headroom("simulate -o tiny --preset tiny").exit_code, 0);
  const std::string submit =
      "submit --engine slurm tiny/task --embedding good=tiny/embeddings/good.h5ad --predictor knn --grid knn.k=1,2 "
      "--common-dim 4 --sandbox relaxed --dry-run -o 'my out' ";
  const Ended dry = headroom(submit + "--shards 3 --partition long --time 1:00:00 --memory 2GiB --threads 2");
  ASSERT_EQ(dry.exit_code, 0) << dry.err;
  EXPECT_THAT(dry.out, HasSubstr("sbatch '" + (folder_ / "my out/shards.sbatch").string() + "'"));
  const std::string script = content_of(folder_ / "my out/shards.sbatch");
  for (const char* line : {"--array=1-3", "--partition=long", "--time=1:00:00", "--mem=2048M", "--cpus-per-task=2"}) {
    EXPECT_THAT(script, HasSubstr(std::string("#SBATCH ") + line + "\n"));
  }
  EXPECT_THAT(headroom("status 'my out' --format csv").out, HasSubstr("3/3,not begun"));
  EXPECT_THAT(headroom(submit + "--shards 4").err, HasSubstr("was submitted in 3 shards"));
  EXPECT_THAT(headroom(submit + "--seed 7").err, HasSubstr("the folder holds another study"));
  // The scripts are commands that anybody could type.
  for (int task = 1; task <= 3; ++task) {
    const std::string as_task = "SLURM_ARRAY_TASK_ID=" + std::to_string(task) + " sh '" +
                                (folder_ / "my out/shards.sbatch").string() + "' >/dev/null 2>&1";
    EXPECT_EQ(std::system(as_task.c_str()), 0);
  }
  EXPECT_EQ(std::system(("sh '" + (folder_ / "my out/merge.sbatch").string() + "' >/dev/null 2>&1").c_str()), 0);
  EXPECT_TRUE(fs::exists(folder_ / "my out/report.html"));
  EXPECT_THAT(headroom("status 'my out'").err, HasSubstr("3 shards: 3 done; merged"));
  EXPECT_THAT(headroom(submit).out, HasSubstr("all 3 shards are done"));
}

}  // namespace
}  // namespace headroom
