#include "plugin_host/plugin_place.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/io/temporary_folder.hpp"

namespace headroom {
namespace plugin_place_test {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

// A folder with these empty files.
fs::path filled(const TemporaryFolder& folder, const std::string& name, const std::vector<std::string>& files) {
  fs::create_directories(folder / name);
  for (const std::string& file : files) folder.write(name + "/" + file, "");
  return folder / name;
}

std::string chosen(const fs::path& folder) {
  const auto file = plugin_file_of_folder(folder);
  return file ? *file : "error: " + file.error().line();
}

TEST(PluginPlace, OfAFolderIsTheUsualNameElseTheOnlyOne) {
  const TemporaryFolder folder;
  EXPECT_EQ(chosen(filled(folder, "a", {"plugin.so", "model.py", "other.so", "weights.npz"})), "plugin.so");
  EXPECT_EQ(chosen(filled(folder, "b", {"model.py", "layers.py", "weights.npz"})), "model.py");
  EXPECT_EQ(chosen(filled(folder, "c", {"model.onnx", "vocabulary.csv"})), "model.onnx");
  EXPECT_EQ(chosen(filled(folder, "d", {"mine.so", "libbundled.so.1", "weights.csv", "._mine.so"})), "mine.so");
  EXPECT_EQ(chosen(filled(folder, "e", {"mine.py", "weights.npz"})), "mine.py");
  EXPECT_EQ(chosen(filled(folder, "f", {"mine.csv.gz", "README"})), "mine.csv.gz");
  EXPECT_THAT(chosen(filled(folder, "g", {"a.so", "b.py"})),
              HasSubstr("2 plugins and none of them is called plugin.so"));
  EXPECT_THAT(chosen(filled(folder, "h", {"a.csv", "b.csv"})), HasSubstr("2 files of vectors and no plugin"));
  EXPECT_THAT(chosen(filled(folder, "i", {"README"})), HasSubstr("neither a plugin (.so, .py, .onnx) nor"));
  EXPECT_THAT(chosen(folder / "nothing"), HasSubstr("cannot be listed"));
}

TEST(PluginPlace, GivesARunnerItsModelAndAPluginItsFolder) {
  const TemporaryFolder folder;
  const fs::path runners = filled(folder, "runners", {kPythonRunner, kOnnxRunner});
  const fs::path models = filled(folder, "models", {"esm.py", "mlp.onnx", "plain.so"});

  auto place = place_of_plugin(models / "esm.py", runners);
  ASSERT_TRUE(place) << place.error().line();
  EXPECT_EQ(place->library, runners / kPythonRunner);
  EXPECT_EQ(place->model, "esm.py");
  EXPECT_EQ(place->data_folder, models);
  place = place_of_plugin(models / "mlp.onnx", runners);
  ASSERT_TRUE(place) << place.error().line();
  EXPECT_EQ(place->library, runners / kOnnxRunner);
  place = place_of_plugin(models / "plain.so", runners);
  ASSERT_TRUE(place) << place.error().line();
  EXPECT_EQ(place->library, models / "plain.so");
  EXPECT_TRUE(place->model.empty());
  EXPECT_TRUE(place->data_folder.empty()) << "a library alone sees no folder";

  place = place_of_plugin(filled(folder, "bundle", {"plugin.so", "weights"}), runners);
  ASSERT_TRUE(place) << place.error().line();
  EXPECT_EQ(place->library, folder / "bundle/plugin.so");
  EXPECT_EQ(place->data_folder, folder / "bundle");
  place = place_of_plugin(filled(folder, "table", {"vectors.csv"}), runners);
  ASSERT_TRUE(place) << place.error().line();
  EXPECT_EQ(place->vectors, folder / "table/vectors.csv");
  EXPECT_TRUE(place->library.empty());
}

TEST(PluginPlace, OfAModelGivenAsAFileAreItsCompanions) {
  const TemporaryFolder folder;
  const fs::path desk =
      filled(folder, "desk",
             {"mlp.onnx", "mlp.onnx.data", "mlp.onnx_data_1", "mlp.bin", "mlp.onnx.csv", "vocabulary.csv",
              "vocabulary.genes.npz", "vocabulary.txt", "words.tsv", "libonnxruntime.so", "libonnxruntime.so.1",
              "libother.so", "cells.h5ad", "esm.py", "layers.py", "noise.csv", "mlp.log"});
  fs::create_directory(desk / "task");
  const auto files = [&](const char* model, std::string_view vocabulary = kVocabulary) {
    const auto place = place_of_plugin(desk / model, filled(folder, "runners", {kPythonRunner, kOnnxRunner}));
    EXPECT_TRUE(place && place->is_file);
    return files_of_model(*place, vocabulary).value();
  };
  EXPECT_THAT(files("esm.py"), ::testing::ElementsAre("esm.py"));
  EXPECT_THAT(files("mlp.onnx"),
              ::testing::ElementsAre("libonnxruntime.so", "libonnxruntime.so.1", "mlp.bin", "mlp.onnx", "mlp.onnx.data",
                                     "mlp.onnx_data_1", "vocabulary.csv", "vocabulary.genes.npz"));
  EXPECT_THAT(files("mlp.onnx", "words"),
              ::testing::ElementsAre("libonnxruntime.so", "libonnxruntime.so.1", "mlp.bin", "mlp.onnx", "mlp.onnx.data",
                                     "mlp.onnx_data_1", "words.tsv"));
}

TEST(PluginPlace, SaysWhatIsMissing) {
  const TemporaryFolder folder;
  const fs::path models = filled(folder, "models", {"model.py"});
  EXPECT_THAT(place_of_plugin(models / "no.py", models).error().line(), HasSubstr("no such plugin"));
  EXPECT_THAT(place_of_plugin(models, folder / "models").error().line(),
              HasSubstr("this Headroom runs no models in Python: python.so is not installed (model.py): install"));
}

}  // namespace plugin_place_test
}  // namespace headroom
