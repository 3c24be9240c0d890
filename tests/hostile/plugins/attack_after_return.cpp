// Leaves a thread behind that attacks when nobody is waiting for an answer.
#include <pthread.h>
#include <sys/ptrace.h>

#include "hostile.hpp"

static void* attack_later(void*) {
  usleep(20000);
  ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
  return nullptr;
}
static bool attack(const hostile::Call&) {
  pthread_t thread;
  pthread_create(&thread, nullptr, attack_later, nullptr);
  return false;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
