// The example plugins, opened from a file and called as the worker calls them.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "headroom/embedding.h"
#include "plugins/predictor_call.hpp"
#include "sdk/test_host.hpp"

namespace headroom::testing {

// The first plugin of a library, which must be called `name`; null, with a failure, if it cannot be had.
inline const headroom_plugin* open_plugin(const std::string& path, const std::string& name) {
  const Entry entry = open_entry(path);
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
  sdk::Matrix vectors;  // ids × dimension
  std::vector<std::uint8_t> present;
};

inline Embedded embed(const headroom_plugin& plugin, const std::vector<std::string>& ids,
                      const std::map<std::string, std::string>& options = {}) {
  const auto& embedding = *static_cast<const headroom_embedding*>(plugin.capability);
  TestHost host;
  host.take_defaults(plugin);
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
  request.contexts = &kTestContext;
  request.n_contexts = 1;
  std::int64_t dimension = 0;
  EXPECT_EQ(embedding.dimension(host.c(), state, &request, &dimension), HEADROOM_OK) << host.error;

  Embedded out{sdk::Matrix::Constant(request.n_ids, dimension, std::nan("")), std::vector<std::uint8_t>(ids.size(), 0)};
  headroom_embedding_output output{
      sizeof(headroom_embedding_output), {out.vectors.data(), request.n_ids, dimension, dimension}, out.present.data()};
  EXPECT_EQ(embedding.embed(host.c(), state, &request, &output), HEADROOM_OK) << host.error;
  if (embedding.close) embedding.close(state);
  return out;
}

// Runs the call through the plugin's C function.
inline void predict(const headroom_plugin& plugin, PredictorCall& call) {
  const auto& predictor = *static_cast<const headroom_predictor*>(plugin.capability);
  TestHost host;
  host.take_defaults(plugin);
  call.run([&](const sdk::PredictorRequest& request, sdk::PredictorOutput& output) {
    EXPECT_EQ(predictor.predict(host.c(), &request.c(), &output.c()), HEADROOM_OK) << host.error;
  });
}

}  // namespace headroom::testing
