#include "plugin_host/worker_fault.hpp"

#include <algorithm>
#include <cctype>

namespace headroom {

std::string verdict_name(WorkerVerdict verdict) {
  std::string name = WorkerVerdict_Name(verdict);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

}  // namespace headroom
