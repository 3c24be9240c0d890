// What a context's table is called for people.
#pragma once

#include <string>

#include "summary.pb.h"

namespace headroom {

// Splits of several families tell different things of one context: "RPE1 · transfer". Within a context, its name.
inline std::string context_title(const ContextResult& context) {
  const std::string& family = context.split_family();
  return family.empty() ? context.context() : context.context() + " · " + family;
}

}  // namespace headroom
