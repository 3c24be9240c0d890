// What Slurm says of the tasks of an array: from squeue while they are queued or run, from sacct where a site keeps
// accounts of those that have ended.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace headroom {

struct JobState {
  std::string state;   // "PENDING", "RUNNING", "COMPLETED", "NODE_FAIL", ...
  std::string detail;  // why it waits, or where it runs
};

// By the number of the task. `text`: of squeue --noheader --array --format=%i|%T|%R.
std::map<std::size_t, JobState> parse_squeue(std::string_view text);

// The same of sacct --noheader --allocations --parsable2 --format=JobID,State,NodeList. Of a task that was requeued the
// last line holds.
std::map<std::size_t, JobState> parse_sacct(std::string_view text);

// Asks both, where they are there; what squeue says goes before. nullopt: neither answers.
std::optional<std::map<std::size_t, JobState>> states_of_tasks(const std::string& array_job);

}  // namespace headroom
