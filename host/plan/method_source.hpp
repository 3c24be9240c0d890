// Kinds of methods, one row of a table each: what a method of the kind needs, what it is to the bounds, what its
// numbers come from. The plan is made by this table and evaluation/ works by it; neither asks for a kind by name, but
// for how a kind is made (evaluation/method_makers.hpp has the table of that).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plan/evaluation_key.hpp"
#include "plan/role.hpp"
#include "plan/roster.hpp"
#include "plan/run_options.hpp"
#include "task/noise_table.hpp"

namespace headroom {

enum class MethodKind {
  constant_null,    // the same prediction for every test row
  relation_null,    // a prediction by what is known of the perturbation elsewhere, or of its parts
  noise,            // values of the noise table
  trials,           // labels of resampled cells
  depth_right,      // a second screen of the same truth
  idealized,        // an embedding made of the deltas of training and test rows
  gene_pca,         // an embedding of measured genes
  random,           // a random embedding
  embedding,        // a plugin's embedding
  fusion,           // several of these, as blocks of one model
  predictions,      // finished predictions
  made_cells,       // cells that know nothing, or a second screen
  predicted_cells,  // finished predictions as single cells
};

struct PlannedMethod;

// What the inputs of a method's key are taken from.
struct InputSources {
  const RunOptions& options;
  const Roster& roster;
  const NoiseTable* noise;       // null: there is none
  const EvaluationInput& genes;  // gene_input() of the task
};

struct MethodSource {
  MethodKind kind;
  const char* name;       // as written plans have it
  bool through_head;      // an embedding, which becomes predictions by a head; others are predictions or values at once
  bool is_of_the_scale;   // null, cheater or reference; false: what the run was asked to evaluate
  bool sees_test_labels;  // goes through Headroom's own heads alone
  bool is_of_blocks;      // several embeddings go through the head at once
  double cost;            // of one method in one split and embedding, relative to a file of vectors through a head
  std::size_t (*n_parts)(const RunOptions& options);  // evaluations of which a method is the mean, each an item
  // What its key reads beside the split and the head.
  void (*add_inputs)(EvaluationInputs& inputs, const InputSources& sources, const PlannedMethod& method);
};

// In the order in which a split's items are worked on.
std::span<const MethodSource> method_sources();
const MethodSource& source_of(MethodKind kind);

// A method as the plan knows it: the same in every context.
struct PlannedMethod {
  std::string name, embedding, predictor;  // for people, as in MethodEvaluation
  MethodKind kind = MethodKind::embedding;
  std::vector<std::size_t> embeddings;  // in Roster::embeddings
  std::optional<std::size_t> head;      // in Roster::heads
  std::size_t index =
      0;  // of a constant null, a noise, trial, depth-right or cell method in the target, of predictions in the roster
  Role role = Role::plugin;
  bool in_bound = false;  // null: competes for the WAP; cheater: competes for the BAP
  std::vector<std::string> flags;
  // Of a fusion without one of its blocks (--ablate): that block, and the method with all of them.
  std::string left_out, whole;

  friend bool operator==(const PlannedMethod&, const PlannedMethod&) = default;
};

}  // namespace headroom
