#include "cell_metrics/group_counts.hpp"

#include <algorithm>

namespace headroom {

namespace {

// Entries go to stretches of so many genes first and to their genes then: each step writes to few places at a time.
constexpr std::size_t kStretch = 256;
// That is done for so many entries at a time, or for one cell.
constexpr std::size_t kEntriesAtATime = std::size_t{1} << 19;

struct Entry {
  std::uint32_t gene, cell;
  double count;
};

// Entries of one cell after the other, in the stretches of their genes.
class Stretches {
 public:
  void start(std::size_t n_genes) { begin_.resize((n_genes + kStretch - 1) / kStretch + 1); }

  void fill(const CellRows& rows, std::uint32_t first_cell, std::uint32_t last_cell) {
    std::fill(begin_.begin(), begin_.end(), 0);
    for (std::uint64_t e = rows.begin[first_cell]; e < rows.begin[last_cell]; ++e)
      ++begin_[rows.gene[e] / kStretch + 1];
    for (std::size_t s = 1; s < begin_.size(); ++s) begin_[s] += begin_[s - 1];
    n_entries_ = begin_.back();
    if (entries_.size() < n_entries_) entries_.resize(n_entries_);
    std::vector<std::uint64_t> next(begin_.begin(), begin_.end() - 1);
    for (std::uint32_t c = first_cell; c < last_cell; ++c) {
      for (std::uint64_t e = rows.begin[c]; e < rows.begin[c + 1]; ++e) {
        entries_[next[rows.gene[e] / kStretch]++] = {rows.gene[e], c, rows.value[e]};
      }
    }
  }

  // `next`: genes, where an entry of the gene goes.
  void distribute(std::vector<std::uint64_t>& next, GroupCounts& out) const {
    for (std::size_t e = 0; e < n_entries_; ++e) {
      const Entry& entry = entries_[e];
      const std::uint64_t at = next[entry.gene]++;
      out.cell[at] = entry.cell;
      out.count[at] = entry.count;
    }
  }

 private:
  std::vector<std::uint64_t> begin_;
  std::vector<Entry> entries_;
  std::size_t n_entries_ = 0;
};

}  // namespace

void make_group_counts(const CellRows& rows, std::size_t n_genes, GroupCounts& out) {
  out.n_cells = rows.n_cells();
  out.total.assign(out.n_cells, 0.0);
  out.begin.assign(n_genes + 1, 0);
  const std::size_t n_entries = rows.gene.size();
  for (const std::uint32_t gene : rows.gene) ++out.begin[gene + 1];
  for (std::size_t g = 0; g < n_genes; ++g) out.begin[g + 1] += out.begin[g];
  out.cell.resize(n_entries);
  out.count.resize(n_entries);
  for (std::size_t c = 0; c < out.n_cells; ++c) {
    for (std::uint64_t e = rows.begin[c]; e < rows.begin[c + 1]; ++e) out.total[c] += rows.value[e];
  }
  static thread_local Stretches stretches;  // large, and wanted again for the next group
  stretches.start(n_genes);
  std::vector<std::uint64_t> next(out.begin.begin(), out.begin.end() - 1);
  for (std::uint32_t first = 0, last = 0; first < out.n_cells; first = last) {
    while (last < out.n_cells && (last == first || rows.begin[last + 1] - rows.begin[first] <= kEntriesAtATime)) ++last;
    stretches.fill(rows, first, last);
    stretches.distribute(next, out);
  }
}

void choose_cells(const CellRows& rows, std::span<const std::uint32_t> cells, CellRows& out) {
  out.batch.clear();
  out.begin.assign(1, 0);
  out.gene.clear();
  out.value.clear();
  for (const std::uint32_t c : cells) {
    const auto from = static_cast<std::ptrdiff_t>(rows.begin[c]), to = static_cast<std::ptrdiff_t>(rows.begin[c + 1]);
    out.batch.push_back(rows.batch[c]);
    out.gene.insert(out.gene.end(), rows.gene.begin() + from, rows.gene.begin() + to);
    out.value.insert(out.value.end(), rows.value.begin() + from, rows.value.begin() + to);
    out.begin.push_back(out.gene.size());
  }
}

}  // namespace headroom
