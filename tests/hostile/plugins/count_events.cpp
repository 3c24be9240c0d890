// Counts events of the processor, other processes' among them.
#include <linux/perf_event.h>
#include <sys/syscall.h>

#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  perf_event_attr event{};
  event.size = sizeof(event);
  event.type = PERF_TYPE_SOFTWARE;
  event.config = PERF_COUNT_SW_CONTEXT_SWITCHES;
  event.exclude_kernel = 1;
  return syscall(SYS_perf_event_open, &event, 0, -1, -1, 0) >= 0;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
