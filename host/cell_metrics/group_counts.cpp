#include "cell_metrics/group_counts.hpp"

namespace headroom {

void make_group_counts(const CellRows& rows, std::size_t n_genes, GroupCounts& out) {
  out.n_cells = rows.n_cells();
  out.total.assign(out.n_cells, 0.0);
  out.begin.assign(n_genes + 2, 0);
  const std::size_t n_entries = rows.gene.size();
  for (const std::uint32_t gene : rows.gene) ++out.begin[gene + 2];
  for (std::size_t g = 2; g < n_genes + 2; ++g) out.begin[g] += out.begin[g - 1];
  out.cell.resize(n_entries);
  out.count.resize(n_entries);
  for (std::uint32_t c = 0; c < out.n_cells; ++c) {
    double total = 0;
    for (std::uint64_t e = rows.begin[c]; e < rows.begin[c + 1]; ++e) {
      const std::uint64_t at = out.begin[rows.gene[e] + 1]++;
      out.cell[at] = c;
      out.count[at] = rows.value[e];
      total += rows.value[e];
    }
    out.total[c] = total;
  }
  out.begin.pop_back();
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
