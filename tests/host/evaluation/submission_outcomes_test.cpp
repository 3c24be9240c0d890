#include "evaluation/submission_outcomes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headroom {
namespace submission_outcomes_test {

TEST(SubmissionOutcomes, AreSortedByOutcomeForPeople) {
  const auto of = [](const char* name, const char* verdict) {
    return SubmissionOutcome{name, "embedding", verdict, "", ""};
  };
  std::vector<std::string> names;
  for (const SubmissionOutcome& one : sorted_by_outcome(
           {of("a", "wall_limit"), of("b", "ok"), of("c", "crashed"), of("d", "wall_limit"), of("e", "ok")})) {
    names.push_back(one.name);
  }
  EXPECT_THAT(names, ::testing::ElementsAre("b", "e", "c", "a", "d"));
  EXPECT_TRUE(sorted_by_outcome({}).empty());
}

}  // namespace submission_outcomes_test
}  // namespace headroom
