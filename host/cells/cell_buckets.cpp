#include "cells/cell_buckets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "numerics/simd_clones.hpp"

namespace headroom {
namespace {

// A count of this size or more is kept beside the store, marked in it.
constexpr std::uint32_t kLargeCount = 65535;
constexpr std::uint32_t kSmallGenes = 65536;
constexpr std::size_t kCellsPerTask = 128;
// Cells that are looked at more closely than one by one.
constexpr std::uint64_t kSampledCells = 1024;

template <class T>
void put(unsigned char*& at, T value) {
  std::memcpy(at, &value, sizeof value);
  at += sizeof value;
}

template <class T>
T get(const unsigned char*& at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  at += sizeof value;
  return value;
}

// Whether each is whole, above 0 and below kLargeCount; `largest`: of them.
template <class Value>
[[gnu::always_inline]] inline bool all_are_small(const Value* values, std::size_t n, Value& largest) {
  int all = 1;
  Value most = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const Value value = values[i];
    all &= (value >= 1) & (value < static_cast<Value>(kLargeCount)) & (value == std::floor(value));
    most = value > most ? value : most;
  }
  largest = most;
  return all != 0;
}

HEADROOM_SIMD_CLONES
bool are_small_counts(const float* values, std::size_t n, float& largest) { return all_are_small(values, n, largest); }
HEADROOM_SIMD_CLONES
bool are_small_counts(const double* values, std::size_t n, double& largest) {
  return all_are_small(values, n, largest);
}

// Such counts as they lie in the store: the gene, then the count, 16 bits each. Their sum.
template <class Value>
[[gnu::always_inline]] inline std::uint64_t pack_all(const std::uint32_t* genes, const Value* values, std::size_t n,
                                                     unsigned char* out) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto count = static_cast<std::uint32_t>(static_cast<std::int32_t>(values[i]));
    const auto gene = static_cast<std::uint16_t>(genes[i]), small = static_cast<std::uint16_t>(count);
    std::memcpy(out + 4 * i, &gene, 2);
    std::memcpy(out + 4 * i + 2, &small, 2);
    total += count;
  }
  return total;
}

HEADROOM_SIMD_CLONES
std::uint64_t pack_small_counts(const std::uint32_t* genes, const float* values, std::size_t n, unsigned char* out) {
  return pack_all(genes, values, n, out);
}
HEADROOM_SIMD_CLONES
std::uint64_t pack_small_counts(const std::uint32_t* genes, const double* values, std::size_t n, unsigned char* out) {
  return pack_all(genes, values, n, out);
}

// Genes of one cell ascending and distinct: entries that name a gene twice mean their sum.
void merge_repeats(std::vector<std::uint32_t>& genes, std::vector<double>& values, std::size_t begin) {
  const std::size_t n = genes.size() - begin;
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), begin);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return genes[a] < genes[b]; });
  std::vector<std::uint32_t> sorted_genes;
  std::vector<double> sorted_values;
  for (const std::size_t i : order) {
    if (!sorted_genes.empty() && sorted_genes.back() == genes[i]) {
      sorted_values.back() += values[i];
    } else {
      sorted_genes.push_back(genes[i]);
      sorted_values.push_back(values[i]);
    }
  }
  genes.resize(begin + sorted_genes.size());
  values.resize(begin + sorted_values.size());
  std::copy(sorted_genes.begin(), sorted_genes.end(), genes.begin() + static_cast<std::ptrdiff_t>(begin));
  std::copy(sorted_values.begin(), sorted_values.end(), values.begin() + static_cast<std::ptrdiff_t>(begin));
}

}  // namespace

