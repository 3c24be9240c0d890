// A file of predicted cells beside a screen that is known: its genes brought into the screen's order, its cells found
// by context and label.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "cell_metrics/cell_panel.hpp"
#include "cell_metrics/panel_scores.hpp"
#include "outcome/outcome.hpp"
#include "parallel/progress.hpp"
#include "parallel/thread_pool.hpp"

namespace headroom {

struct KeptScreen;

// Counts of a panel's groups, which live as long as it. `order`: for each gene that is asked for its place among the
// panel's; empty: they are the same.
GroupMaker cells_of_groups(const CellPanel& panel, std::vector<std::uint32_t> groups,
                           std::vector<std::size_t> order = {});

class PredictedCells {
 public:
  // Reads the counts. The screen's controls are no perturbations of the prediction. Errors (bad_input): genes that are
  // not the screen's, with counts and names of both sides; values that are no counts; cells of one perturbation that
  // were made for several folds.
  static Result<PredictedCells> open(const std::filesystem::path& path, const KeptScreen& screen,
                                     CellPanelOptions options, const std::optional<std::string>& fold_column,
                                     ThreadPool& pool, Progress& progress, const std::stop_token& stop);

  // The perturbations of one context of the screen that are predicted, ascending; a file without contexts serves all.
  std::vector<std::size_t> rows(const PanelNames& names) const;
  // What is odd about their cells, and which perturbations have none, a sentence each.
  std::vector<std::string> remarks(const PanelNames& names) const;
  // Their counts, by their place in `names`. This outlives the maker.
  GroupMaker maker(const PanelNames& names) const;

 private:
  const CellPanel::Context* context_of(const PanelNames& names) const;
  std::optional<std::uint32_t> group_of(const PanelNames& names, std::size_t row) const;

  std::unique_ptr<CellPanel> panel_;
  std::vector<std::size_t> order_;  // see cells_of_groups()
};

}  // namespace headroom
