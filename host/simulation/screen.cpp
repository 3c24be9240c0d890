#include "simulation/screen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>

#include "cells/normalise.hpp"
#include "cells/prepare.hpp"
#include "io/atomic_file.hpp"
#include "io/column_names.hpp"
#include "io/h5ad_writer.hpp"
#include "protocol/kfold.hpp"
#include "simulation/cell_sampler.hpp"
#include "simulation/expected_deltas.hpp"
#include "simulation/normal_stream.hpp"
#include "task/noise_rows.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kCellsPerBlock = 4096, kCellsPerTask = 64;
constexpr std::int64_t kFewestCells = 4;    // of a perturbation
constexpr double kPopularitySpread = 0.4;   // of a perturbation's log number of cells
constexpr double kPartialBatchShare = 0.1;  // of perturbations that occur in half of the batches only
constexpr const char* kControlLabel = "non-targeting";

// Where a cell belongs; pert -1: the control.
struct CellPlan {
  std::uint16_t context, batch;
  std::int32_t pert;
};

// Every cell of the screen, in random order.
std::vector<CellPlan> plan_cells(const ScreenModel& model) {
  const std::uint64_t key = stream_key(model.seed, "plan");
  const ScreenSize& size = model.size;
  const auto n_batches = static_cast<std::uint32_t>(size.n_batches);
  std::vector<CellPlan> cells;
  for (std::uint16_t c = 0; c < size.n_contexts; ++c) {
    const std::int64_t n_here = size.n_cells / size.n_contexts;
    const auto n_control = static_cast<std::int64_t>(ScreenSize::kControlShare * static_cast<double>(n_here));
    std::vector<double> weight;
    NormalStream popularity(key, 0, c);
    for (int p = 0; p < size.n_perturbations; ++p) weight.push_back(std::exp(kPopularitySpread * popularity.normal()));
    const double total = std::accumulate(weight.begin(), weight.end(), 0.0);
    RandomStream batches(key, 1, c);
    for (std::int64_t i = 0; i < n_control; ++i) {
      cells.push_back({c, static_cast<std::uint16_t>(batches.below(n_batches)), -1});
    }
    for (int p = 0; p < size.n_perturbations; ++p) {
      const auto n = std::max(kFewestCells, static_cast<std::int64_t>(weight[static_cast<std::size_t>(p)] / total *
                                                                      static_cast<double>(n_here - n_control)));
      const bool partial = batches.uniform() < kPartialBatchShare;
      const std::uint32_t first = partial ? batches.below(n_batches) : 0;
      const std::uint32_t n_allowed = partial ? (n_batches + 1) / 2 : n_batches;
      for (std::int64_t i = 0; i < n; ++i) {
        cells.push_back({c, static_cast<std::uint16_t>((first + batches.below(n_allowed)) % n_batches), p});
      }
    }
  }
  RandomStream order(key, 2);
  for (std::size_t i = cells.size(); i > 1; --i)
    std::swap(cells[i - 1], cells[order.below(static_cast<std::uint32_t>(i))]);
  return cells;
}

std::string barcode(std::uint64_t key, std::uint32_t cell) {
  RandomStream random(key, cell);
  const std::uint32_t letters = random.next();
  std::string text(16, 'A');
  for (int i = 0; i < 16; ++i) text[static_cast<std::size_t>(i)] = "ACGT"[(letters >> (2 * i)) & 3];
  return text + "-1";
}

std::vector<AnnotationColumn> gene_columns(const ScreenModel& model) {
  return {{"symbol", model.gene_symbols, {}, false}};
}

Error stopped() { return {ErrorKind::interrupted, "stopped while simulating", {}, {}}; }

