// `headroom inspect` as a function: what a file or folder holds, as named values.
//
// What the organiser made (tasks, noise tables, results, a 10x folder) is read here. Everything that somebody else may
// have handed in (an h5ad on its own, vectors, a plugin) is described by a confined worker: the host copies its bytes
// and never looks into them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "confinement.pb.h"
#include "inspection/reading_flags.hpp"
#include "io/file_facts.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

struct InspectOptions {
  // What to take an h5ad for: its content in the sandbox; or, read in the host where it lies, as `run` reads a task and
  // `prepare` cells. An h5ad of more than 8 GiB of cells needs the latter: the sandbox is given a copy in memory.
  enum class As { anything, task, cells };
  As as = As::anything;
  std::string target;  // "lfc", "deg": only this target's part of a task or of results; empty: all
  // How the file is read and what is accepted of it: its review is part of what is told.
  ReadingFlags flags;
  int n_threads = 1;
  std::filesystem::path worker_program, shipped_plugins;
  SandboxMode sandbox = SandboxMode::STRICT;
  WorkerLimits limits;  // zero fields take the defaults
};

struct Inspection {
  std::string file;  // as given
  std::string kind;  // "task", "cells", "data file", "plugin", "noise table", "results", "summary"
  std::vector<Fact> facts;
  std::optional<std::string> fault;  // why a plugin, or a file that a confined worker read, could not be described
};

// Errors: not there, unreadable, of no known kind, without the target that is asked for (bad_input); no sandbox as
// strong as asked for.
Result<Inspection> inspect(const std::filesystem::path& path, const InspectOptions& options);

}  // namespace headroom