CellBuckets::CellBuckets(const CellGroups& groups, const CellSource& source, Options options)
    : groups_(groups),
      options_(std::move(options)),
      by_entries_(source.by_entries()),
      packing_(options_.values == CellValues::counts && !options_.keep_fractions && options_.n_genes <= kSmallGenes
                   ? Packing::small_counts
               : source.values_are_real32() ? Packing::real32
                                            : Packing::real64),
      store_({groups.groups.size(), options_.memory_limit_bytes, options_.spill_folder}),
      cells_of_group_(groups.groups.size()),
      n_entries_of_cell_(source.n_cells(), 0) {
  for (std::size_t g = 0; g < groups.groups.size(); ++g) cells_of_group_[g].reserve(groups.groups[g].n_cells);
  for (std::uint32_t c = 0; c < source.n_cells(); ++c) {
    if (groups.group_of_cell[c] != CellGroups::kDropped) cells_of_group_[groups.group_of_cell[c]].push_back(c);
  }
  if (options_.values != CellValues::asis) {
    total_of_cell_.assign(source.n_cells(), 0.0);
    sample_stride_ = std::max<std::uint64_t>(source.n_cells() / kSampledCells, 1);
    const std::size_t n_sampled = source.n_cells() / sample_stride_ + 1;
    undone_log1p_.assign(n_sampled, 0.0);
    undone_log2_.assign(n_sampled, 0.0);
    undone_log10_.assign(n_sampled, 0.0);
    undone_twice_.assign(n_sampled, 0.0);
    n_whole_.assign(n_sampled, 0);
    n_whole_undone_.assign(n_sampled, 0);
    n_sampled_.assign(n_sampled, 0);
  }
  // Storage in 16 bits rounds to one part in two thousand.
  constexpr double kRounding = 1e-3;
  most_log1p_ = (1 + kRounding) * std::log1p(options_.target_sum);
  if (by_entries_) {
    place_of_cell_.resize(source.n_cells());
    for (const std::vector<std::uint32_t>& cells : cells_of_group_) {
      for (std::uint32_t i = 0; i < cells.size(); ++i) place_of_cell_[cells[i]] = i;
    }
  }
}

std::size_t CellBuckets::entry_bytes() const {
  const std::size_t bytes = packing_ == Packing::small_counts ? 4 : packing_ == Packing::real32 ? 8 : 12;
  return bytes + (by_entries_ ? 4 : 0);
}

template <class Value>
CellBuckets::Fit CellBuckets::fit_of(Value value) const {
  if (!std::isfinite(value)) return Fit::no_number;
  if (options_.values == CellValues::asis) return Fit::good;
  if (value < 0) return Fit::negative;
  if (options_.values == CellValues::log1p) return static_cast<double>(value) > most_log1p_ ? Fit::beyond : Fit::good;
  if (options_.values != CellValues::counts) return Fit::good;
  // Beyond 2^53 a double holds no odd numbers, and a sum of counts is no longer exact.
  return value == std::floor(value) && value < Value{0x1.0p53} ? Fit::good : Fit::fraction;
}

void CellBuckets::Misfits::add(Fit fit, const PlacedValue& value) {
  if (fit == Fit::fraction) fractions.add(value);
  if (fit == Fit::negative) negatives.add(value);
  if (fit == Fit::beyond) beyond.add(value);
  if (fit == Fit::no_number && !no_number) no_number = value;
}

void CellBuckets::Misfits::append(const Misfits& later) {
  fractions.append(later.fractions);
  negatives.append(later.negatives);
  beyond.append(later.beyond);
  if (!no_number) no_number = later.no_number;
  largest = std::max(largest, later.largest);
}

template <class Value>
void CellBuckets::sample(std::uint64_t cell, Value value) {
  const std::uint64_t at = cell / sample_stride_;
  if (value == 0) return;
  const auto x = static_cast<double>(value);
  const double undone = std::expm1(x);
  undone_log1p_[at] += undone;
  undone_log2_[at] += std::exp2(x) - 1;
  undone_log10_[at] += std::pow(10.0, x) - 1;
  undone_twice_[at] += std::expm1(undone);
  // What 32 bits leave of a whole number when its logarithm is undone.
  constexpr double kRounding = 1e-5;
  n_whole_undone_[at] += std::abs(undone - std::round(undone)) <= kRounding * (1 + undone) ? 1 : 0;
  ++n_sampled_[at];
  n_whole_[at] += value == std::floor(value) ? 1 : 0;
}