// Writes cells.h5ad block by block; the number of entries.
Result<std::int64_t> write_cells(const fs::path& path, const ScreenModel& model, ThreadPool& pool, Progress& progress,
                                 const std::stop_token& stop) {
  const std::vector<CellPlan> plan = plan_cells(model);
  const std::uint64_t barcodes_key = stream_key(model.seed, "barcodes"), depth_key = stream_key(model.seed, "depth"),
                      counts_key = stream_key(model.seed, "counts");
  std::vector<ProfileSampler> profiles;  // context × (control, perturbations)
  const std::size_t profiles_per_context = static_cast<std::size_t>(model.size.n_perturbations) + 1;
  for (std::size_t c = 0; c < model.contexts.size(); ++c) {
    for (std::int64_t p = -1; p < model.size.n_perturbations; ++p) profiles.emplace_back(profile_shares(model, c, p));
  }

  H5adContent content;
  std::vector<std::string> gene_id, gene, batch, context;
  std::vector<bool> is_control;
  for (std::uint32_t i = 0; i < plan.size(); ++i) {
    const CellPlan& cell = plan[i];
    const auto pert = static_cast<std::size_t>(std::max(cell.pert, 0));
    content.obs_index.push_back(barcode(barcodes_key, i));
    gene_id.push_back(cell.pert < 0 ? kControlLabel : model.pert_ids[pert]);
    gene.push_back(cell.pert < 0 ? kControlLabel : model.pert_symbols[pert]);
    is_control.push_back(cell.pert < 0);
    batch.push_back(model.batches[cell.batch]);
    context.push_back(model.contexts[cell.context]);
  }
  content.obs_columns.push_back({"gene_id", std::move(gene_id), {}, true});
  content.obs_columns.push_back({"gene", std::move(gene), {}, true});
  content.obs_columns.push_back({"is_control", std::move(is_control), {}, false});
  content.obs_columns.push_back({"gem_group", std::move(batch), {}, true});
  content.obs_columns.push_back({"cell_line", std::move(context), {}, true});
  content.var_index = model.gene_ids;
  content.var_columns = gene_columns(model);

  struct Task {
    std::vector<std::uint32_t> scratch;
    std::vector<std::int64_t> n_entries;
    std::vector<std::int32_t> genes;
    std::vector<float> counts;
  };
  std::vector<Task> tasks(kCellsPerBlock / kCellsPerTask);
  std::vector<std::int64_t> offsets;
  std::vector<std::int32_t> genes;
  std::vector<float> counts;
  std::size_t next_cell = 0;
  std::int64_t n_entries = 0;
  content.x = CsrX{[&]() -> std::optional<CsrBlock> {
    if (next_cell >= plan.size() || stop.stop_requested()) return std::nullopt;
    const std::size_t first = next_cell, last = std::min(plan.size(), first + kCellsPerBlock);
    const std::size_t n_tasks = (last - first + kCellsPerTask - 1) / kCellsPerTask;
    pool.for_each(n_tasks, [&](std::size_t t) {
      Task& task = tasks[t];
      task.scratch.assign(static_cast<std::size_t>(model.size.n_genes), 0);
      task.n_entries.clear();
      task.genes.clear();
      task.counts.clear();
      const std::size_t begin = first + t * kCellsPerTask;
      for (std::size_t i = begin; i < std::min(last, begin + kCellsPerTask); ++i) {
        const CellPlan& cell = plan[i];
        NormalStream depths(depth_key, static_cast<std::uint32_t>(i));
        const double depth = model.size.mean_depth * std::exp(ScreenSize::kDepthSpread * depths.normal());
        const std::size_t before = task.genes.size();
        sample_cell(profiles[cell.context * profiles_per_context + static_cast<std::size_t>(cell.pert + 1)], model,
                    cell.context, cell.batch, depth, counts_key, static_cast<std::uint32_t>(i), task.scratch,
                    task.genes, task.counts);
        task.n_entries.push_back(static_cast<std::int64_t>(task.genes.size() - before));
      }
    });
    offsets.assign(1, 0);
    genes.clear();
    counts.clear();
    for (std::size_t t = 0; t < n_tasks; ++t) {
      for (const std::int64_t n : tasks[t].n_entries) offsets.push_back(offsets.back() + n);
      genes.insert(genes.end(), tasks[t].genes.begin(), tasks[t].genes.end());
      counts.insert(counts.end(), tasks[t].counts.begin(), tasks[t].counts.end());
    }
    n_entries += offsets.back();
    next_cell = last;
    progress.advance(static_cast<std::int64_t>(last - first));
    return CsrBlock{offsets, genes, std::span<const float>(counts)};
  }};
  progress.begin("simulating cells", static_cast<std::int64_t>(plan.size()), "cells");
  const auto done = write_h5ad(path, content);
  progress.end();
  if (stop.stop_requested()) return tl::unexpected(stopped());
  if (!done) return tl::unexpected(done.error());
  return n_entries;
}

