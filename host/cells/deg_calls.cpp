#include "cells/deg_calls.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "cells/group_blocks.hpp"
#include "cells/random_stream.hpp"
#include "cells/resampling.hpp"
#include "cells/weighted_moments.hpp"
#include "deg/benjamini_hochberg.hpp"

namespace headroom {
namespace {

// Streams of a perturbation's labels have a key of their own, so that deltas and labels are resampled independently.
constexpr const char* kLabelStreams = "labels";
constexpr std::uint32_t kOwnLabelCells = 1, kControlLabelCells = 2;  // 0: draws of plates
constexpr std::uint32_t kHalvesStream = 1u << 30;                    // in the place of a trial

// Genes whose sums of all lanes are held at a time, as in the bootstrap.
constexpr std::uint32_t kLabelTileGenes = 256;

std::uint32_t rounded_lanes(std::uint32_t n) { return (n + 7) / 8 * 8; }

// The lanes of a test: lane 0 takes every cell once, the next belong to a trial each, and the last two, where there are
// halves, take half of the cells each. A trial that draws a plate several times has as many lanes there.
struct Lanes {
  std::vector<int> trial;  // of lane 1, 2, …
  bool has_halves = false;

  std::uint32_t first_half() const { return 1 + static_cast<std::uint32_t>(trial.size()); }
  std::uint32_t n_used() const { return first_half() + (has_halves ? 2 : 0); }
  std::uint32_t n_lanes() const { return rounded_lanes(n_used()); }
  // How many of n cells a lane takes, repeats counted.
  std::uint32_t n_cells(std::uint32_t lane, std::uint32_t n) const {
    if (lane < first_half()) return n;
    return lane == first_half() ? n / 2 : n - n / 2;
  }
};

// A variance needs two cells on either side.
bool can_be_halved(std::uint32_t n_cells, std::uint32_t n_control_cells) {
  return n_cells / 2 >= kLeastControlCells && n_control_cells / 2 >= kLeastControlCells;
}

// How often every lane takes each of `n` cells: n × lanes. Lane 0 takes each once, those of trials draw n with
// replacement, and the halves are a random cut. Lanes of one trial follow each other in one stream.
void draw_cells(std::uint64_t key, std::uint32_t role, std::uint32_t batch, const Lanes& lanes, std::uint32_t n,
                std::vector<std::uint16_t>& counts) {
  const std::size_t n_lanes = lanes.n_lanes();
  counts.assign(n * n_lanes, 0);
  for (std::size_t c = 0; c < n; ++c) counts[c * n_lanes] = 1;
  for (std::size_t i = 0; i < lanes.trial.size();) {
    const int trial = lanes.trial[i];
    RandomStream random(key, role, static_cast<std::uint32_t>(trial), batch);
    for (; i < lanes.trial.size() && lanes.trial[i] == trial; ++i) {
      for (std::uint32_t c = 0; c < n; ++c) ++counts[random.below(n) * n_lanes + i + 1];
    }
  }
  if (!lanes.has_halves) return;
  RandomStream random(key, role, kHalvesStream, batch);
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  for (std::uint32_t c = n; c > 1; --c) std::swap(order[c - 1], order[random.below(c)]);
  for (std::uint32_t c = 0; c < n; ++c) {
    counts[order[c] * n_lanes + lanes.first_half() + (c < n / 2 ? 0 : 1)] = 1;
  }
}

// Cells [begin, end) of a group, no block of which reaches beyond them.
struct CellRange {
  const GeneMajorGroup* group = nullptr;
  std::uint32_t begin = 0, end = 0;

