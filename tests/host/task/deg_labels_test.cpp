#include "task/deg_labels.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace headroom {
namespace deg_labels_test {

using ::testing::HasSubstr;

LabelMatrix random_labels(unsigned seed, Eigen::Index rows, Eigen::Index genes) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> label(-1, 1);
  LabelMatrix out(rows, genes);
  for (Eigen::Index i = 0; i < out.size(); ++i) out.data()[i] = static_cast<std::int8_t>(label(random));
  return out;
}

std::vector<std::string> contexts_of(const std::vector<DegLabels>& labels) {
  std::vector<std::string> contexts;
  for (std::size_t c = 0; c < labels.size(); ++c) contexts.push_back("context " + std::to_string(c));
  return contexts;
}

TEST(DegTrials, GiveBackWhatWasSetForAnyNumberOfGenes) {
  for (const Eigen::Index n_genes : {1, 3, 4, 5, 8, 13}) {
    DegTrials trials(3, 2, n_genes);
    std::vector<LabelMatrix> expected;
    for (int t = 0; t < 3; ++t) {
      expected.push_back(random_labels(static_cast<unsigned>(10 * n_genes + t), 2, n_genes));
      for (Eigen::Index row = 0; row < 2; ++row) trials.set(t, row, expected.back().row(row).data());
    }
    for (int t = 0; t < 3; ++t) {
      EXPECT_EQ(trials.labels(t), expected[static_cast<std::size_t>(t)]) << n_genes << " genes, trial " << t;
      EXPECT_EQ(trials.labels(t, {1, 0, 1}).row(2), expected[static_cast<std::size_t>(t)].row(1));
    }
    EXPECT_TRUE(trials.is_valid(0) && trials.is_valid(1));
    EXPECT_EQ(trials.packed().cols(), 3 * ((n_genes + 3) / 4));
  }
}

// The layout is a file format.
TEST(DegTrials, PackFourLabelsAByteFromTheLowestBitsOn) {
  DegTrials trials(2, 1, 6);
  const std::int8_t first[6] = {1, -1, 0, 1, 0, -1}, second[6] = {0, 0, 0, 0, 1, 0};
  trials.set(0, 0, first);
  trials.set(1, 0, second);
  EXPECT_THAT(std::vector<int>(trials.packed().data(), trials.packed().data() + 4),
              ::testing::ElementsAre(0b01001001, 0b1000, 0, 0b01));
}

TEST(DegTrials, KnowWhatIsNoLabel) {
  DegTrials trials(2, 2, 6);
  trials.packed()(1, 2) = 0b00110000;  // gene 2 of the second trial is 3
  EXPECT_TRUE(trials.is_valid(0));
  EXPECT_FALSE(trials.is_valid(1));
  trials.packed()(1, 2) = 0;
  trials.packed()(1, 1) = 0b00010000;  // beyond the last gene
  EXPECT_FALSE(trials.is_valid(1));
}

TEST(AddDegLabels, RefusesShapesThatDisagree) {
  H5adContent content;
  std::vector<DegLabels> labels(1);
  labels[0].labels = random_labels(1, 3, 4);
  labels[0].has_labels = {true, true};
  EXPECT_FALSE(add_deg_labels(labels, contexts_of(labels), content));
  labels[0].has_labels.push_back(false);
  EXPECT_TRUE(add_deg_labels(labels, contexts_of(labels), content));
  labels[0].trials.emplace(2, 3, 5);
  EXPECT_FALSE(add_deg_labels(labels, contexts_of(labels), content));
  labels[0].trials.emplace(2, 3, 4);
  EXPECT_TRUE(add_deg_labels(labels, contexts_of(labels), content));
  labels[0].control = DegControlCells{{"p", "q"}, {3, 4}, Matrix::Zero(2, 4), Matrix::Zero(2, 4)};
  EXPECT_TRUE(add_deg_labels(labels, contexts_of(labels), content));
  labels[0].control->n_cells.pop_back();
  EXPECT_FALSE(add_deg_labels(labels, contexts_of(labels), content));
  labels[0].control = DegControlCells{{"p"}, {3}, Matrix::Zero(1, 4), Matrix::Zero(1, 5)};
  EXPECT_FALSE(add_deg_labels(labels, contexts_of(labels), content));
  labels[0].control.reset();
  EXPECT_FALSE(add_deg_labels(labels, {}, content));
  labels.push_back(labels[0]);
  labels[1].trials.reset();
  EXPECT_FALSE(add_deg_labels(labels, contexts_of(labels), content));
  labels[1].trials.emplace(3, 3, 4);
  EXPECT_FALSE(add_deg_labels(labels, contexts_of(labels), content));
}

TEST(AxesDigest, TellsOrdersAndSplitsOfNamesApart) {
  const std::vector<std::string> a{"a", "b"}, b{"b", "a"}, joined{"a b"}, none;
  EXPECT_EQ(*axes_digest(a, b), *axes_digest(a, b));
  EXPECT_NE(*axes_digest(a, b), *axes_digest(b, b));
  EXPECT_NE(*axes_digest(a, b), *axes_digest(a, a));
  EXPECT_NE(*axes_digest(a, none), *axes_digest(none, a));
  EXPECT_NE(*axes_digest(joined, none), *axes_digest(a, none));
}

}  // namespace deg_labels_test
}  // namespace headroom
