// The example plugins, opened from their files and called as the worker calls them.
#include <gtest/gtest.h>

#include <cmath>

#include "headroom/embedding.h"
#include "plugins/predictor_call.hpp"
#include "sdk/test_host.hpp"

namespace headroom::testing {
namespace {

const std::string kExamples = HEADROOM_BUILD_DIR "/lib/headroom/examples/";

const headroom_plugin* open_example(const std::string& name) {
  const Entry entry = open_entry(kExamples + name + ".so");
  if (!entry) {
    ADD_FAILURE() << dlerror();
    return nullptr;
  }
  EXPECT_EQ(entry(HEADROOM_ABI_MAJOR, 1), nullptr);
  EXPECT_EQ(entry(HEADROOM_ABI_MAJOR + 1, 0), nullptr);
  const headroom_plugin* plugin = entry(HEADROOM_ABI_MAJOR, 0);
  EXPECT_EQ(text_of(plugin->name), name);
  return plugin;
}

struct Embedded {
  sdk::Matrix vectors;
  std::vector<std::uint8_t> present;
};

Embedded embed(const std::string& name, const std::vector<std::string>& ids,
               const std::map<std::string, std::string>& options = {}) {
  const headroom_plugin* plugin = open_example(name);
  if (!plugin) return {};
  const auto& embedding = *static_cast<const headroom_embedding*>(plugin->capability);
  TestHost host;
  host.take_defaults(*plugin);
  for (const auto& [key, value] : options) host.options[key] = value;
  void* state = nullptr;
  if (embedding.open) {
    EXPECT_EQ(embedding.open(host.c(), &state), HEADROOM_OK) << host.error;
  }

  std::vector<headroom_string> texts;
  for (const std::string& id : ids) texts.push_back(c_text(id));
  headroom_embedding_request request{};
  request.struct_size = sizeof(request);
  request.ids = texts.data();
  request.n_ids = static_cast<std::int64_t>(texts.size());
  std::int64_t dimension = 0;
  EXPECT_EQ(embedding.dimension(host.c(), state, &request, &dimension), HEADROOM_OK) << host.error;

  Embedded out{sdk::Matrix::Zero(request.n_ids, dimension), std::vector<std::uint8_t>(ids.size(), 0)};
  headroom_embedding_output output{sizeof(headroom_embedding_output),
                                   {out.vectors.data(), request.n_ids, dimension, dimension}, out.present.data()};
  EXPECT_EQ(embedding.embed(host.c(), state, &request, &output), HEADROOM_OK) << host.error;
  if (embedding.close) embedding.close(state);
  return out;
}

TEST(Examples, LettersCountsLettersAndDigits) {
  const Embedded out = embed("letters", {"hla-A2", "TP53", ""});
  ASSERT_EQ(out.vectors.cols(), 36);
  EXPECT_EQ(out.present, (std::vector<std::uint8_t>{1, 1, 1}));
  EXPECT_EQ(out.vectors(0, 0), 2.0);       // a, A
  EXPECT_EQ(out.vectors(0, 26 + 2), 1.0);  // 2
  EXPECT_EQ(out.vectors(1, 'T' - 'A'), 1.0);
  EXPECT_EQ(out.vectors.row(1).sum(), 4.0);
  EXPECT_EQ(out.vectors.row(2).sum(), 0.0);
}

TEST(Examples, GeneFamilyPutsSharedPrefixesClose) {
  const Embedded out = embed("gene_family", {"RPL3", "RPL4", "MYC", "RPL3"}, {{"dimension", "256"}});
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
  const auto& predictor = *static_cast<const headroom_predictor*>(plugin->capability);
  TestHost host;
  PredictorCall call;
  call.training = (sdk::Matrix(2, 1) << 0, 1).finished();
  call.query = (sdk::Matrix(2, 1) << 0, 0.5).finished();
  call.delta_rows = (sdk::Matrix(2, 2) << 1, 0, 0, 4).finished();
  call.settings = column({0.5, 1000});
  call.run([&](const sdk::PredictorRequest& request, sdk::PredictorOutput& output) {
    EXPECT_EQ(predictor.predict(host.c(), &request.c(), &output.c()), HEADROOM_OK) << host.error;
  });
  // Query 0: squared distances 0 and 1, typical 0.5, width 0.5: weights 1 and exp(-1 / (2 · 0.25 · 0.5)) = exp(-4).
  const double far = std::exp(-4.0);
  EXPECT_NEAR(call.predictions[0](0, 0), 1 / (1 + far), 1e-15);
  EXPECT_NEAR(call.predictions[0](0, 1), 4 * far / (1 + far), 1e-15);
  EXPECT_NEAR(call.predictions[0](1, 0), 0.5, 1e-15);  // between the two
  EXPECT_NEAR(call.predictions[1](0, 1), 2.0, 1e-5);   // a wide kernel: the train mean
}

}  // namespace
}  // namespace headroom::testing
