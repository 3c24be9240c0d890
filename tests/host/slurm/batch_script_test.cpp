#include "slurm/batch_script.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "host/io/temporary_folder.hpp"
#include "slurm/program_output.hpp"

namespace headroom {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

BatchOptions example() {
  BatchOptions options;
  options.program = "/usr/bin/headroom";
  options.plan = "/data/out/plan";
  options.out = "/data/out";
  options.n_shards = 6;
  options.shards = {1, 2, 3, 5};
  return options;
}

TEST(BatchScript, ListsTasksInRanges) {
  EXPECT_EQ(array_text({1, 2, 3, 4, 7, 9, 10}), "1-4,7,9-10");
  EXPECT_EQ(array_text({5}), "5");
  EXPECT_EQ(array_text({}), "");
}

TEST(BatchScript, HoldsTheCommandsThatAnybodyCouldType) {
  const std::string script = array_script(example());
  EXPECT_THAT(script, HasSubstr("#SBATCH --array=1-3,5\n"));
  EXPECT_THAT(script, HasSubstr("#SBATCH --output=\"/data/out/logs/shard-%a.log\"\n"));
  EXPECT_THAT(script, HasSubstr("/usr/bin/headroom run --plan /data/out/plan --shard \"$SLURM_ARRAY_TASK_ID/6\""));
  EXPECT_THAT(script, Not(HasSubstr("--partition")));
  const std::string merge = merge_script(example());
  EXPECT_THAT(merge, HasSubstr("/usr/bin/headroom merge /data/out/shards/* -o /data/out --threads 1\n"));
  EXPECT_THAT(merge, Not(HasSubstr("--array")));
}

TEST(BatchScript, PassesOnWhatTheSiteAsksFor) {
  BatchOptions options = example();
  options.partition = "long";
  options.account = "lab-7";
  options.time = "1-12:00:00";
  options.memory_bytes = (std::uint64_t{3} << 30) + 1;
  options.n_threads = 8;
  options.array_limit = 2;
  for (const std::string& script : {array_script(options), merge_script(options)}) {
    for (const char* line :
         {"--partition=long", "--account=lab-7", "--time=1-12:00:00", "--mem=3073M", "--cpus-per-task=8"}) {
      EXPECT_THAT(script, HasSubstr(std::string("#SBATCH ") + line + "\n"));
    }
  }
  EXPECT_THAT(array_script(options), HasSubstr("#SBATCH --array=1-3,5%2\n"));
  EXPECT_TRUE(validate(options));
}

TEST(BatchScript, HoldsNothingThatAValueSmugglesIn) {
  for (const char* value : {"a b", "x\n#SBATCH --uid=0", "\"", "'"}) {
    BatchOptions options = example();
    options.partition = value;
    EXPECT_FALSE(validate(options)) << value;
  }
  BatchOptions options = example();
  options.out = "/data/with \"quotes\"";
  EXPECT_FALSE(validate(options));
  // A folder with blanks and signs is one word, and no pattern of a log's name.
  options.out = "/data/my $(touch x) 5%a";
  EXPECT_TRUE(validate(options));
  EXPECT_THAT(array_script(options), HasSubstr("5%%a/logs/shard-%a.log"));
  EXPECT_THAT(array_script(options), HasSubstr("-o '/data/my $(touch x) 5%a/shards'/"));
}

TEST(BatchScript, IsBash) {
  testing::TemporaryFolder folder;
  for (const std::string& script : {array_script(example()), merge_script(example())}) {
    const auto checked = output_of({"bash", "-n", folder.write("script", script).string()});
    ASSERT_TRUE(checked.has_value());
    EXPECT_EQ(checked->exit_code, 0) << checked->err;
  }
}

}  // namespace
}  // namespace headroom
