// Brings the cells of each group together on the way in, checked and compact, and gives one group after the other back
// as normalised rows.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cells/bucket_store.hpp"
#include "cells/cell_group.hpp"
#include "cells/cell_groups.hpp"
#include "cells/cell_source.hpp"
#include "cells/gene_choice.hpp"
#include "cells/normalise.hpp"
#include "cells/value_review.hpp"

namespace headroom {

class CellBuckets final : public CellSink {
 public:
  struct Options {
    CellValues values = CellValues::counts;
    double target_sum = kCellTotal;  // of a cell, for counts
    // Values said to be counts need not be whole: it was accepted.
    bool keep_fractions = false;
    // Whether take() gives normalised values; else counts as they came.
    bool normalise = true;
    // Source gene → kept gene, ascending where kept; elsewhere GeneChoice::kDropped, which counts in totals, or
    // kNoGene, which does not.
    std::vector<std::uint32_t> gene_map;
    std::uint32_t n_genes = 0;  // kept
    std::uint64_t memory_limit_bytes = std::uint64_t{1} << 30;
    std::filesystem::path spill_folder;
    // Groups whose cells are kept (empty: all), and the cells whose values are looked at whatever their group: of one
    // file among several.
    std::vector<std::uint8_t> kept_groups;
    std::uint64_t first_tallied = 0, end_tallied = UINT64_MAX;
    // Name of the source and of its cells and genes, for errors.
    std::string where;
    std::function<std::string(std::uint64_t cell)> cell_name;
    std::function<std::string(std::uint32_t gene)> gene_name;
  };

  // `groups` must live as long as this.
  CellBuckets(const CellGroups& groups, const CellSource& source, Options options);

  // Errors (bad_input): a value that is not finite, with the first such cell of the batch and its gene; (harness_fault)
  // the temporary file. Values that are not what they were said to be are in findings(), after the pass.
  Result<void> add_cells(const CellBatch& batch, ThreadPool& pool) override;
  Result<void> add_entries(const EntryBatch& batch, ThreadPool& pool) override;
  bool wants(std::uint64_t begin, std::uint64_t end) const override;

  // The order in which a group's cells are given: by batch, and in the order of the source within one.
  struct GroupOrder {
    std::uint32_t group = 0;
    std::vector<std::uint32_t> place;    // cells: which of the group's cells, in the order of the source, comes next
    std::vector<std::uint32_t> batch;    // cells, in this order: ascending
    std::vector<std::uint64_t> begin;    // cells + 1, in this order: where a cell's entries begin
    std::vector<std::uint64_t> stored;   // cells + 1, in the order of the source: likewise, as they were added
    std::vector<std::uint32_t> rank_of;  // by entries only: where a cell of the source's order stands in this one

    std::size_t n_cells() const { return place.size(); }
  };
  // Some of a group's cells as they were stored, one after the other in the group's order.
  struct StoredCells {
    std::size_t first = 0;             // in that order
    std::vector<unsigned char> bytes;  // or more, from earlier use
    std::vector<unsigned char> piece;  // of what is gone through
  };

  // Memory of one thread, used again from group to group.
  struct TakeBuffers {
    GroupOrder order;
    StoredCells stored;
  };

  // Frees what only the pass needs. Nothing may be added afterwards.
  void end_pass() { staged_ = {}; }

  // Cells of a group by batch, normalised unless the options say otherwise, in the order of the source within a batch,
  // into `rows`; their memory here is freed. Safe from many threads, once for each group and after the pass.
  Result<void> take(std::uint32_t group, CellRows& rows, TakeBuffers& buffers);

  // The same in pieces: their order; cells [begin, end) of it as they were stored, from which any of them are unpacked.
  // Nothing is freed, so that they may be read again. Only unpacking is safe from many threads of one group.
  void set_order(std::uint32_t group, GroupOrder& order) const;
  Result<void> fetch(const GroupOrder& order, std::size_t begin, std::size_t end, StoredCells& stored) const;
  void unpack(const GroupOrder& order, const StoredCells& stored, std::size_t begin, std::size_t end, CellRows& rows);
  std::size_t stored_entry_bytes() const { return entry_bytes(); }
  // Frees a group that nobody takes.
  void forget(std::uint32_t group) { store_.forget(group); }

