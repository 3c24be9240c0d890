// What a method is to the bounds.
#pragma once

namespace headroom {

// Protocol sections 5 and 6.
enum class Role {
  null_method,  // any sensible model must beat it: may be the WAP
  cheater,      // has an unfair advantage: may be the BAP
  reference,    // reported beside the bounds, never one of them unless --ceiling names it
  plugin,       // what is evaluated
};

const char* role_name(Role role);  // "null", "cheater", "reference", "plugin"

}  // namespace headroom
