// `headroom simulate` as a function: a seeded synthetic screen with known truth, from cells to embeddings.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "outcome/outcome.hpp"
#include "parallel/progress.hpp"
#include "parallel/thread_pool.hpp"
#include "simulation/screen_model.hpp"

namespace headroom {

enum class ScreenPreset {
  tiny,    // 12 perturbations × 100 genes, 900 cells: for tests
  small,   // 160 × 800, 11,000 cells: the example; every default of the protocol is feasible
  medium,  // 400 × 2,000, 60,000 cells: what speed is measured on
  study,   // 240 × 600 in 3 contexts that share 60 % of the response, deltas without cells, three embeddings more that
           // each know a third of the factors: what fusions and other splits are tried on
  paper,   // 2,000 × 6,640 in 4 contexts, embeddings of 1,280: the published size, deltas without cells
};

// "tiny", "small", "medium", "study", "paper"; nullopt otherwise.
std::optional<ScreenPreset> screen_preset(const std::string& name);
ScreenSize screen_size(ScreenPreset preset);

struct ScreenOptions {
  ScreenPreset preset = ScreenPreset::small;
  std::uint64_t seed = 1;
  std::optional<ScreenSize> size;  // instead of the preset's
};

struct ScreenReport {
  std::vector<std::filesystem::path> written;
  ScreenSize size;
  std::int64_t n_entries = 0;  // of the cells' matrix
};

// Writes into `folder` (made if it is not there): cells.h5ad (CSR, gzip; obs gene_id, gene, is_control, gem_group,
// cell_line), truth.h5ad (expected deltas, rows as in the task), task/task.h5ad and task/noise.csv as prepare() makes
// them in the global design, embeddings/good.h5ad, weak.h5ad, noise.h5ad. The presets `study` and `paper` have no
// cells.h5ad. An earlier screen's files are removed first; task.h5ad is written last. Equal numbers for a seed on any
// number of threads. Errors: bad_input (the folder), harness_fault (disk full), interrupted.
Result<ScreenReport> simulate_screen(const std::filesystem::path& folder, const ScreenOptions& options,
                                     ThreadPool& pool, Progress& progress, std::stop_token stop);

}  // namespace headroom
