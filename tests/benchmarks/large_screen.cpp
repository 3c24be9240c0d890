// How long a screen takes that does not fit into memory: simulates 1,000,000 cells × 5,000 genes at 5 % density, once,
// and prepares it under --memory-limit 2GiB. Prints seconds, MB/s and the peak of memory; ends with 1 where the peak is
// above 2.5 GiB. Not a test: it takes minutes and gigabytes of disc.
//
//   large_screen FOLDER HEADROOM       HEADROOM: the program to measure
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "benchmarks/measured_program.hpp"
#include "parallel/progress.hpp"
#include "simulation/screen.hpp"

namespace {

using namespace headroom;
namespace fs = std::filesystem;

constexpr double kLimitGibibytes = 2.5;

ScreenOptions large_screen() {
  ScreenSize size;
  size.n_perturbations = 2'000;
  size.n_genes = 5'000;
  size.n_cells = 1'000'000;
  size.n_batches = 16;
  size.n_modules = 60;
  size.n_factors = 30;
  size.mean_depth = 310;  // counts of a cell, some 250 of them in different genes
  ScreenOptions options;
  options.seed = 11;
  options.size = size;
  return options;
}

int measure(const fs::path& folder, const std::string& program) {
  const fs::path cells = folder / "cells.h5ad", out = folder / "prepared";
  if (!fs::exists(cells)) {
    ThreadPool pool(available_cores());
    NoProgress progress;
    const auto made = simulate_screen(folder, large_screen(), pool, progress, {});
    if (!made) {
      fmt::print(stderr, "{}\n", made.error().line());
      return 2;
    }
    fmt::print("{} entries\n", made->n_entries);
  }
  const auto taken = measured({program, "prepare", cells.string(), "-o", out.string(), "--memory-limit", "2GiB"});
  if (!taken) {
    fmt::print(stderr, "prepare failed\n");
    return 2;
  }
  const double file_megabytes = static_cast<double>(fs::file_size(cells)) / 1e6;
  fmt::print("{:.0f} MB in {:.1f} s ({:.1f} s of processor): {:.1f} MB/s; peak {:.2f} GiB\n", file_megabytes,
             taken->wall_s, taken->cpu_s, file_megabytes / taken->wall_s, taken->peak_gibibytes);
  return taken->peak_gibibytes > kLimitGibibytes ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: large_screen FOLDER HEADROOM\n");
    return 2;
  }
  return measure(argv[1], argv[2]);
}
