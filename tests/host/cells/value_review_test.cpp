// Values that are said to be log1p of counts scaled to a total, and are logarithms of something else.
#include "cells/value_review.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

namespace headroom {
namespace value_review_test {

using ::testing::HasSubstr;
using ::testing::Not;

// What a pass over cells × genes finds, if each count becomes `value(count, total of its cell)`.
ValueFindings findings_of(const std::function<double(double, double)>& value, int n_genes_kept = 200) {
  ValueFindings findings;
  std::mt19937 random(3);
  constexpr int kCells = 60, kGenes = 200;
  for (int cell = 0; cell < kCells; ++cell) {
    std::vector<double> counts;
    double total = 0;
    const double depth = 0.5 + 0.02 * cell;
    for (int gene = 0; gene < kGenes; ++gene) {
      counts.push_back(std::poisson_distribution<int>((1 + gene % 7) * depth)(random));
      total += counts.back();
    }
    double sum = 0, log1p = 0, log2 = 0, log10 = 0, twice = 0;
    for (int gene = 0; gene < n_genes_kept; ++gene) {
      const double x = value(counts[static_cast<std::size_t>(gene)], total);
      if (x == 0) continue;
      sum += x;
      const double undone = std::expm1(x);
      log1p += undone;
      log2 += std::exp2(x) - 1;
      log10 += std::pow(10.0, x) - 1;
      twice += std::expm1(undone);
      findings.sampled_are_whole = findings.sampled_are_whole && x == std::floor(x);
      findings.undone_are_whole = findings.undone_are_whole && std::abs(undone - std::round(undone)) < 1e-6;
      findings.largest = std::max(findings.largest, x);
      ++findings.n_sampled_values;
    }
    findings.totals.push_back(sum);
    findings.undone_log1p.push_back(log1p);
    findings.undone_log2.push_back(log2);
    findings.undone_log10.push_back(log10);
    findings.undone_twice.push_back(twice);
  }
  return findings;
}

// The doubt's words and remedy, or nothing.
std::string judged(const ValueFindings& findings, double target_sum = 10'000, CellValues values = CellValues::log1p) {
  Review review;
  const ValueNames names{"cells.h5ad", [](std::uint64_t) { return std::string("c"); },
                         [](std::uint32_t) { return std::string("g"); }};
  EXPECT_TRUE(review_values(findings, values, target_sum, names, review));
  if (review.doubts().empty()) return "nothing";
  EXPECT_EQ(review.doubts().front().code, values == CellValues::log1p ? "values.not_log1p" : "values.not_counts");
  return review.doubts().front().what + " | " + review.doubts().front().remedy;
}

TEST(ValueReview, KnowsLogarithmsOfAnotherTotal) {
  const auto scaled = [](double total) {
    return [=](double n, double of_cell) { return std::log1p(n / of_cell * total); };
  };
  EXPECT_EQ(judged(findings_of(scaled(10'000))), "nothing");
  EXPECT_THAT(judged(findings_of(scaled(700))), HasSubstr("sum to 700, not to 10000 | "));
  EXPECT_THAT(judged(findings_of(scaled(700))), HasSubstr("--target-sum 700"));
  EXPECT_EQ(judged(findings_of(scaled(700)), 700), "nothing") << "the flag answers";
  EXPECT_THAT(judged(findings_of(scaled(1e6))), HasSubstr("--target-sum 1e+06"));
  EXPECT_EQ(judged(findings_of(scaled(10'000), 150)), "nothing") << "genes may be left out after scaling";
}

TEST(ValueReview, KnowsOtherLogarithms) {
  EXPECT_THAT(judged(findings_of([](double n, double total) { return std::log10(1 + n / total * 1e4); })),
              HasSubstr("log10(x + 1) of counts scaled to 10000"));
  EXPECT_THAT(judged(findings_of([](double n, double total) { return std::log2(1 + n / total * 500); })),
              HasSubstr("log2(x + 1) of counts scaled to 500"));
  EXPECT_THAT(judged(findings_of([](double n, double total) { return std::log1p(std::log1p(n / total * 1e4)); })),
              HasSubstr("taken twice"));
  EXPECT_THAT(judged(findings_of([](double n, double) { return std::log1p(n); })),
              HasSubstr("not scaled to one total"));
}

TEST(ValueReview, KnowsLogarithmsAndCountsThatAreSaidToBeScaledOrFractional) {
  const auto log1p = [](double n, double total) { return std::log1p(n / total * 1e4); };
  const auto log2 = [](double n, double total) { return std::log2(1 + n / total * 1e6); };
  for (const CellValues values : {CellValues::fractional, CellValues::scaled}) {
    EXPECT_THAT(judged(findings_of(log1p), 10'000, values),
                HasSubstr("log1p of counts scaled to 10000 | say --values log1p --target-sum 10000"));
    EXPECT_THAT(judged(findings_of(log2), 10'000, values), HasSubstr("log2(x + 1) of counts scaled to 1e+06"));
    EXPECT_EQ(judged(findings_of([](double n, double total) { return n / total * 1e4; }), 10'000, values), "nothing");
    EXPECT_EQ(judged(findings_of([](double n, double) { return 0.97 * n; }), 10'000, values), "nothing");
  }
  const auto counts = findings_of([](double n, double) { return n; });
  EXPECT_EQ(judged(counts, 10'000, CellValues::fractional), "nothing") << "they need not be whole, and may be";
  EXPECT_THAT(judged(counts, 10'000, CellValues::scaled), HasSubstr("if they are counts, say --values counts"));
}

TEST(ValueReview, ProposesNothingThatWouldTakeLogarithmsAsFractionalCounts) {
  auto some_genes = findings_of([](double n, double total) { return std::log1p(n / total * 1e4); }, 150);
  some_genes.fractions.n = 1;
  EXPECT_THAT(judged(some_genes, 10'000, CellValues::counts), Not(HasSubstr("fractional")));
  auto corrected = findings_of([](double n, double) { return 0.97 * n; });
  corrected.fractions.n = 1;
  EXPECT_THAT(judged(corrected, 10'000, CellValues::counts), HasSubstr("--values fractional"));
}

}  // namespace value_review_test
}  // namespace headroom
