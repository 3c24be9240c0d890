// Writes a pair of files of the challenge's size for suite_size.py: raw counts, CSR, float32, not compressed, cells in
// random order of groups. Simple cells (multinomial of a perturbed profile) that cost what real ones cost.
//
//   suite_cells FOLDER N_PERTURBATIONS N_CELLS N_CONTROLS N_GENES DEPTH
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <numeric>

#include "io/h5ad_writer.hpp"
#include "parallel/thread_pool.hpp"
#include "simulation/cell_sampler.hpp"
#include "simulation/normal_stream.hpp"

namespace {

using namespace headroom;

struct Size {
  std::size_t n_perturbations, n_cells, n_controls, n_genes;
  double depth;
};

// Some thousand cells at a time, made by all threads.
class Cells {
 public:
  Cells(const Size& size, std::uint64_t seed, bool with_control) : size_(size), seed_(seed), pool_(available_cores()) {
    NormalStream random(17, 0);  // the same truth for both files
    RowVector base(static_cast<Eigen::Index>(size.n_genes));
    for (Eigen::Index g = 0; g < base.size(); ++g) base(g) = 2.0 * random.normal();
    const auto shares = [](RowVector log_shares) {
      RowVector out = log_shares.array().exp();
      return RowVector(out / out.sum());
    };
    samplers_.emplace_back(shares(base));
    for (std::size_t p = 0; p < size.n_perturbations; ++p) {
      RowVector changed = base;
      for (int i = 0; i < static_cast<int>(size.n_genes) / 20; ++i) {
        changed(random.words().below(static_cast<std::uint32_t>(size.n_genes))) += 0.7 * random.normal();
      }
      samplers_.emplace_back(shares(changed));
    }
    if (with_control) group_.insert(group_.end(), size.n_controls, 0u);
    for (std::uint32_t p = 1; p <= size.n_perturbations; ++p) group_.insert(group_.end(), size.n_cells, p);
    RandomStream order(seed, 1);
    for (std::size_t i = group_.size(); i-- > 1;)
      std::swap(group_[i], group_[order.below(static_cast<std::uint32_t>(i + 1))]);
  }

  const std::vector<std::uint32_t>& group() const { return group_; }

  std::optional<CsrBlock> next() {
    constexpr std::size_t kBlock = 2048;
    const std::size_t n = std::min(kBlock, group_.size() - at_);
    if (n == 0) return std::nullopt;
    struct Cell {
      std::vector<std::int32_t> genes;
      std::vector<float> counts;
    };
    std::vector<Cell> cells(n);
    pool_.for_each(n, [&](std::size_t i) {
      const std::size_t cell = at_ + i;
      NormalStream random(seed_, static_cast<std::uint32_t>(cell), 7);
      const ProfileSampler& sampler = samplers_[group_[cell]];
      const auto total = static_cast<std::size_t>(size_.depth * std::exp(0.3 * random.normal() - 0.045));
      std::vector<std::uint16_t> drawn(total);
      for (auto& gene : drawn) {
        const std::uint32_t column = random.words().below(sampler.n_genes());
        gene = static_cast<std::uint16_t>(sampler.draw(column, random.words().next()));
      }
      std::sort(drawn.begin(), drawn.end());
      for (std::size_t k = 0; k < drawn.size();) {
        const std::size_t first = k;
        while (k < drawn.size() && drawn[k] == drawn[first]) ++k;
        cells[i].genes.push_back(drawn[first]);
        cells[i].counts.push_back(static_cast<float>(k - first));
      }
    });
    offsets_.assign(1, 0);
    columns_.clear();
    values_.clear();
    for (const Cell& cell : cells) {
      columns_.insert(columns_.end(), cell.genes.begin(), cell.genes.end());
      values_.insert(values_.end(), cell.counts.begin(), cell.counts.end());
      offsets_.push_back(static_cast<std::int64_t>(columns_.size()));
    }
    at_ += n;
    n_entries_ += columns_.size();
    return CsrBlock{offsets_, columns_, std::span<const float>(values_)};
  }
  std::size_t n_entries() const { return n_entries_; }

 private:
  Size size_;
  std::uint64_t seed_;
  ThreadPool pool_;
  std::vector<ProfileSampler> samplers_;
  std::vector<std::uint32_t> group_;
  std::size_t at_ = 0, n_entries_ = 0;
  std::vector<std::int64_t> offsets_;
  std::vector<std::int32_t> columns_;
  std::vector<float> values_;
};

int write(const std::filesystem::path& path, const Size& size, std::uint64_t seed, bool with_control) {
  if (std::filesystem::exists(path)) return 0;
  Cells cells(size, seed, with_control);
  H5adContent content;
  content.gzip_level = 0;
  AnnotationColumn labels;
  labels.name = "target_gene";
  labels.categorical = true;
  std::vector<std::string> texts;
  for (std::size_t c = 0; c < cells.group().size(); ++c) {
    content.obs_index.push_back(fmt::format("cell{}", c));
    texts.push_back(cells.group()[c] == 0 ? "non-targeting" : fmt::format("GENE{:05}", cells.group()[c] - 1));
  }
  labels.values = std::move(texts);
  content.obs_columns.push_back(std::move(labels));
  for (std::size_t g = 0; g < size.n_genes; ++g) content.var_index.push_back(fmt::format("GENE{:05}", g));
  content.x = CsrX{[&] { return cells.next(); }};
  const auto done = write_h5ad(path, content);
  if (!done) {
    fmt::print(stderr, "{}\n", done.error().line());
    return 2;
  }
  fmt::print("{}: {} cells, {} entries\n", path.filename().string(), cells.group().size(), cells.n_entries());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    fmt::print(stderr, "suite_cells FOLDER N_PERTURBATIONS N_CELLS N_CONTROLS N_GENES DEPTH\n");
    return 2;
  }
  const auto number = [&](int i) { return static_cast<std::size_t>(std::strtoull(argv[i], nullptr, 10)); };
  const Size size{number(2), number(3), number(4), number(5), std::strtod(argv[6], nullptr)};
  const std::filesystem::path folder = argv[1];
  std::filesystem::create_directories(folder);
  if (const int failed = write(folder / "real.h5ad", size, 1, true); failed != 0) return failed;
  return write(folder / "pred.h5ad", size, 2, false);
}
