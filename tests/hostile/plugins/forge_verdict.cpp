// Claims to have failed with the verdict of success, in words that would break a terminal.
#include "forgery.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  using namespace hostile;
  constexpr int kCompleted = 1;
  constexpr int kSequence = 7;  // of a first predict()
  hostile::send(field(1, kSequence) + field(2, field(1, kCompleted) + field(2, std::string("\x1b[2J\nroot# "))));
  return true;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
