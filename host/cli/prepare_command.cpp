// headroom prepare: from cells to a task and its noise table.
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <malloc.h>
#include <sys/resource.h>

#include <cstdio>

#include "cells/prepare.hpp"
#include "cli/command_line.hpp"
#include "cli/interruption.hpp"
#include "cli/notes.hpp"
#include "cli/review_output.hpp"
#include "cli/terminal_streams.hpp"
#include "numerics/processor_kernels.hpp"
#include "suite/kept_screen.hpp"
#include "terminal/table.hpp"
#include "terminal/terminal_progress.hpp"

namespace headroom::cli {
namespace {

Result<void> require_counts(const PrepareArguments& arguments) {
  if (!arguments.cell_metrics || arguments.options.values == CellValues::counts) return {};
  return bad_input("cell-level metrics need raw counts", "--cell-metrics with --values",
                   "give --values counts, or leave --cell-metrics out");
}

Result<int> make_part(const PrepareArguments& arguments, ThreadPool& pool, TerminalProgress& progress) {
  const auto part =
      prepare_part(arguments.cells, arguments.out, arguments.options, pool, progress, Interruption::token());
  if (!part) return tl::unexpected<Error>(part.error());
  results() << fmt::format("{}: {} cells, {} genes, {} entries\n", part->path.string(), part->n_cells, part->n_genes,
                           part->n_entries);
  return 0;
}

Result<int> make_estimates(const PrepareArguments& arguments, const PrepareOptions& options, ThreadPool& pool,
                           TerminalProgress& progress) {
  if (arguments.cell_metrics) {
    return bad_input("cell-level metrics need all of the cells, which no part made with --screen holds",
                     "--cell-metrics with --screen", kCellMetricsOfParts);
  }
  Review review(arguments.review);
  const auto part = estimate_part(arguments.cells, arguments.screen, arguments.out, options, review, pool, progress,
                                  Interruption::token());
  if (auto settled = settle_review(review, arguments.common.quiet); !settled) {
    return tl::unexpected<Error>(settled.error());
  }
  if (!part) return tl::unexpected<Error>(part.error());
  results() << fmt::format("{}: {} of {} perturbations, {} cells\n", part->path.string(), part->n_perturbations,
                           part->n_of_screen, part->n_cells);
  return 0;
}

// The limit moves cells to the disk, not what is made of them.
void tell_memory(const PrepareArguments& arguments) {
  rusage usage{};
  if (!arguments.options.memory_limit_bytes || arguments.common.quiet || ::getrusage(RUSAGE_SELF, &usage) != 0) return;
  constexpr std::uint64_t kMebibyte = 1 << 20;
  const std::uint64_t taken = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  if (taken <= *arguments.options.memory_limit_bytes) return;
  fmt::print(
      messages(),
      "headroom: took {} MiB of memory, more than --memory-limit ({} MiB): the tables, the perturbations in work "
      "and their estimates are not moved to the disk; --genes keeps fewer genes, --threads 1 works on one "
      "perturbation at a time\n",
      taken / kMebibyte, *arguments.options.memory_limit_bytes / kMebibyte);
}

}  // namespace

Result<int> prepare(const PrepareArguments& arguments) {
  // Left to itself, the C library keeps ever larger blocks that were freed, and the peak of memory is a tenth higher.
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  if (auto counts = require_counts(arguments); !counts) return tl::unexpected<Error>(counts.error());
  ThreadPool pool(arguments.common.n_threads);
  TerminalProgress progress = terminal_progress(arguments.common.quiet);
  PrepareOptions options = arguments.options;
  options.kernels = processor_kernels();
  if (arguments.part) {
    auto made = arguments.screen.empty() ? make_part(arguments, pool, progress)
                                         : make_estimates(arguments, options, pool, progress);
    if (made) tell_memory(arguments);
    return made;
  }
  Review review(arguments.review);
  std::vector<std::string> notes_of_cells;
  if (arguments.cell_metrics) {
    options.addition =
        keep_cell_metrics(arguments.cells, arguments.options, pool, progress, Interruption::token(), notes_of_cells);
  }
  auto report =
      headroom::prepare(arguments.cells, arguments.out, options, review, pool, progress, Interruption::token());
  // What is doubtful is told also where it ended the command; the first doubt that did is the error.
  if (auto settled = settle_review(review, arguments.common.quiet); !settled) {
    return tl::unexpected<Error>(settled.error());
  }
  if (!report) return tl::unexpected<Error>(report.error());
  print_notes(report->picked, arguments.common.quiet);
  print_notes(report->notes, arguments.common.quiet);
  print_notes(notes_of_cells, arguments.common.quiet);

  Table table;
  table.columns = {{"context"}, {"perturbations"}, {"batches"}, {"cells"}, {"control_cells"}};
  for (const PreparedContext& context : report->contexts) {
    table.rows.push_back({context.name, static_cast<std::int64_t>(context.n_perturbations),
                          static_cast<std::int64_t>(context.n_batches), static_cast<std::int64_t>(context.n_cells),
                          static_cast<std::int64_t>(context.n_control_cells)});
  }
  write_table(results(), table, arguments.common.format, stdout_style());
  if (!arguments.common.quiet) {
    fmt::print(messages(),
               "headroom: {} of {} cells, {} genes, {} folds; read {:.1f} s, estimated {:.1f} s, wrote {:.1f} s\n",
               report->n_cells_used, report->n_cells_in_file, report->n_genes, report->n_folds, report->read_s,
               report->estimate_s, report->write_s);
    if (arguments.options.deg) {
      fmt::print(messages(), "headroom: labels of responding genes for {} perturbations\n", report->n_labelled);
    }
    fmt::print(messages(), "headroom: wrote {} and {}\n", report->task.string(), report->noise.string());
    tell_memory(arguments);
  }
  return 0;
}

}  // namespace headroom::cli