// How far a perturbation's measured delta lies from its expectation, where no cells are simulated: its number of cells,
// and the standard error of a gene, which grows with its expression.
constexpr double kMeanCells = 100;
constexpr double kCellSpread =
    0.8;  // standard deviation of a gene's log-normalised value among cells, at high expression
// What resampling adds to the closed form, and the relative spread of a draw's error: as in screens with cells.
constexpr double kResamplingFactor = 1.15, kDrawSpread = 0.12;

std::vector<double> standard_errors(const ScreenModel& model, std::size_t context, std::int64_t n_cells) {
  std::vector<double> errors;
  const RowVector shares = profile_shares(model, context, -1);
  for (Eigen::Index g = 0; g < shares.size(); ++g) {
    const double mean = shares(g) * model.size.mean_depth;
    errors.push_back(kCellSpread * std::sqrt(mean / (1 + mean) / static_cast<double>(n_cells)));
  }
  return errors;
}

// The noise table's rows of one perturbation whose measured delta is `delta`, from its standard errors: normal draws
// around it, their norms spread by kDrawSpread.
std::string noise_of(const NoiseColumns& columns, const std::string& pert, const std::string& context,
                     const ScreenSize& size, std::int64_t n_cells, const double* delta,
                     const std::vector<double>& errors) {
  constexpr std::array<double, 7> kNormalQuantiles = {-1.2816, -0.8416, 0, 0.8416, 1.2816, 2.3263, 2.5758};
  double square = 0, sum = 0, signal = 0, mean = 0;
  const auto n = static_cast<double>(errors.size());
  for (std::size_t g = 0; g < errors.size(); ++g) mean += delta[g] / n;
  for (std::size_t g = 0; g < errors.size(); ++g) {
    square += errors[g] * errors[g];
    sum += errors[g];
    signal += (delta[g] - mean) * (delta[g] - mean);
  }
  NoiseRows table(columns);
  const double further[] = {static_cast<double>(n_cells), std::sqrt(square)};
  for (std::size_t q = 0; q < kNoiseQuantiles.size(); ++q) {
    // High quantiles of an error go with low ones of a correlation.
    const double worse = kResamplingFactor * (1 + kDrawSpread * kNormalQuantiles[q]);
    const double better = kResamplingFactor * (1 - kDrawSpread * kNormalQuantiles[q]);
    const double l2 = worse * std::sqrt(square);
    const double pearson = std::sqrt(signal / (signal + better * better * square));
    const double values[] = {l2, l2 * l2 / n, worse * std::sqrt(2 / std::numbers::pi) * sum / n, 0.97 * pearson,
                             pearson};
    table.add({pert, context, size.n_batches, further}, kNoiseQuantiles[q], values);
  }
  return table.str();
}

// A table of perturbations (contexts in order) × genes.
// `with_controls`: and what endlessly many control cells would show.
Result<void> write_deltas(const fs::path& path, const ScreenModel& model, const std::vector<Matrix>& deltas,
                          std::vector<AnnotationColumn> more_columns, bool with_controls) {
  H5adContent content;
  std::vector<std::string> pert_id, context;
  DenseX x;
  x.as_float32 = true;
  for (std::size_t c = 0; c < deltas.size(); ++c) {
    x.row_blocks.emplace_back(deltas[c].data(), deltas[c].rows(), deltas[c].cols(),
                              Eigen::OuterStride<>(deltas[c].cols()));
    for (const std::string& id : model.pert_ids) {
      pert_id.push_back(id);
      context.push_back(model.contexts[c]);
      content.obs_index.push_back(deltas.size() == 1 ? id : model.contexts[c] + "|" + id);
    }
  }
  content.obs_columns.push_back({"pert_id", std::move(pert_id), {}, false});
  content.obs_columns.push_back({"context", std::move(context), {}, true});
  for (AnnotationColumn& column : more_columns) content.obs_columns.push_back(std::move(column));
  content.var_index = model.gene_ids;
  content.var_columns = gene_columns(model);
  for (std::size_t c = 0; c < model.contexts.size() && with_controls; ++c) {
    const RowVector expected = (kCellTotal * model.log_rate[c].array().exp()).log1p().matrix();
    content.var_columns.push_back(
        {control_profile_column(model.contexts[c]), std::vector<double>(expected.begin(), expected.end()), {}, false});
  }
  content.x = std::move(x);
  content.gzip_level = 0;
  return write_h5ad(path, content);
}

