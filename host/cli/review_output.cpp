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

DoubtRecord record_of(const Doubt& doubt) {
  DoubtRecord record;
  record.set_code(doubt.code);
  record.set_severity(std::string(severity_name(doubt.severity())));
  record.set_where(doubt.where);
  record.set_what(doubt.what);
  if (doubt.n != 0) record.set_n(doubt.n);
  for (const std::string& example : doubt.examples) record.add_examples(example);
  record.set_remedy(doubt.remedy);
  if (doubt.accepted) record.set_accepted(true);
  return record;
}

std::optional<Doubt> doubt_of(const DoubtRecord& record) {
  if (!is_doubt_code(record.code())) return std::nullopt;
  return Doubt{
      record.code(),  record.where(), record.what(), record.n(), {record.examples().begin(), record.examples().end()},
      record.remedy()};
}

void keep_doubts(const Review& review, RunSummary* summary) {
  for (const Doubt& doubt : review.doubts()) *summary->add_doubts() = record_of(doubt);
}

}  // namespace headroom::cli
