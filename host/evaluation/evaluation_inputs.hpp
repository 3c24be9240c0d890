// Everything that determines the numbers of one evaluation, by name: what a resumed run compares before it trusts a
// stored result, and what it names when it does not.
//
// Not among them: what decides only how results are read (ceiling, metrics, intervals) and what must not change a
// number (threads, limits). A limit that was hit makes a failure, and failures are tried again.
#pragma once

#include <string>
#include <vector>

#include "evaluation/roster.hpp"
#include "evaluation/run_options.hpp"
#include "task/noise_table.hpp"
#include "task/task.hpp"

namespace headroom {

struct EvaluationInput {
  std::string name;   // "task", "plugin of good", "seed"
  std::string value;  // the setting, or the sha256 of a file or of a list of ids

  friend bool operator==(const EvaluationInput&, const EvaluationInput&) = default;
};

// In a fixed order; names are distinct.
using EvaluationInputs = std::vector<EvaluationInput>;

// What every evaluation of these test rows (of task.contexts[context], ascending) comes from: Headroom itself, the
// task and how it was cut.
EvaluationInputs inputs_of_fold(const RunOptions& options, const Task& task, std::size_t context,
                                const std::string& fold_name, const RowIndex& test_rows);

// A null or a plugin through a head: its library, options and grid, and the selection.
void add_head_inputs(EvaluationInputs& inputs, const RunOptions& options, const RosterEntry& head);
// The names of the task's genes in order, for whoever looks at them: hashed once a run.
EvaluationInput gene_input(const Task& task);
// An embedding that a plugin makes, with the genes if it is shown the training part.
void add_embedding_inputs(EvaluationInputs& inputs, const RosterEntry& embedding, const EvaluationInput& genes);
// The noise table; nullptr: that there was none.
void add_noise_inputs(EvaluationInputs& inputs, const NoiseTable* noise);

// sha256 over names and values, 64 hexadecimal digits.
std::string fingerprint_of(const EvaluationInputs& inputs);

// One phrase an input that differs, in the order of `now`: "seed: 0, now 7". Hashes are shortened to 8 digits.
std::vector<std::string> differences(const EvaluationInputs& stored, const EvaluationInputs& now);

}  // namespace headroom
