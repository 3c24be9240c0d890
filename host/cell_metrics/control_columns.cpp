#include "cell_metrics/control_columns.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "io/large_pages.hpp"

namespace headroom {
namespace {

double cubed_less(double t) { return t * t * t - t; }

std::size_t blocks_of(std::size_t n, std::size_t block) { return n / block + 1; }

// Asks for memory in large pages before it is first written to; the system may decline.
template <class Vector>
void reserve_large_pages(Vector& vector, std::size_t n) {
  vector.reserve(n);
  prefer_large_pages(vector.data(), n * sizeof(typename Vector::value_type));
}

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
    out.top_begin[g + 1] = out.top_begin[g] + (n_top + kSearchBlock - 1) / kSearchBlock * kSearchBlock;
    const std::size_t n_marks = tested && out.n_splits > 0 ? blocks_of(n, kMarksBlock) : 0;
    out.marks_begin[g + 1] = out.marks_begin[g] + n_marks * words_of_marks(out.n_splits);
  }
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  // Perturbations look at these in no order, so that large pages find them sooner.
  reserve_large_pages(out.value, out.begin[n_genes]);
  reserve_large_pages(out.rounded, out.rounded_begin[n_genes]);
  reserve_large_pages(out.block_last, out.block_begin[n_genes]);
  reserve_large_pages(out.halves, out.marks_begin[n_genes]);
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
  for (std::size_t t = 0; t < (out.block_begin[g + 1] - out.block_begin[g]) / kSearchBlock; ++t) {
    out.top[out.top_begin[g] + t] = last[(t + 1) * kSearchBlock - 1];
  }
}

// For each cell a bit a split: that it is in half A, and that it is in neither half.
struct CellMarks {
  std::vector<std::uint64_t> in_a, in_neither;
  bool any_in_neither = false;

  CellMarks(const CellParts& parts, std::size_t first_split) : in_a(parts.n_cells, 0), in_neither(parts.n_cells, 0) {
    for (std::size_t s = first_split; s < std::min(parts.n_splits, first_split + kSplits); ++s) {
      for (std::size_t c = 0; c < parts.n_cells; ++c) {
        const std::uint8_t part = parts.of_split(s)[c];
        const std::uint64_t bit = std::uint64_t{1} << (s - first_split);
        if (part == half_a(s)) in_a[c] |= bit;
        if (part != CellParts::kNone) continue;
        in_neither[c] |= bit;
        any_in_neither = true;
      }
    }
  }
  static constexpr std::size_t kSplits = 64;
};

// `order`: cells of the gene's values in order.
void mark_halves(const std::vector<std::uint32_t>& order, const CellMarks& marks, std::size_t first_split,
                 std::size_t g, ControlColumns& out) {
  const std::size_t n = order.size(), width = words_of_marks(out.n_splits);
  const std::size_t end = std::min(out.n_splits, first_split + CellMarks::kSplits);
  std::uint64_t* const blocks = out.halves.data() + out.marks_begin[g];
  std::array<std::uint64_t, CellMarks::kSplits> before{};
  for (std::size_t first = 0; first <= n; first += kMarksBlock) {
    std::uint64_t* const block = blocks + first / kMarksBlock * width;
    const std::size_t n_here = std::min(kMarksBlock, n - first);
    std::array<std::uint64_t, kMarksBlock> in_a{};
    for (std::size_t i = 0; i < n_here; ++i) in_a[i] = marks.in_a[order[first + i]];
    for (std::size_t s = first_split; s < end; ++s) {
      std::uint64_t word = 0;
      for (std::size_t i = 0; i < kMarksBlock; ++i) word |= ((in_a[i] >> (s - first_split)) & 1) << i;
      block[s] = word;
      block[out.n_splits + s / 2] |= before[s - first_split] << (s % 2 * 32);
      before[s - first_split] += static_cast<std::uint64_t>(std::popcount(word));
    }
  }
  if (!marks.any_in_neither) return;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::uint64_t left = marks.in_neither[order[i]]; left != 0; left &= left - 1) {
      const std::size_t s = first_split + static_cast<std::size_t>(std::countr_zero(left));
      out.left_out[g * out.n_splits + s] = static_cast<std::uint32_t>(i);
    }
  }
}

