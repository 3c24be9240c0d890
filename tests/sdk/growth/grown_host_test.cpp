// A host of the next minor version: its structs have fields that today's plugins do not know, and it reads fields that
// their structs do not have. This file sees the grown headers alone; the plugins were built with those of sdk/include,
// one of them with the grown ones.
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "headroom/embedding.h"
#include "headroom/held_out_errors.h"
#include "headroom/later.h"
#include "headroom/predictor.h"
#include "sdk/test_host.hpp"

static_assert(HEADROOM_ABI_MINOR == 1u, "these are not the grown headers");

namespace headroom::testing {
namespace {

const std::string kExamples = HEADROOM_BUILD_DIR "/lib/headroom/examples/";
const std::string kHeads = HEADROOM_BUILD_DIR "/lib/headroom/";
constexpr std::int64_t kLaterNumber = 7;

const headroom_plugin* open_first(const std::string& path) {
  const Entry entry = open_entry(path);
  EXPECT_NE(entry, nullptr) << dlerror();
  return entry ? entry(HEADROOM_ABI_MAJOR, 0) : nullptr;
}

// A host with services and fields that today's headers do not have.
class LaterHost : public TestHost {
 public:
  LaterHost() {
    c()->later_number = kLaterNumber;
    c()->later_text = c_text("later");
    c()->extension = [](void*, headroom_string id) -> const void* {
      static const headroom_later later{sizeof(headroom_later), 1};
      return text_of(id) == HEADROOM_LATER ? &later : nullptr;
    };
  }
};

// 3 training rows, 2 queries, 2 features, 2 genes.
struct LaterRequest {
  double training[6] = {0, 1, 1, 0, 2, 2}, query[4] = {0, 1, 2, 2}, deltas[6] = {1, 10, 2, 20, 6, 60};
  double settings[1] = {1}, predicted[4] = {};
  std::int32_t numbers[5] = {0, 1, 2, 3, 4};
  std::uint8_t feasible[1] = {1};
  headroom_string context = c_text("K562");
  headroom_block block{};
  const headroom_block* blocks[1] = {&block};
  headroom_matrix_mut prediction{predicted, 2, 2, 2};
  headroom_predictor_request request{};
  headroom_predictor_output output{};

