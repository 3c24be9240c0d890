// A worker with a model that one of Headroom's runners runs.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plugin_host/worker_session.hpp"

namespace headroom::testing {

// Settings for the file, with the folder that it lies in.
inline WorkerSettings settings_of_model(const std::filesystem::path& model) {
  WorkerSettings settings;
  settings.worker_program = HEADROOM_WORKER_PROGRAM;
  settings.limits.set_wall_time_s(60);
  settings.data_folder = model.parent_path();
  settings.model = model.filename().string();
  return settings;
}

inline Answer<std::unique_ptr<WorkerSession>> start_model(const WorkerSettings& settings) {
  static const auto runner = open_plugin_file(HEADROOM_RUNNER);
  EXPECT_TRUE(runner) << runner.error().line();
  return WorkerSession::start(*runner, settings);
}

inline EmbeddingQuestion question_of(std::vector<std::string> ids) {
  EmbeddingQuestion question;
  question.context = "K562";
  question.ids = std::move(ids);
  return question;
}

}  // namespace headroom::testing
