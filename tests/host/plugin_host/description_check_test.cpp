#include "plugin_host/description_check.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <optional>
#include <vector>

namespace headroom {
namespace description_check_test {

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
      // More than may be declared.
      [](PluginDescription& d) { d.set_description(std::string(4097, 'a')); },
      [](PluginDescription& d) { d.set_version(std::string(65, '1')); },
      [](PluginDescription& d) {
        for (int i = 0; i < 65; ++i) d.add_training_datasets("atlas");
      },
      [](PluginDescription& d) {
        for (int i = 0; i < 65; ++i) d.add_options()->set_key("option" + std::to_string(i));
      },
      [](PluginDescription& d) {
        for (int i = 0; i < 513; ++i) d.mutable_hyperparameters(0)->add_grid(i + 1);
      },
      [](PluginDescription& d) {  // 2^64 combinations
        d.mutable_hyperparameters(0)->add_grid(6);
        for (int i = 1; i < 64; ++i) {
          *d.add_hyperparameters() = d.hyperparameters(0);
          d.mutable_hyperparameters(i)->set_name("k" + std::to_string(i));
        }
      },
  };
  for (std::size_t i = 0; i < std::size(forgeries); ++i) {
    PluginDescription description = sound_predictor();
    forgeries[i](description);
    EXPECT_NE(fault_of(description), "") << "forgery " << i;
  }
}

TEST(GridPoints, AreCountedUpToWhatARunCanBear) {
  EXPECT_EQ(grid_points(std::vector<int>{}), 1);
  EXPECT_EQ(grid_points(std::vector<int>{4, 5, 6}), 120);
  EXPECT_EQ(grid_points(std::vector<int>{512, 2}), 1024);
  EXPECT_EQ(grid_points(std::vector<int>{512, 3}), std::nullopt);
  EXPECT_EQ(grid_points(std::vector<int>(64, 2)), std::nullopt);  // 0 in 64 bits
  EXPECT_EQ(grid_points(std::vector<int>(4, 512)), std::nullopt);
  EXPECT_EQ(grid_points(std::vector<int>{5, 0}), std::nullopt);
}

TEST(DescriptionCheck, TellsWhatARunHasNoUseFor) {
  PluginDescription description = sound_predictor();
  EXPECT_EQ(unsuited_because(description), "");
  description.set_min_blocks(2);
  EXPECT_NE(unsuited_because(description).find("at least 2 blocks"), std::string::npos);
  description = sound_predictor();
  description.clear_task_kinds();
  description.add_task_kinds(TaskKind::CLASSES);
  EXPECT_NE(unsuited_because(description).find("classes"), std::string::npos);
}

TEST(DescriptionCheck, TellsWhatAFusionHasNoUseFor) {
  PluginDescription description = sound_predictor();
  description.set_min_blocks(1);
  description.set_max_blocks(1);
  EXPECT_NE(unsuited_for_fusion(description, TaskKind::REGRESSION).find("takes one block"), std::string::npos);
  description.set_min_blocks(2);
  description.set_max_blocks(3);
  EXPECT_EQ(unsuited_for_fusion(description, TaskKind::REGRESSION), "");
  EXPECT_NE(unsuited_for_fusion(description, TaskKind::CLASSES).find("predicts deltas"), std::string::npos);
  EXPECT_EQ(unsuited_for_blocks(description, 1), "it takes at least 2 blocks of features, and there is 1");
  EXPECT_EQ(unsuited_for_blocks(description, 2) + unsuited_for_blocks(description, 3), "");
  EXPECT_EQ(unsuited_for_blocks(description, 4), "it takes at most 3 blocks of features, and there are 4");
  description.set_max_blocks(0);  // no upper bound
  EXPECT_EQ(unsuited_for_blocks(description, 100), "");
}

}  // namespace description_check_test
}  // namespace headroom
