#include "cli/notes.hpp"

#include <fmt/ostream.h>

#include "cli/terminal_streams.hpp"

namespace headroom::cli {

void print_notes(const std::vector<std::string>& notes, bool quiet) {
  if (quiet) return;
  for (const std::string& note : notes) fmt::print(messages(), "headroom: note: {}\n", note);
}

void print_task(const Task& task, const NoiseTable* noise, bool quiet) {
  if (quiet) return;
  std::size_t n_perturbations = 0;
  for (const TaskContext& context : task.contexts) n_perturbations += context.pert_ids.size();
  fmt::print(messages(), "headroom: task {}: {} perturbations × {} genes, {} context{}, {} folds\n", task.name,
             n_perturbations, task.gene_ids.size(), task.contexts.size(), task.contexts.size() == 1 ? "" : "s",
             task.fold_names.size());
  fmt::print(messages(), "headroom: perturbations from {}, contexts from {}, folds from {}, genes from {}\n",
             task.columns.pert_column, task.columns.context_column.empty() ? "no column" : task.columns.context_column,
             task.columns.fold_source, task.columns.gene_source);
  if (task.has_deg_labels()) {
    fmt::print(messages(), "headroom: labels of genes that respond from {}\n", task.columns.deg_source);
  }
  print_notes(task.notes, quiet);
  if (noise == nullptr) {
    fmt::print(messages(), "headroom: note: no noise table: the sampling-error bound is skipped\n");
  } else {
    print_notes(noise->notes, quiet);
  }
}

}  // namespace headroom::cli
