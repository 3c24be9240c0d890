// A ranking of the plugins of one or more runs of the same task.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "outcome/outcome.hpp"
#include "summary.pb.h"
#include "terminal/table.hpp"

namespace headroom {

struct RankedRun {
  std::string name;  // the output folder's, to tell runs apart
  RunSummary summary;
};

struct LeaderboardEntry {
  std::optional<int> rank;   // 1 is best; entries with equal percentages share it; none if a context is missing
  std::optional<int> group;  // entries of one group cannot be told from its first (see below)
  std::string method, run, head;
  std::optional<double> gap_closed;  // percent, mean over contexts
  std::optional<double> ci_low, ci_high;
  std::map<std::string, double> by_context;  // gap closed per context
  std::vector<std::string> verdicts;         // distinct, with the number of contexts: "progress 3"
  std::optional<double> coverage;            // the least of any context
  std::string audit;             // the worst outcome of any probe: fail, warn, pass, skipped; empty: not audited
  std::string confinement;       // the run's: full, strong, degraded, none
  double wall_s = 0;             // sum over contexts and folds
  double peak_memory_bytes = 0;  // largest
  std::vector<std::string> flags;
  std::string failure;  // why it has no rank
};

struct Leaderboard {
  std::string metric;
  std::vector<std::string> contexts;
  std::vector<LeaderboardEntry> entries;  // ranked ones first
  std::vector<std::string> notes;
  // Percent of the gap below which differences between two methods are not told from none at 95 %: the median over runs
  // and contexts.
  std::optional<double> resolution;
  std::string unranked;  // why nothing is ranked: no context counts; empty where one does
};

// Ranks by the mean gap closed over the contexts in which the gap is defined for every run. Its interval joins the
// contexts' by the sum of squares of their half-widths, contexts being independent samples.
//
// Where no context counts, every method is listed without a rank, as "undefined" unless it failed.
//
// Groups: going down the ranking, an entry opens a new group if it differs from the first of the current one. Two
// methods of one run and head differ if their paired comparison is significant in some context after Holm's correction
// within the context and Bonferroni's over contexts (0.05). Others were not paired: they differ if their intervals
// part.
//
// `metric` empty: the primary one. Errors: no runs, runs of different tasks, bounds or metrics: their percentages have
// different meanings.
Result<Leaderboard> make_leaderboard(const std::vector<RankedRun>& runs, const std::string& metric = {});

// All columns (for csv, json, markdown), or those that fit a terminal.
Table leaderboard_table(const Leaderboard& leaderboard, bool all_columns);

}  // namespace headroom