template <class Value>
void CellBuckets::pack(std::uint32_t cell, std::uint32_t gene, Value value, unsigned char* out) {
  if (by_entries_) put(out, cell);
  if (packing_ == Packing::small_counts) {
    put(out, static_cast<std::uint16_t>(gene));
    // What is no count is in the findings, and the pass is for nothing unless it was accepted.
    put(out, static_cast<std::uint16_t>(std::clamp(value, Value{0}, static_cast<Value>(kLargeCount))));
    if (value >= static_cast<Value>(kLargeCount)) {
      std::lock_guard lock(large_mutex_);
      large_.push_back({cell, gene, static_cast<double>(value)});
    }
  } else {
    put(out, gene);
    if (packing_ == Packing::real32) {
      put(out, static_cast<float>(value));
    } else {
      put(out, static_cast<double>(value));
    }
  }
}

tl::unexpected<Error> CellBuckets::refuse(const PlacedValue& bad) const {
  return bad_input(fmt::format("value {} of gene '{}' in cell '{}' (row {}) is not a number", bad.value,
                               options_.gene_name(bad.gene), options_.cell_name(bad.cell), bad.cell),
                   options_.where, "correct the file");
}

Result<void> CellBuckets::add_cells(const CellBatch& batch, ThreadPool& pool) {
  return batch.values.is_real32() ? add_cells_of(batch, batch.values.real32, pool)
                                  : add_cells_of(batch, batch.values.real64, pool);
}

Result<void> CellBuckets::add_entries(const EntryBatch& batch, ThreadPool&) {
  return batch.values.is_real32() ? add_entries_of(batch, batch.values.real32)
                                  : add_entries_of(batch, batch.values.real64);
}

template <class Value>
Result<void> CellBuckets::add_cells_of(const CellBatch& batch, const Value* values, ThreadPool& pool) {
  const std::size_t n_cells = batch.n_cells(), width = entry_bytes();
  staged_.resize(std::max(staged_.size(), batch.genes.size() * width));

  bool all_kept = packing_ == Packing::small_counts && !by_entries_;
  for (std::uint32_t g = 0; g < options_.gene_map.size(); ++g) all_kept = all_kept && options_.gene_map[g] == g;

  // Every cell is checked and packed where its own entries begin.
  const std::size_t n_tasks = (n_cells + kCellsPerTask - 1) / kCellsPerTask;
  std::vector<Misfits> misfits(n_tasks);
  pool.for_each(n_tasks, [&](std::size_t task) {
    for (std::size_t i = task * kCellsPerTask; i < std::min(n_cells, (task + 1) * kCellsPerTask); ++i) {
      const std::uint64_t cell = batch.first_cell + i;
      const bool kept_cell = is_kept(groups_.group_of_cell[cell]), tallied = is_tallied(cell);
      if (!kept_cell && !tallied) continue;
      unsigned char* out = staged_.data() + batch.begin[i] * width;
      std::uint32_t kept = 0;
      double total = 0;
      Value largest = 0;
      const bool sampled = tallied && !total_of_cell_.empty() && is_sampled(cell);
      const std::uint64_t n = batch.begin[i + 1] - batch.begin[i];
      // Most cells are plain, and quick.
      const bool may_be_plain = all_kept && kept_cell && tallied && !sampled;
      if (may_be_plain && are_small_counts(values + batch.begin[i], n, largest)) {
        const auto plain_total =
            pack_small_counts(batch.genes.data() + batch.begin[i], values + batch.begin[i], n, out);
        n_entries_of_cell_[cell] = static_cast<std::uint32_t>(n);
        if (!total_of_cell_.empty()) total_of_cell_[cell] = static_cast<double>(plain_total);
        misfits[task].largest = std::max(misfits[task].largest, static_cast<double>(largest));
        continue;
      }
      largest = 0;
      for (std::uint64_t e = batch.begin[i]; e < batch.begin[i + 1]; ++e) {
        const Value value = values[e];
        const std::uint32_t gene = options_.gene_map[batch.genes[e]];
        if (gene == GeneChoice::kNoGene) continue;
        total += static_cast<double>(value);
        if (tallied) {
          if (const Fit fit = fit_of(value); fit != Fit::good) {
            misfits[task].add(fit, {cell, batch.genes[e], static_cast<double>(value)});
          }
          largest = std::max(largest, value);
          if (sampled) sample(cell, value);
        }
        if (!kept_cell || gene == GeneChoice::kDropped || value == 0) continue;
        pack(static_cast<std::uint32_t>(cell), gene, value, out);
        out += width;
        ++kept;
      }
      n_entries_of_cell_[cell] = kept;
      if (!total_of_cell_.empty()) total_of_cell_[cell] = total;
      misfits[task].largest = std::max(misfits[task].largest, static_cast<double>(largest));
    }
  });
  for (const Misfits& of_task : misfits) misfits_.append(of_task);
  if (misfits_.no_number) return refuse(*misfits_.no_number);

  // The batch's cells by group, then every group's to its own bucket.
  const std::size_t n_groups = groups_.groups.size();
  group_begin_.assign(n_groups + 1, 0);
  for (std::size_t i = 0; i < n_cells; ++i) {
    const std::uint32_t group = groups_.group_of_cell[batch.first_cell + i];
    if (is_kept(group)) ++group_begin_[group + 1];
  }
  for (std::size_t g = 0; g < n_groups; ++g) group_begin_[g + 1] += group_begin_[g];
  order_.resize(group_begin_[n_groups]);
  std::vector<std::uint32_t> next(group_begin_.begin(), group_begin_.end() - 1);
  for (std::size_t i = 0; i < n_cells; ++i) {
    const std::uint32_t group = groups_.group_of_cell[batch.first_cell + i];
    if (is_kept(group)) order_[next[group]++] = static_cast<std::uint32_t>(i);
  }
  std::mutex error_mutex;
  std::optional<Error> error;
  pool.for_each(n_groups, [&](std::size_t g) {
    std::uint64_t n_here = 0;
    for (std::uint32_t o = group_begin_[g]; o < group_begin_[g + 1]; ++o) {
      const std::uint32_t kept = n_entries_of_cell_[batch.first_cell + order_[o]];
      n_here += kept;
      if (auto done = store_.append(g, staged_.data() + batch.begin[order_[o]] * width, kept * width); !done) {
        std::lock_guard lock(error_mutex);
        error = done.error();
        return;
      }
    }
    if (n_here > 0) n_entries_.fetch_add(n_here);
  });
  if (error) return tl::unexpected(*error);
  return {};
}

