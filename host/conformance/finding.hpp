// What one check found.
#pragma once

#include <string>

namespace headroom {

enum class CheckOutcome {
  pass,
  warn,     // allowed, but an author should know
  fail,     // the contract is broken
  skipped,  // not tried; the detail says why
};

// "pass", "warn", "fail", "skipped".
const char* check_outcome_name(CheckOutcome outcome);

struct Finding {
  CheckOutcome outcome = CheckOutcome::skipped;
  std::string detail;
};

Finding passed(std::string detail);
Finding warned(std::string detail);
Finding failed(std::string detail);
Finding skipped(std::string reason);

}  // namespace headroom
