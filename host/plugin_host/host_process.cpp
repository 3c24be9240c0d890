#include "plugin_host/host_process.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

namespace headroom {
namespace {

std::filesystem::path named_program;  // empty: this process's own

tl::unexpected<Error> unprotected(const char* what) {
  return harness_fault(std::string("this process cannot be protected: ") + strerror(errno), what);
}

void allow_many_files() {
  rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);  // only comfort: each worker takes some six descriptors
  }
}

}  // namespace

Result<void> prepare_host_process() {
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return unprotected("PR_SET_DUMPABLE");
  const rlimit no_core{0, 0};
  if (setrlimit(RLIMIT_CORE, &no_core) != 0) return unprotected("RLIMIT_CORE");
  allow_many_files();
  return {};
}

Result<std::unique_ptr<ProtectedVisit>> ProtectedVisit::begin() {
  std::unique_ptr<ProtectedVisit> visit(new ProtectedVisit);
  visit->dumpable_ = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
  if (visit->dumpable_ < 0 || getrlimit(RLIMIT_NOFILE, &visit->files_) != 0) return unprotected("PR_GET_DUMPABLE");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return unprotected("PR_SET_DUMPABLE");
  allow_many_files();
  return visit;
}

ProtectedVisit::~ProtectedVisit() {
  setrlimit(RLIMIT_NOFILE, &files_);
  if (dumpable_ == 1) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

Result<std::filesystem::path> program_file() {
  if (!named_program.empty()) return named_program;
  std::error_code failed;
  std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) return harness_fault("this program's own place is not known: " + failed.message(), "/proc/self/exe");
  return self;
}

void name_program_file(std::filesystem::path program) { named_program = std::move(program); }

Result<std::filesystem::path> find_worker_program() {
  const auto program = program_file();
  if (!program) return program;
  const std::filesystem::path folder = program->parent_path();
  const std::filesystem::path beside = folder / "headroom-worker";
  const std::filesystem::path installed = folder.parent_path() / "libexec" / "headroom" / "headroom-worker";
  for (const auto& candidate : {beside, installed}) {
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return harness_fault("headroom-worker is not there", beside.string() + " or " + installed.string(),
                       "build or install all of Headroom");
}

std::vector<std::string> worker_environment(int n_threads) {
  const std::string threads = std::to_string(n_threads);
  std::vector<std::string> variables = {"LC_ALL=C.UTF-8",
                                        // Whoever looks for a home or a name asks the system's user database otherwise.
                                        "HOME=/", "USER=nobody", "HDF5_USE_FILE_LOCKING=FALSE",
                                        "OPENBLAS_NUM_THREADS=" + threads, "OMP_NUM_THREADS=" + threads};
  constexpr std::string_view kBlas = "OPENBLAS_",
                             kBlasThreads = "OPENBLAS_NUM_THREADS=", kBlasPatience = "OPENBLAS_THREAD_TIMEOUT=";
  bool has_patience = false;
  for (char** variable = environ; variable && *variable; ++variable) {
    const std::string_view text = *variable;
    if (text.starts_with(kBlas) && !text.starts_with(kBlasThreads)) {
      variables.emplace_back(text);
      has_patience = has_patience || text.starts_with(kBlasPatience);
    }
  }
  // A thread of OpenBLAS spins for 2^26 cycles after its work; with this it sleeps at once, and is quiet at the return.
  if (!has_patience) variables.push_back(std::string(kBlasPatience) + "4");
  return variables;
}

}  // namespace headroom
