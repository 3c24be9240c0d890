// Screens in memory: simulated ones whose truth is known, real ones, and parts of either. What ceilings are tried on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cell_metrics/cell_parts.hpp"
#include "cell_metrics/panel_scores.hpp"
#include "outcome/outcome.hpp"
#include "parallel/thread_pool.hpp"

namespace headroom::ceilings {

// One context: raw counts of its control and of each perturbation, ascending by label.
struct Screen {
  std::vector<std::string> labels, genes;
  OwnGenes own;
  GroupCounts control;
  std::vector<GroupCounts> cells;

  PanelNames names() const { return PanelNames::of("", labels, genes, own); }
  // Gives the cells of a perturbation; the screen must live as long.
  GroupMaker maker() const;
};

struct ScreenSize {
  std::size_t n_perturbations = 20, n_cells = 60, n_controls = 400, n_genes = 300;
  double depth = 3000;    // counts of a cell
  double strength = 0.4;  // sd of the log ratio of a gene that responds, before heavy tails
  double common = 0.5;    // share of a programme that all perturbations have
};

// A truth that is not of the family that ceilings are fitted by: effects have heavy tails and a common programme, cells
// differ in how much they respond, and genes in their dispersion.
class SimulatedTruth {
 public:
  SimulatedTruth(const ScreenSize& size, std::uint64_t seed);
  // Screens of different numbers are independent, their controls included. `times` as many cells of every group.
  Screen screen(std::uint64_t number, std::size_t times = 1) const;

 private:
  GroupCounts draw(const std::vector<double>* effect, std::size_t n_cells, std::uint64_t key) const;

  ScreenSize size_;
  std::uint64_t seed_;
  std::vector<double> share_, dispersion_;    // genes
  std::vector<std::vector<double>> effects_;  // perturbations: genes, log ratios
};

// The one context of an h5ad of raw counts. Perturbations of fewer than `least_cells` are left out.
Result<Screen> read_screen(const std::filesystem::path& path, const std::optional<std::string>& pert_column,
                           std::size_t least_cells, ThreadPool& pool);

// As an h5ad that prepare reads.
Result<void> write_screen(const std::filesystem::path& path, const Screen& screen);

// A random part of the cells of every group, ⌊fraction · m⌋ and at least 2 of them.
Screen part_of(const Screen& screen, double fraction, std::uint64_t seed);
// Two disjoint halves of the cells of every group.
std::pair<Screen, Screen> halves_of(const Screen& screen, std::uint64_t seed);

}  // namespace headroom::ceilings
