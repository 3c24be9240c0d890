#include "slurm/job_states.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "slurm/program_output.hpp"

namespace headroom {
namespace {

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  while (true) {
    const std::size_t bar = line.find('|');
    fields.push_back(line.substr(0, bar));
    if (bar == std::string_view::npos) return fields;
    line.remove_prefix(bar + 1);
  }
}

// "123_4" is task 4; ranges such as "123_[5-7]", which sacct has of tasks that never began, are none.
std::optional<std::size_t> task_of(std::string_view job) {
  const std::size_t bar = job.find('_');
  if (bar == std::string_view::npos) return std::nullopt;
  std::size_t number = 0;
  const auto read = std::from_chars(job.data() + bar + 1, job.data() + job.size(), number);
  if (read.ec != std::errc() || read.ptr != job.data() + job.size()) return std::nullopt;
  return number;
}

std::map<std::size_t, JobState> parse(std::string_view text) {
  std::map<std::size_t, JobState> states;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const auto fields = fields_of(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (fields.size() < 3) continue;
    // "CANCELLED by 1000" is a state and by whom.
    const std::string_view state = fields[1].substr(0, fields[1].find(' '));
    if (const auto task = task_of(fields[0])) states[*task] = {std::string(state), std::string(fields[2])};
  }
  return states;
}

}  // namespace

std::map<std::size_t, JobState> parse_squeue(std::string_view text) { return parse(text); }

std::map<std::size_t, JobState> parse_sacct(std::string_view text) { return parse(text); }

std::optional<std::map<std::size_t, JobState>> states_of_tasks(const std::string& array_job) {
  std::optional<std::map<std::size_t, JobState>> states;
  if (is_installed("squeue")) {
    const auto said = output_of({"squeue", "--noheader", "--array", "--jobs=" + array_job, "--format=%i|%T|%R"});
    if (said && said->exit_code == 0) states = parse_squeue(said->out);
  }
  if (is_installed("sacct")) {
    const auto said = output_of({"sacct", "--noheader", "--allocations", "--parsable2", "--jobs=" + array_job,
                                 "--format=JobID,State,NodeList"});
    if (said && said->exit_code == 0) {
      auto ended = parse_sacct(said->out);
      if (!states) states.emplace();
      states->merge(ended);
    }
  }
  return states;
}

}  // namespace headroom
