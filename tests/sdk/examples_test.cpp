// The example plugins, opened from their files and called as the worker calls them.
#include <gtest/gtest.h>

#include <cmath>

#include "sdk/plugin_call.hpp"

namespace headroom::testing {
namespace examples_test {

const headroom_plugin* open_example(const std::string& name) {
  return open_plugin(HEADROOM_BUILD_DIR "/lib/headroom/examples/" + name + ".so", name);
}

TEST(Examples, LettersCountsLettersAndDigits) {
  const headroom_plugin* plugin = open_example("letters");
  ASSERT_NE(plugin, nullptr);
  const Embedded out = embed(*plugin, {"hla-A2", "TP53", ""});
  ASSERT_EQ(out.vectors.cols(), 36);
  EXPECT_EQ(out.present, (std::vector<std::uint8_t>{1, 1, 1}));
  EXPECT_EQ(out.vectors(0, 0), 2.0);       // a, A
  EXPECT_EQ(out.vectors(0, 26 + 2), 1.0);  // 2
  EXPECT_EQ(out.vectors(1, 'T' - 'A'), 1.0);
  EXPECT_EQ(out.vectors.row(1).sum(), 4.0);
  EXPECT_EQ(out.vectors.row(2).sum(), 0.0);
}

TEST(Examples, GeneFamilyPutsSharedPrefixesClose) {
  const headroom_plugin* plugin = open_example("gene_family");
  ASSERT_NE(plugin, nullptr);
  const Embedded out = embed(*plugin, {"RPL3", "RPL4", "MYC", "RPL3"}, {{"dimension", "256"}});
  ASSERT_EQ(out.vectors.cols(), 256);
  EXPECT_TRUE(out.vectors.row(0) == out.vectors.row(3));
  const double family = (out.vectors.row(0) - out.vectors.row(1)).squaredNorm();
  const double stranger = (out.vectors.row(0) - out.vectors.row(2)).squaredNorm();
  EXPECT_EQ(family, 2.0);  // three of four prefixes are the same
  EXPECT_GT(stranger, family);
}

TEST(Examples, GeneFamilyRefusesABadDimension) {
  const headroom_plugin* plugin = open_example("gene_family");
  ASSERT_NE(plugin, nullptr);
  TestHost host;
  host.options["dimension"] = "0";
  void* state = nullptr;
  EXPECT_EQ(static_cast<const headroom_embedding*>(plugin->capability)->open(host.c(), &state), HEADROOM_ERROR);
  EXPECT_EQ(host.error, "option 'dimension' must lie between 1 and 4096");
}

TEST(Examples, KernelMeanIsAWeightedMean) {
  const headroom_plugin* plugin = open_example("kernel_mean");
  ASSERT_NE(plugin, nullptr);
  PredictorCall call;
  call.training = (sdk::Matrix(2, 1) << 0, 1).finished();
  call.query = (sdk::Matrix(2, 1) << 0, 0.5).finished();
  call.delta_rows = (sdk::Matrix(2, 2) << 1, 0, 0, 4).finished();
  call.settings = column({0.5, 1000});
  predict(*plugin, call);
  // Query 0: squared distances 0 and 1, typical 0.5, width 0.5: weights 1 and exp(-1 / (2 · 0.25 · 0.5)) = exp(-4).
  const double far = std::exp(-4.0);
  EXPECT_NEAR(call.predictions[0](0, 0), 1 / (1 + far), 1e-15);
  EXPECT_NEAR(call.predictions[0](0, 1), 4 * far / (1 + far), 1e-15);
  EXPECT_NEAR(call.predictions[0](1, 0), 0.5, 1e-15);  // between the two
  EXPECT_NEAR(call.predictions[1](0, 1), 2.0, 1e-5);   // a wide kernel: the train mean
}

}  // namespace examples_test
}  // namespace headroom::testing
