#include "evaluation/submission_budget.hpp"

#include <algorithm>

#include "plugin_host/worker_limits.hpp"

namespace headroom {
namespace {

constexpr double kRequestsPerContext = 5;
constexpr std::uint64_t kKeptBytes = std::uint64_t{4} << 30;
constexpr std::uint64_t kHeldFileBytes = std::uint64_t{8} << 30;
constexpr std::uint64_t kLeastFileBytes = std::uint64_t{16} << 20;
constexpr std::uint64_t kMostFileBytes = std::uint64_t{1} << 30;
constexpr std::uint64_t kMostFolderFiles = 10000;
constexpr std::uint64_t kMostFolderBytes = std::uint64_t{16} << 30;

}  // namespace

double total_time_s(const WorkerLimits& asked, std::size_t n_contexts) {
  if (asked.total_time_s() > 0) return asked.total_time_s();
  return kRequestsPerContext * effective_worker_limits(asked, 1).wall_time_s() *
         static_cast<double>(std::max<std::size_t>(n_contexts, 1));
}

WorkerLimits capped_limits(const WorkerLimits& asked, const WorkerLimits& cap, std::size_t n_contexts) {
  const WorkerLimits of_asked = effective_worker_limits(asked, 1), of_cap = effective_worker_limits(cap, 1);
  WorkerLimits limits;
  limits.set_wall_time_s(std::min(of_asked.wall_time_s(), of_cap.wall_time_s()));
  limits.set_total_time_s(std::min(total_time_s(asked, n_contexts), total_time_s(cap, n_contexts)));
  limits.set_address_space_bytes(std::min(of_asked.address_space_bytes(), of_cap.address_space_bytes()));
  limits.set_log_bytes(std::min(of_asked.log_bytes(), of_cap.log_bytes()));
  return limits;
}

std::uint64_t most_kept_bytes(std::size_t n_embeddings) { return kKeptBytes / std::max<std::size_t>(n_embeddings, 1); }

std::uint64_t most_file_bytes(std::size_t n_submissions) {
  return std::clamp(kHeldFileBytes / std::max<std::size_t>(n_submissions, 1), kLeastFileBytes, kMostFileBytes);
}

FolderPatience folder_patience(const TimeBudget* budget, std::stop_token stop) {
  FolderPatience patience{kMostFolderFiles, kMostFolderBytes, {}, std::move(stop)};
  if (budget != nullptr) {
    patience.deadline =
        std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                               std::chrono::duration<double>(budget->left_s()));
  }
  return patience;
}

}  // namespace headroom