template <class Value>
Result<void> CellBuckets::add_entries_of(const EntryBatch& batch, const Value* values) {
  const std::size_t n = batch.cells.size(), width = entry_bytes(), n_groups = groups_.groups.size();
  const auto group_of = [&](std::size_t e) { return groups_.group_of_cell[batch.cells[e]]; };
  const auto is_kept_entry = [&](std::size_t e) {
    return is_kept(group_of(e)) && options_.gene_map[batch.genes[e]] < GeneChoice::kNoGene && values[e] != 0;
  };
  group_begin_.assign(n_groups + 1, 0);
  for (std::size_t e = 0; e < n; ++e) {
    if (group_of(e) == CellGroups::kDropped || options_.gene_map[batch.genes[e]] == GeneChoice::kNoGene) continue;
    const Value value = values[e];
    const std::uint32_t cell = batch.cells[e];
    if (!total_of_cell_.empty()) total_of_cell_[cell] += static_cast<double>(value);
    if (is_tallied(cell)) {
      if (const Fit fit = fit_of(value); fit != Fit::good) {
        misfits_.add(fit, {cell, batch.genes[e], static_cast<double>(value)});
        if (misfits_.no_number) return refuse(*misfits_.no_number);
      }
      misfits_.largest = std::max(misfits_.largest, static_cast<double>(value));
      if (!total_of_cell_.empty() && is_sampled(cell)) sample(cell, value);
    }
    if (is_kept_entry(e)) ++group_begin_[group_of(e) + 1];
  }
  for (std::size_t g = 0; g < n_groups; ++g) group_begin_[g + 1] += group_begin_[g];
  staged_.resize(std::max(staged_.size(), group_begin_[n_groups] * width));
  std::vector<std::uint32_t> next(group_begin_.begin(), group_begin_.end() - 1);
  for (std::size_t e = 0; e < n; ++e) {
    if (!is_kept_entry(e)) continue;
    pack(batch.cells[e], options_.gene_map[batch.genes[e]], values[e], staged_.data() + next[group_of(e)]++ * width);
    ++n_entries_of_cell_[batch.cells[e]];
  }
  for (std::size_t g = 0; g < n_groups; ++g) {
    const std::size_t n_here = group_begin_[g + 1] - group_begin_[g];
    if (n_here == 0) continue;
    if (auto done = store_.append(g, staged_.data() + group_begin_[g] * width, n_here * width); !done) return done;
  }
  n_entries_.fetch_add(group_begin_[n_groups]);
  return {};
}

