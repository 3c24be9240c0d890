#include "plugin_host/description_check.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace headroom {
namespace {

PluginDescription sound_predictor() {
  PluginDescription description;
  description.set_kind(PluginKind::PREDICTOR);
  description.set_name("knn-2.0_x");
  description.set_version("1");
  description.set_min_blocks(1);
  description.add_task_kinds(TaskKind::REGRESSION);
  PluginOption& option = *description.add_options();
  option.set_key("depth");
  Hyperparameter& parameter = *description.add_hyperparameters();
  parameter.set_name("k");
  parameter.set_is_integer(true);
  parameter.set_minimum(1);
  parameter.set_maximum(INFINITY);
  parameter.add_grid(5);
  return description;
}

TEST(DescriptionCheck, AcceptsASoundOne) {
  EXPECT_EQ(fault_of(sound_predictor()), "");
  PluginDescription embedding;
  embedding.set_kind(PluginKind::EMBEDDING);
  embedding.set_name("scGPT");
  EXPECT_EQ(fault_of(embedding), "");
}

TEST(DescriptionCheck, FindsEveryForgery) {
  const std::function<void(PluginDescription&)> forgeries[] = {
      [](PluginDescription& d) { d.set_kind(PluginKind::PLUGIN_KIND_UNSPECIFIED); },
      [](PluginDescription& d) { d.set_kind(static_cast<PluginKind>(7)); },
      [](PluginDescription& d) { d.set_name(""); },
      [](PluginDescription& d) { d.set_name("<script>"); },
      [](PluginDescription& d) { d.set_name(std::string(65, 'a')); },
      [](PluginDescription& d) { d.set_version("1\n2"); },
      [](PluginDescription& d) { d.set_description("\x1b[31m"); },
      [](PluginDescription& d) { d.add_training_datasets("a\tb"); },
      [](PluginDescription& d) { d.mutable_options(0)->set_key("a b"); },
      [](PluginDescription& d) { *d.add_options() = d.options(0); },
      [](PluginDescription& d) { d.mutable_options(0)->set_help("\x7f"); },
      [](PluginDescription& d) { d.mutable_hyperparameters(0)->clear_grid(); },
      [](PluginDescription& d) { d.mutable_hyperparameters(0)->add_grid(NAN); },
      [](PluginDescription& d) { d.mutable_hyperparameters(0)->add_grid(0); },
      [](PluginDescription& d) { d.mutable_hyperparameters(0)->add_grid(1.5); },
      [](PluginDescription& d) { d.mutable_hyperparameters(0)->set_minimum(NAN); },
      [](PluginDescription& d) { d.mutable_hyperparameters(0)->set_name("-"); },
      [](PluginDescription& d) { *d.add_hyperparameters() = d.hyperparameters(0); },
      [](PluginDescription& d) { d.set_min_blocks(0); },
      [](PluginDescription& d) { d.set_min_blocks(3), d.set_max_blocks(2); },
      [](PluginDescription& d) { d.clear_task_kinds(); },
  };
  for (std::size_t i = 0; i < std::size(forgeries); ++i) {
    PluginDescription description = sound_predictor();
    forgeries[i](description);
    EXPECT_NE(fault_of(description), "") << "forgery " << i;
  }
}

}  // namespace
}  // namespace headroom
