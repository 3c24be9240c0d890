// Workers with models in ONNX, on the runtime that the tests install.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "host/io/temporary_folder.hpp"
#include "model_session.hpp"

namespace headroom::testing {

inline const std::filesystem::path kRuntime = HEADROOM_ONNX_RUNTIME "/libonnxruntime.so.1";
inline const std::filesystem::path kModels = HEADROOM_ONNX_MODELS;  // what write_models.py wrote
inline const std::filesystem::path kPerceptron = HEADROOM_SOURCE_DIR "/tests/models/onnx_mlp";

// Why there is no runtime; empty: there is one, and this user can reach it.
inline std::string why_no_runtime() {
  std::error_code ignored;
  if (std::filesystem::exists(kRuntime, ignored)) return {};
  const std::string why = read_bytes(HEADROOM_ONNX_RUNTIME "/why_not");
  return why.empty() ? "ctest -R onnx.runtime installs it; or this user cannot reach the build folder" : why;
}

// A fixture for what needs it.
class WithRuntime : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = why_no_runtime(); !why.empty()) GTEST_SKIP() << "no ONNX Runtime: " << why;
  }
};

// Settings for the model in the folder, with the runtime as a file of its own, as --set NAME.runtime gives it.
inline WorkerSettings settings_of_folder(const std::filesystem::path& folder) {
  static const auto runtime = open_data_file(kRuntime);
  WorkerSettings settings = settings_of_model(folder / "model.onnx");
  if (runtime) settings.data_file = &*runtime;
  settings.data_file_option = "runtime";
  return settings;
}

inline Answer<EmbeddingAnswer> embed_by(const WorkerSettings& settings, std::vector<std::string> ids) {
  auto session = start_model(settings);
  if (!session) return tl::unexpected<WorkerFault>(session.error());
  return (*session)->embed(question_of(std::move(ids)));
}

inline std::string fault_of(const Answer<EmbeddingAnswer>& answer) {
  return answer ? "" : verdict_name(answer.error().verdict) + ": " + answer.error().message;
}

// A copy of the folder that every user may read: as root a worker has an id of its own.
inline void copy_model(const std::filesystem::path& from, const TemporaryFolder& to) {
  std::filesystem::copy(from, to.path(),
                        std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks |
                            std::filesystem::copy_options::overwrite_existing);
  std::filesystem::permissions(to.path(), std::filesystem::perms(0755));
}

}  // namespace headroom::testing
