#include "cells/bootstrap.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "cells/group_blocks.hpp"
#include "cells/random_stream.hpp"
#include "cells/weighted_sums.hpp"

namespace headroom {
namespace {

// Streams of a perturbation's own cells and of its (or the context's) control cells.
constexpr std::uint32_t kOwnCells = 0, kControlCells = 1;

// Genes whose sums of all lanes are held at a time: 256 × 120 lanes × 8 bytes stay in the second-level cache beside the
// weights of a block.
constexpr std::uint32_t kTileGenes = 256;

// Some batches of a group with their cells numbered from 0.
struct BatchesView {
  struct Block {
    const GeneMajorBlock* block;
    std::uint32_t first_cell;
  };
  std::vector<BatchSpan> spans;
  std::vector<Block> blocks;
};

BatchesView view_all(const GeneMajorGroup& group) {
  BatchesView view{group.spans, {}};
  for (const GeneMajorBlock& block : group.blocks) view.blocks.push_back({&block, block.first_cell});
  return view;
}

// The control of the batches named in `wanted`; no block of `group` spans batches.
BatchesView view_batches(const GeneMajorGroup& group, const std::vector<BatchSpan>& wanted) {
  BatchesView view;
  std::uint32_t n_cells = 0;
  std::size_t b = 0;
  for (const BatchSpan& want : wanted) {
    const BatchSpan& span = group.spans[find_batch(group.spans, want.batch)];
    while (group.blocks[b].first_cell < span.begin) ++b;
    for (; b < group.blocks.size() && group.blocks[b].first_cell < span.end; ++b) {
      view.blocks.push_back({&group.blocks[b], n_cells + (group.blocks[b].first_cell - span.begin)});
    }
    view.spans.push_back({span.batch, n_cells, n_cells + span.n_cells()});
    n_cells += span.n_cells();
  }
  return view;
}

// weights (cells of the block × lanes) = counts · worth.
void expand_weights(const BatchesView& view, const BatchesView::Block& at, const ResampledCells& draws,
                    std::uint32_t n_lanes, AlignedVector<double>& weights) {
  weights.resize(std::max(weights.size(), static_cast<std::size_t>(at.block->n_cells) * n_lanes));
  std::size_t span = 0;
  for (std::uint32_t c = 0; c < at.block->n_cells; ++c) {
    const std::uint32_t cell = at.first_cell + c;
    while (view.spans[span].end <= cell) ++span;
    scale_counts(draws.counts.data() + static_cast<std::size_t>(cell) * n_lanes, draws.worth.data() + span * n_lanes,
                 n_lanes, weights.data() + static_cast<std::size_t>(c) * n_lanes);
  }
}

std::vector<bool> can_be_halved(const std::vector<BatchSpan>& spans) {
  std::vector<bool> can(spans.size());
  for (std::size_t s = 0; s < spans.size(); ++s) can[s] = spans[s].n_cells() >= 2;
  return can;
}

// Sums over the cells of all batches from their moments.
void sum_cells(const BatchMoments& moments, RowVector& sum, RowVector& sum_of_squares) {
  sum = RowVector::Zero(moments.mean.cols());
  sum_of_squares = RowVector::Zero(moments.mean.cols());
  for (std::size_t s = 0; s < moments.spans.size(); ++s) {
    const auto row = static_cast<Eigen::Index>(s);
    const double n = moments.spans[s].n_cells();
    sum += n * moments.mean.row(row);
    sum_of_squares += n * ((n - 1) * moments.squared_error.row(row) + moments.mean.row(row).cwiseAbs2());
  }
}

// As SamplingErrors::whole_error() has it of what is kept.
double whole_error(float own, const ContextControl& control, Eigen::Index gene) {
  if (control.design == Design::matched) return own;
  return std::hypot(static_cast<double>(own), std::sqrt(control.profile.squared_error[gene]));
}

bool any(const std::vector<bool>& flags) { return std::find(flags.begin(), flags.end(), true) != flags.end(); }

}  // namespace

std::optional<Error> validate(const BootstrapOptions& options) {
  const auto bad = [](const char* flag, int value, const char* range) {
    return Error{ErrorKind::bad_input,
                 std::string(flag) + " is " + std::to_string(value),
                 {},
                 std::string("give a number ") + range};
  };
  if (options.n_outer < 1 || options.n_outer > 1000) return bad("--outer", options.n_outer, "from 1 to 1000");
  if (options.n_inner < 1 || options.n_inner > 1000) return bad("--inner", options.n_inner, "from 1 to 1000");
  if (options.n_splits < 0 || options.n_splits > 1000) return bad("splits", options.n_splits, "from 0 to 1000");
  return std::nullopt;
}

Result<ContextControl> prepare_control(GroupBlocks& control, Design design, std::uint32_t n_genes,
                                       const std::string& context, const BootstrapOptions& options, ThreadPool& pool,
                                       Progress& progress, const std::stop_token& stop) {
  ContextControl out;
  out.design = design;
  out.n_genes = n_genes;
  out.layout = {options.n_outer, options.n_inner, options.n_splits};
  out.key = stream_key(options.seed, context);
  out.cells.n_cells = control.n_cells();
  out.cells.spans = control.spans();
  begin_moments(out.cells.spans, n_genes, out.moments);
  const bool matched = design == Design::matched;
  const auto n_lanes = static_cast<std::uint32_t>(out.layout.n_lanes());
  BatchesView view{out.cells.spans, {}};
  ResampledCells draws;
  if (!matched) {
    const auto times = draw_batches(out.key, options.n_outer, static_cast<std::uint32_t>(view.spans.size()));
    resample_cells(out.key, kControlCells, out.layout, view.spans, times, can_be_halved(view.spans), draws);
    for (double& worth : draws.worth) worth = -worth;
    out.draws.assign(static_cast<std::size_t>(n_genes) * n_lanes, 0.0);
  }
  const std::size_t n_tiles = (n_genes + kTileGenes - 1) / kTileGenes;
  const auto visited = control.visit(matched, pool, [&](std::vector<GeneMajorBlock>& blocks) {
    if (stop.stop_requested()) return;
    view.blocks.clear();
    std::int64_t n_cells = 0;
    for (const GeneMajorBlock& block : blocks) {
      view.blocks.push_back({&block, block.first_cell});
      n_cells += block.n_cells;
    }
    pool.for_each(n_tiles, [&](std::size_t tile) {
      const auto begin = static_cast<std::uint32_t>(tile * kTileGenes), end = std::min(n_genes, begin + kTileGenes);
      AlignedVector<double> weights;
      for (const BatchesView::Block& at : view.blocks) {
        add_moments(*at.block, begin, end, out.moments);
        if (matched) continue;
        expand_weights(view, at, draws, n_lanes, weights);
        add_weighted_sums(*at.block, weights.data(), n_lanes, begin, end,
                          out.draws.data() + static_cast<std::size_t>(begin) * n_lanes);
      }
    });
    if (matched) std::move(blocks.begin(), blocks.end(), std::back_inserter(out.cells.blocks));
    progress.advance(n_cells);
  });
  if (!visited) return tl::unexpected(visited.error());
  end_moments(out.moments);
  out.profile = mean_over_batches(out.moments);
  return out;
}

ContextControl prepare_control(const CellRows& control, Design design, std::uint32_t n_genes,
                               const std::string& context, const BootstrapOptions& options, ThreadPool& pool,
                               Progress& progress, const std::stop_token& stop) {
  return *prepare_control(*blocks_of_rows(control, n_genes), design, n_genes, context, options, pool, progress, stop);
}

Matrix ContextControl::half_differences() const {
  Matrix differences = Matrix::Zero(design == Design::matched ? 0 : n_kept_splits(), n_genes);
  const auto n_lanes = static_cast<std::size_t>(layout.n_lanes());
  for (Eigen::Index k = 0; k < differences.rows(); ++k) {
    for (std::uint32_t g = 0; g < n_genes; ++g) {  // draws are minus the control's
      const double* const of_gene = draws.data() + g * n_lanes;
      differences(k, g) =
          (of_gene[layout.half_b(static_cast<int>(k))] - of_gene[layout.half_a(static_cast<int>(k))]) / 2;
    }
  }
  return differences;
}

struct BootstrapWorkspace::Buffers {
  BatchMoments moments;
  GeneMajorGroup cells;
  ResampledCells own_draws, paired_draws;
  AlignedVector<double> weights;
  AlignedVector<double> sums;  // tile genes × lanes
  std::vector<double> halves;  // 2 · splits × genes
  DrawMetrics metrics;
  ProfileBuffers profiles;

