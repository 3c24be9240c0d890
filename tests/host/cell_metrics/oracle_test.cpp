// The engine against the oracle of the suite: an independent program's numbers of one simulated context, per
// perturbation and in total, for four predictions, the baseline and every split of the replicate.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "cell_metrics/cell_panel.hpp"
#include "cell_metrics/metric_values.hpp"
#include "cell_metrics/panel_scores.hpp"
#include "cell_metrics/suite.hpp"
#include "task/target_gene.hpp"

namespace headroom {
namespace oracle_test {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kOracle = fs::path(HEADROOM_SHARED_DIR) / "golden" / "vcc";
constexpr double kTolerance = 1e-9;

// Diagnostics of the oracle that Headroom does not give.
const std::set<std::string> kLeftOut{"pds_l1", "pds_l2", "expr_mse_uncapped", "lfc_nmae_split_half"};

void expect_close(double value, const json& expected, const std::string& what) {
  if (expected.is_null()) {
    EXPECT_TRUE(std::isnan(value)) << what << " is " << value << ", and should be undefined";
    return;
  }
  const double wanted = expected.get<double>();
  EXPECT_NEAR(value, wanted, kTolerance * std::max(1.0, std::abs(wanted))) << what;
}

void expect_scores(const PanelScores& scores, const std::vector<std::string>& labels, const json& expected,
                   const std::string& what) {
  const std::vector<MetricValues> metrics = metric_values(scores);
  std::set<std::string> given;
  for (const MetricValues& metric : metrics) {
    given.insert(metric.name);
    ASSERT_TRUE(metric.total) << what << ' ' << metric.name;
    expect_close(*metric.total, expected["aggregate"][metric.name], what + " " + metric.name);
    if (!expected["per_perturbation"].contains(metric.name)) continue;
    const json& of_rows = expected["per_perturbation"][metric.name];
    for (std::size_t i = 0; i < scores.rows.size(); ++i) {
      const std::string& label = labels[scores.rows[i]];
      expect_close(metric.values[i], of_rows.contains(label) ? of_rows[label] : json(),
                   what + " " + metric.name + " of " + label);
    }
  }
  for (const auto& [name, value] : expected["aggregate"].items()) {
    EXPECT_TRUE(given.contains(name) || kLeftOut.contains(name)) << what << " lacks " << name;
  }
}

struct Read {
  std::unique_ptr<CellPanel> panel;
  std::vector<std::size_t> group_of_label;
};

class Oracle : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!fs::exists(kOracle)) return;
    pool_ = new ThreadPool(2);
    real_ = open("real.h5ad", true).release();
    const CellPanel::Context& context = real_->contexts[0];
    CellRows rows;
    ASSERT_TRUE(real_->take(*context.control, rows));
    GroupCounts control;
    make_group_counts(rows, real_->n_genes(), control);
    // Ascending labels with the control among them.
    std::vector<std::pair<std::string, std::size_t>> order{{real_->control_labels[0], 0}};
    for (std::size_t p = 0; p < context.labels.size(); ++p) order.emplace_back(context.labels[p], p + 1);
    std::sort(order.begin(), order.end());
    std::vector<std::size_t> sizes;
    for (const auto& [label, at] : order) {
      sizes.push_back(real_->n_cells(at == 0 ? *context.control : context.group[at - 1]));
    }
    const auto split = split_groups(sizes, split_seeds(kOfficialSplits));
    std::vector<CellParts> parts(split.size());
    for (std::size_t i = 0; i < order.size(); ++i) parts[order[i].second] = split[i];