  std::uint32_t n_cells() const { return end - begin; }
};

// Adds a block whose cells are taken as often as `counts` says (cells × lanes).
void add_block(const GeneMajorBlock& block, const std::uint16_t* counts, std::uint32_t n_lanes,
               std::uint32_t gene_begin, std::uint32_t gene_end, AlignedVector<double>& weights, double* sums,
               double* squares) {
  const std::size_t n = static_cast<std::size_t>(block.n_cells) * n_lanes;
  weights.resize(std::max(weights.size(), n));
  std::copy_n(counts, n, weights.data());
  add_weighted_moments(block, weights.data(), n_lanes, gene_begin, gene_end, sums, squares);
}

// Σ w·x and Σ w·x² of genes [gene_begin, gene_end), genes × lanes.
void sum_tile(const CellRange& cells, const std::vector<std::uint16_t>& counts, std::uint32_t n_lanes,
              std::uint32_t gene_begin, std::uint32_t gene_end, AlignedVector<double>& weights, double* sums,
              double* squares) {
  const std::size_t n_sums = static_cast<std::size_t>(gene_end - gene_begin) * n_lanes;
  std::fill_n(sums, n_sums, 0.0);
  std::fill_n(squares, n_sums, 0.0);
  for (const GeneMajorBlock& block : cells.group->blocks) {
    if (block.first_cell < cells.begin || block.first_cell >= cells.end) continue;
    add_block(block, counts.data() + static_cast<std::size_t>(block.first_cell - cells.begin) * n_lanes, n_lanes,
              gene_begin, gene_end, weights, sums, squares);
  }
}

}  // namespace

int n_deg_trials(Design design) { return design == Design::global ? kDegTrials : kDegPlateDraws * kDegCellDraws; }

bool DegControl::has_enough_cells() const { return design == Design::matched || n_cells >= kLeastControlCells; }

Result<DegControl> pooled_deg_control(GroupBlocks& control, std::uint32_t n_genes, const std::string& context,
                                      std::uint64_t seed, ThreadPool& pool) {
  DegControl out;
  out.design = Design::global;
  out.n_genes = n_genes;
  out.cutoffs = RankCutoffs(n_genes);
  out.key = stream_key(seed, context);
  out.n_cells = control.n_cells();
  if (!out.has_enough_cells()) return out;

  Lanes lanes;
  for (int trial = 0; trial < kDegTrials; ++trial) lanes.trial.push_back(trial);
  out.has_halves = lanes.has_halves = can_be_halved(kMostUnlabelledCells + 1, out.n_cells);
  const std::uint32_t n_lanes = lanes.n_lanes();
  out.n_lanes = n_lanes;
  std::vector<std::uint16_t> counts;
  draw_cells(stream_key(stream_key(out.key, ""), kLabelStreams), kControlLabelCells, 0, lanes, out.n_cells, counts);
  AlignedVector<double> sums(static_cast<std::size_t>(n_genes) * n_lanes), squares(sums.size());
  const std::size_t n_tiles = (n_genes + kLabelTileGenes - 1) / kLabelTileGenes;
  const auto visited = control.visit(false, pool, [&](std::vector<GeneMajorBlock>& blocks) {
    pool.for_each(n_tiles, [&](std::size_t tile) {
      const auto begin = static_cast<std::uint32_t>(tile * kLabelTileGenes),
                 end = std::min(n_genes, begin + kLabelTileGenes);
      const std::size_t first = static_cast<std::size_t>(begin) * n_lanes;
      AlignedVector<double> weights;
      for (const GeneMajorBlock& block : blocks) {
        add_block(block, counts.data() + static_cast<std::size_t>(block.first_cell) * n_lanes, n_lanes, begin, end,
                  weights, sums.data() + first, squares.data() + first);
      }
    });
  });
  if (!visited) return tl::unexpected(visited.error());
  out.moments.resize(sums.size());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const auto lane = static_cast<std::uint32_t>(i % n_lanes);
    out.moments[i] = sample_moments(lanes.n_cells(lane, out.n_cells), sums[i], squares[i]);
  }
  return out;
}

DegControl pooled_deg_control(const CellRows& control, std::uint32_t n_genes, const std::string& context,
                              std::uint64_t seed, ThreadPool& pool) {
  return *pooled_deg_control(*blocks_of_rows(control, n_genes), n_genes, context, seed, pool);
}

DegControl plate_deg_control(const ContextControl& control, const std::string& context, std::uint64_t seed) {
  DegControl out;
  out.design = Design::matched;
  out.n_genes = control.n_genes;
  out.cutoffs = RankCutoffs(control.n_genes);
  out.key = stream_key(seed, context);
  out.n_cells = control.cells.n_cells;
  out.cells = &control.cells;
  return out;
}