  LaterRequest(std::int64_t n_hyperparameters) {
    block.struct_size = sizeof(block);
    block.training = {training, 3, 2, 2};
    block.query = {query, 2, 2, 2};
    block.later_number = kLaterNumber;
    request.struct_size = sizeof(request);
    request.n_planes = 1;
    request.blocks = blocks;
    request.n_blocks = 1;
    request.delta_rows = {deltas, 3, 2, 2};
    request.n_training = 3;
    request.n_query = 2;
    request.settings = {settings, 1, n_hyperparameters, 1};
    request.contexts = &context;
    request.n_contexts = 1;
    request.training_perturbations = numbers;
    request.query_perturbations = numbers + 3;
    request.n_perturbations = 5;
    request.later_number = kLaterNumber;
    output.struct_size = sizeof(output);
    output.predictions = &prediction;
    output.feasible = feasible;
  }
};

TEST(GrownHost, ReadsDescriptorsThatEndEarlier) {
  for (const std::string& path :
       {kExamples + "letters.so", kExamples + "gene_family.so", kExamples + "kernel_mean.so", kHeads + "knn.so"}) {
    const headroom_plugin* plugin = open_first(path);
    ASSERT_NE(plugin, nullptr);
    EXPECT_EQ(plugin->abi_minor, 0u);
    EXPECT_TRUE(HEADROOM_HAS_FIELD(plugin, extension));
    EXPECT_FALSE(HEADROOM_HAS_FIELD(plugin, later_number)) << path;
    EXPECT_TRUE(plugin->extension == nullptr || plugin->extension(c_text(HEADROOM_LATER)) == nullptr);
  }
}

TEST(GrownHost, RunsEmbeddingsOfTodaysHeaders) {
  for (const char* name : {"letters", "gene_family"}) {
    const headroom_plugin* plugin = open_first(kExamples + name + ".so");
    ASSERT_NE(plugin, nullptr);
    const auto& embedding = *static_cast<const headroom_embedding*>(plugin->capability);
    LaterHost host;
    host.take_defaults(*plugin);
    void* state = nullptr;
    if (embedding.open) {
      ASSERT_EQ(embedding.open(host.c(), &state), HEADROOM_OK) << host.error;
    }
    const headroom_string ids[] = {c_text("TP53"), c_text("MYC")};
    const headroom_string context = c_text("K562");
    headroom_embedding_request request{};
    request.struct_size = sizeof(request);
    request.ids = ids;
    request.n_ids = 2;
    request.contexts = &context;
    request.n_contexts = 1;
    std::int64_t dimension = 0;
    ASSERT_EQ(embedding.dimension(host.c(), state, &request, &dimension), HEADROOM_OK) << host.error;
    std::vector<double> vectors(static_cast<std::size_t>(2 * dimension), 0);
    std::uint8_t present[2] = {0, 0};
    headroom_embedding_output output{};
    output.struct_size = sizeof(output);
    output.vectors = {vectors.data(), 2, dimension, dimension};
    output.present = present;
    output.later_number = kLaterNumber;
    ASSERT_EQ(embedding.embed(host.c(), state, &request, &output), HEADROOM_OK) << host.error;
    EXPECT_TRUE(present[0] && present[1]);
    EXPECT_EQ(output.later_number, kLaterNumber) << "it wrote beyond its own struct";
    if (embedding.close) embedding.close(state);
  }
}

TEST(GrownHost, RunsPredictorsOfTodaysHeaders) {
  const headroom_plugin* plugin = open_first(kHeads + "knn.so");
  ASSERT_NE(plugin, nullptr);
  LaterHost host;
  LaterRequest call(1);
  const auto& predictor = *static_cast<const headroom_predictor*>(plugin->capability);
  ASSERT_EQ(predictor.predict(host.c(), &call.request, &call.output), HEADROOM_OK) << host.error;
  EXPECT_EQ(call.predicted[0], 1);   // nearest: training row 0
  EXPECT_EQ(call.predicted[3], 60);  // training row 2

  const auto* errors =
      static_cast<const headroom_held_out_errors*>(plugin->extension(c_text(HEADROOM_HELD_OUT_ERRORS)));
  ASSERT_NE(errors, nullptr);
  const double gram[9] = {101, 202, 606, 202, 404, 1212, 606, 1212, 3636};
  const std::int32_t query_rows[2] = {1, 2};
  double told[2] = {-1, -1};
  headroom_errors_request request{};
  request.struct_size = sizeof(request);
  request.request = &call.request;
  request.query_rows = query_rows;
  request.gram = {gram, 3, 3, 3};
  headroom_errors_output output{};
  output.struct_size = sizeof(output);
  output.errors = {told, 1, 2, 2};
  output.feasible = call.feasible;
  ASSERT_EQ(errors->errors(host.c(), &request, &output), HEADROOM_OK) << host.error;
  EXPECT_NEAR(told[0], std::sqrt(101.0), 1e-9);
  EXPECT_EQ(told[1], 0);
}

TEST(GrownHost, GivesLaterFieldsToAPluginThatKnowsThem) {
  const headroom_plugin* plugin = open_first(HEADROOM_LATER_PLUGIN);
  ASSERT_NE(plugin, nullptr);
  EXPECT_EQ(plugin->abi_minor, 1u);
  EXPECT_TRUE(HEADROOM_HAS_FIELD(plugin, later_number));
  const auto* offered = static_cast<const headroom_later*>(plugin->extension(c_text(HEADROOM_LATER)));
  ASSERT_NE(offered, nullptr);
  EXPECT_EQ(offered->answer, 42);
  LaterHost host;
  LaterRequest call(0);
  const auto& predictor = *static_cast<const headroom_predictor*>(plugin->capability);
  ASSERT_EQ(predictor.predict(host.c(), &call.request, &call.output), HEADROOM_OK) << host.error;
  EXPECT_EQ(call.predicted[0], 3 + kLaterNumber);
  // Today's fields alone, as today's host fills them: the same numbers without what is later.
  call.request.struct_size = offsetof(headroom_predictor_request, later_number);
  call.block.struct_size = offsetof(headroom_block, later_number);
  call.output.struct_size = offsetof(headroom_predictor_output, later_number);
  TestHost today;
  today.c()->struct_size = offsetof(headroom_host, later_number);
  ASSERT_EQ(predictor.predict(today.c(), &call.request, &call.output), HEADROOM_OK) << today.error;
  EXPECT_EQ(call.predicted[0], 3);
}

}  // namespace
}  // namespace headroom::testing
