// The review of a command's inputs, between reading and computing: what was understood, what was left out and how much
// of it, and what is doubtful. Whoever reads fills it; the command settles it once, before anything is computed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "outcome/outcome.hpp"
#include "review/doubt.hpp"

namespace headroom {

struct ReviewOptions {
  std::vector<std::string> accepted;  // codes whose doubts mean what they say (--accept)
  bool strict = false;                // noted doubts stop the command as refused ones do (--strict)
};

// The bad option, or nothing: an accepted code that does not exist.
Result<void> validate(const ReviewOptions& options);

class Review {
 public:
  struct LeftOut {
    std::string what;  // "control rows (is_control)"
    std::int64_t n = 0;
  };

  explicit Review(ReviewOptions options = {}) : options_(std::move(options)) {}

  // One line each: "perturbations: column 'gene_id'".
  void understood(std::string line) { understood_.push_back(std::move(line)); }
  // Counted; nothing is kept for n = 0.
  void left_out(std::string what, std::int64_t n);
  // A doubt of a code that is in doubt_codes(). The same code and place is raised once, the first time. It is accepted
  // if the options accept its code, or where an earlier command accepted it for this same task.
  void raise(Doubt doubt);

  // Doubts that an earlier command kept in a task, with what was accepted there; `task_path` is where that task lies.
  void carry(std::vector<Doubt> doubts, std::string task_path);

  // The code was accepted by a flag, or for the task at `where` by an earlier command.
  bool accepts(std::string_view code, std::string_view where = {}) const;
  // Ends the command unless the doubt is accepted.
  bool stops(const Doubt& doubt) const;

  // Everything is answered, or the first doubt that stops the command as an error (bad_input). Carried doubts were
  // answered when they were raised.
  Result<void> settle() const;

  const ReviewOptions& options() const { return options_; }
  const std::vector<std::string>& understood() const { return understood_; }
  const std::vector<LeftOut>& left_out() const { return left_out_; }
  // Carried ones first, then in the order in which they were raised.
  const std::vector<Doubt>& doubts() const { return doubts_; }
  // Those of doubts() that this command raised itself.
  std::span<const Doubt> raised() const { return std::span(doubts_).subspan(n_carried_); }
  // Those of raised() that were not asked for here before: each is told once.
  std::span<const Doubt> next_to_tell();

 private:
  bool is_of_task(std::string_view where) const;

  ReviewOptions options_;
  std::vector<std::string> understood_;
  std::vector<LeftOut> left_out_;
  std::vector<Doubt> doubts_;
  std::size_t n_carried_ = 0, n_told_ = 0;
  std::vector<std::string> accepted_earlier_;  // codes
  std::string carried_from_;                   // path of the task
};

}  // namespace headroom
