// What --resume took over from the store, and why it makes the rest again: grouped by reason, for the user to read.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "evaluation/evaluation_store.hpp"
#include "store/store.hpp"

namespace headroom {

class Resumption {
 public:
  void took_over() { ++n_taken_over_; }

  // This evaluation is made again. `stored`: what the store holds in its place; nullopt: nothing.
  void makes_again(const EvaluationKey& now, const std::optional<StoredOrigin>& stored);

  // First how many of which kind, then one line a reason, the most frequent first: what changed from what to what, how
  // many evaluations that concerns, and which methods. At most `max_reasons` of them, and a line on the others.
  std::vector<std::string> lines(std::size_t max_reasons = 8) const;

 private:
  struct Group {
    int n = 0;
    std::vector<std::string> methods;  // distinct, in the order of the run
  };
  int n_taken_over_ = 0, n_changed_ = 0, n_failed_ = 0, n_missing_ = 0;
  std::map<std::string, Group> groups_;  // by reason
};

}  // namespace headroom
