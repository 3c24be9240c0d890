#include "ceilings/screen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "cell_metrics/cell_panel.hpp"
#include "cells/random_stream.hpp"
#include "io/h5ad_writer.hpp"
#include "parallel/progress.hpp"
#include "task/target_gene.hpp"

namespace headroom::ceilings {
namespace {

constexpr const char* kControl = "non-targeting";

std::vector<std::uint32_t> shuffled_cells(std::size_t n, std::uint64_t seed, std::uint32_t group) {
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  RandomStream random(seed, group);
  for (std::size_t i = n; i-- > 1;) std::swap(order[i], order[random.below(static_cast<std::uint32_t>(i + 1))]);
  return order;
}

// The named cells, in that order.
GroupCounts chosen_cells(const GroupCounts& counts, std::span<const std::uint32_t> cells) {
  constexpr std::uint32_t kLeftOut = UINT32_MAX;
  std::vector<std::uint32_t> place(counts.n_cells, kLeftOut);
  GroupCounts out;
  out.n_cells = cells.size();
  for (std::uint32_t i = 0; i < cells.size(); ++i) {
    place[cells[i]] = i;
    out.total.push_back(counts.total[cells[i]]);
  }
  out.begin.push_back(0);
  std::vector<std::pair<std::uint32_t, double>> here;
  for (std::size_t g = 0; g < counts.n_genes(); ++g) {
    here.clear();
    for (std::uint64_t e = counts.begin[g]; e < counts.begin[g + 1]; ++e) {
      if (place[counts.cell[e]] != kLeftOut) here.emplace_back(place[counts.cell[e]], counts.count[e]);
    }
    std::sort(here.begin(), here.end());
    for (const auto& [cell, count] : here) {
      out.cell.push_back(cell);
      out.count.push_back(count);
    }
    out.begin.push_back(out.cell.size());
  }
  return out;
}

// What `choose` takes of each group's shuffled cells.
template <class Choose>
Screen chosen_screen(const Screen& screen, std::uint64_t seed, const Choose& choose) {
  Screen out{screen.labels, screen.genes, screen.own, {}, {}};
  const auto part = [&](const GroupCounts& group, std::uint32_t number) {
    const std::vector<std::uint32_t> order = shuffled_cells(group.n_cells, seed, number);
    return chosen_cells(group, choose(std::span(order)));
  };
  out.control = part(screen.control, 0);
  for (std::uint32_t p = 0; p < screen.cells.size(); ++p) out.cells.push_back(part(screen.cells[p], p + 1));
  return out;
}

}  // namespace

GroupMaker Screen::maker() const {
  return [this](std::size_t p, GroupCounts& out) -> Result<void> {
    out = cells[p];
    return {};
  };
}

SimulatedTruth::SimulatedTruth(const ScreenSize& size, std::uint64_t seed) : size_(size), seed_(seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::student_t_distribution<double> heavy(4);
  double all = 0;
  for (std::size_t g = 0; g < size.n_genes; ++g) {
    all += share_.emplace_back(std::exp(1.2 * normal(random)));
    dispersion_.push_back(std::exp(-1.6 + 0.5 * normal(random)));
  }
  for (double& each : share_) each /= all;
  std::vector<double> programme;
  for (std::size_t g = 0; g < size.n_genes; ++g) programme.push_back(random() % 10 == 0 ? 0.4 * normal(random) : 0);
  for (std::size_t p = 0; p < size.n_perturbations; ++p) {
    const double strength = size.strength * std::exp(0.4 * normal(random));
    const double common = size.common * (1 + 0.6 * normal(random));
    std::vector<double> effect;
    for (std::size_t g = 0; g < size.n_genes; ++g) {
      effect.push_back(common * programme[g] + (random() % 8 == 0 ? strength * heavy(random) : 0));
    }
    effect[p] = -1.5;  // its own gene
    effects_.push_back(std::move(effect));
  }
}

Screen SimulatedTruth::screen(std::uint64_t number, std::size_t times) const {
  Screen out;
  for (std::size_t g = 0; g < size_.n_genes; ++g) out.genes.push_back(fmt::format("G{:05}", g));
  const std::uint64_t key = stream_key(seed_, fmt::format("screen {}", number));
  out.control = draw(nullptr, times * size_.n_controls, stream_key(key, "control"));
  for (std::size_t p = 0; p < size_.n_perturbations; ++p) {
    out.labels.push_back(out.genes[p]);
    out.own.push_back(p);
    out.cells.push_back(draw(&effects_[p], times * size_.n_cells, stream_key(key, out.labels[p])));
  }
  return out;
}

GroupCounts SimulatedTruth::draw(const std::vector<double>* effect, std::size_t n_cells, std::uint64_t key) const {
  std::mt19937_64 random(key);
  CellRows rows;
  rows.begin.push_back(0);
  std::normal_distribution<double> normal;
  for (std::size_t c = 0; c < n_cells; ++c) {
    const double total = size_.depth * std::exp(0.3 * normal(random));
    const double response = effect == nullptr ? 0 : std::max(0.0, 1 + 0.25 * normal(random));
    std::vector<double> mean;
    double all = 0;
    for (std::size_t g = 0; g < share_.size(); ++g) {
      all += mean.emplace_back(share_[g] * (effect == nullptr ? 1 : std::exp(response * (*effect)[g])));
    }
    rows.batch.push_back(0);
    for (std::uint32_t g = 0; g < mean.size(); ++g) {
      std::gamma_distribution<double> gamma(1 / dispersion_[g], dispersion_[g]);
      std::poisson_distribution<int> poisson(std::max(1e-12, total * mean[g] / all * gamma(random)));
      const int x = poisson(random);
      if (x == 0) continue;
      rows.gene.push_back(g);
      rows.value.push_back(x);
    }
    rows.begin.push_back(rows.gene.size());
  }
  GroupCounts counts;
  make_group_counts(rows, share_.size(), counts);
  return counts;
}

Result<Screen> read_screen(const std::filesystem::path& path, const std::optional<std::string>& pert_column,
                           std::size_t least_cells, ThreadPool& pool) {
  CellPanelOptions options;
  options.columns.pert_col = pert_column;
  auto panel = open_cell_panel(path, options);
  if (!panel) return tl::unexpected(panel.error());
  NoProgress progress;
  if (auto read = read_counts(**panel, options, pool, progress, {}); !read) return tl::unexpected(read.error());
  const CellPanel::Context& context = (*panel)->contexts.front();
  Screen out;
  out.genes = (*panel)->gene_ids();
  CellRows rows;
  if (auto taken = (*panel)->take(*context.control, rows); !taken) return tl::unexpected(taken.error());
  make_group_counts(rows, out.genes.size(), out.control);
  for (std::size_t p = 0; p < context.labels.size(); ++p) {
    if ((*panel)->n_cells(context.group[p]) < least_cells) continue;
    if (auto taken = (*panel)->take(context.group[p], rows); !taken) return tl::unexpected(taken.error());
    out.labels.push_back(context.labels[p]);
    make_group_counts(rows, out.genes.size(), out.cells.emplace_back());
  }
  const auto namings = (*panel)->gene_namings();
  const TargetGenes targets = find_target_genes(out.labels, namings);
  for (const auto& column : targets.column) {
    out.own.push_back(column ? std::optional(static_cast<std::size_t>(*column)) : std::nullopt);
  }
  return out;
}

Result<void> write_screen(const std::filesystem::path& path, const Screen& screen) {
  H5adContent content;
  AnnotationColumn labels;
  labels.name = "target_gene";
  std::vector<std::string> texts;
  std::vector<std::int64_t> offsets{0};
  std::vector<std::int32_t> columns;
  std::vector<float> values;
  const auto add = [&](const GroupCounts& group, const std::string& label) {
    std::vector<std::vector<std::pair<std::int32_t, float>>> cells(group.n_cells);
    for (std::size_t g = 0; g < group.n_genes(); ++g) {
      for (std::uint64_t e = group.begin[g]; e < group.begin[g + 1]; ++e) {
        cells[group.cell[e]].emplace_back(static_cast<std::int32_t>(g), static_cast<float>(group.count[e]));
      }
    }
    for (const auto& cell : cells) {
      content.obs_index.push_back(fmt::format("cell{}", texts.size()));
      texts.push_back(label);
      for (const auto& [gene, count] : cell) {
        columns.push_back(gene);
        values.push_back(count);
      }
      offsets.push_back(static_cast<std::int64_t>(columns.size()));
    }
  };
  add(screen.control, kControl);
  for (std::size_t p = 0; p < screen.labels.size(); ++p) add(screen.cells[p], screen.labels[p]);
  labels.values = std::move(texts);
  content.obs_columns.push_back(std::move(labels));
  content.var_index = screen.genes;
  content.x = csr_in_memory({offsets, columns, std::span<const float>(values)});
  return write_h5ad(path, content);
}

Screen part_of(const Screen& screen, double fraction, std::uint64_t seed) {
  return chosen_screen(screen, seed, [fraction](std::span<const std::uint32_t> cells) {
    const auto n = static_cast<std::size_t>(fraction * static_cast<double>(cells.size()));
    return cells.first(std::min(cells.size(), std::max<std::size_t>(n, 2)));
  });
}

std::pair<Screen, Screen> halves_of(const Screen& screen, std::uint64_t seed) {
  return {
      chosen_screen(screen, seed, [](std::span<const std::uint32_t> cells) { return cells.first(cells.size() / 2); }),
      chosen_screen(screen, seed, [](std::span<const std::uint32_t> cells) { return cells.last(cells.size() / 2); })};
}

}  // namespace headroom::ceilings
