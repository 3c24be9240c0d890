// The scripts that a study is handed to Slurm as: an array job with one task a shard, and the merge that waits for it.
// They are text for people as well: nothing in them but comments, #SBATCH lines and the commands that anybody could
// type.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "outcome/outcome.hpp"

namespace headroom {

struct BatchOptions {
  std::string name = "headroom";  // of the jobs
  std::filesystem::path program;  // headroom itself
  std::filesystem::path plan;     // folder of the plan
  std::filesystem::path out;      // shards/, logs/ and the results; paths are absolute
  std::size_t n_shards = 1;
  std::vector<std::size_t> shards;                 // those that are to be made, ascending
  std::optional<std::size_t> array_limit;          // of tasks at a time; none: Slurm's own
  std::string partition, account, time;            // as sbatch takes them; empty: the site's defaults
  std::optional<std::uint64_t> memory_bytes = {};  // of a task
  int n_threads = 1;                               // of a task
  std::uint64_t estimated_bytes = 0;               // about what a task takes, told in a comment
};

// "1-4,7,9-10".
std::string array_text(const std::vector<std::size_t>& shards);

// Error (bad_input): a value with blanks or line ends, which a #SBATCH line does not hold.
Result<void> validate(const BatchOptions& options);

std::string array_script(const BatchOptions& options);
std::string merge_script(const BatchOptions& options);

}  // namespace headroom
