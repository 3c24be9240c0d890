#include "cell_metrics/control_columns.hpp"

#include <algorithm>
#include <limits>

namespace headroom {
namespace {

struct Valued {
  double value;
  std::uint32_t cell;
};

double cubed_less(double t) { return t * t * t - t; }

std::size_t blocks_of(std::size_t n, std::size_t block) { return n / block + 1; }

// Where each gene's values and what they are searched by lie.
void lay_out(const GroupCounts& control, ControlColumns& out) {
  const std::size_t n_genes = out.n_genes;
  for (auto* begin : {&out.begin, &out.rounded_begin, &out.block_begin, &out.top_begin, &out.marks_begin}) {
    begin->assign(n_genes + 1, 0);
  }
  for (std::size_t g = 0; g < n_genes; ++g) {
    bool tested = false;
    for (std::size_t p = 0; p < out.n_parts; ++p) tested = tested || out.is_tested(p, g);
    const std::size_t n = tested ? control.begin[g + 1] - control.begin[g] : 0;
    const std::size_t n_blocks = tested ? blocks_of(n, kSearchBlock) : 0;
    const std::size_t n_top = tested ? blocks_of(n_blocks, kSearchBlock) : 0;
    out.begin[g + 1] = out.begin[g] + n;
    out.rounded_begin[g + 1] = out.rounded_begin[g] + n_blocks * kSearchBlock;
    out.block_begin[g + 1] = out.block_begin[g] + n_top * kSearchBlock;
    out.top_begin[g + 1] = out.top_begin[g] + n_top;
    const std::size_t n_marks = tested && out.n_splits > 0 ? blocks_of(n, kMarksBlock) : 0;
    out.marks_begin[g + 1] = out.marks_begin[g] + n_marks * words_of_marks(out.n_splits);
  }
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  out.value.resize(out.begin[n_genes]);
  out.rounded.assign(out.rounded_begin[n_genes], kInfinity);
  out.block_last.assign(out.block_begin[n_genes], kInfinity);
  out.top.assign(out.top_begin[n_genes], kInfinity);
  out.halves.assign(out.marks_begin[n_genes], 0);
  out.left_out.assign(n_genes * out.n_splits, UINT32_MAX);
}

void fill_search(ControlColumns& out, std::size_t g) {
  const double* const value = out.value.data() + out.begin[g];
  float* const rounded = out.rounded.data() + out.rounded_begin[g];
  float* const last = out.block_last.data() + out.block_begin[g];
  const std::size_t n = out.begin[g + 1] - out.begin[g];
  for (std::size_t i = 0; i < n; ++i) rounded[i] = static_cast<float>(value[i]);
  for (std::size_t b = 0; b < blocks_of(n, kSearchBlock); ++b) last[b] = rounded[(b + 1) * kSearchBlock - 1];
  for (std::size_t t = 0; t < out.top_begin[g + 1] - out.top_begin[g]; ++t) {
    out.top[out.top_begin[g] + t] = last[(t + 1) * kSearchBlock - 1];
  }
}

// `column`: the gene's values in order.
void mark_halves(const std::vector<Valued>& column, const CellParts& parts, std::size_t g, ControlColumns& out) {
  const std::size_t n_splits = out.n_splits, width = words_of_marks(n_splits);
  std::uint64_t* const blocks = out.halves.data() + out.marks_begin[g];
  for (std::size_t s = 0; s < n_splits; ++s) {
    std::uint64_t before = 0;
    for (std::size_t i = 0; i < column.size(); ++i) {
      std::uint64_t* const block = blocks + i / kMarksBlock * width;
      if (i % kMarksBlock == 0) block[n_splits + s / 2] |= before << (s % 2 * 32);
      const std::uint8_t part = parts.of_split(s)[column[i].cell];
      if (part == CellParts::kNone) out.left_out[g * n_splits + s] = static_cast<std::uint32_t>(i);
      if (part != half_a(s)) continue;
      block[s] |= std::uint64_t{1} << (i % kMarksBlock);
      ++before;
    }
    if (column.size() % kMarksBlock == 0) {
      blocks[column.size() / kMarksBlock * width + n_splits + s / 2] |= before << (s % 2 * 32);
    }
  }
}

}  // namespace

ControlColumn ControlColumns::column(std::size_t gene) const {
  return {value.data() + begin[gene],
          begin[gene + 1] - begin[gene],
          rounded.data() + rounded_begin[gene],
          block_last.data() + block_begin[gene],
          top.data() + top_begin[gene],
          top_begin[gene + 1] - top_begin[gene],
          halves.data() + marks_begin[gene],
          left_out.data() + gene * n_splits,
          n_splits};
}

ControlColumns make_control_columns(const GroupCounts& control, const CellParts& parts, ThreadPool& pool) {
  ControlColumns out;
  const std::size_t n_genes = control.n_genes(), n_parts = parts.n_parts();
  out.n_genes = n_genes;
  out.n_parts = n_parts;
  out.n_splits = parts.n_splits;
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

  lay_out(control, out);
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
    fill_search(out, g);
    mark_halves(column, parts, g, out);
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