DegControlCells control_cells(const DegControl& control, const std::vector<std::string>& batches) {
  DegControlCells out;
  const auto n_genes = static_cast<Eigen::Index>(control.n_genes);
  const auto add_plate = [&](const std::string& name, std::uint32_t n_cells, const auto& moments_of) {
    const auto row = static_cast<Eigen::Index>(out.plates.size());
    out.plates.push_back(name);
    out.n_cells.push_back(n_cells);
    for (std::uint32_t g = 0; g < control.n_genes; ++g) {
      const SampleMoments moments = moments_of(g);
      out.mean(row, g) = moments.mean;
      out.squared_error(row, g) = moments.squared_error;
    }
  };
  if (control.design == Design::global) {
    if (!control.has_enough_cells()) return out;
    out.mean.resize(1, n_genes);
    out.squared_error.resize(1, n_genes);
    add_plate("", control.n_cells,
              [&](std::uint32_t g) { return control.moments[static_cast<std::size_t>(g) * control.n_lanes]; });
    return out;
  }
  std::vector<BatchSpan> spans = control.cells->spans;
  std::erase_if(spans, [](const BatchSpan& span) { return span.n_cells() < kLeastControlCells; });
  out.mean.resize(static_cast<Eigen::Index>(spans.size()), n_genes);
  out.squared_error.resize(static_cast<Eigen::Index>(spans.size()), n_genes);
  const Lanes as_they_are;
  const std::uint32_t n_lanes = as_they_are.n_lanes();
  AlignedVector<double> weights, sums(static_cast<std::size_t>(control.n_genes) * n_lanes), squares(sums.size());
  for (const BatchSpan& span : spans) {
    const std::vector<std::uint16_t> once(static_cast<std::size_t>(span.n_cells()) * n_lanes, 1);
    sum_tile({control.cells, span.begin, span.end}, once, n_lanes, 0, control.n_genes, weights, sums.data(),
             squares.data());
    add_plate(batches[span.batch], span.n_cells(), [&](std::uint32_t g) {
      const std::size_t at = static_cast<std::size_t>(g) * n_lanes;
      return sample_moments(span.n_cells(), sums[at], squares[at]);
    });
  }
  return out;
}

struct DegWorkspace::Buffers {
  GeneMajorGroup cells;
  std::vector<std::uint16_t> own_counts, control_counts;
  AlignedVector<double> weights, sums, squares, control_sums, control_squares;
  std::vector<LabelCall> calls;         // one a lane
  std::vector<std::int8_t> labels;      // of one lane
  std::vector<std::uint32_t> up, down;  // matched: votes, (1 + trials + halves) × genes
  std::vector<double> t, p;             // statistics of one test
  std::vector<bool> constant;

  // One test of all lanes: own cells against control moments that the caller gives tile by tile. Statistics are those
  // of lane 0. `control_tile` (begin, end) gives the control's moments of a gene, counted from `begin`, in a lane.
  template <class ControlTile>
  void test(const CellRange& own, std::uint32_t n_control, const Lanes& lanes, std::uint32_t n_genes,
            bool with_statistics, const ControlTile& control_tile);
};

template <class ControlTile>
void DegWorkspace::Buffers::test(const CellRange& own, std::uint32_t n_control, const Lanes& lanes,
                                 std::uint32_t n_genes, bool with_statistics, const ControlTile& control_tile) {
  const std::uint32_t n_lanes = lanes.n_lanes(), n_used = lanes.n_used();
  const std::uint32_t n_own = own.n_cells();
  sums.resize(std::max(sums.size(), static_cast<std::size_t>(kLabelTileGenes) * n_lanes));
  squares.resize(sums.size());
  if (calls.size() < n_used) calls.resize(n_used);
  for (std::uint32_t l = 0; l < n_used; ++l) calls[l].start(lanes.n_cells(l, n_own), lanes.n_cells(l, n_control));
  if (with_statistics) {
    t.resize(n_genes);
    p.resize(n_genes);
  }
  for (std::uint32_t begin = 0; begin < n_genes; begin += kLabelTileGenes) {
    const std::uint32_t end = std::min(n_genes, begin + kLabelTileGenes);
    sum_tile(own, own_counts, n_lanes, begin, end, weights, sums.data(), squares.data());
    const auto control_of = control_tile(begin, end);
    for (std::uint32_t g = begin; g < end; ++g) {
      const std::size_t at = static_cast<std::size_t>(g - begin) * n_lanes;
      for (std::uint32_t l = 0; l < n_used; ++l) {
        const SampleMoments moments = sample_moments(lanes.n_cells(l, n_own), sums[at + l], squares[at + l]);
        const SampleMoments control = control_of(g - begin, l);
        calls[l].add(moments, control);
        if (l > 0) continue;
        if (constant[g] && (moments.squared_error > 0 || control.squared_error > 0 ||
                            !means_agree(moments, control, std::max(n_own, n_control)))) {
          constant[g] = false;
        }
        if (!with_statistics) continue;
        const WelchTest test = welch_test(moments, n_own, control, n_control);
        t[g] = test.t;
        p[g] = test.p;
      }
    }
  }
}

