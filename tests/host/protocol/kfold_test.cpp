#include "protocol/kfold.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

namespace headroom {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

std::optional<std::uint32_t> seed_of(const json& j) {
  return j.is_null() ? std::nullopt : std::optional<std::uint32_t>(j.get<std::uint32_t>());
}

TEST(KFold, EqualsScikitLearn) {
  std::ifstream file(HEADROOM_SOURCE_DIR "/tests/reference/protocol/kfold.json");
  const json cases = json::parse(file).at("cases");
  ASSERT_EQ(cases.size(), 9u);
  for (const json& c : cases) {
    const auto folds = kfold_test_rows(c.at("n"), c.at("n_splits"), seed_of(c.at("seed")));
    SCOPED_TRACE("n = " + c.at("n").dump());
    if (c.contains("test_rows")) {
      EXPECT_EQ(folds, c.at("test_rows").get<std::vector<RowIndex>>());
    } else {
      const auto heads = c.at("first_test_rows").get<std::vector<RowIndex>>();
      ASSERT_EQ(folds.size(), heads.size());
      for (std::size_t f = 0; f < heads.size(); ++f)
        EXPECT_TRUE(std::equal(heads[f].begin(), heads[f].end(), folds[f].begin())) << "fold " << f;
    }
  }
}

TEST(KFold, EqualsTheOracle) {
  const std::filesystem::path golden = HEADROOM_SHARED_DIR "/golden/small/golden.json";
  if (!std::filesystem::exists(golden)) GTEST_SKIP() << "no oracle values at " << golden;
  std::ifstream file(golden);
  const json edge = json::parse(file).at("edge_cases");
  for (const auto& [n, folds] : edge.at("kfold_shuffle_42").items())
    EXPECT_EQ(kfold_test_rows(std::stoul(n), 5, 42), folds.get<std::vector<RowIndex>>()) << "n = " << n;
  for (const auto& [n, folds] : edge.at("kfold_plain").items())
    EXPECT_EQ(kfold_test_rows(std::stoul(n), 5, std::nullopt), folds.get<std::vector<RowIndex>>()) << "n = " << n;
}

TEST(KFold, PartitionsTheRows) {
  for (const std::size_t n : {0u, 1u, 4u, 5u, 17u, 400u}) {
    RowIndex all;
    for (const RowIndex& fold : kfold_test_rows(n, 5, 1)) {
      EXPECT_TRUE(std::is_sorted(fold.begin(), fold.end()));
      all.insert(all.end(), fold.begin(), fold.end());
    }
    std::sort(all.begin(), all.end());
    RowIndex expected(n);
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(all, expected);
  }
}

TEST(KFold, LeavesTheLastFoldsEmptyWhereRowsRunOut) {
  const auto folds = kfold_test_rows(3, 5, std::nullopt);
  EXPECT_THAT(folds, ElementsAre(RowIndex{0}, RowIndex{1}, RowIndex{2}, RowIndex{}, RowIndex{}));
}

TEST(KFold, ComplementIsTheTrainingRows) {
  EXPECT_THAT(complement_rows(6, {1, 4}), ElementsAre(0, 2, 3, 5));
  EXPECT_THAT(complement_rows(2, {}), ElementsAre(0, 1));
  EXPECT_TRUE(complement_rows(2, {0, 1}).empty());
  EXPECT_TRUE(complement_rows(0, {}).empty());
}

}  // namespace
}  // namespace headroom
