#include "conformance/usage_judgement.hpp"

#include <fmt/format.h>

#include <cmath>

#include "terminal/number_text.hpp"

namespace headroom {
namespace {

// Clocks of the kernel and of the host are read at slightly different times; shorter calls say nothing.
constexpr double kThreadSlack = 1.3;
constexpr double kMeasurable_s = 0.2;

}  // namespace

Finding judge_quiet(double idle_cpu_s) {
  const double pause_s = std::chrono::duration<double>(kQuietPause).count();
  const std::string used =
      fmt::format("{:.0f} ms of CPU time in {:.0f} ms between two requests", 1e3 * idle_cpu_s, 1e3 * pause_s);
  if (idle_cpu_s > kMostIdleCpu_s)
    return failed(used +
                  ": its threads go on after it has returned; join them, or where a library has them spin, set "
                  "OPENBLAS_THREAD_TIMEOUT=4 or OMP_WAIT_POLICY=passive before it is used");
  return passed(used);
}

Finding judge_thread_counts(const Difference& difference) {
  if (difference.is_bitwise_equal) return passed("the same with one thread and with two, bit for bit");
  if (std::isinf(difference.relative))
    return failed("the number of threads changes which rows or settings are answered");
  return warned(
      fmt::format("the number of threads changes the numbers, by {:.2g} of the largest; runs on other machines "
                  "will not repeat bit for bit",
                  difference.relative));
}

Finding judge_published_size(const PublishedSizeUse& use) {
  std::string detail = fmt::format("{} in {}, peak memory {}", use.request, duration_text(use.wall_s),
                                   bytes_text(static_cast<double>(use.peak_memory_bytes)));
  if (use.wall_s > kMeasurable_s && use.cpu_s > kThreadSlack * use.n_threads * use.wall_s) {
    return failed(fmt::format("{}; it used {:.1f} cores where {} thread{} allowed", detail, use.cpu_s / use.wall_s,
                              use.n_threads, use.n_threads == 1 ? " is" : "s are"));
  }
  if (use.wall_s > kSlowPublishedSize_s) return warned(detail + "; a run takes very long");
  if (use.peak_memory_bytes > kLargePublishedSize_bytes) return warned(detail + "; many machines have less");
  return passed(std::move(detail));
}

}  // namespace headroom
