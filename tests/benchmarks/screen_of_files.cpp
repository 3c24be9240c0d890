// How the time of prepare grows with the number of files of a screen: each file is a plate of 100,000 cells × 5,000
// genes with about 550 stored entries a cell, uncompressed (0.4 GB), 400 perturbations and a tenth of controls. Prints
// per number of files wall and processor seconds and the peak of memory, at once and, with --parts, in parts: every
// file's part of cells by itself, then their join; with --screen in parts of estimates, as a job array makes them, and
// their join; all under --memory-limit 512MiB, about what one file takes. Not a test: it takes many minutes and some
// 10 GB of disc.
//
// screen_of_files.csv beside this has what was measured on two cores that others used as well (processor seconds; with
// --memory-limit 512MiB); the parts and a row of an earlier state by the functions that the command calls.
//
//   screen_of_files FOLDER HEADROOM [--files 1,3,7,10,14] [--parts] [--screen]
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "benchmarks/measured_program.hpp"
#include "cells/random_stream.hpp"
#include "io/h5ad_writer.hpp"

namespace {

using namespace headroom;
namespace fs = std::filesystem;

constexpr std::uint32_t kCells = 100'000, kGenes = 5'000, kPerturbations = 400, kCellsOfBlock = 5'000;
constexpr std::uint32_t kFewestCounts = 440, kCountsSpread = 400;  // of a cell, in about 550 different genes
constexpr double kControlShare = 0.1, kRateSpread = 1.0;
constexpr const char* kMemoryLimit = "512MiB";  // about what one file takes

// A gene by its share of the counts: uniform over a table in which each gene has as many places.
std::vector<std::int32_t> gene_lottery() {
  constexpr std::size_t kPlaces = 1 << 18;
  std::vector<double> rates(kGenes);
  double sum = 0;
  RandomStream random(stream_key(1, "rates"), 0);
  for (double& rate : rates) {
    const double u = random.uniform(), v = random.uniform();
    rate = std::exp(kRateSpread * std::sqrt(-2 * std::log(u)) * std::cos(2 * std::acos(-1.0) * v));
    sum += rate;
  }
  std::vector<std::int32_t> places;
  for (std::uint32_t g = 0; g < kGenes; ++g) {
    places.insert(places.end(), static_cast<std::size_t>(std::ceil(rates[g] / sum * kPlaces)),
                  static_cast<std::int32_t>(g));
  }
  return places;
}

// Cells of one plate, drawn block by block. A perturbation sends a twentieth of its counts to genes of its own.
class PlateCells {
 public:
  PlateCells(std::uint32_t plate, const std::vector<std::int32_t>& lottery, const std::vector<std::uint32_t>& of_cell)
      : key_(stream_key(plate, "plate")), lottery_(lottery), perturbation_of_cell_(of_cell) {}

  std::optional<CsrBlock> next() {
    if (first_ == kCells) return std::nullopt;
    offsets_.assign(1, 0);
    columns_.clear();
    values_.clear();
    for (std::uint32_t cell = first_; cell < first_ + kCellsOfBlock; ++cell) add_cell(cell);
    first_ += kCellsOfBlock;
    return CsrBlock{offsets_, columns_, std::span<const float>(values_)};
  }

 private:
  void add_cell(std::uint32_t cell) {
    constexpr std::uint32_t kOwnGenes = 50, kOwnOneOf = 20;
    RandomStream random(key_, cell);
    const std::uint32_t perturbation = perturbation_of_cell_[cell];
    drawn_.clear();
    const std::uint32_t n_counts = kFewestCounts + random.below(kCountsSpread);
    for (std::uint32_t i = 0; i < n_counts; ++i) {
      const bool own = perturbation < kPerturbations && random.below(kOwnOneOf) == 0;
      drawn_.push_back(own ? static_cast<std::int32_t>((perturbation * 97 + random.below(kOwnGenes)) % kGenes)
                           : lottery_[random.below(static_cast<std::uint32_t>(lottery_.size()))]);
    }
    std::sort(drawn_.begin(), drawn_.end());
    for (std::size_t i = 0; i < drawn_.size(); ++i) {
      if (i == 0 || drawn_[i] != drawn_[i - 1]) {
        columns_.push_back(drawn_[i]);
        values_.push_back(0);
      }
      ++values_.back();
    }
    offsets_.push_back(static_cast<std::int64_t>(columns_.size()));
  }

