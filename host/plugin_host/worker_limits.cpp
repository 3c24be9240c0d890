#include "plugin_host/worker_limits.hpp"

#include <algorithm>
#include <string>

namespace headroom {
namespace {

constexpr double kDefaultWall_s = 600;
constexpr std::uint64_t kDefaultAddressSpaceBytes = std::uint64_t{8} << 30;
constexpr std::uint64_t kDefaultLogBytes = std::uint64_t{64} << 10;
constexpr std::uint64_t kAnswerPart = 16;

}  // namespace

WorkerLimits default_worker_limits(int n_threads) {
  WorkerLimits limits;
  limits.set_wall_time_s(kDefaultWall_s);
  limits.set_cpu_time_s(kDefaultWall_s * n_threads);
  limits.set_address_space_bytes(kDefaultAddressSpaceBytes);
  limits.set_log_bytes(kDefaultLogBytes);
  limits.set_n_threads(static_cast<std::uint32_t>(n_threads));
  return limits;
}

WorkerLimits effective_worker_limits(const WorkerLimits& asked, int n_threads) {
  WorkerLimits limits = default_worker_limits(n_threads);
  if (asked.wall_time_s() > 0) {
    limits.set_wall_time_s(asked.wall_time_s());
    limits.set_cpu_time_s(asked.wall_time_s() * n_threads);
  }
  if (asked.cpu_time_s() > 0) limits.set_cpu_time_s(asked.cpu_time_s());
  if (asked.address_space_bytes() > 0) limits.set_address_space_bytes(asked.address_space_bytes());
  if (asked.log_bytes() > 0) limits.set_log_bytes(asked.log_bytes());
  limits.set_total_time_s(asked.total_time_s());
  return limits;
}

WorkerLimits with_own_limits(const WorkerLimits& asked, const PluginDescription& description) {
  WorkerLimits limits = asked;
  if (limits.wall_time_s() <= 0) limits.set_wall_time_s(description.own_wall_time_s());
  if (limits.address_space_bytes() == 0 && description.own_address_space_bytes() > 0) {
    limits.set_address_space_bytes(std::max(description.own_address_space_bytes(), kMinAddressSpaceBytes));
  }
  return limits;
}

Result<void> validate(const WorkerLimits& effective) {
  if (effective.address_space_bytes() >= kMinAddressSpaceBytes) return {};
  return bad_input("the memory limit of " + std::to_string(effective.address_space_bytes() >> 20) +
                       " MiB is too small: BLAS libraries hang below " + std::to_string(kMinAddressSpaceBytes >> 20) +
                       " MiB",
                   "--limit-memory", "give at least " + std::to_string(kMinAddressSpaceBytes >> 20) + "MiB");
}

std::uint64_t most_answer_bytes(const WorkerLimits& effective) { return effective.address_space_bytes() / kAnswerPart; }

}  // namespace headroom
