#include "review/refusal.hpp"

#include <fmt/format.h>

namespace headroom {

Error refusal_of(const Doubt& doubt) {
  Error error = doubt.error();
  error.remedy +=
      fmt::format("{}--accept {} if the data mean what they say", error.remedy.empty() ? "" : "; or ", doubt.code);
  return error;
}

}  // namespace headroom
