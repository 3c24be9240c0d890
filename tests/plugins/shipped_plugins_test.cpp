// The shipped plugins as files: what they say of themselves, and that they answer as their numerics do in-process.
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "headroom/embedding.h"
#include "heads/knn.hpp"
#include "heads/lasso.hpp"
#include "heads/logistic.hpp"
#include "heads/ridge.hpp"
#include "plugins/predictor_call.hpp"
#include "sdk/test_host.hpp"

namespace headroom::testing {
namespace shipped_plugins_test {

const headroom_plugin* open_shipped(const std::string& name) {
  const Entry entry = open_entry(HEADROOM_BUILD_DIR "/lib/headroom/" + name + ".so");
  if (!entry) {
    ADD_FAILURE() << dlerror();
    return nullptr;
  }
  const headroom_plugin* plugin = entry(HEADROOM_ABI_MAJOR, 0);
  EXPECT_EQ(text_of(plugin->name), name);
  EXPECT_EQ(entry(HEADROOM_ABI_MAJOR, 1), nullptr);
  return plugin;
}

TEST(ShippedPlugins, DeclareTheProtocolsGrids) {
  const std::map<std::string, std::vector<double>> grids = {{"knn", {20, 40, 60, 80, 100}},
                                                            {"lasso", {1e-3, 1e-2, 1e-1, 1}},
                                                            {"ridge", {1, 1e2, 1e4, 1e6}},
                                                            {"logistic", {1, 1e3, 1e5, 1e7}}};
  for (const auto& [name, grid] : grids) {
    const headroom_plugin* plugin = open_shipped(name);
    ASSERT_NE(plugin, nullptr);
    ASSERT_EQ(plugin->kind, HEADROOM_KIND_PREDICTOR);
    const auto& predictor = *static_cast<const headroom_predictor*>(plugin->capability);
    ASSERT_EQ(predictor.n_hyperparameters, 1);
    const headroom_hyperparameter& h = *predictor.hyperparameters[0];
    EXPECT_EQ(text_of(h.name), name == "knn" ? "k" : name == "logistic" ? "C" : "alpha");
    EXPECT_EQ(std::vector<double>(h.grid, h.grid + h.n_grid), grid);
    EXPECT_EQ(h.is_integer, name == "knn" ? 1 : 0);
    EXPECT_EQ(h.minimum > 0, true);
    EXPECT_EQ(predictor.min_blocks, 1);
    EXPECT_EQ(predictor.max_blocks, 1);
    EXPECT_EQ(predictor.task_kinds, name == "logistic" ? HEADROOM_SUPPORTS_CLASSES : HEADROOM_SUPPORTS_REGRESSION);
  }
}

TEST(ShippedPlugins, PredictAsTheirNumericsDo) {
  for (const std::string name : {"knn", "lasso", "ridge", "logistic"}) {
    const headroom_plugin* plugin = open_shipped(name);
    ASSERT_NE(plugin, nullptr);
    const auto& predictor = *static_cast<const headroom_predictor*>(plugin->capability);
    TestHost host;
    PredictorCall call;
    call.training = random_matrix(30, 6, 1);
    call.query = random_matrix(5, 6, 2);
    call.delta_rows = random_matrix(30, 130, 3);
    if (name == "logistic") {
      call.n_classes = 3;
      call.delta_rows = (call.delta_rows.array() * 0.7 + 1.0).round().max(0.0).min(2.0);
    }
    call.settings = name == "knn" ? column({5, 31}) : column({0.01, 0.1});
    call.run([&](const sdk::PredictorRequest& request, sdk::PredictorOutput& output) {
      EXPECT_EQ(predictor.predict(host.c(), &request.c(), &output.c()), HEADROOM_OK) << host.error;
    });
    PredictorCall inside = call;
    inside.run([&](const sdk::PredictorRequest& request, sdk::PredictorOutput& output) {
      if (name == "knn") heads::predict_knn(request, 1, output);
      if (name == "lasso") heads::predict_lasso(request, 1, output);
      if (name == "ridge") heads::predict_ridge(request, 1, output);
      if (name == "logistic") heads::predict_logistic(request, 1, output);
    });
    EXPECT_TRUE(call.predictions[0] == inside.predictions[0]) << name;
    EXPECT_EQ(call.feasible, inside.feasible) << name;
  }
}

TEST(ShippedPlugins, FuseAnyNumberOfBlocks) {
  struct Fusion {
    const char* name;
    std::uint32_t task_kinds;
    std::int64_t n_hyperparameters;
    std::vector<std::string> facts;
  };
  const Fusion fusions[] = {
      {"concat-knn", HEADROOM_SUPPORTS_REGRESSION, 1, {}},
      {"concat-lasso", HEADROOM_SUPPORTS_REGRESSION, 1, {}},
      {"concat-ridge", HEADROOM_SUPPORTS_REGRESSION, 1, {}},
      {"concat-logistic", HEADROOM_SUPPORTS_CLASSES, 1, {}},
      {"stack",
       HEADROOM_SUPPORTS_REGRESSION | HEADROOM_SUPPORTS_CLASSES,
       0,
       {"0 knn", "0 ridge", "1 knn", "1 ridge", "out_of_fold_L2"}},
      {"kernels", HEADROOM_SUPPORTS_REGRESSION, 0, {"0 linear", "0 rbf", "1 linear", "1 rbf", "lambda", "loo_L2"}},
  };
  for (const Fusion& fusion : fusions) {
    const headroom_plugin* plugin = open_shipped(fusion.name);
    ASSERT_NE(plugin, nullptr);
    const auto& predictor = *static_cast<const headroom_predictor*>(plugin->capability);
    EXPECT_EQ(predictor.min_blocks, 1) << fusion.name;
    EXPECT_EQ(predictor.max_blocks, 0) << fusion.name;
    EXPECT_EQ(predictor.task_kinds, fusion.task_kinds) << fusion.name;
    EXPECT_EQ(predictor.n_hyperparameters, fusion.n_hyperparameters) << fusion.name;
    TestHost host;
    host.listens_to_facts = true;
    host.take_defaults(*plugin);
    PredictorCall call;
    call.training = random_matrix(40, 6, 1);
    call.query = random_matrix(5, 6, 2);
    call.further_blocks.push_back({random_matrix(40, 3, 4), random_matrix(5, 3, 5), {}, {}});
    call.delta_rows = random_matrix(40, 70, 3);
    if (fusion.task_kinds == HEADROOM_SUPPORTS_CLASSES) {
      call.n_classes = 3;
      call.delta_rows = (call.delta_rows.array() * 0.7 + 1.0).round().max(0.0).min(2.0);
    }
    call.settings = fusion.n_hyperparameters == 1 ? column({3}) : sdk::Matrix::Zero(1, 0);
    call.run([&](const sdk::PredictorRequest& request, sdk::PredictorOutput& output) {
      EXPECT_EQ(predictor.predict(host.c(), &request.c(), &output.c()), HEADROOM_OK) << host.error;
    });
    EXPECT_TRUE(call.predictions[0].allFinite()) << fusion.name;
    EXPECT_FALSE(call.wrote_outside) << fusion.name;
    std::vector<std::string> told;
    double weights = 0;
    for (const auto& [name, value] : host.facts) {
      told.push_back(name);
      if (name.find(' ') != std::string::npos) weights += value;
    }
    EXPECT_EQ(told, fusion.facts) << fusion.name;
    if (!told.empty()) {
      EXPECT_NEAR(weights, 1, 1e-12) << fusion.name;
    }
  }
}

class TablePlugin : public ::testing::Test {
 protected:
  void SetUp() override {
    folder = std::filesystem::temp_directory_path() / ("headroom-table-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder);
    plugin = open_shipped("table");
    ASSERT_NE(plugin, nullptr);
    host.take_defaults(*plugin);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  const headroom_embedding& table() const { return *static_cast<const headroom_embedding*>(plugin->capability); }

  // Opens the file that `options` name and asks for ids; expects success.
  void embed(const std::vector<std::string>& ids) {
    void* state = nullptr;
    ASSERT_EQ(table().open(host.c(), &state), HEADROOM_OK) << host.error;
    std::vector<headroom_string> texts;
    for (const std::string& id : ids) texts.push_back(c_text(id));
    headroom_embedding_request request{};
    request.struct_size = sizeof(request);
    request.ids = texts.data();
    request.n_ids = static_cast<std::int64_t>(texts.size());
    request.contexts = &kTestContext;
    request.n_contexts = 1;
    std::int64_t dimension = 0;
    ASSERT_EQ(table().dimension(host.c(), state, &request, &dimension), HEADROOM_OK) << host.error;
    vectors = sdk::Matrix::Zero(request.n_ids, dimension);
    present.assign(ids.size(), 0);
    headroom_embedding_output output{
        sizeof(headroom_embedding_output), {vectors.data(), request.n_ids, dimension, dimension}, present.data()};
    ASSERT_EQ(table().embed(host.c(), state, &request, &output), HEADROOM_OK) << host.error;
    table().close(state);
  }

  std::filesystem::path folder;
  const headroom_plugin* plugin = nullptr;
  TestHost host;
  sdk::Matrix vectors;
  std::vector<std::uint8_t> present;
};

TEST_F(TablePlugin, GivesTheRowsThatItHasInTheOrderAsked) {
  std::ofstream(folder / "fm.csv") << "id,a,b,c\nTP53,1,2,3\nMYC,-1,0.5,1e-3\n";
  host.options["file"] = (folder / "fm.csv").string();
  embed({"MYC", "GAPDH", "TP53"});
  EXPECT_EQ(present, (std::vector<std::uint8_t>{1, 0, 1}));
  EXPECT_TRUE(vectors == (sdk::Matrix(3, 3) << -1, 0.5, 1e-3, 0, 0, 0, 1, 2, 3).finished()) << vectors;
}

// The worker opens files through a descriptor: the path then has no name, and `format` brings it.
TEST_F(TablePlugin, ReadsByTheNameInFormat) {
  const std::string text = "TP53\t1\t2\nMYC\t3\t4\n";
  gzFile gz = gzopen((folder / "nameless").c_str(), "wb");
  ASSERT_EQ(gzwrite(gz, text.data(), static_cast<unsigned>(text.size())), static_cast<int>(text.size()));
  gzclose(gz);
  host.options["file"] = (folder / "nameless").string();
  host.options["format"] = "fm.tsv.gz";
  embed({"TP53", "MYC"});
  EXPECT_TRUE(vectors == (sdk::Matrix(2, 2) << 1, 2, 3, 4).finished()) << vectors;
}

TEST_F(TablePlugin, SaysWhatIsWrong) {
  void* state = nullptr;
  EXPECT_EQ(table().open(host.c(), &state), HEADROOM_ERROR);
  EXPECT_EQ(host.error, "option 'file' is empty: name a file of vectors");

  host.options["file"] = (folder / "missing.csv").string();
  EXPECT_EQ(table().open(host.c(), &state), HEADROOM_ERROR);
  EXPECT_NE(host.error.find("missing.csv"), std::string::npos) << host.error;

  std::ofstream(folder / "bad.csv") << "id,a\nTP53,1\nMYC,nan\n";
  host.options["file"] = (folder / "bad.csv").string();
  EXPECT_EQ(table().open(host.c(), &state), HEADROOM_ERROR);
  EXPECT_NE(host.error.find("MYC"), std::string::npos) << host.error;
}

}  // namespace shipped_plugins_test
}  // namespace headroom::testing
