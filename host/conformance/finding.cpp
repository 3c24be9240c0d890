#include "conformance/finding.hpp"

#include <utility>

namespace headroom {

const char* check_outcome_name(CheckOutcome outcome) {
  switch (outcome) {
    case CheckOutcome::pass:
      return "pass";
    case CheckOutcome::warn:
      return "warn";
    case CheckOutcome::fail:
      return "fail";
    case CheckOutcome::skipped:
      return "skipped";
  }
  return "skipped";
}

Finding passed(std::string detail) { return {CheckOutcome::pass, std::move(detail)}; }
Finding warned(std::string detail) { return {CheckOutcome::warn, std::move(detail)}; }
Finding failed(std::string detail) { return {CheckOutcome::fail, std::move(detail)}; }
Finding skipped(std::string reason) { return {CheckOutcome::skipped, std::move(reason)}; }

}  // namespace headroom