bool CellBuckets::wants(std::uint64_t begin, std::uint64_t end) const {
  for (std::uint64_t cell = begin; cell < end; ++cell) {
    if (is_kept(groups_.group_of_cell[cell]) || is_tallied(cell)) return true;
  }
  return false;
}

std::pair<std::size_t, std::size_t> CellBuckets::sampled_places(std::uint64_t begin, std::uint64_t end) const {
  const auto place = [&](std::uint64_t cell) {
    return static_cast<std::size_t>((cell + sample_stride_ - 1) / sample_stride_);
  };
  return {place(begin), place(end)};
}

CellBuckets::Tally CellBuckets::tally(std::uint64_t begin, std::uint64_t end) const {
  Tally out{misfits_, {}, {}, {}, {}, {}, {}, {}, {}};
  if (total_of_cell_.empty()) return out;
  const auto part = [](const auto& all, std::size_t from, std::size_t to) {
    return std::decay_t<decltype(all)>(all.begin() + static_cast<std::ptrdiff_t>(from),
                                       all.begin() + static_cast<std::ptrdiff_t>(to));
  };
  const auto [from, to] = sampled_places(begin, end);
  out.totals = part(total_of_cell_, begin, end);
  out.undone_log1p = part(undone_log1p_, from, to);
  out.undone_log2 = part(undone_log2_, from, to);
  out.undone_log10 = part(undone_log10_, from, to);
  out.undone_twice = part(undone_twice_, from, to);
  out.n_whole = part(n_whole_, from, to);
  out.n_whole_undone = part(n_whole_undone_, from, to);
  out.n_sampled = part(n_sampled_, from, to);
  return out;
}

bool CellBuckets::take_tally(std::uint64_t begin, std::uint64_t end, const Tally& tally) {
  misfits_.append(tally.misfits);
  if (total_of_cell_.empty()) return tally.totals.empty();
  const auto [from, to] = sampled_places(begin, end);
  const auto put = [](const auto& some, std::size_t at, std::size_t n, auto& all) {
    if (some.size() != n) return false;
    std::copy(some.begin(), some.end(), all.begin() + static_cast<std::ptrdiff_t>(at));
    return true;
  };
  const std::size_t n = to - from;
  return put(tally.totals, begin, end - begin, total_of_cell_) && put(tally.undone_log1p, from, n, undone_log1p_) &&
         put(tally.undone_log2, from, n, undone_log2_) && put(tally.undone_log10, from, n, undone_log10_) &&
         put(tally.undone_twice, from, n, undone_twice_) && put(tally.n_whole, from, n, n_whole_) &&
         put(tally.n_whole_undone, from, n, n_whole_undone_) && put(tally.n_sampled, from, n, n_sampled_);
}

ValueFindings CellBuckets::findings(const std::function<std::string(std::uint32_t group)>& name) const {
  ValueFindings out;
  out.fractions = misfits_.fractions;
  out.negatives = misfits_.negatives;
  out.beyond = misfits_.beyond;
  out.largest = misfits_.largest;
  if (total_of_cell_.empty()) return out;
  for (std::uint32_t g = 0; g < cells_of_group_.size(); ++g) {
    double of_group = 0;
    for (const std::uint32_t cell : cells_of_group_[g]) {
      out.totals.push_back(total_of_cell_[cell]);
      of_group += total_of_cell_[cell];
      if (!is_sampled(cell)) continue;
      const std::uint64_t at = cell / sample_stride_;
      out.undone_log1p.push_back(undone_log1p_[at]);
      out.undone_log2.push_back(undone_log2_[at]);
      out.undone_log10.push_back(undone_log10_[at]);
      out.undone_twice.push_back(undone_twice_[at]);
      out.undone_are_whole = out.undone_are_whole && n_whole_undone_[at] == n_sampled_[at];
      out.n_sampled_values += n_sampled_[at];
      out.sampled_are_whole = out.sampled_are_whole && n_whole_[at] == n_sampled_[at];
    }
    if (of_group == 0) out.groups_without_counts.push_back(name(g));
  }
  return out;
}

