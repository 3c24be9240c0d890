#include "cli/run_store.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <hdf5.h>
#include <sqlite3.h>
#include <sys/utsname.h>

#include <ctime>
#include <fstream>

#include "cli/terminal_streams.hpp"
#include "summary/summary_json.hpp"
#include "version.hpp"

namespace headroom::cli {
namespace {

#ifdef __clang__
constexpr const char* kCompiler = __VERSION__;  // "Clang ..." by itself
#else
constexpr const char* kCompiler = "gcc " __VERSION__;
#endif

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

// What the numbers were computed and read with, as it was loaded.
std::string libraries(const BlasLibrary& blas) {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return fmt::format("{} on {}; HDF5 {}.{}.{}; SQLite {}", blas.config, blas.core, major, minor, release,
                     sqlite3_libversion());
}

}  // namespace

Result<void> RunStore::begin(const RunSettings& effective, const std::vector<PluginOfRun>& plugins) {
  run_.settings_json = message_json_line(effective);
  return store_->begin_run(run_, plugins);
}

Result<std::optional<FoldEvaluation>> RunStore::recall(const EvaluationKey& key) {
  if (recall_) return recall_(key);
  if (!resume_) return std::nullopt;
  auto found = store_->find(key);
  if (!found) return tl::unexpected<Error>(found.error());
  if (*found && (*found)->status != Status::failed) {
    resumption_.took_over();
    return found;
  }
  const auto origin = store_->origin_of(key);
  if (!origin) return tl::unexpected<Error>(origin.error());
  resumption_.makes_again(key, *origin);
  return std::nullopt;
}

void RunStore::recall_without_numbers(std::size_t n_evaluations) {
  for (std::size_t i = 0; i < n_evaluations; ++i) resumption_.took_over();
  recall_ended();
}

void RunStore::recall_ended() {
  if (!resume_ || quiet_) return;
  for (const std::string& line : resumption_.lines()) fmt::print(messages(), "headroom: {}\n", line);
}

Result<void> RunStore::remember(const EvaluationKey& key, const std::vector<std::string>& pert_ids,
                                const FoldEvaluation& evaluation) {
  return store_->put(key, pert_ids, evaluation);
}

Result<std::optional<LeadingComponents>> RunStore::recall_components(const EmbeddingKey& key) {
  if (recall_components_) return recall_components_(key);
  if (!resume_) return std::nullopt;
  return store_->find_components(key);
}

Result<void> RunStore::remember_components(const EmbeddingKey& key, const LeadingComponents& components) {
  return store_->put_components(key, components);
}

RunRecord make_run_record(const RunArguments& arguments, const Task& task, const NoiseTable* noise,
                          const BlasLibrary& blas) {
  RunRecord record;
  record.headroom_version = HEADROOM_VERSION;
  record.build = headroom_build();
  record.started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  record.command_line = arguments.command_line;
  std::error_code ignored;
  record.folder = std::filesystem::current_path(ignored).string();
  record.task_name = task.name;
  record.task_path = task.path;
  record.task_sha256 = task.sha256;
  if (noise != nullptr) {
    record.noise_path = noise->path;
    record.noise_sha256 = noise->sha256;
  }
  record.settings_requested = arguments.settings_requested;
  record.host_cpu = cpu_model();
  record.host_kernel = kernel();
  record.n_threads = arguments.common.n_threads;
  record.libraries = libraries(blas);
  return record;
}

std::string headroom_build() { return fmt::format("{} ({}, {})", HEADROOM_VERSION, kCompiler, HEADROOM_BUILD_TYPE); }

}  // namespace headroom::cli
