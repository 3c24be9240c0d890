// From raw results to the run's answer: bounds, gaps, intervals, verdicts and comparisons of every context, metric and
// head, as the RunSummary message that summary.json, the terminal and the report are made of.
#pragma once

#include <string>

#include "evaluation/run_results.hpp"
#include "parallel/thread_pool.hpp"
#include "summary.pb.h"
#include "summary/perturbation_facts.hpp"
#include "summary/strata.hpp"
#include "task/task.hpp"

namespace headroom {

struct SummaryOptions {
  bool inner_scores = false;  // also the score of every grid point and inner split, in the primary metric's tables
  CellCount cell_count = {};  // of perturbations, for strata; empty: not known
  StrataTable strata = {};    // further ones (--strata)
};

// One ContextResult per context, metric and head, in that order of nesting. The run's first metric is the primary one:
// only its tables compare plugins with each other (every pair up to 60 plugins, beyond that each with the best), with
// Holm's correction over the comparisons of the table, and give strata their intervals. Intervals: settings.n_resamples
// resamples seeded with settings.seed. The same results give the same summary on any number of threads.
RunSummary summarise(const RunResults& results, const Task& task, const std::string& headroom_version, ThreadPool& pool,
                     const SummaryOptions& options = {});

}  // namespace headroom