DegWorkspace::DegWorkspace(const DegControl& control) : buffers_(std::make_unique<Buffers>()) {
  buffers_->labels.resize(control.n_genes);
  buffers_->constant.assign(control.n_genes, true);
}
DegWorkspace::~DegWorkspace() = default;
DegWorkspace::DegWorkspace(DegWorkspace&&) noexcept = default;
DegWorkspace& DegWorkspace::operator=(DegWorkspace&&) noexcept = default;

const std::vector<bool>& DegWorkspace::constant_genes() const { return buffers_->constant; }

namespace {

// t and adjusted p of one test, added to a row.
void add_statistics(const std::vector<double>& t, const std::vector<double>& p, double weight, Eigen::Index row,
                    DegStatistics& statistics) {
  const std::vector<double> q = adjusted_p(p);
  for (std::size_t g = 0; g < q.size(); ++g) {
    statistics.t(row, static_cast<Eigen::Index>(g)) += weight * t[g];
    statistics.q(row, static_cast<Eigen::Index>(g)) += weight * q[g];
  }
}

}  // namespace

DegOutcome call_deg_labels(const DegControl& control, const CellRows& cells, const std::string& perturbation,
                           const DegTarget& target, DegWorkspace& workspace) {
  GeneMajorGroup& group = workspace.buffers_->cells;
  make_gene_major_group(cells, control.n_genes, control.design == Design::matched, group);
  return call_deg_labels(control, group, perturbation, target, workspace);
}

