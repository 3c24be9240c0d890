// What plugins, submissions and finished predictions may be called: a reader of the results must be able to tell the
// methods apart.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "outcome/outcome.hpp"

namespace headroom {

// Why nothing may have that name; empty: it is none of these. Blank: it shows nothing. A '+' joins the names of an
// embedding and a head to that of their method, so that a name of its own with one could be another method's.
std::string fault_of_name(std::string_view name);

// The name without blanks and without characters that do not show: names that differ by these alone are one to a
// reader.
std::string seen_name(std::string_view name);

// Names that are given away one by one.
class TakenNames {
 public:
  TakenNames() = default;
  template <class Names>
  explicit TakenNames(const Names& names) {
    for (const std::string& name : names) (void)take(name);
  }

  // Why the name is not to be had; empty: now it is taken.
  std::string take(const std::string& name);
  bool has(std::string_view name) const { return by_seen_.contains(seen_name(name)); }

 private:
  std::map<std::string, std::string> by_seen_;  // seen_name to the name that was given
};

}  // namespace headroom
