// A worker with a model in Python.
#pragma once

#include <string>
#include <vector>

#include "host/io/temporary_folder.hpp"
#include "model_session.hpp"

namespace headroom::testing {

// What a model that is this text answers for the ids.
inline Answer<EmbeddingAnswer> embed_by(const std::string& code, std::vector<std::string> ids) {
  const TemporaryFolder folder;
  auto session = start_model(settings_of_model(folder.write("model.py", code)));
  if (!session) return tl::unexpected<WorkerFault>(session.error());
  return (*session)->embed(question_of(std::move(ids)));
}

}  // namespace headroom::testing
