#include "cli/review_output.hpp"

#include <fmt/ostream.h>

#include <utility>

#include "cli/terminal_streams.hpp"

namespace headroom::cli {

Result<void> settle_review(Review& review, bool quiet) {
  bool may_stop = true;
  for (const Doubt& doubt : review.next_to_tell()) {
    const bool is_the_error = review.stops(doubt) && std::exchange(may_stop, false);
    if (quiet || is_the_error) continue;
    fmt::print(messages(), "headroom: doubt: {}{}\n", doubt.accepted ? "accepted: " : "", doubt.error().line());
  }
  return review.settle();
}

void keep_doubts(const Review& review, RunSummary* summary) {
  for (const Doubt& doubt : review.doubts()) {
    DoubtRecord& kept = *summary->add_doubts();
    kept.set_code(doubt.code);
    kept.set_severity(std::string(severity_name(doubt.severity())));
    kept.set_where(doubt.where);
    kept.set_what(doubt.what);
    if (doubt.n != 0) kept.set_n(doubt.n);
    for (const std::string& example : doubt.examples) kept.add_examples(example);
    kept.set_remedy(doubt.remedy);
    if (doubt.accepted) kept.set_accepted(true);
  }
}

}  // namespace headroom::cli
