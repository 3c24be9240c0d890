// A worker with a model in Python.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "host/io/temporary_folder.hpp"
#include "plugin_host/worker_session.hpp"

namespace headroom::testing {

// Settings for the file, which alone lies in its folder.
inline WorkerSettings settings_of_model(const std::filesystem::path& model) {
  WorkerSettings settings;
  settings.worker_program = HEADROOM_WORKER_PROGRAM;
  settings.limits.set_wall_time_s(60);
  settings.data_folder = model.parent_path();
  settings.model = model.filename().string();
  return settings;
}

inline Answer<std::unique_ptr<WorkerSession>> start_model(const WorkerSettings& settings) {
  static const auto runner = open_plugin_file(HEADROOM_PYTHON_RUNNER);
  EXPECT_TRUE(runner) << runner.error().line();
  return WorkerSession::start(*runner, settings);
}

inline EmbeddingQuestion question_of(std::vector<std::string> ids) {
  EmbeddingQuestion question;
  question.context = "K562";
  question.ids = std::move(ids);
  return question;
}

// What a model that is this text answers for the ids.
inline Answer<EmbeddingAnswer> embed_by(const std::string& code, std::vector<std::string> ids) {
  const TemporaryFolder folder;
  auto session = start_model(settings_of_model(folder.write("model.py", code)));
  if (!session) return tl::unexpected<WorkerFault>(session.error());
  return (*session)->embed(question_of(std::move(ids)));
}

}  // namespace headroom::testing
