// The command line as values: flags and commands of the contract, declared to CLI11 by the files of flags/ (nothing
// else includes it: it is slow to compile), and handed to one function per command.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cells/prepare.hpp"
#include "conformance/conformance.hpp"
#include "inspection/inspection.hpp"
#include "plan/run_options.hpp"
#include "review/review.hpp"
#include "shards/shard_name.hpp"
#include "summary/published_scores.hpp"
#include "task/task.hpp"
#include "terminal/table.hpp"

namespace headroom::cli {

// Flags that every command takes.
struct CommonArguments {
  int n_threads = 1;
  bool quiet = false;  // no progress and no notes on stderr
  TableFormat format = TableFormat::text;
};

// What names a task and how its columns are read.
struct TaskArguments {
  std::filesystem::path task;
  std::optional<std::filesystem::path> noise;
  TaskOptions columns;
};

struct SimulateArguments {
  CommonArguments common;
  std::filesystem::path out;
  std::string preset = "small";
  std::uint64_t seed = 1;
};

struct PrepareArguments {
  CommonArguments common;
  ReviewOptions review;
  std::filesystem::path cells, out;           // the first file of the screen; PrepareOptions::more_cells has the others
  std::string batch_from;                     // file, or empty
  bool part = false;                          // make the file a part of a screen, and no task
  std::vector<std::filesystem::path> screen;  // all files of it: a part of estimates; empty: one of cells
  PrepareOptions options;
  // Of PrepareOptions::split.
  std::optional<std::string> split_family;
  SplitRequest split;
  bool cell_metrics = false;  // keep what scoring predicted cells needs
};

struct RunArguments {
  CommonArguments common;
  ReviewOptions review;
  TaskArguments task;
  RunOptions run;
  std::vector<std::string> targets;  // what is predicted: lfc, deg, cells; empty: all that the task holds, of finished
                                     // predictions the first of it
  std::optional<std::filesystem::path> submissions;
  std::filesystem::path out;                    // empty for `bounds`
  std::filesystem::path logs;                   // folder for what plugins say; empty: none
  bool resume = false;                          // take over what the store of `out` holds from the same inputs
  std::string command_line;                     // as it was typed, for the record
  std::string settings_requested;               // the run.toml that repeats it
  bool keep_inner_scores = false;               // in summary.json
  std::optional<std::filesystem::path> strata;  // groups of test perturbations that results are told apart in
};

// One part of a plan.
struct ShardArguments {
  CommonArguments common;
  std::filesystem::path plan;  // folder with plan.json
  ShardName shard;
  std::filesystem::path out;
};

struct MergeArguments {
  CommonArguments common;
  std::vector<std::filesystem::path> shards;  // their folders
  std::filesystem::path out;
  bool partial = false;      // what is missing stays missing
  std::string command_line;  // as it was typed, for the record
};

struct SubmitArguments {
  RunArguments run;
  std::size_t n_shards = 0;  // 0: as it was submitted before, else kDefaultShards or what there is to do
  std::optional<std::size_t> array_limit;
  std::string partition, account, time;
  std::optional<std::uint64_t> memory_bytes;
  bool dry_run = false;
};

struct StatusArguments {
  CommonArguments common;
  std::filesystem::path out;
};

struct SandboxArguments {
  CommonArguments common;
};

struct ReportArguments {
  CommonArguments common;
  std::filesystem::path out;                     // a run's folder, or a summary.json
  std::optional<std::filesystem::path> page;     // default: report.html in `out`
  std::optional<std::filesystem::path> figures;  // folder for SVG files
  std::string target;                            // its chapter alone; empty: all
};

struct CheckArguments {
  CommonArguments common;
  std::filesystem::path plugin;  // empty with `list`
  bool list = false;             // say what the checks are
  CheckOptions options;
  std::optional<std::filesystem::path> ids_file;  // perturbations that an embedding should know, one a line
  std::filesystem::path python_path;              // a virtual environment that a model in Python may use; empty: none
};

struct InspectArguments {
  CommonArguments common;
  std::filesystem::path path;
  InspectOptions options;  // without what was installed
};

struct NewArguments {
  std::string name;
  std::string kind;
  std::string target = "lfc";
  std::string language = "c++";
};

struct LeaderboardArguments {
  CommonArguments common;
  std::vector<std::filesystem::path> runs;        // folders of runs
  std::string metric;                             // empty: the primary one
  std::string target;                             // empty: all
  std::optional<std::filesystem::path> progress;  // SVG of the progress over dates; its data beside it as CSV
  std::vector<std::string> dates;                 // OUT=YYYY-MM-DD
};

struct VerifyArguments {
  CommonArguments common;
  std::filesystem::path out;
  std::string target;  // empty: all
  bool all = false;
  int n_sample = 20;  // evaluations, chosen by `seed`
  std::uint64_t seed = 0;
  // The caller's, never the folder's: what lies there may be a stranger's, with plugins of its own.
  SandboxMode sandbox = SandboxMode::STRICT;
  WorkerLimits limits;                          // unset ones are the defaults of a run
  std::filesystem::path python_path;            // as RunOptions::python_path; empty: none
  std::map<std::string, std::string> runtimes;  // "NAME.runtime" to the library of ONNX Runtime
};

struct ProgressArguments {
  CommonArguments common;
  ReviewOptions review;
  std::filesystem::path scores;
  PublishedScoresOptions options;
};

// Runs the program: parses, dispatches, prints errors as `headroom: error: WHAT (WHERE): REMEDY`, returns the exit
// code.
int run_command_line(int argc, char** argv);

// One command in a process that goes on: `arguments` as on the command line, without the program's name. What it prints
// goes where terminal_streams.hpp says, and errors are returned. Not while another one runs; the process is prepared
// (plugin_host/host_process.hpp) and its threads' signals are blocked by the caller.
Result<int> carry_out(const std::vector<std::string>& arguments);

// The commands. Each prints its results to stdout and notes to stderr.
Result<int> simulate(const SimulateArguments&);
Result<int> prepare(const PrepareArguments&);
Result<int> bounds(const RunArguments&);
Result<int> run(const RunArguments&);
Result<int> score(const RunArguments&);
Result<int> plan(const RunArguments&);
Result<int> run_shard(const ShardArguments&);
Result<int> merge(const MergeArguments&);
Result<int> submit(const SubmitArguments&);
Result<int> status(const StatusArguments&);
Result<int> report(const ReportArguments&);
Result<int> verify(const VerifyArguments&);
Result<int> progress(const ProgressArguments&);
Result<int> check(const CheckArguments&);
Result<int> sandbox(const SandboxArguments&);
Result<int> inspect(const InspectArguments&);
Result<int> make_project(const NewArguments&);
Result<int> leaderboard(const LeaderboardArguments&);

}  // namespace headroom::cli