  std::uint64_t key_;
  const std::vector<std::int32_t>& lottery_;
  const std::vector<std::uint32_t>& perturbation_of_cell_;
  std::uint32_t first_ = 0;
  std::vector<std::int64_t> offsets_;
  std::vector<std::int32_t> columns_, drawn_;
  std::vector<float> values_;
};

Result<void> write_plate(const fs::path& path, std::uint32_t plate, const std::vector<std::int32_t>& lottery) {
  RandomStream random(stream_key(plate, "labels"), 0);
  std::vector<std::uint32_t> of_cell;
  std::vector<std::string> labels;
  H5adContent content;
  for (std::uint32_t cell = 0; cell < kCells; ++cell) {
    of_cell.push_back(random.uniform() < kControlShare ? kPerturbations : random.below(kPerturbations));
    labels.push_back(of_cell.back() == kPerturbations ? "non-targeting" : fmt::format("P{:03}", of_cell.back()));
    content.obs_index.push_back(fmt::format("cell{}", cell));
  }
  content.obs_columns.push_back({"perturbation", std::move(labels), {}, true});
  for (std::uint32_t g = 0; g < kGenes; ++g) content.var_index.push_back(fmt::format("G{:04}", g));
  PlateCells cells(plate, lottery, of_cell);
  content.x = CsrX{[&cells] { return cells.next(); }};
  content.gzip_level = 0;
  return write_h5ad(path, content);
}

struct Request {
  fs::path folder;
  std::string program;
  std::vector<std::size_t> n_files = {1, 3, 7, 10, 14};
  bool parts = false, screen = false;
};

std::optional<MeasuredProgram> told(const char* what, std::size_t n_files, const std::vector<std::string>& command) {
  const auto taken = measured(command);
  if (!taken) {
    fmt::print(stderr, "{} of {} files failed\n", what, n_files);
    return std::nullopt;
  }
  fmt::print("{:>8} {:>6} {:>9} {:>8.1f} {:>8.1f} {:>8.2f}\n", what, n_files, n_files * kCells, taken->wall_s,
             taken->cpu_s, taken->peak_gibibytes);
  std::fflush(stdout);
  return taken;
}

int measure(const Request& request) {
  std::error_code ignored;
  fs::create_directories(request.folder / "plates", ignored);
  const std::size_t most = *std::max_element(request.n_files.begin(), request.n_files.end());
  const std::vector<std::int32_t> lottery = gene_lottery();
  std::vector<std::string> plates, parts;
  for (std::size_t i = 0; i < most; ++i) {
    plates.push_back((request.folder / "plates" / fmt::format("plate{:02}.h5ad", i + 1)).string());
    parts.push_back((request.folder / "parts" / fmt::format("plate{:02}.h5ad", i + 1)).string());
    if (fs::exists(plates.back())) continue;
    if (const auto written = write_plate(plates.back(), static_cast<std::uint32_t>(i), lottery); !written) {
      fmt::print(stderr, "{}\n", written.error().line());
      return 2;
    }
  }
  fmt::print("{:>8} {:>6} {:>9} {:>8} {:>8} {:>8}\n", "", "files", "cells", "wall s", "cpu s", "peak GiB");
  const auto out = [&](const char* name) { return (request.folder / name).string(); };
  for (std::size_t i = 0; request.parts && i < most; ++i) {
    const std::vector<std::string> command = {request.program, "prepare", "--part", plates[i], "-o",
                                              out("parts"),    "--quiet"};
    if (!told("part", 1, command)) return 2;
  }
  for (const std::size_t n : request.n_files) {
    const auto end = static_cast<std::ptrdiff_t>(n);
    std::vector<std::string> options = {"-o", out("task"), "--memory-limit", kMemoryLimit, "--quiet"};
    if (n > 1) options.insert(options.end(), {"--batch-from", "file"});
    std::vector<std::string> at_once = {request.program, "prepare"};
    at_once.insert(at_once.end(), plates.begin(), plates.begin() + end);
    at_once.insert(at_once.end(), options.begin(), options.end());
    if (!told("at once", n, at_once)) return 2;
    for (std::size_t i = 0; request.screen && n > 1 && i < n; ++i) {
      std::vector<std::string> part = {request.program, "prepare", "--part", plates[i]};
      options[1] = out("estimates");
      part.insert(part.end(), options.begin(), options.end());
      part.emplace_back("--screen");
      part.insert(part.end(), plates.begin(), plates.begin() + end);
      if (!told("estimate", n, part)) return 2;
    }
    if (request.screen && n > 1) {
      std::vector<std::string> join = {request.program, "prepare", "--join"};
      for (std::size_t i = 0; i < n; ++i) join.push_back(out("estimates") + fmt::format("/plate{:02}.part", i + 1));
      options[1] = out("joined");
      join.insert(join.end(), options.begin(), options.end());
      if (!told("join", n, join)) return 2;
    }
    if (!request.parts || n == 1) continue;
    std::vector<std::string> join = {request.program, "prepare", "--join"};
    join.insert(join.end(), parts.begin(), parts.begin() + end);
    options[1] = out("joined");
    join.insert(join.end(), options.begin(), options.end());
    if (!told("join", n, join)) return 2;
  }
  return 0;
}

std::optional<Request> request_of(int argc, char** argv) {
  if (argc < 3) return std::nullopt;
  Request request{argv[1], argv[2]};
  for (int i = 3; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--parts") {
      request.parts = true;
    } else if (word == "--screen") {
      request.screen = true;
    } else if (word == "--files" && i + 1 < argc) {
      request.n_files.clear();
      std::istringstream numbers(argv[++i]);
      for (std::string n; std::getline(numbers, n, ',');) request.n_files.push_back(std::stoul(n));
    } else {
      return std::nullopt;
    }
  }
  return request.n_files.empty() ? std::nullopt : std::optional(request);
}

}  // namespace

int main(int argc, char** argv) {
  const auto request = request_of(argc, argv);
  if (!request) {
    fmt::print(stderr, "usage: screen_of_files FOLDER HEADROOM [--files 1,3,7,10,14] [--parts] [--screen]\n");
    return 2;
  }
  return measure(*request);
}
