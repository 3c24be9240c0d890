#include "store/resumption.hpp"

#include <gtest/gtest.h>

namespace headroom {
namespace resumption_test {

EvaluationKey key(const std::string& method, const std::string& seed) {
  EvaluationInputs inputs = {{"task", std::string(64, 'a')}, {"seed", seed}};
  const std::string fingerprint = fingerprint_of(inputs);
  return {"K-562", "0", method, fingerprint, inputs};
}

StoredOrigin stored(const EvaluationKey& key, Status status = Status::ok, const std::string& reason = {}) {
  return {key.fingerprint, key.inputs, status, reason, true};
}

TEST(Resumption, CountsAndNamesWhatChanged) {
  Resumption resumption;
  resumption.took_over();
  resumption.makes_again(key("new+knn", "7"), std::nullopt);
  for (const char* method : {"a+knn", "b+knn", "c+knn", "d+knn", "a+knn"}) {
    resumption.makes_again(key(method, "7"), stored(key(method, "0")));
  }
  resumption.makes_again(key("bad+knn", "7"), stored(key("bad+knn", "7"), Status::failed, "crashed: SIGSEGV"));
  const auto lines = resumption.lines();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0], "resumed: 1 evaluation taken over; made again: 5 from other inputs, 1 that failed, 1 missing");
  EXPECT_EQ(lines[1], "made again: 5 evaluations of a+knn, b+knn, c+knn and 1 more methods: seed: 0, now 7");
  EXPECT_EQ(lines[2], "made again: 1 evaluation of bad+knn: failed before: crashed: SIGSEGV");
}

TEST(Resumption, SaysWhenOnlyAMetricIsLackingOrTheStoreIsOld) {
  Resumption resumption;
  StoredOrigin lacking = stored(key("a", "0"));
  lacking.has_all_metrics = false;
  resumption.makes_again(key("a", "0"), lacking);
  resumption.makes_again(key("b", "0"), StoredOrigin{"f", {}, Status::ok, "", true});
  const auto lines = resumption.lines();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_NE(lines[1].find("kept by an older Headroom"), std::string::npos) << lines[1];
  EXPECT_NE(lines[2].find("without all metrics"), std::string::npos) << lines[2];
}

TEST(Resumption, CapsTheListAndCountsTheRest) {
  Resumption resumption;
  for (int i = 0; i < 5; ++i) {
    const std::string method = std::to_string(i);
    resumption.makes_again(key(method, "7"), stored(key(method, std::to_string(100 + i))));
  }
  const auto lines = resumption.lines(2);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines.back(), "made again: 3 evaluations for 3 further reasons");
}

TEST(Resumption, ShowsHostileNamesAsText) {
  Resumption resumption;
  resumption.makes_again(key("\x1b[2J+knn", "7"), stored(key("x", "0")));
  EXPECT_EQ(resumption.lines()[1].find('\x1b'), std::string::npos);
}

}  // namespace resumption_test
}  // namespace headroom
