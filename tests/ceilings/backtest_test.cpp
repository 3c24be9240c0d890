// Ceilings against screens that were measured twice: a small version of what made tests/reference/ceilings, and that
// the host says of its ceilings what these tables say.
#include "ceilings/backtest.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <tuple>

#include "bounds/ceiling_accuracy.hpp"

namespace headroom::ceilings {
namespace backtest_test {

using Key = std::tuple<std::string, std::string, std::string, std::string>;  // level, metric, control, way

class Backtest : public ::testing::Test {
 protected:
  ThreadPool pool_{2};
};

const CeilingError& error_of(const std::vector<CeilingError>& errors, const std::string& metric, const std::string& way,
                             double cells, const std::string& control = "shared") {
  for (const CeilingError& each : errors) {
    if (each.metric == metric && each.way == way && each.cells == cells && each.control == control) return each;
  }
  throw std::out_of_range(metric + " " + way);
}

TEST_F(Backtest, CellLevelCeilingsOfAPartOfTheCellsAreNearerThanWhatHalvesScore) {
  const Replicated screen = replicated("small", SimulatedTruth({12, 40, 200, 150, 2000, 0.4, 0.5}, 3), 2);
  const auto errors = backtest_cells(screen, {{1, 0.5}, 2, 1}, pool_);
  ASSERT_TRUE(errors) << errors.error().line();
  double drawn = 0, halves = 0;
  for (const double cells : {1.0, 0.5}) {
    for (const char* metric : {"direction_fidelity", "jaccard", "lfc_nmae", "sig_recall"}) {
      drawn += std::abs(error_of(*errors, metric, "simulation", cells).error_of_gap()) / 8;
      halves += std::abs(error_of(*errors, metric, "replicate", cells).error_of_gap()) / 8;
    }
    EXPECT_NEAR(error_of(*errors, "expr_mse_ratio", "closed_form", cells).error_of_gap(), 0, 0.15) << cells;
    EXPECT_NEAR(error_of(*errors, "delta_pearson", "spearman_brown", cells).error_of_gap(), 0, 0.1) << cells;
  }
  EXPECT_LT(drawn, 0.12);
  EXPECT_GT(halves, 2 * drawn);
}

TEST_F(Backtest, CeilingsOfDeltasHoldFromHalfOfTheCells) {
  const auto folder = std::filesystem::temp_directory_path() / ("headroom-backtest-test-" + std::to_string(::getpid()));
  const Replicated screen = replicated("small", SimulatedTruth({12, 40, 200, 150, 2000, 0.4, 0.5}, 3), 2);
  const auto errors = backtest_deltas(screen, {{1, 0.5}, 2, 1}, folder, pool_);
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(errors) << errors.error().line();
  for (const double cells : {1.0, 0.5}) {
    for (const char* control : {"own", "shared"}) {
      for (const auto& [metric, way] : {std::pair{"L2", "closed_form"},
                                        {"MAE", "closed_form"},
                                        {"Pearson", "spearman_brown"},
                                        {"Pearson_pert", "spearman_brown"}}) {
        EXPECT_NEAR(error_of(*errors, metric, way, cells, control).error_of_gap(), 0, 0.15)
            << metric << ' ' << control << ' ' << cells;
      }
    }
  }
}

std::vector<std::vector<std::string>> rows_of(const std::string& name) {
  std::ifstream stream(std::string(HEADROOM_SOURCE_DIR) + "/tests/reference/ceilings/" + name);
  std::vector<std::vector<std::string>> out;
  std::string line;
  std::getline(stream, line);
  while (std::getline(stream, line)) {
    // The screens' names alone hold commas, and stand first.
    std::string first;
    if (line.starts_with('"')) {
      const std::size_t end = line.find('"', 1);
      first = line.substr(1, end - 1);
      line = "screen" + line.substr(end + 1);
    }
    std::istringstream fields(line);
    std::vector<std::string>& row = out.emplace_back();
    for (std::string field; std::getline(fields, field, ',');) row.push_back(field);
    if (!first.empty()) row[0] = first;
  }
  return out;
}

double number(const std::string& text) { return std::strtod(text.c_str(), nullptr); }

TEST(CeilingTables, AccuraciesAreThoseOfTheBackTest) {
  std::vector<CeilingError> errors;
  for (const auto& row : rows_of("backtest.csv")) {
    CeilingError& each = errors.emplace_back();
    each = {row[0], row[1], row[2], row[3], row[4], number(row[5]), number(row[6]), number(row[7]), number(row[8])};
    EXPECT_NEAR(each.error_of_gap(), number(row[9]), 0.01 + 0.01 * std::abs(number(row[9]))) << row[0] << ' ' << row[2];
  }
  const auto expected = accuracy_of(errors);
  const auto rows = rows_of("accuracy.csv");
  ASSERT_EQ(rows.size(), expected.size());
  ASSERT_GT(rows.size(), 50u);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(Key(rows[i][0], rows[i][1], rows[i][2], rows[i][3]),
              Key(expected[i].level, expected[i].metric, expected[i].control, expected[i].way));
    EXPECT_EQ(number(rows[i][4]), static_cast<double>(expected[i].n));
    EXPECT_NEAR(number(rows[i][6]), expected[i].size, 0.001 + 0.001 * expected[i].size) << rows[i][1];
  }
}

TEST(CeilingTables, AreWhatTheHostSays) {
  const auto rows = rows_of("accuracy.csv");
  const auto accuracies = ceiling_accuracies();
  ASSERT_EQ(rows.size(), accuracies.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(Key(rows[i][0], rows[i][1], rows[i][2], rows[i][3]),
              Key(accuracies[i].level, accuracies[i].metric, accuracies[i].control, accuracies[i].way));
    EXPECT_EQ(number(rows[i][6]), accuracies[i].error_of_gap) << rows[i][1];
    EXPECT_EQ(is_about(rows[i][0], rows[i][1], rows[i][2], rows[i][3]), number(rows[i][6]) > 0.05);
  }
  EXPECT_TRUE(is_about("cells", "never_tried", "shared", "simulation"));
}

}  // namespace backtest_test
}  // namespace headroom::ceilings