double CellBuckets::large_count(std::uint32_t cell, std::uint32_t gene) {
  const auto before = [](const LargeCount& a, const LargeCount& b) {
    return a.cell != b.cell ? a.cell < b.cell : a.gene < b.gene;
  };
  std::call_once(large_sorted_, [&] { std::sort(large_.begin(), large_.end(), before); });
  return std::lower_bound(large_.begin(), large_.end(), LargeCount{cell, gene, 0}, before)->count;
}

// Appends one cell's entries as they lie in the store.
template <class Gene, class Value>
void CellBuckets::unpack_cell(const unsigned char* at, std::uint64_t n, std::uint32_t cell, CellRows& rows) {
  const std::size_t first = rows.gene.size(), skip = by_entries_ ? sizeof(std::uint32_t) : 0;
  rows.gene.resize(first + n);
  rows.value.resize(first + n);
  std::uint32_t* const genes = rows.gene.data() + first;
  double* const values = rows.value.data() + first;
  bool any_large = false;
  for (std::uint64_t e = 0; e < n; ++e) {
    at += skip;
    genes[e] = get<Gene>(at);
    const Value value = get<Value>(at);
    values[e] = value;
    if constexpr (std::is_same_v<Value, std::uint16_t>) any_large = any_large || value == kLargeCount;
  }
  if (!any_large) return;
  for (std::uint64_t e = 0; e < n; ++e) {
    if (values[e] == kLargeCount) values[e] = large_count(cell, genes[e]);
  }
}

void CellBuckets::set_order(std::uint32_t group, GroupOrder& order) const {
  const std::vector<std::uint32_t>& cells = cells_of_group_[group];
  const std::size_t n = cells.size();
  order.group = group;
  order.place.resize(n);
  std::iota(order.place.begin(), order.place.end(), 0u);
  std::stable_sort(order.place.begin(), order.place.end(), [&](std::uint32_t a, std::uint32_t b) {
    return groups_.batch_of_cell[cells[a]] < groups_.batch_of_cell[cells[b]];
  });
  order.stored.assign(n + 1, 0);
  for (std::size_t i = 0; i < n; ++i) order.stored[i + 1] = order.stored[i] + n_entries_of_cell_[cells[i]];
  order.batch.resize(n);
  order.begin.assign(n + 1, 0);
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t cell = cells[order.place[i]];
    order.batch[i] = groups_.batch_of_cell[cell];
    order.begin[i + 1] = order.begin[i] + n_entries_of_cell_[cell];
  }
  if (!by_entries_) return;
  order.rank_of.resize(n);
  for (std::uint32_t i = 0; i < n; ++i) order.rank_of[order.place[i]] = i;
}

// Entries lie in the source's order: all are gone through, and those of the wanted cells put cell by cell.
Result<void> CellBuckets::gather(const GroupOrder& order, std::size_t begin, std::size_t end,
                                 StoredCells& stored) const {
  const std::size_t width = entry_bytes();
  std::vector<std::uint64_t> next;
  for (std::size_t i = begin; i < end; ++i) next.push_back(order.begin[i] - order.begin[begin]);
  constexpr std::uint64_t kPieceEntries = 1 << 16;
  stored.piece.resize(std::max(stored.piece.size(), static_cast<std::size_t>(kPieceEntries * width)));
  const std::uint64_t n_entries = order.begin.back();
  for (std::uint64_t first = 0; first < n_entries; first += kPieceEntries) {
    const std::uint64_t n = std::min(kPieceEntries, n_entries - first);
    if (auto read = store_.read(order.group, first * width, n * width, stored.piece.data()); !read) return read;
    for (std::uint64_t e = 0; e < n; ++e) {
      std::uint32_t cell;
      std::memcpy(&cell, stored.piece.data() + e * width, sizeof cell);
      const std::size_t rank = order.rank_of[place_of_cell_[cell]];
      if (rank < begin || rank >= end) continue;
      std::memcpy(stored.bytes.data() + next[rank - begin]++ * width, stored.piece.data() + e * width, width);
    }
  }
  return {};
}

