#include "review/review.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "review/refusal.hpp"

namespace headroom {

Result<void> validate(const ReviewOptions& options) {
  for (const std::string& code : options.accepted) {
    if (is_doubt_code(code)) continue;
    std::string codes;
    for (const DoubtCode& each : doubt_codes()) codes += (codes.empty() ? "" : ", ") + std::string(each.code);
    return bad_input(fmt::format("there is no doubt '{}'", code), "--accept", "the codes are " + codes);
  }
  return {};
}

void Review::left_out(std::string what, std::int64_t n) {
  if (n > 0) left_out_.push_back({std::move(what), n});
}

void Review::raise(Doubt doubt) {
  if (doubt.examples.size() > kMostExamples) doubt.examples.resize(kMostExamples);
  doubt.accepted = accepts(doubt.code, doubt.where);
  const auto is_same = [&](const Doubt& known) { return known.code == doubt.code && known.where == doubt.where; };
  if (std::any_of(doubts_.begin(), doubts_.end(), is_same)) return;
  // An earlier command told it of this task already.
  const auto told = [&](const Doubt& carried) { return carried.code == doubt.code; };
  if (is_of_task(doubt.where) &&
      std::any_of(doubts_.begin(), doubts_.begin() + static_cast<std::ptrdiff_t>(n_carried_), told))
    return;
  doubts_.push_back(std::move(doubt));
}

void Review::carry(std::vector<Doubt> doubts, std::string task_path) {
  carried_from_ = std::move(task_path);
  for (const Doubt& doubt : doubts) {
    if (doubt.accepted) accepted_earlier_.push_back(doubt.code);
  }
  doubts_.insert(doubts_.begin() + static_cast<std::ptrdiff_t>(n_carried_), std::make_move_iterator(doubts.begin()),
                 std::make_move_iterator(doubts.end()));
  n_carried_ += doubts.size();
}

bool Review::is_of_task(std::string_view where) const {
  return !carried_from_.empty() && where.starts_with(carried_from_);
}

bool Review::accepts(std::string_view code, std::string_view where) const {
  const auto holds = [&](const std::vector<std::string>& codes) {
    return std::find(codes.begin(), codes.end(), code) != codes.end();
  };
  return holds(options_.accepted) || (is_of_task(where) && holds(accepted_earlier_));
}

bool Review::stops(const Doubt& doubt) const {
  return !doubt.accepted && (options_.strict || doubt.severity() == Severity::refused);
}

std::span<const Doubt> Review::next_to_tell() {
  const std::span<const Doubt> next = raised().subspan(n_told_);
  n_told_ += next.size();
  return next;
}

Result<void> Review::settle() const {
  const std::span<const Doubt> mine = raised();
  const auto first = std::find_if(mine.begin(), mine.end(), [&](const Doubt& doubt) { return stops(doubt); });
  if (first == mine.end()) return {};
  return tl::unexpected(refusal_of(*first));
}

}  // namespace headroom
