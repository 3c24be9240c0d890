// Describes itself, while it is loaded, as one of Headroom's own heads with a poisoned grid.
#include "forgery.hpp"
#include "hostile.hpp"

__attribute__((constructor)) static void forge() {
  using namespace hostile;
  const std::string not_a_number("\x00\x00\x00\x00\x00\x00\xf8\x7f", 8);
  const std::string parameter = field(1, std::string("k")) + field(6, not_a_number);
  const std::string description = field(1, 2) + field(4, std::string("knn")) + field(11, parameter) + field(12, 1) +
                                  field(14, std::string(1, '\0'));
  hostile::send(field(1, 2) + field(5, description));
}
static bool attack(const hostile::Call&) { return true; }
HEADROOM_HOSTILE_PREDICTOR(attack)
