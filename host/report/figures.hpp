// The report's first two figures as SVG, without a browser: for papers, slides and the README.
#pragma once

#include <filesystem>
#include <string>

#include "outcome/outcome.hpp"
#include "summary.pb.h"

namespace headroom {

// Per context a bar from WAP to BAP with the best method, its interval, and a dot for every method.
std::string progress_figure(const RunSummary& summary, const std::string& metric, const std::string& head);

// Per context every method's folds as points with their median, grouped by role, with lines at WAP, BAP and the best.
std::string folds_figure(const RunSummary& summary, const std::string& metric, const std::string& head);

// Writes progress_HEAD.svg and folds_HEAD.svg of the primary metric for every head into the folder, which is made if it
// is not there (progress.svg and folds.svg where results have no heads).
Result<void> write_figures(const std::filesystem::path& folder, const RunSummary& summary);

}  // namespace headroom
