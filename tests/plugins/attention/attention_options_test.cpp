#include "attention/attention_options.hpp"

#include <gtest/gtest.h>

#include "attention/attention_training.hpp"
#include "sdk/test_host.hpp"

namespace headroom::testing {
namespace attention_options_test {

using attention::AttentionOptions;
using attention::Size;

// Options as the plugin finds them where the user sets these.
AttentionOptions options_with(const std::map<std::string, std::string>& given, bool of_classes = false) {
  TestHost host;
  for (const sdk::Option& option : attention::declared_options()) host.options[option.key] = option.default_value;
  for (const auto& [key, value] : given) host.options[key] = value;
  return attention::options_of(sdk::Host(*host.c()), of_classes);
}

TEST(AttentionOptions, AreThePublishedOnes) {
  const AttentionOptions simple = options_with({});
  EXPECT_EQ(simple.size, Size::simple);
  EXPECT_EQ(simple.n_layers, 4);
  EXPECT_EQ(simple.n_heads, 5);
  EXPECT_EQ(simple.learning_rate, 9.931e-4);
  EXPECT_EQ(simple.batch_rows, 64);
  EXPECT_EQ(simple.most_epochs, 75);
  EXPECT_EQ(simple.training_seed, 123u);
  EXPECT_FALSE(simple.normalises_inputs);
  const AttentionOptions full = options_with({{"size", "full"}});
  EXPECT_EQ(full.n_layers, 8);
  EXPECT_EQ(full.n_heads, 10);
  EXPECT_EQ(full.learning_rate, 5.279e-4);
  EXPECT_EQ(full.batch_rows, 32);
  EXPECT_EQ(full.encoder_dropout, 0.0836);
  const AttentionOptions classes = options_with({}, true);
  EXPECT_EQ(classes.n_layers, 7);
  EXPECT_EQ(classes.learning_rate, 4.59e-5);
  EXPECT_EQ(classes.most_epochs, 200);
  EXPECT_TRUE(classes.normalises_inputs);
}

TEST(AttentionOptions, TakeWhatIsSet) {
  const AttentionOptions options = options_with({{"epochs", "3"}, {"learning_rate", "0.01"}, {"dropout", "0"}});
  EXPECT_EQ(options.most_epochs, 3);
  EXPECT_EQ(options.learning_rate, 0.01);
  EXPECT_EQ(options.token_dropout, 0);
}

TEST(AttentionOptions, RefuseWhatCannotBeTrainedWith) {
  EXPECT_THROW(options_with({{"size", "huge"}}), sdk::Error);
  EXPECT_THROW(options_with({{"epochs", "0"}}), sdk::Error);
  EXPECT_THROW(options_with({{"heads", "7"}}), sdk::Error) << "100 is no multiple";
  EXPECT_THROW(options_with({{"learning_rate", "nan"}}), sdk::Error);
  EXPECT_THROW(options_with({{"dropout", "much"}}), sdk::Error);
  EXPECT_THROW(options_with({{"size", "full"}}, true), sdk::Unsupported);
}

TEST(AttentionOptions, WarmUpIsLinearFromNearlyNothing) {
  const AttentionOptions options = options_with({});
  EXPECT_EQ(attention::learning_rate_of(options, 0), 1e-8);
  EXPECT_NEAR(attention::learning_rate_of(options, 2), 0.4 * 9.931e-4, 1e-7);
  EXPECT_EQ(attention::learning_rate_of(options, 5), 9.931e-4);
  EXPECT_EQ(attention::learning_rate_of(options, 70), 9.931e-4);
}

}  // namespace attention_options_test
}  // namespace headroom::testing
