// Leaves a thread behind that attacks when nobody is waiting for an answer.
#include <pthread.h>
#include <sys/socket.h>

#include "hostile.hpp"

static void* attack_later(void*) {
  usleep(20000);
  socket(AF_INET, SOCK_STREAM, 0);
  return nullptr;
}
static bool attack(const hostile::Call&) {
  pthread_t thread;
  pthread_create(&thread, nullptr, attack_later, nullptr);
  return false;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