  explicit Buffers(const ContextControl& control)
      : sums(static_cast<std::size_t>(kTileGenes) * control.layout.n_lanes()),
        halves(static_cast<std::size_t>(2) * control.layout.n_splits * control.n_genes),
        metrics(control.n_genes, static_cast<std::uint32_t>(control.layout.n_draws()),
                static_cast<std::uint32_t>(control.layout.n_lanes())),
        profiles(control.n_genes) {}
};

BootstrapWorkspace::BootstrapWorkspace(const ContextControl& control) : buffers_(std::make_unique<Buffers>(control)) {}
BootstrapWorkspace::~BootstrapWorkspace() = default;
BootstrapWorkspace::BootstrapWorkspace(BootstrapWorkspace&&) noexcept = default;
BootstrapWorkspace& BootstrapWorkspace::operator=(BootstrapWorkspace&&) noexcept = default;

PerturbationEstimate estimate_perturbation(const ContextControl& control, const CellRows& cells,
                                           const std::string& perturbation, BootstrapWorkspace& workspace) {
  GeneMajorGroup& group = workspace.buffers_->cells;
  make_gene_major_group(cells, control.n_genes, false, group);
  return estimate_perturbation(control, group, perturbation, workspace);
}

PerturbationEstimate estimate_perturbation(const ContextControl& control, const GeneMajorGroup& cells,
                                           const std::string& perturbation, BootstrapWorkspace& workspace) {
  BootstrapWorkspace::Buffers& buffers = *workspace.buffers_;
  const LaneLayout& layout = control.layout;
  const auto n_lanes = static_cast<std::uint32_t>(layout.n_lanes());
  const std::uint32_t n_genes = control.n_genes;
  const bool matched = control.design == Design::matched;

  begin_moments(cells.spans, n_genes, buffers.moments);
  for (const GeneMajorBlock& block : cells.blocks) add_moments(block, 0, n_genes, buffers.moments);
  end_moments(buffers.moments);
  Profile delta =
      matched ? matched_delta(buffers.moments, control.moments) : global_delta(buffers.moments, control.profile);
  PerturbationEstimate out;
  out.n_cells = cells.n_cells;
  out.n_batches = static_cast<std::uint32_t>(buffers.moments.spans.size());
  out.closed_form = std::sqrt(delta.squared_error.sum());
  RowVector own_error = delta.squared_error;
  if (!matched) own_error -= control.profile.squared_error;
  out.sampling_error = own_error.cwiseMax(0).cwiseSqrt().cast<float>();
  sum_cells(buffers.moments, out.sum, out.sum_of_squares);
  out.delta = std::move(delta.mean);

  const std::uint64_t key = stream_key(control.key, perturbation);
  const auto times = draw_batches(key, layout.n_outer, out.n_batches);
  const BatchesView own = view_all(cells);
  std::vector<bool> halved = can_be_halved(own.spans);
  BatchesView paired;  // matched: the control cells of the same batches
  if (matched) {
    paired = view_batches(control.cells, own.spans);
    const std::vector<bool> control_halved = can_be_halved(paired.spans);
    for (std::size_t s = 0; s < halved.size(); ++s) halved[s] = halved[s] && control_halved[s];
    resample_cells(key, kControlCells, layout, paired.spans, times, halved, buffers.paired_draws);
    for (double& worth : buffers.paired_draws.worth) worth = -worth;
  }
  resample_cells(key, kOwnCells, layout, own.spans, times, halved, buffers.own_draws);

  buffers.metrics.start(out.delta.data());
  for (std::uint32_t begin = 0; begin < n_genes; begin += kTileGenes) {
    const std::uint32_t end = std::min(n_genes, begin + kTileGenes);
    double* const sums = buffers.sums.data();
    const std::size_t n_sums = static_cast<std::size_t>(end - begin) * n_lanes;
    if (matched) {
      std::fill_n(sums, n_sums, 0.0);
    } else {
      std::copy_n(control.draws.data() + static_cast<std::size_t>(begin) * n_lanes, n_sums, sums);
    }
    for (const BatchesView::Block& at : paired.blocks) {
      expand_weights(paired, at, buffers.paired_draws, n_lanes, buffers.weights);
      add_weighted_sums(*at.block, buffers.weights.data(), n_lanes, begin, end, sums);
    }
    for (const BatchesView::Block& at : own.blocks) {
      const bool still_there = begin > 0 && own.blocks.size() + paired.blocks.size() == 1;
      if (!still_there) expand_weights(own, at, buffers.own_draws, n_lanes, buffers.weights);
      add_weighted_sums(*at.block, buffers.weights.data(), n_lanes, begin, end, sums);
    }
    buffers.metrics.add(begin, end, sums);
    for (int h = 0; h < 2 * layout.n_splits; ++h) {
      double* const half = buffers.halves.data() + static_cast<std::size_t>(h) * n_genes;
      const double* const lane = sums + layout.n_draws() + h;
      for (std::uint32_t g = begin; g < end; ++g) half[g] = lane[static_cast<std::size_t>(g - begin) * n_lanes];
    }
  }
  out.quantiles = buffers.metrics.quantiles();

  const bool control_can = matched || any(can_be_halved(control.cells.spans));
  if (layout.n_splits > 0 && any(halved) && control_can) {
    NoiseScores mean{};
    for (int k = 0; k < layout.n_splits; ++k) {
      const double* const a = buffers.halves.data() + static_cast<std::size_t>(k) * n_genes;
      const double* const b = a + static_cast<std::size_t>(layout.n_splits) * n_genes;
      const NoiseScores scores = score_profile(a, b, buffers.profiles);
      for (int m = 0; m < kNoiseMetrics; ++m) mean[m] += scores[m] / layout.n_splits;
    }
    out.split_half = mean;
    out.half_codes.resize(control.n_kept_splits(), n_genes);
    for (Eigen::Index k = 0; k < out.half_codes.rows(); ++k) {
      const double* const a = buffers.halves.data() + static_cast<std::size_t>(k) * n_genes;
      const double* const b = a + static_cast<std::size_t>(layout.n_splits) * n_genes;
      for (std::uint32_t g = 0; g < n_genes; ++g) {
        out.half_codes(k, g) = half_code((a[g] - b[g]) / 2, whole_error(out.sampling_error[g], control, g));
      }
    }
  }
  return out;
}

}  // namespace headroom