  // What the pass found, before the first take(). `name` names a group.
  ValueFindings findings(const std::function<std::string(std::uint32_t group)>& name) const;

  enum class Fit { good, fraction, negative, beyond, no_number };
  // Misfits of a stretch of the source.
  struct Misfits {
    MisfitValues fractions, negatives, beyond;
    std::optional<PlacedValue> no_number;  // the first
    double largest = 0;

    void add(Fit fit, const PlacedValue& value);
    void append(const Misfits& later);
  };
  // What the values of one stretch of cells were like: all that findings() is made of. The first list has an element a
  // cell; the others one for each of those that were looked at more closely. Empty where values are taken as they are.
  struct Tally {
    Misfits misfits;
    std::vector<double> totals;
    std::vector<double> undone_log1p, undone_log2, undone_log10, undone_twice;
    std::vector<std::uint32_t> n_whole, n_whole_undone, n_sampled;
  };
  // Of cells [begin, end), which are those that were tallied.
  Tally tally(std::uint64_t begin, std::uint64_t end) const;
  // In the place of a pass over these cells, in their order. False: it is not of so many cells.
  bool take_tally(std::uint64_t begin, std::uint64_t end, const Tally& tally);

  std::uint64_t spilled_bytes() const { return store_.spilled_bytes(); }
  std::uint64_t n_entries() const { return n_entries_.load(); }

 private:
  // How an entry lies in the store. Small counts take 4 bytes; larger ones are marked and kept apart.
  enum class Packing { small_counts, real32, real64 };
  struct LargeCount {
    std::uint32_t cell, gene;
    double count;
  };

  std::size_t entry_bytes() const;
  template <class Value>
  Fit fit_of(Value value) const;
  bool is_kept(std::uint32_t group) const {
    return group != CellGroups::kDropped && (options_.kept_groups.empty() || options_.kept_groups[group] != 0);
  }
  bool is_tallied(std::uint64_t cell) const {
    return cell >= options_.first_tallied && cell < options_.end_tallied &&
           groups_.group_of_cell[cell] != CellGroups::kDropped;
  }
  // Places of [begin, end) in the lists of cells that are looked at more closely.
  std::pair<std::size_t, std::size_t> sampled_places(std::uint64_t begin, std::uint64_t end) const;
  bool is_sampled(std::uint64_t cell) const { return cell % sample_stride_ == 0; }
  template <class Value>
  void sample(std::uint64_t cell, Value value);
  template <class Value>
  void pack(std::uint32_t cell, std::uint32_t gene, Value value, unsigned char* out);
  template <class Value>
  Result<void> add_cells_of(const CellBatch& batch, const Value* values, ThreadPool& pool);
  template <class Value>
  Result<void> add_entries_of(const EntryBatch& batch, const Value* values);
  tl::unexpected<Error> refuse(const PlacedValue& bad) const;
  double large_count(std::uint32_t cell, std::uint32_t gene);
  template <class Gene, class Value>
  void unpack_cell(const unsigned char* at, std::uint64_t n, std::uint32_t cell, CellRows& rows);

  Result<void> gather(const GroupOrder& order, std::size_t begin, std::size_t end, StoredCells& stored) const;

  const CellGroups& groups_;
  Options options_;
  bool by_entries_;
  Packing packing_;
  BucketStore store_;
  std::vector<std::vector<std::uint32_t>> cells_of_group_;  // ascending
  std::vector<std::uint32_t> n_entries_of_cell_;            // kept genes
  std::vector<double> total_of_cell_;                       // all genes; not where values are taken as they are
  // Every so many cells are looked at more closely: what sums their values had before a logarithm.
  std::uint64_t sample_stride_ = 1;
  std::vector<double> undone_log1p_, undone_log2_, undone_log10_, undone_twice_;
  std::vector<std::uint32_t> n_whole_, n_whole_undone_, n_sampled_;  // values of those cells
  Misfits misfits_;
  double most_log1p_ = 0;
  std::vector<std::uint32_t> place_of_cell_;  // within its group, by entries only
  std::mutex large_mutex_;
  std::vector<LargeCount> large_;
  std::once_flag large_sorted_;
  std::atomic<std::uint64_t> n_entries_{0};
  // Of one batch, kept to be used again.
  std::vector<unsigned char> staged_;
  std::vector<std::uint32_t> order_, group_begin_;
};

}  // namespace headroom
