#include "plan/evaluation_inputs.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace headroom {
namespace evaluation_inputs_test {

Task example_task() {
  Task task;
  task.sha256 = std::string(64, 'a');
  task.gene_ids = {"g1", "g2"};
  task.fold_names = {"0", "1"};
  task.contexts.push_back({"K-562", {"p1", "p2", "p3"}, Matrix::Zero(3, 2), {0, 0, 1}, {}});
  return task;
}

RosterEntry example_plugin(const std::string& name, bool shipped) {
  RosterEntry entry;
  entry.name = name;
  entry.file = std::make_shared<const PluginFile>(PluginFile{name + ".so", name + ".so", "1" + name, shipped, {}});
  entry.grid.names = {"k"};
  entry.grid.settings = Matrix::Constant(1, 1, 5);
  return entry;
}

// An evaluation of a submitted embedding through a shipped head, of which a test changes one thing.
struct Made {
  Task task = example_task();
  RunOptions options;
  RosterEntry head = example_plugin("knn", true), embedding = example_plugin("mine", false);

  EvaluationInputs inputs() const {
    EvaluationInputs all = inputs_of_split(options, task, splits_within(task, {}).value().front());
    add_head_inputs(all, options, head);
    add_embedding_inputs(all, embedding, gene_input(task));
    return all;
  }
};

TEST(EvaluationInputs, EveryThingThatChangesNumbersChangesTheFingerprintAndIsNamed) {
  const EvaluationInputs before = Made().inputs();
  EXPECT_TRUE(differences(before, Made().inputs()).empty());
  EXPECT_EQ(fingerprint_of(before), fingerprint_of(Made().inputs()));

  const std::vector<std::pair<std::string, std::function<void(Made&)>>> changes = {
      {"Headroom", [](Made& m) { m.options.build = "another"; }},
      {"kernels", [](Made& m) { m.options.kernels = "another"; }},
      {"task", [](Made& m) { m.task.sha256 = std::string(64, 'b'); }},
      {"deltas", [](Made& m) { m.task.columns.delta_source = "layers/lfc, perturbations by 'pert_id'"; }},
      {"context", [](Made& m) { m.task.contexts[0].name = "other"; }},
      {"fold", [](Made& m) { m.task.fold_names[0] = "other"; }},
      {"training perturbations", [](Made& m) { m.task.contexts[0].pert_ids[2] = "other"; }},
      {"test perturbations", [](Made& m) { m.task.contexts[0].pert_ids[1] = "other"; }},
      {"common dimension", [](Made& m) { m.options.common_dim = 7; }},
      {"inner folds", [](Made& m) { m.options.inner_folds = 3; }},
      {"inner seed", [](Made& m) { m.options.inner_seed = 3; }},
      {"seed", [](Made& m) { m.options.seed = 3; }},
      {"plugin of knn",
       [](Made& m) {
         m.head = example_plugin("knn", true);
         m.head.file = m.embedding.file;
       }},
      {"grid of knn", [](Made& m) { m.head.grid.settings(0, 0) = 6; }},
      {"data of mine",
       [](Made& m) {
         m.embedding.data = std::make_shared<const DataFile>(DataFile{"v.csv", "v.csv", "2", {}});
       }},
      {"data folder of mine", [](Made& m) { m.embedding.data_folder_sha256 = "3"; }},
      {"option mine.dimension",
       [](Made& m) {
         m.embedding.settings.options = {{"dimension", "64"}};
       }},
      {"confinement of mine", [](Made& m) { m.embedding.confinement.set_level(ConfinementLevel::STRONG); }},
  };
  for (const auto& [name, change] : changes) {
    Made changed;
    change(changed);
    const EvaluationInputs now = changed.inputs();
    EXPECT_NE(fingerprint_of(now), fingerprint_of(before)) << name;
    const auto phrases = differences(before, now);
    ASSERT_FALSE(phrases.empty()) << name;
    EXPECT_TRUE(phrases.front().starts_with(name + ": ")) << phrases.front();
  }
}

TEST(EvaluationInputs, WhatChangesNoNumberIsNotAmongThem) {
  Made other;
  other.options.ceiling = {kCeilingIdealized};
  other.options.metrics = {Metric::L2};
  other.options.limits.set_wall_time_s(5);
  other.task.gene_ids = {"g2", "g1"};  // an embedding that is not shown the training part never sees them
  EXPECT_EQ(fingerprint_of(other.inputs()), fingerprint_of(Made().inputs()));
  Made supervised;
  supervised.embedding.description.set_wants_training(true);
  const std::string before = fingerprint_of(supervised.inputs());
  supervised.task.gene_ids = {"g2", "g1"};
  EXPECT_NE(fingerprint_of(supervised.inputs()), before);
}

TEST(EvaluationInputs, ListsOfIdsAreToldApartByMoreThanTheirText) {
  Made one, two;
  one.task.contexts[0].pert_ids = {"a b", "c", "d"};
  two.task.contexts[0].pert_ids = {"a", "b c", "d"};
  EXPECT_NE(fingerprint_of(one.inputs()), fingerprint_of(two.inputs()));
}

TEST(EvaluationInputs, NamesTheNoiseTableAndItsAbsence) {
  NoiseTable noise;
  noise.sha256 = std::string(64, 'c');
  EvaluationInputs without, with;
  add_noise_inputs(without, nullptr);
  add_noise_inputs(with, &noise);
  EXPECT_EQ(differences(without, with), std::vector<std::string>{"noise table: none, now sha256 cccccccc…"});
}

}  // namespace evaluation_inputs_test
}  // namespace headroom