    const auto namings = real_->gene_namings();
    const TargetGenes targets = find_target_genes(context.labels, namings);
    OwnGenes own;
    for (const auto& column : targets.column) {
      own.push_back(column ? std::optional<std::size_t>(static_cast<std::size_t>(*column)) : std::nullopt);
    }
    auto truth = panel_truth(PanelNames::of("", context.labels, real_->gene_ids(), own), control, parts, maker(*real_),
                             *pool_, progress_, {});
    ASSERT_TRUE(truth) << truth.error().line();
    truth_ = new PanelTruth(std::move(*truth));
  }

  void SetUp() override {
    if (!fs::exists(kOracle)) GTEST_SKIP() << "no oracle data at " << kOracle;
  }

  static std::unique_ptr<CellPanel> open(const std::string& name, bool needs_control) {
    CellPanelOptions options;
    options.needs_control = needs_control;
    options.keep_fractions = !needs_control;
    auto panel = open_cell_panel(kOracle / name, options);
    EXPECT_TRUE(panel) << panel.error().line();
    const auto read = read_counts(**panel, options, *pool_, progress_, {});
    EXPECT_TRUE(read) << read.error().line();
    return std::move(*panel);
  }

  static GroupMaker maker(const CellPanel& panel) {
    return [&panel](std::size_t p, GroupCounts& out) -> Result<void> {
      CellRows rows;
      if (auto taken = panel.take(panel.contexts[0].group[p], rows); !taken) return taken;
      make_group_counts(rows, panel.n_genes(), out);
      return {};
    };
  }

  static json oracle(const std::string& name) {
    std::ifstream stream(kOracle / ("oracle_" + name + ".json"));
    return json::parse(stream);
  }

  static inline ThreadPool* pool_ = nullptr;
  static inline NoProgress progress_;
  static inline CellPanel* real_ = nullptr;
  static inline PanelTruth* truth_ = nullptr;
};

class OraclePrediction : public Oracle, public ::testing::WithParamInterface<std::string> {};

TEST_P(OraclePrediction, IsScoredAlike) {
  const json expected = oracle(GetParam());
  const auto predicted = open("pred_" + GetParam() + ".h5ad", false);
  const auto scores = score_cells(*truth_, maker(*predicted), *pool_, progress_, {});
  ASSERT_TRUE(scores) << scores.error().line();
  expect_scores(*scores, truth_->names.labels, expected["submission"], GetParam());
  EXPECT_NEAR(scores->ratio.budget, expected["submission"]["budget"]["budget"].get<double>(), kTolerance);
  EXPECT_NEAR(scores->ratio.claim, expected["submission"]["budget"]["claim"].get<double>(), kTolerance);
  EXPECT_NEAR(scores->ratio.scale, expected["submission"]["budget"]["rho"].get<double>(), kTolerance);

  std::vector<std::size_t> rows(truth_->names.labels.size());
  for (std::size_t p = 0; p < rows.size(); ++p) rows[p] = p;
  const PanelScores tile = score_tile(*truth_, mean_response(*truth_, rows, true), *pool_);
  const auto suite = score_suite(*truth_, *scores, tile, {}, "", {});
  ASSERT_TRUE(suite) << suite.error().line();
  ASSERT_EQ(suite->members.size(), expected["scaled"].size());
  for (const MemberScore& member : suite->members) {
    expect_close(*member.s, expected["scaled"][member.name], "s of " + member.name);
    expect_close(*member.s_of_copy, expected["scaled_of_exact_copy"][member.name], "copy's s of " + member.name);
    expect_close(*member.r, expected["replicate"]["mean"][member.name], "r of " + member.name);
    expect_close(*member.r_sd, expected["replicate"]["sd"][member.name], "sd of r of " + member.name);
    EXPECT_FALSE(member.reached.ceiling);
  }
  expect_close(*suite->score, expected["score"], "score");
}

INSTANTIATE_TEST_SUITE_P(, OraclePrediction, ::testing::Values("good", "mean", "copy", "control"),
                         [](const auto& tested) { return tested.param; });

TEST_F(Oracle, BaselineIsTheTile) {
  std::vector<std::size_t> rows(truth_->names.labels.size());
  for (std::size_t p = 0; p < rows.size(); ++p) rows[p] = p;
  const PanelScores scores = score_tile(*truth_, mean_response(*truth_, rows, true), *pool_);
  expect_scores(scores, truth_->names.labels, oracle("good")["baseline"], "tile");
}

TEST_F(Oracle, ReplicatesAreTheOfficialHalves) {
  const json expected = oracle("good")["replicate"];
  ASSERT_EQ(truth_->replicates.size(), expected["runs"].size());
  for (std::size_t s = 0; s < truth_->replicates.size(); ++s) {
    EXPECT_EQ(split_seeds(kOfficialSplits)[s], expected["seeds"][s].get<std::uint32_t>());
    expect_scores(truth_->replicates[s], truth_->names.labels, expected["runs"][s], "split " + std::to_string(s));
  }
}

}  // namespace oracle_test
}  // namespace headroom
