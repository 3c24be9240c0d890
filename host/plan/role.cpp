#include "plan/role.hpp"

namespace headroom {

const char* role_name(Role role) {
  switch (role) {
    case Role::null_method:
      return "null";
    case Role::cheater:
      return "cheater";
    case Role::reference:
      return "reference";
    case Role::plugin:
      return "plugin";
  }
  return "";
}

}  // namespace headroom