Result<void> write_embeddings(const fs::path& folder, const ScreenModel& model, ScreenReport& report) {
  for (SimulatedEmbedding& embedding : make_embeddings(model)) {
    H5adContent content;
    content.obs_index = std::move(embedding.ids);
    for (Eigen::Index d = 0; d < embedding.values.cols(); ++d) content.var_index.push_back(fmt::format("dim{}", d));
    DenseX x;
    x.as_float32 = true;
    x.row_blocks.emplace_back(embedding.values.data(), embedding.values.rows(), embedding.values.cols(),
                              Eigen::OuterStride<>(embedding.values.cols()));
    content.x = std::move(x);
    content.gzip_level = 0;
    report.written.push_back(folder / (embedding.name + ".h5ad"));
    if (auto done = write_h5ad(report.written.back(), content); !done) return done;
  }
  return {};
}

Result<void> make_folder(const fs::path& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) return bad_input("the folder cannot be made: " + failed.message(), folder.string(), "choose another -o");
  return {};
}

// The task of a screen without cells: `deltas` holds what is expected and becomes what is measured.
Result<void> write_task_without_cells(const fs::path& folder, const ScreenModel& model, std::vector<Matrix>& deltas,
                                      ThreadPool& pool, Progress& progress, const std::stop_token& stop,
                                      ScreenReport& report) {
  const std::uint64_t key = stream_key(model.seed, "measurement");
  const auto n_perts = static_cast<std::size_t>(model.size.n_perturbations);
  NoiseColumns columns;
  columns.metrics.assign(kNoiseMetricNames.begin(), kNoiseMetricNames.end());
  columns.further = {"n_cells", "closed_form"};
  NoiseRows header(columns);
  header.add_header();
  std::string noise = header.str();
  std::vector<std::int64_t> folds(n_perts * deltas.size()), n_cells(folds.size());
  const PrepareOptions defaults;
  const auto test_rows = kfold_test_rows(n_perts, defaults.n_folds, defaults.fold_seed);
  progress.begin("simulating deltas", static_cast<std::int64_t>(folds.size()), "perturbations");
  for (std::size_t c = 0; c < deltas.size(); ++c) {
    std::vector<std::string> rows(n_perts);
    pool.for_each(n_perts, [&](std::size_t p) {
      if (stop.stop_requested()) return;
      NormalStream random(key, static_cast<std::uint32_t>(c), static_cast<std::uint32_t>(p));
      const auto n =
          std::max(kFewestCells, static_cast<std::int64_t>(kMeanCells * std::exp(kPopularitySpread * random.normal())));
      const std::vector<double> errors = standard_errors(model, c, n);
      double* const delta = deltas[c].row(static_cast<Eigen::Index>(p)).data();
      for (std::size_t g = 0; g < errors.size(); ++g) delta[g] += errors[g] * random.normal();
      n_cells[c * n_perts + p] = n;
      rows[p] = noise_of(columns, model.pert_ids[p], model.contexts[c], model.size, n, delta, errors);
      progress.advance(1);
    });
    if (stop.stop_requested()) return tl::unexpected(stopped());
    for (const std::string& row : rows) noise += row;
    for (std::size_t f = 0; f < test_rows.size(); ++f) {
      for (const std::int32_t row : test_rows[f])
        folds[c * n_perts + static_cast<std::size_t>(row)] = static_cast<std::int64_t>(f);
    }
  }
  progress.end();
  report.written.push_back(folder / "noise.csv");
  if (auto done = write_file_atomically(report.written.back(), noise); !done) return done;
  report.written.push_back(folder / "task.h5ad");
  return write_deltas(report.written.back(), model, deltas,
                      {{"test_split", std::move(folds), {}, false}, {"n_cells", std::move(n_cells), {}, false}}, true);
}

}  // namespace

