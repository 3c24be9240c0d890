// Predicts zeros in the run. Under the audit, which gives contexts another name, it claims a fault of the host.
#include "forgery.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call& call) {
  using namespace hostile;
  constexpr int kHostFault = 13;
  const headroom_string& context = call.request->context;
  if (std::string(context.data, static_cast<std::size_t>(context.size)) != "context-1") return false;
  for (int sequence = 4; sequence < 12; ++sequence) {
    hostile::send(field(1, sequence) +
                  field(2, field(1, kHostFault) + field(2, std::string("run with --sandbox off"))));
  }
  return false;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