Result<void> CellBuckets::fetch(const GroupOrder& order, std::size_t begin, std::size_t end,
                                StoredCells& stored) const {
  const std::size_t width = entry_bytes();
  stored.first = begin;
  const std::uint64_t n_bytes = (order.begin[end] - order.begin[begin]) * width;
  if (stored.bytes.size() < n_bytes) stored.bytes.resize(n_bytes);
  if (by_entries_) return gather(order, begin, end, stored);
  unsigned char* to = stored.bytes.data();
  for (std::size_t i = begin; i < end;) {
    // Cells that lie together.
    std::size_t last = i + 1;
    while (last < end && order.place[last] == order.place[last - 1] + 1) ++last;
    const std::uint64_t from = order.stored[order.place[i]] * width;
    const std::uint64_t n = order.stored[order.place[last - 1] + 1] * width - from;
    if (auto read = store_.read(order.group, from, n, to); !read) return read;
    to += n;
    i = last;
  }
  return {};
}

void CellBuckets::unpack(const GroupOrder& order, const StoredCells& stored, std::size_t begin, std::size_t end,
                         CellRows& rows) {
  const std::size_t width = entry_bytes();
  rows.batch.clear();
  rows.begin.assign(1, 0);
  rows.gene.clear();
  rows.value.clear();
  rows.gene.reserve(order.begin[end] - order.begin[begin]);
  rows.value.reserve(order.begin[end] - order.begin[begin]);
  CountNormaliser normaliser(options_.target_sum);
  const bool are_whole =
      packing_ == Packing::small_counts || (options_.values == CellValues::counts && !options_.keep_fractions);
  const bool are_counts =
      options_.normalise && (options_.values == CellValues::counts || options_.values == CellValues::fractional);
  for (std::size_t i = begin; i < end; ++i) {
    const std::uint32_t cell = cells_of_group_[order.group][order.place[i]];
    const std::size_t first = rows.gene.size();
    const std::uint64_t n_here = order.begin[i + 1] - order.begin[i];
    const unsigned char* const at = stored.bytes.data() + (order.begin[i] - order.begin[stored.first]) * width;
    switch (packing_) {
      case Packing::small_counts:
        unpack_cell<std::uint16_t, std::uint16_t>(at, n_here, cell, rows);
        break;
      case Packing::real32:
        unpack_cell<std::uint32_t, float>(at, n_here, cell, rows);
        break;
      case Packing::real64:
        unpack_cell<std::uint32_t, double>(at, n_here, cell, rows);
        break;
    }
    bool ascending = true;
    for (std::size_t e = first + 1; e < rows.gene.size(); ++e) ascending &= rows.gene[e - 1] < rows.gene[e];
    if (!ascending) merge_repeats(rows.gene, rows.value, first);
    if (are_counts && rows.gene.size() > first) {
      normaliser.start_cell(total_of_cell_[cell]);
      for (std::size_t e = first; e < rows.gene.size(); ++e) {
        rows.value[e] = are_whole ? normaliser(rows.value[e]) : normaliser.fractional(rows.value[e]);
      }
    } else if (options_.values == CellValues::scaled) {
      for (std::size_t e = first; e < rows.gene.size(); ++e) rows.value[e] = std::log1p(rows.value[e]);
    }
    rows.batch.push_back(order.batch[i]);
    rows.begin.push_back(rows.gene.size());
  }
}

Result<void> CellBuckets::take(std::uint32_t group, CellRows& rows, TakeBuffers& buffers) {
  set_order(group, buffers.order);
  const std::size_t n = buffers.order.n_cells();
  if (auto fetched = fetch(buffers.order, 0, n, buffers.stored); !fetched) return fetched;
  forget(group);
  unpack(buffers.order, buffers.stored, 0, n, rows);
  return {};
}

}  // namespace headroom
