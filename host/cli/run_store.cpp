#include "cli/run_store.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include <ctime>
#include <fstream>

namespace headroom::cli {
namespace {

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return {};
}

std::string kernel() {
  utsname system{};
  return uname(&system) == 0 ? fmt::format("{} {} {}", system.sysname, system.release, system.machine) : "";
}

}  // namespace

std::optional<FoldEvaluation> RunStore::recall(const std::string& context, const std::string& fold,
                                               const std::string& method, const std::string& fingerprint) {
  if (!resume_) return std::nullopt;
  const EvaluationKey key{context, fold, method, fingerprint};
  auto found = store_.find(key);
  if (found && *found) {
    ++n_recalled_;
    return std::move(**found);
  }
  const auto state = store_.state_of(key);
  if (state && *state == StoredState::stale) ++n_stale_;
  return std::nullopt;
}

Result<void> RunStore::remember(const std::string& context, const std::string& fold, const std::string& method,
                                const std::vector<std::string>& pert_ids, const std::string& fingerprint,
                                const FoldEvaluation& evaluation) {
  return store_.put({context, fold, method, fingerprint}, pert_ids, evaluation);
}

RunRecord make_run_record(const std::string& headroom_version, const Task& task, const NoiseTable* noise,
                          const BlasLibrary& blas, const std::string& command_line) {
  RunRecord record;
  record.headroom_version = headroom_version;
  record.build = fmt::format("{} {}", __VERSION__, HEADROOM_BUILD_TYPE);
  record.started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  record.command_line = command_line;
  record.task_name = task.name;
  record.task_sha256 = task.sha256;
  if (noise != nullptr) record.noise_sha256 = noise->sha256;
  record.host_cpu = cpu_model();
  record.host_kernel = kernel();
  record.libraries = fmt::format("{} on {}", blas.config, blas.core);
  return record;
}

}  // namespace headroom::cli
