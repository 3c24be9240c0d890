#include "terminal/number_text.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace headroom {
namespace {

TEST(NumberText, WritesValuesWithFourDigits) {
  EXPECT_EQ(value_text(4.12826), "4.128");
  EXPECT_EQ(value_text(0.0039921804), "0.003992");
  EXPECT_EQ(value_text(-12.3456), "-12.35");
  EXPECT_EQ(value_text(1234.56), "1235");
  EXPECT_EQ(value_text(0.0), "0");
  EXPECT_EQ(value_text(2.14e-7), "2.1e-07");
  EXPECT_EQ(value_text(std::nullopt), "–");
  EXPECT_EQ(value_text(std::numeric_limits<double>::quiet_NaN(), false), "-");
}

TEST(NumberText, WritesPercentagesAndIntervals) {
  EXPECT_EQ(percent_text(57.234), "57.2 %");
  EXPECT_EQ(percent_text(-0.0), "0.0 %");
  EXPECT_EQ(percent_text(-1234.5), "-1234 %");
  EXPECT_EQ(percent_text(1.4e7), "1e+07 %");
  EXPECT_EQ(percent_text(std::nullopt), "–");
  EXPECT_EQ(interval_text(50.12, 63.9, true), "[50.1, 63.9]");
  EXPECT_EQ(interval_text(4.1, 4.25, false), "[4.100, 4.250]");
  EXPECT_EQ(interval_text(4.1, std::nullopt, false), "");
}

TEST(NumberText, WritesCountsDurationsAndBytes) {
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1320), "1,320");
  EXPECT_EQ(count_text(-1234567), "-1,234,567");
  EXPECT_EQ(duration_text(0.84), "0.8 s");
  EXPECT_EQ(duration_text(59.4), "59 s");
  EXPECT_EQ(duration_text(59.7), "1 min 00 s");
  EXPECT_EQ(duration_text(7500), "2 h 05 min");
  EXPECT_EQ(duration_text(370800), "4 d 07 h");
  EXPECT_EQ(bytes_text(512), "512 B");
  EXPECT_EQ(bytes_text(1.5e6), "1.5 MB");
  EXPECT_EQ(bytes_text(999.9e6), "1.0 GB");
}

}  // namespace
}  // namespace headroom
