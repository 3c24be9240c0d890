// Starts threads without end: as many as a machine feels, where nothing stops it.
#include <pthread.h>

#include "hostile.hpp"

static void* wait_for_ever(void*) {
  for (;;) pause();
}

static bool attack(const hostile::Call& call) {
  constexpr int kTooMany = 4000;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 1 << 16);
  int n = 0;
  pthread_t thread;
  while (n < kTooMany && pthread_create(&thread, &attributes, wait_for_ever, nullptr) == 0) ++n;
  call.tell(std::to_string(n) + " threads");
  return n == kTooMany;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