DegOutcome call_deg_labels(const DegControl& control, const GeneMajorGroup& cells, const std::string& perturbation,
                           const DegTarget& target, DegWorkspace& workspace) {
  DegWorkspace::Buffers& buffers = *workspace.buffers_;
  const std::uint32_t n_genes = control.n_genes;
  const std::uint64_t key = stream_key(stream_key(control.key, perturbation), kLabelStreams);
  DegLabels& out = *target.labels;
  const int n_trials = out.trials ? out.trials->n_trials() : 0;
  const bool with_statistics = target.statistics != nullptr;
  std::int8_t* const labels_of_row = out.labels.data() + target.row * out.labels.cols();

  if (control.design == Design::global) {
    if (cells.n_cells <= kMostUnlabelledCells) return DegOutcome::too_few_cells;
    if (!control.has_enough_cells()) return DegOutcome::too_few_control_cells;
    Lanes lanes;
    for (int trial = 0; trial < n_trials; ++trial) lanes.trial.push_back(trial);
    lanes.has_halves = out.halves && control.has_halves;
    const CellRange own{&cells, 0, cells.n_cells};
    draw_cells(key, kOwnLabelCells, 0, lanes, own.n_cells(), buffers.own_counts);
    buffers.test(own, control.n_cells, lanes, n_genes, with_statistics, [&](std::uint32_t begin, std::uint32_t) {
      return [&control, begin](std::uint32_t gene, std::uint32_t lane) {
        return control.moments[static_cast<std::size_t>(begin + gene) * control.n_lanes + lane];
      };
    });
    buffers.calls[0].finish(control.cutoffs, labels_of_row);
    for (int trial = 0; trial < n_trials; ++trial) {
      buffers.calls[static_cast<std::size_t>(trial) + 1].finish(control.cutoffs, buffers.labels.data());
      out.trials->set(trial, target.row, buffers.labels.data());
    }
    for (std::uint32_t half = 0; lanes.has_halves && half < 2; ++half) {
      buffers.calls[lanes.first_half() + half].finish(control.cutoffs, buffers.labels.data());
      out.halves->set(static_cast<int>(half), target.row, buffers.labels.data());
    }
    if (with_statistics) {
      target.statistics->t.row(target.row).setZero();
      target.statistics->q.row(target.row).setZero();
      add_statistics(buffers.t, buffers.p, 1, target.row, *target.statistics);
    }
    return DegOutcome::labelled;
  }

  // The plates that vote.
  bool has_cells = false;
  std::vector<std::pair<CellRange, CellRange>> plates;  // own, control
  std::vector<std::uint32_t> batches;
  for (const BatchSpan& span : cells.spans) {
    if (span.n_cells() <= kMostPlateCells) continue;
    has_cells = true;
    const BatchSpan& of_control = control.cells->spans[find_batch(control.cells->spans, span.batch)];
    if (of_control.n_cells() < kLeastControlCells) continue;
    plates.push_back({{&cells, span.begin, span.end}, {control.cells, of_control.begin, of_control.end}});
    batches.push_back(span.batch);
  }
  if (plates.empty()) return has_cells ? DegOutcome::too_few_control_cells : DegOutcome::too_few_cells;

  const auto n_plates = static_cast<std::uint32_t>(plates.size());
  const auto times = draw_batches(key, kDegPlateDraws, n_plates);
  const int n_halves = out.halves ? 2 : 0;
  std::uint32_t n_halved_plates = 0;
  const std::size_t n_votes = static_cast<std::size_t>(1 + n_trials + n_halves) * n_genes;
  buffers.up.assign(n_votes, 0);
  buffers.down.assign(n_votes, 0);
  if (with_statistics) {
    target.statistics->t.row(target.row).setZero();
    target.statistics->q.row(target.row).setZero();
  }
  for (std::uint32_t s = 0; s < n_plates; ++s) {
    const auto& [own, of_control] = plates[s];
    Lanes lanes;
    for (int trial = 0; trial < n_trials; ++trial) {
      const std::uint32_t n = times[static_cast<std::size_t>(trial / kDegCellDraws) * n_plates + s];
      lanes.trial.insert(lanes.trial.end(), n, trial);
    }
    lanes.has_halves = n_halves > 0 && can_be_halved(own.n_cells(), of_control.n_cells());
    n_halved_plates += lanes.has_halves ? 1 : 0;
    const std::uint32_t n_lanes = lanes.n_lanes();
    draw_cells(key, kOwnLabelCells, batches[s], lanes, own.n_cells(), buffers.own_counts);
    draw_cells(key, kControlLabelCells, batches[s], lanes, of_control.n_cells(), buffers.control_counts);
    buffers.control_sums.resize(
        std::max(buffers.control_sums.size(), static_cast<std::size_t>(kLabelTileGenes) * n_lanes));
    buffers.control_squares.resize(buffers.control_sums.size());
    const CellRange& plate_control = plates[s].second;
    const std::uint32_t n_control = plate_control.n_cells();
    buffers.test(own, n_control, lanes, n_genes, with_statistics, [&](std::uint32_t begin, std::uint32_t end) {
      sum_tile(plate_control, buffers.control_counts, n_lanes, begin, end, buffers.weights, buffers.control_sums.data(),
               buffers.control_squares.data());
      return [&buffers, &lanes, n_control, n_lanes](std::uint32_t gene, std::uint32_t lane) {
        const std::size_t at = static_cast<std::size_t>(gene) * n_lanes + lane;
        return sample_moments(lanes.n_cells(lane, n_control), buffers.control_sums[at], buffers.control_squares[at]);
      };
    });
    for (std::uint32_t l = 0; l < lanes.n_used(); ++l) {
      buffers.calls[l].finish(control.cutoffs, buffers.labels.data());
      const int vote = l == 0                   ? 0
                       : l < lanes.first_half() ? lanes.trial[l - 1] + 1
                                                : 1 + n_trials + static_cast<int>(l - lanes.first_half());
      const std::size_t first = static_cast<std::size_t>(vote) * n_genes;
      for (std::uint32_t g = 0; g < n_genes; ++g) {
        buffers.up[first + g] += buffers.labels[g] > 0;
        buffers.down[first + g] += buffers.labels[g] < 0;
      }
    }
    if (with_statistics) add_statistics(buffers.t, buffers.p, 1.0 / n_plates, target.row, *target.statistics);
  }
  for (int vote = 0; vote <= n_trials + n_halves; ++vote) {
    std::int8_t* const labels = vote == 0 ? labels_of_row : buffers.labels.data();
    const std::size_t first = static_cast<std::size_t>(vote) * n_genes;
    for (std::uint32_t g = 0; g < n_genes; ++g) {
      const std::uint32_t n_up = buffers.up[first + g], n_down = buffers.down[first + g];
      const std::uint32_t n_voting = vote <= n_trials ? n_plates : n_halved_plates;
      labels[g] = n_voting == 0 ? 0 : majority(n_down, n_voting - n_up - n_down, n_up);
    }
    if (vote > n_trials) {
      out.halves->set(vote - 1 - n_trials, target.row, labels);
    } else if (vote > 0) {
      out.trials->set(vote - 1, target.row, labels);
    }
  }
  return DegOutcome::labelled;
}

}  // namespace headroom
