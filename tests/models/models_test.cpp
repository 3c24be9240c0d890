// Ten models written by others' habits: each answers at the level "full", where the machine grants it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "plugin_host/plugin_place.hpp"
#include "plugin_host/worker_session.hpp"

namespace headroom {
namespace models_test {

namespace fs = std::filesystem;

const fs::path kSources = HEADROOM_SOURCE_DIR "/tests/models";
const fs::path kRuntime = HEADROOM_ONNX_RUNTIME "/libonnxruntime.so.1";

struct Model {
  std::string name;
  fs::path path;
};

class TenModels : public ::testing::TestWithParam<Model> {};

// The plugin's folder and runner; the reason where it cannot be run on this machine.
std::string find(const Model& model, PluginPlace& place) {
  std::error_code ignored;
  if (!fs::exists(model.path, ignored)) return "it was not built: its compiler or library is not installed";
  const auto found = place_of_plugin(model.path, HEADROOM_BUILD_DIR "/lib/headroom");
  if (!found) return found.error().line();
  place = *found;
  if (place.data_folder.empty()) place.data_folder = model.path.parent_path();
  return {};
}

WorkerSettings settings_of(const PluginPlace& place) {
  WorkerSettings settings;
  settings.worker_program = HEADROOM_WORKER_PROGRAM;
  settings.limits.set_wall_time_s(120);
  settings.data_folder = place.data_folder;
  settings.model = place.model;
  if (place.library.filename() == kOnnxRunner) {
    static const auto runtime = open_data_file(kRuntime);
    if (runtime) settings.data_file = &*runtime;
    settings.data_file_option = "runtime";
  }
  return settings;
}

// Ids that at least one of which every model knows.
const std::vector<std::string> kIds = {"TP53", "MYC", "KRAS", "PTEN", "GATA1", "JAK2"};

void expect_vectors(WorkerSession& session) {
  EmbeddingQuestion question;
  question.context = "K562";
  question.ids = kIds;
  const auto answer = session.embed(question);  // refuses what is not finite
  ASSERT_TRUE(answer) << answer.error().message << session.log();
  EXPECT_GE(std::count(answer->present.begin(), answer->present.end(), 1), 2);
  EXPECT_GT(answer->vectors.cwiseAbs().maxCoeff(), 0);
}

void expect_predictions(WorkerSession& session) {
  auto deltas = SharedMatrix::create(4, 2);
  ASSERT_TRUE(deltas);
  deltas->view() << 1, 2, 2, 4, 3, 6, 4, 8;
  ASSERT_TRUE(deltas->seal());
  Matrix training(4, 1), query(1, 1);
  training << 1, 2, 3, 4;
  query << 2.5;
  PredictorQuestion question(*deltas);
  question.add_block("embedding", training, query);
  question.n_query = 1;
  question.settings = Matrix(1, session.description().hyperparameters_size());
  for (int h = 0; h < session.description().hyperparameters_size(); ++h) {
    question.settings(0, h) = session.description().hyperparameters(h).grid(0);
  }
  const auto answer = session.predict(question);
  ASSERT_TRUE(answer) << answer.error().message << session.log();
  EXPECT_TRUE(Matrix(answer->predictions[0]).allFinite());
}

TEST_P(TenModels, AnswersAtLevelFull) {
  PluginPlace place;
  if (const std::string why = find(GetParam(), place); !why.empty()) GTEST_SKIP() << why;
  const WorkerSettings settings = settings_of(place);
  if (place.library.filename() == kOnnxRunner && settings.data_file == nullptr) GTEST_SKIP() << "no ONNX Runtime";
  const auto granted = probe_sandbox(settings);
  ASSERT_TRUE(granted) << granted.error().line();
  if (granted->level() != ConfinementLevel::FULL) {
    GTEST_SKIP() << "this machine grants " << ConfinementLevel_Name(granted->level());
  }
  const auto file = open_plugin_file(place.library);
  ASSERT_TRUE(file) << file.error().line();
  const auto session = WorkerSession::start(*file, settings);
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_EQ((*session)->confinement().level(), ConfinementLevel::FULL);
  if ((*session)->description().kind() == PluginKind::PREDICTOR) {
    expect_predictions(**session);
  } else {
    expect_vectors(**session);
  }
}

std::vector<Model> models() {
  std::vector<Model> models = {{"numpy_hash", kSources / "numpy_hash.py"}};
  for (const char* name : {"sklearn_ridge", "torch_module", "torch_openmp", "pandas_table", "onnx_mlp"}) {
    models.push_back({name, kSources / name});
  }
  for (const char* name : {"torchscript", "cpp_blas", "rust_kmers", "c_table"}) {
    models.push_back({name, fs::path(HEADROOM_BUILT_MODELS) / name});
  }
  return models;
}

INSTANTIATE_TEST_SUITE_P(, TenModels, ::testing::ValuesIn(models()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace models_test
}  // namespace headroom