// Σ t³ − t of a stretch of equal values, `first` to `last` in the order.
void add_ties(const std::vector<std::uint32_t>& order, std::size_t first, std::size_t last, const CellMarks& marks,
              std::size_t first_split, std::size_t g, ControlColumns& out) {
  const std::size_t end = std::min(out.n_splits, first_split + CellMarks::kSplits);
  for (std::size_t s = first_split; s < end; ++s) {
    std::uint64_t in_a = 0, in_neither = 0;
    for (std::size_t i = first; i < last; ++i) {
      in_a += (marks.in_a[order[i]] >> (s - first_split)) & 1;
      in_neither += (marks.in_neither[order[i]] >> (s - first_split)) & 1;
    }
    out.ties[half_a(s) * out.n_genes + g] += cubed_less(static_cast<double>(in_a));
    out.ties[half_b(s) * out.n_genes + g] += cubed_less(static_cast<double>(last - first - in_a - in_neither));
  }
}

// The gene's values in order, equal ones by cell; by floats first, which sort as whole numbers.
struct SortedColumn {
  std::vector<double> unsorted, value;
  std::vector<std::uint64_t> key;
  std::vector<std::uint32_t> cell;

  void sort(const GroupCounts& control, std::size_t gene) {
    const std::uint64_t first = control.begin[gene], n = control.begin[gene + 1] - first;
    unsorted.resize(n);
    value.resize(n);
    key.resize(n);
    cell.resize(n);
    for (std::uint64_t i = 0; i < n; ++i) {
      unsorted[i] = control.count[first + i] / control.total[control.cell[first + i]];
      key[i] = std::uint64_t{std::bit_cast<std::uint32_t>(static_cast<float>(unsorted[i]))} << 32 | i;
    }
    std::sort(key.begin(), key.end());
    const auto exact = [this](std::uint64_t of) { return unsorted[static_cast<std::uint32_t>(of)]; };
    for (std::uint64_t i = 0, end = 0; i < n; i = end) {
      bool is_sorted = true;
      while (end < n && key[end] >> 32 == key[i] >> 32) {
        is_sorted = is_sorted && (end == i || exact(key[end - 1]) <= exact(key[end]));
        ++end;
      }
      if (is_sorted) continue;
      std::sort(key.begin() + static_cast<std::ptrdiff_t>(i), key.begin() + static_cast<std::ptrdiff_t>(end),
                [&](std::uint64_t a, std::uint64_t b) { return exact(a) != exact(b) ? exact(a) < exact(b) : a < b; });
    }
    for (std::uint64_t i = 0; i < n; ++i) {
      value[i] = exact(key[i]);
      cell[i] = control.cell[first + static_cast<std::uint32_t>(key[i])];
    }
  }
};

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
      const double per_million = kCellMillion * control.count[e] / control.total[c];
      sum[0] += per_million;
      ++out.n_stored[g];
      for (std::size_t s = 0; s < parts.n_splits; ++s) {
        const std::uint8_t part = parts.of_split(s)[c];
        if (part == CellParts::kNone) continue;
        sum[part] += per_million;
        ++out.n_stored[part * n_genes + g];
      }
    }
    for (std::size_t p = 0; p < n_parts; ++p) {
      if (out.n_cells[p] > 0) out.mean[p * n_genes + g] = sum[p] / out.n_cells[p];
    }
  });

  lay_out(control, out);
  std::vector<CellMarks> marks;
  for (std::size_t s = 0; s < parts.n_splits; s += CellMarks::kSplits) marks.emplace_back(parts, s);
  each_gene([&](std::size_t g) {
    const std::uint64_t n = out.begin[g + 1] - out.begin[g];
    if (n == 0) return;
    static thread_local SortedColumn column;
    column.sort(control, g);
    std::copy(column.value.begin(), column.value.end(), out.value.begin() + static_cast<std::ptrdiff_t>(out.begin[g]));
    fill_search(out, g);
    for (std::size_t m = 0; m < marks.size(); ++m) {
      mark_halves(column.cell, marks[m], m * CellMarks::kSplits, g, out);
    }
    for (std::uint64_t i = 0, end = 0; i < n; i = end) {
      while (end < n && column.value[end] == column.value[i]) ++end;
      if (end - i < 2) continue;
      out.ties[g] += cubed_less(static_cast<double>(end - i));
      for (std::size_t m = 0; m < marks.size(); ++m) {
        add_ties(column.cell, i, end, marks[m], m * CellMarks::kSplits, g, out);
      }
    }
  });
  return out;
}

}  // namespace headroom
