// Throws in a thread of its own, where nobody catches.
#include <pthread.h>

#include <stdexcept>

#include "hostile.hpp"

static void* run(void*) { throw std::runtime_error("nobody catches this"); }
static bool attack(const hostile::Call&) {
  pthread_t thread;
  pthread_create(&thread, nullptr, run, nullptr);
  pthread_join(thread, nullptr);
  return true;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
