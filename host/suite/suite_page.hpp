// report.html of a comparison of cells: the card and the metrics beside it as one page without scripts.
#pragma once

#include <string>
#include <vector>

#include "suite.pb.h"

namespace headroom {

std::string suite_page(const SuiteResult& suite, const std::vector<std::string>& notes);

}  // namespace headroom
