// Reports of any size with made-up, seeded numbers: for the tests of the page and for looking at it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/report_model.hpp"

namespace headroom {

struct SimulatedReportOptions {
  int n_embeddings = 6;
  std::vector<std::string> heads = {"knn", "lasso"};
  std::vector<std::string> contexts = {"HepG2", "Jurkat", "K-562", "hTERT-RPE1"};
  int n_perturbations = 300;
  std::vector<std::string> further_names;  // of embeddings, as hostile as you like
  std::uint32_t seed = 1;
};

ReportModel simulated_report(const SimulatedReportOptions& options);

}  // namespace headroom
