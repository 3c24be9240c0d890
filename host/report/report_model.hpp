// What a report shows: the summary, and per context the primary metric of every method for every perturbation.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "evaluation/run_results.hpp"
#include "matrix/matrix.hpp"
#include "outcome/outcome.hpp"
#include "summary.pb.h"
#include "summary/perturbation_facts.hpp"
#include "task/task.hpp"

namespace headroom {

struct PerturbationScores {
  PerturbationFacts facts;
  std::vector<std::string> methods;
  Matrix values;  // methods × perturbations of facts; NaN: undefined, or the method failed in that fold
};

struct ReportModel {
  RunSummary summary;                        // of one target
  std::string metric;                        // the primary one
  std::string perturbation_metric;           // of the values: the first that perturbations have, mostly the primary one
  std::vector<PerturbationScores> contexts;  // empty where only the summary is known
};

// At the end of a run.
ReportModel report_model(RunSummary summary, const RunResults& results, std::vector<PerturbationFacts> facts);

// From what a run left in its folder: summary.json and, where it is there, results.sqlite; one model a target. Given a
// file, it is read as a summary alone. `target`: that one alone; empty: all. Errors: no summary, no such target, a
// damaged store.
Result<std::vector<ReportModel>> read_report_models(const std::filesystem::path& out_dir_or_summary,
                                                    const std::string& target = {});

}  // namespace headroom
