#include "cell_metrics/control_columns.hpp"

#include <algorithm>
#include <bit>

namespace headroom {
namespace {

struct Valued {
  double value;
  std::uint32_t cell;
};

double cubed_less(double t) { return t * t * t - t; }

}  // namespace

ControlColumns make_control_columns(const GroupCounts& control, const CellParts& parts, ThreadPool& pool) {
  ControlColumns out;
  const std::size_t n_genes = control.n_genes(), n_parts = parts.n_parts();
  out.n_genes = n_genes;
  out.n_parts = n_parts;
  out.n_halves = n_parts - 1;
  for (std::size_t p = 0; p < n_parts; ++p) out.n_cells.push_back(static_cast<std::uint32_t>(parts.size(p)));
  out.mean.assign(n_parts * n_genes, 0.0);
  out.n_stored.assign(n_parts * n_genes, 0);
  out.ties.assign(n_parts * n_genes, 0.0);

  constexpr std::size_t kGenesPerTask = 64;
  const std::size_t n_tasks = (n_genes + kGenesPerTask - 1) / kGenesPerTask;
  const auto each_gene = [&](const auto& body) {
    pool.for_each(n_tasks, [&](std::size_t task) {
      for (std::size_t g = task * kGenesPerTask; g < std::min(n_genes, (task + 1) * kGenesPerTask); ++g) body(g);
    });
  };
  each_gene([&](std::size_t g) {
    std::vector<double> sum(n_parts, 0.0);
    for (std::uint64_t e = control.begin[g]; e < control.begin[g + 1]; ++e) {
      const std::uint32_t c = control.cell[e];
      const double value = control.count[e] / control.total[c];
      sum[0] += value;
      ++out.n_stored[g];
      for (std::size_t s = 0; s < parts.n_splits; ++s) {
        const std::uint8_t part = parts.of_split(s)[c];
        if (part == CellParts::kNone) continue;
        sum[part] += value;
        ++out.n_stored[part * n_genes + g];
      }
    }
    for (std::size_t p = 0; p < n_parts; ++p) {
      if (out.n_cells[p] > 0) out.mean[p * n_genes + g] = kCellMillion * sum[p] / out.n_cells[p];
    }
  });

  out.begin.assign(n_genes + 1, 0);
  out.mark_begin.assign(n_genes + 1, 0);
  for (std::size_t g = 0; g < n_genes; ++g) {
    bool tested = false;
    for (std::size_t p = 0; p < n_parts; ++p) tested = tested || out.is_tested(p, g);
    const std::uint64_t n = tested ? control.begin[g + 1] - control.begin[g] : 0;
    out.begin[g + 1] = out.begin[g] + n;
    out.mark_begin[g + 1] = out.mark_begin[g] + (tested ? n / 64 + 1 : 0);
  }
  out.value.resize(out.begin[n_genes]);
  out.marks.assign(out.mark_begin[n_genes] * out.n_halves, 0);
  out.marks_before.assign(out.mark_begin[n_genes] * out.n_halves, 0);

  each_gene([&](std::size_t g) {
    const std::uint64_t n = out.begin[g + 1] - out.begin[g];
    if (n == 0) return;
    std::vector<Valued> column(n);
    for (std::uint64_t i = 0; i < n; ++i) {
      const std::uint64_t e = control.begin[g] + i;
      column[i] = {control.count[e] / control.total[control.cell[e]], control.cell[e]};
    }
    std::sort(column.begin(), column.end(), [](const Valued& a, const Valued& b) {
      return a.value != b.value ? a.value < b.value : a.cell < b.cell;
    });
    for (std::uint64_t i = 0; i < n; ++i) out.value[out.begin[g] + i] = column[i].value;
    std::uint64_t* const marks = out.marks.data() + out.mark_begin[g] * out.n_halves;
    std::uint32_t* const before = out.marks_before.data() + out.mark_begin[g] * out.n_halves;
    for (std::uint64_t i = 0; i < n; ++i) {
      for (std::size_t s = 0; s < parts.n_splits; ++s) {
        const std::uint8_t part = parts.of_split(s)[column[i].cell];
        if (part != CellParts::kNone) marks[(i / 64) * out.n_halves + part - 1] |= std::uint64_t{1} << (i % 64);
      }
    }
    for (std::uint64_t b = 1; b < n / 64 + 1; ++b) {
      for (std::size_t h = 0; h < out.n_halves; ++h) {
        before[b * out.n_halves + h] = before[(b - 1) * out.n_halves + h] +
                                       static_cast<std::uint32_t>(std::popcount(marks[(b - 1) * out.n_halves + h]));
      }
    }
    std::vector<std::uint32_t> here(n_parts);
    for (std::uint64_t i = 0, end = 0; i < n; i = end) {
      while (end < n && column[end].value == column[i].value) ++end;
      if (end - i < 2) continue;
      std::fill(here.begin(), here.end(), 0);
      for (std::uint64_t j = i; j < end; ++j) {
        ++here[0];
        for (std::size_t s = 0; s < parts.n_splits; ++s) {
          const std::uint8_t part = parts.of_split(s)[column[j].cell];
          if (part != CellParts::kNone) ++here[part];
        }
      }
      for (std::size_t p = 0; p < n_parts; ++p) out.ties[p * n_genes + g] += cubed_less(here[p]);
    }
  });
  return out;
}

}  // namespace headroom
