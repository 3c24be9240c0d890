// The noise table of a task of one context (an even first byte) or of two.
#include <cmath>
#include <cstdlib>

#include "fuzz/input_file.hpp"
#include "task/noise_table.hpp"

namespace {

headroom::Task task_of(std::vector<std::string> contexts) {
  headroom::Task task;
  for (std::string& name : contexts) {
    headroom::TaskContext context;
    context.name = std::move(name);
    context.pert_ids = {"A1BG", "TP53"};
    task.contexts.push_back(std::move(context));
  }
  if (contexts.size() > 1) task.columns.context_column = "context";
  return task;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const headroom::fuzz::InputFolder folder;
  static const headroom::Task one = task_of({std::string(headroom::kSingleContext)});
  static const headroom::Task two = task_of({"K562", "RPE1"});
  if (size == 0) return 0;
  const headroom::Task& task = (data[0] & 1) != 0 ? two : one;
  const auto path = folder.write("noise.csv", headroom::fuzz::text_of(data + 1, size - 1));
  const auto table = headroom::read_noise_table(path, task);
  if (!table) return 0;
  for (const headroom::NoiseContext& context : table->contexts) {
    const auto n_values = static_cast<Eigen::Index>(table->quantiles.size() * table->metrics.size());
    const auto n = static_cast<Eigen::Index>(context.pert_ids.size());
    if (context.values.rows() != n || context.values.cols() != n_values) std::abort();
    for (const std::string& pert_id : context.pert_ids) {
      for (const std::string& metric : table->metrics) {
        for (const double quantile : table->quantiles) table->value(context.name, pert_id, metric, quantile);
      }
      for (const std::string& column : table->reference_columns) table->reference(context.name, pert_id, column);
      table->n_batches(context.name, pert_id);
    }
  }
  // What was read can be written, and is the same table when it is read again; but perturbations without any value are
  // not written, so that nothing may be left of a context.
  for (const headroom::NoiseContext& context : table->contexts) {
    if (context.values.array().isNaN().all() && context.references.array().isNaN().all()) return 0;
  }
  const auto copy = folder.path() / "copy.csv";
  if (!headroom::write_noise_table(copy, *table)) return 0;
  const auto again = headroom::read_noise_table(copy, task);
  if (!again || again->contexts.size() != table->contexts.size()) std::abort();
  return 0;
}
