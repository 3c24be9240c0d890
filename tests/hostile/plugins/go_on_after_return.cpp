// Leaves a thread behind that goes on writing into the output after the answer.
#include <pthread.h>

#include "hostile.hpp"

static double* target = nullptr;
static void* scribble(void*) {
  for (double value = 1;; value += 1) *const_cast<volatile double*>(target) = value;
}
static bool attack(const hostile::Call& call) {
  target = call.output->predictions[0].data + call.output->predictions[0].cols - 1;
  pthread_t thread;
  pthread_create(&thread, nullptr, scribble, nullptr);
  return false;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
