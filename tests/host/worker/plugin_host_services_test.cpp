#include "worker/plugin_host_services.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "headroom/fit_facts.h"
#include "headroom/progress.h"

namespace headroom {
namespace {

headroom_string as_text(const std::string& text) { return {text.data(), static_cast<std::int64_t>(text.size())}; }

TEST(PluginHostServices, GiveOptionsByKey) {
  PluginDescription description;
  for (const char* key : {"given", "left", "empty"}) description.add_options()->set_key(key);
  description.mutable_options(1)->set_default_value("default");
  Configure settings;
  settings.set_seed(7);
  settings.set_n_threads(3);
  settings.set_data_folder("/proc/self/fd/8");
  OptionValue& value = *settings.add_options();
  value.set_key("given");
  value.set_value("x y");
  settings.add_options()->set_key("undeclared");

  PluginHostServices services;
  services.configure(description, settings);
  const headroom_host* host = services.host();
  const auto option = [&](const std::string& key) { return host->option(host->handle, as_text(key)); };
  EXPECT_EQ(std::string(option("given").data, 3), "x y");
  EXPECT_EQ(std::string(option("left").data, 7), "default");
  EXPECT_EQ(option("empty").size, 0);
  EXPECT_NE(option("empty").data, nullptr);  // declared, though empty
  EXPECT_EQ(option("undeclared").data, nullptr);
  EXPECT_EQ(host->option(host->handle, {nullptr, 4}).data, nullptr);
  EXPECT_EQ(host->option(host->handle, {nullptr, -4}).data, nullptr);
  EXPECT_EQ(host->seed, 7u);
  EXPECT_EQ(host->n_threads, 3);
  EXPECT_EQ(host->struct_size, static_cast<std::int64_t>(sizeof(headroom_host)));
  EXPECT_EQ(host->extension(host->handle, as_text("headroom.covariates/1")), nullptr);
}

TEST(PluginHostServices, ListenToProgressAndKnowNoOtherExtension) {
  PluginHostServices services;
  const headroom_host* host = services.host();
  const auto* progress =
      static_cast<const headroom_progress*>(host->extension(host->handle, as_text(HEADROOM_PROGRESS)));
  ASSERT_NE(progress, nullptr);
  EXPECT_EQ(progress->struct_size, static_cast<std::int64_t>(sizeof(headroom_progress)));
  // A line for each further hundredth, whatever how often it is told; nonsense is passed over.
  ::testing::internal::CaptureStderr();
  for (int step = 0; step <= 1000; ++step) progress->report(host->handle, step, 1000, as_text("rows"));
  progress->report(host->handle, -1, 10, {nullptr, 3});
  const std::string told = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 101);
  EXPECT_EQ(told.substr(0, told.find('\n')), "progress: 0 of 1000 rows");
  EXPECT_EQ(host->extension(host->handle, {nullptr, 4}), nullptr);
  EXPECT_EQ(host->extension(host->handle, as_text("headroom.progress/2")), nullptr);
}

TEST(PluginHostServices, KeepNoMoreFactsThanAreNeededToRefuseThem) {
  PluginHostServices services;
  const headroom_host* host = services.host();
  const auto* facts =
      static_cast<const headroom_fit_facts*>(host->extension(host->handle, as_text(HEADROOM_FIT_FACTS)));
  ASSERT_NE(facts, nullptr);
  EXPECT_EQ(facts->struct_size, static_cast<std::int64_t>(sizeof(headroom_fit_facts)));
  const std::string name(5000, 'x');
  for (int i = 0; i < 2000; ++i) {
    facts->weight(host->handle, 1, as_text(name), 0.5);
    facts->value(host->handle, as_text("x\xff"), i);
  }
  const FitFacts kept = services.take_fit_facts();
  EXPECT_EQ(kept.weights_size(), HEADROOM_MOST_FITTED_WEIGHTS + 1);
  EXPECT_EQ(kept.weights(0).block(), 1);
  EXPECT_EQ(kept.weights(0).weight(), 0.5);
  EXPECT_EQ(kept.weights(0).kernel().size(), 65u);
  EXPECT_EQ(kept.values_size(), HEADROOM_MOST_FITTED_VALUES + 1);
  EXPECT_EQ(kept.values(1).name(), "x?");
  EXPECT_EQ(kept.values(1).value(), 1);
  EXPECT_LT(kept.ByteSizeLong(), std::size_t{60} << 10) << "they fit into an answer";
  EXPECT_EQ(services.take_fit_facts().weights_size(), 0);
}

TEST(PluginHostServices, KeepTheLastErrorShortAndValid) {
  PluginHostServices services;
  const headroom_host* host = services.host();
  host->set_error(host->handle, as_text("first"));
  host->set_error(host->handle, as_text("second\xff"));
  EXPECT_EQ(services.take_error(), "second?");
  EXPECT_EQ(services.take_error(), "");
  host->set_error(host->handle, as_text(std::string(100000, 'x')));
  EXPECT_EQ(services.take_error().size(), 4096u);
  host->set_error(host->handle, {nullptr, 100});
  EXPECT_EQ(services.take_error(), "");
}

}  // namespace
}  // namespace headroom
