#include "summary/primary_metric.hpp"

namespace headroom {

std::string primary_metric(const RunSummary& summary) {
  if (summary.settings().metrics_size() > 0) return summary.settings().metrics(0);
  return summary.contexts_size() > 0 ? summary.contexts(0).metric() : std::string();
}

}  // namespace headroom