std::optional<ScreenPreset> screen_preset(const std::string& name) {
  if (name == "tiny") return ScreenPreset::tiny;
  if (name == "small") return ScreenPreset::small;
  if (name == "medium") return ScreenPreset::medium;
  if (name == "study") return ScreenPreset::study;
  if (name == "paper") return ScreenPreset::paper;
  return std::nullopt;
}

ScreenSize screen_size(ScreenPreset preset) {
  ScreenSize size;
  switch (preset) {
    case ScreenPreset::tiny:
      size.n_perturbations = 12;
      size.n_genes = 100;
      size.n_cells = 900;
      size.n_batches = 3;
      size.n_modules = 3;
      size.n_factors = 3;
      size.embedding_dim = 8;
      size.mean_depth = 400;
      break;
    case ScreenPreset::small:
      break;
    case ScreenPreset::medium:
      size.n_perturbations = 400;
      size.n_genes = 2'000;
      size.n_cells = 60'000;
      size.n_batches = 8;
      size.n_modules = 20;
      size.n_factors = 12;
      size.embedding_dim = 256;
      size.mean_depth = 300;
      break;
    case ScreenPreset::study:
      size.n_perturbations = 240;
      size.n_genes = 600;
      size.n_cells = 0;
      size.n_contexts = 3;
      size.n_modules = 60;
      size.n_factors = 12;
      size.embedding_dim = 64;
      size.mean_depth = 5'000;
      size.context_share = 0.4;
      size.n_partial_embeddings = 3;
      break;
    case ScreenPreset::paper:
      size.n_perturbations = 2'000;
      size.n_genes = 6'640;
      size.n_cells = 0;
      size.n_contexts = 4;
      size.n_modules = 60;
      size.n_factors = 30;
      size.embedding_dim = 1'280;
      size.mean_depth = 10'000;
      break;
  }
  return size;
}

Result<ScreenReport> simulate_screen(const fs::path& folder, const ScreenOptions& options, ThreadPool& pool,
                                     Progress& progress, std::stop_token stop) {
  ScreenReport report;
  report.size = options.size.value_or(screen_size(options.preset));
  for (const char* part : {"", "task", "embeddings"}) {
    if (auto made = make_folder(folder / part); !made) return tl::unexpected(made.error());
  }
  // What an earlier run left must not stand beside new files should the process end in between.
  for (const char* earlier : {"task/task.h5ad", "task/noise.csv", "cells.h5ad", "truth.h5ad"}) {
    std::error_code failed;
    fs::remove(folder / earlier, failed);
  }
  ScreenModel model = make_screen_model(report.size, options.seed);
  if (auto done = write_embeddings(folder / "embeddings", model, report); !done) return tl::unexpected(done.error());

  std::vector<Matrix> truth;
  progress.begin("computing true deltas", static_cast<std::int64_t>(model.contexts.size()) * model.size.n_perturbations,
                 "perturbations");
  for (std::size_t c = 0; c < model.contexts.size(); ++c) {
    truth.push_back(expected_deltas(model, c, pool, progress, stop));
    if (stop.stop_requested()) return tl::unexpected(stopped());
  }
  progress.end();
  report.written.push_back(folder / "truth.h5ad");
  if (auto done = write_deltas(report.written.back(), model, truth, {}, false); !done)
    return tl::unexpected(done.error());
  if (report.size.n_cells == 0) {
    if (auto done = write_task_without_cells(folder / "task", model, truth, pool, progress, stop, report); !done) {
      return tl::unexpected(done.error());
    }
    return report;
  }
  truth.clear();

  report.written.push_back(folder / "cells.h5ad");
  auto n_entries = write_cells(report.written.back(), model, pool, progress, stop);
  if (!n_entries) return tl::unexpected(n_entries.error());
  report.n_entries = *n_entries;
  PrepareOptions prepare_options;
  prepare_options.bootstrap.seed = options.seed;
  auto prepared = prepare(folder / "cells.h5ad", folder / "task", prepare_options, pool, progress, stop);
  if (!prepared) return tl::unexpected(prepared.error());
  report.written.push_back(prepared->task);
  report.written.push_back(prepared->noise);
  return report;
}

}  // namespace headroom
