#include "cells/cell_part.hpp"

#include <fmt/format.h>

#include <charconv>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>

#include "io/h5ad.hpp"
#include "io/h5ad_writer.hpp"
#include "review/doubt_record.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;

// Further keys of uns: cells that the file's table of cells lacks.
constexpr const char* kUnlistedKey = "headroom_part_unlisted";

// Some rows of the matrix.
struct Rows {
  std::vector<std::int64_t> offsets = {0};
  std::vector<std::int32_t> genes;
  std::vector<float> values;
};

// Between the thread that reads and the one that writes.
class RowQueue {
 public:
  // False: nobody wants more.
  bool push(Rows rows) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_.size() < kMost || is_closed_; });
    if (is_closed_) return false;
    waiting_.push_back(std::move(rows));
    changed_.notify_all();
    return true;
  }
  // nullopt: all there were.
  std::optional<Rows> pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !waiting_.empty() || is_closed_; });
    if (waiting_.empty()) return std::nullopt;
    Rows rows = std::move(waiting_.front());
    waiting_.pop_front();
    changed_.notify_all();
    return rows;
  }
  void close() {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    changed_.notify_all();
  }

 private:
  static constexpr std::size_t kMost = 2;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Rows> waiting_;
  bool is_closed_ = false;
};

// Puts cells into the queue, in the order of the source.
class QueueSink final : public CellSink {
 public:
  QueueSink(RowQueue& queue, std::string where) : queue_(queue), where_(std::move(where)) {}

  Result<void> add_cells(const CellBatch& batch, ThreadPool&) override {
    Rows rows;
    for (std::size_t c = 0; c < batch.n_cells(); ++c) {
      for (std::uint64_t e = batch.begin[c]; e < batch.begin[c + 1]; ++e) {
        if (auto added = add(batch.genes[e], batch.values[e], rows); !added) return added;
      }
      rows.offsets.push_back(static_cast<std::int64_t>(rows.genes.size()));
    }
    return push(std::move(rows));
  }

  // Kept until all are there.
  Result<void> add_entries(const EntryBatch& batch, ThreadPool&) override {
    for (std::size_t e = 0; e < batch.cells.size(); ++e) {
      if (auto added = add(batch.genes[e], batch.values[e], entries_); !added) return added;
      cells_.push_back(batch.cells[e]);
    }
    return {};
  }

  // Entries that came gene by gene, cell by cell.
  Result<void> end(const CellSource& source) {
    if (!source.by_entries()) return {};
    const std::size_t n_cells = source.n_cells();
    Rows rows;
    rows.offsets.assign(n_cells + 1, 0);
    for (const std::uint32_t cell : cells_) ++rows.offsets[cell + 1];
    std::partial_sum(rows.offsets.begin(), rows.offsets.end(), rows.offsets.begin());
    rows.genes.resize(cells_.size());
    rows.values.resize(cells_.size());
    std::vector<std::int64_t> next(rows.offsets.begin(), rows.offsets.end() - 1);
    for (std::size_t e = 0; e < cells_.size(); ++e) {
      const auto at = static_cast<std::size_t>(next[cells_[e]]++);
      rows.genes[at] = entries_.genes[e];
      rows.values[at] = entries_.values[e];
    }
    return push(std::move(rows));
  }

  std::uint64_t n_entries() const { return n_entries_; }

 private:
  Result<void> add(std::uint32_t gene, double value, Rows& rows) {
    const auto narrow = static_cast<float>(value);
    if (static_cast<double>(narrow) != value && value == value) {
      return bad_input(fmt::format("the value {} is none that a part can hold to the bit", value), where_,
                       "name the file itself with the others, without --part");
    }
    rows.genes.push_back(static_cast<std::int32_t>(gene));
    rows.values.push_back(narrow);
    ++n_entries_;
    return {};
  }

  Result<void> push(Rows rows) {
    if (queue_.push(std::move(rows))) return {};
    return harness_fault("the part could not be written", where_);
  }

  RowQueue& queue_;
  std::string where_;
  Rows entries_;
  std::vector<std::uint32_t> cells_;
  std::uint64_t n_entries_ = 0;
};

AnnotationColumn text_column(const LabelColumn& labels) {
  AnnotationColumn column{labels.name, std::vector<std::string>(), {}, true};
  auto& texts = std::get<std::vector<std::string>>(column.values);
  texts.reserve(labels.codes.size());
  bool has_all = true;
  for (const std::int32_t code : labels.codes) {
    has_all = has_all && code != LabelColumn::kMissing;
    texts.push_back(code == LabelColumn::kMissing ? "" : labels.labels[static_cast<std::size_t>(code)]);
  }
  if (has_all) return column;
  for (const std::int32_t code : labels.codes) column.present.push_back(code != LabelColumn::kMissing);
  return column;
}

class CellsOfPart final : public CellSource {
 public:
  CellsOfPart(std::unique_ptr<CellSource> cells, std::string path, std::size_t n_unlisted, std::vector<Doubt> doubts)
      : cells_(std::move(cells)), path_(std::move(path)), n_unlisted_(n_unlisted), doubts_(std::move(doubts)) {}

  const std::string& path() const override { return path_; }
  std::size_t n_cells() const override { return cells_->n_cells(); }
  std::size_t n_genes() const override { return cells_->n_genes(); }
  Result<std::vector<std::string>> barcodes() const override { return cells_->barcodes(); }
  std::vector<std::string> columns() const override { return cells_->columns(); }
  Result<LabelColumn> labels(const std::string& column) const override { return cells_->labels(column); }
  std::string gene_index_name() const override { return cells_->gene_index_name(); }
  Result<std::vector<std::string>> gene_ids() const override { return cells_->gene_ids(); }
  Result<std::vector<AnnotationColumn>> gene_columns() const override { return cells_->gene_columns(); }
  std::size_t n_unlisted_cells() const override { return n_unlisted_; }
  std::string hint_at_missing_column() const override { return cells_->hint_at_missing_column(); }
  void review(Review& review) const override {
    review.left_out("barcodes that the cell table does not have", static_cast<std::int64_t>(n_unlisted_));
    for (const Doubt& doubt : doubts_) review.raise(doubt);
  }
  bool by_entries() const override { return cells_->by_entries(); }
  bool values_are_real32() const override { return cells_->values_are_real32(); }
  std::uint64_t stored_bytes() const override { return cells_->stored_bytes(); }
  Result<void> deliver(CellSink& sink, ThreadPool& pool, Progress& progress, std::stop_token stop) override {
    return cells_->deliver(sink, pool, progress, std::move(stop));
  }

 private:
  std::unique_ptr<CellSource> cells_;
  std::string path_;
  std::size_t n_unlisted_;
  std::vector<Doubt> doubts_;
};

tl::unexpected<Error> no_part(const fs::path& path) {
  return bad_input("this is no part of a screen", path.string(),
                   "make parts with headroom prepare --part, or leave --join out");
}

}  // namespace

Result<CellPart> write_cell_part(CellSource& source, const fs::path& folder, ThreadPool& pool, Progress& progress,
                                 const std::stop_token& stop) {
  CellPart part{folder / (fs::path(source.path()).stem().string() + ".h5ad"), source.n_cells(), source.n_genes(), 0};
  std::error_code error;
  if (fs::exists(part.path, error)) {
    if (auto own = require_cell_part(part.path); !own) {
      return bad_input("the output would replace a file that is no part of a screen", part.path.string(),
                       "choose another folder with -o");
    }
  }
  H5adContent content;
  content.gzip_level = 0;
  content.uns[kPartKey] = source.path();
  if (source.n_unlisted_cells() > 0) content.uns[kUnlistedKey] = std::to_string(source.n_unlisted_cells());
  Review review;
  source.review(review);
  if (!review.doubts().empty()) content.uns[kDoubtsKey] = doubts_json(review.doubts());
  auto barcodes = source.barcodes();
  if (!barcodes) return tl::unexpected(barcodes.error());
  content.obs_index = std::move(*barcodes);
  for (const std::string& name : source.columns()) {
    const auto labels = source.labels(name);
    if (labels) content.obs_columns.push_back(text_column(*labels));
  }
  auto genes = source.gene_ids();
  if (!genes) return tl::unexpected(genes.error());
  content.var_index = std::move(*genes);
  auto gene_columns = source.gene_columns();
  if (!gene_columns) return tl::unexpected(gene_columns.error());
  content.var_columns = std::move(*gene_columns);

  fs::create_directories(folder, error);
  if (error) return bad_input("the folder cannot be made: " + error.message(), folder.string(), "choose another -o");
  RowQueue queue;
  QueueSink sink(queue, source.path());
  Result<void> read;
  progress.begin("reading cells", static_cast<std::int64_t>(source.n_cells()), "cells");
  std::thread reader([&] {
    read = source.deliver(sink, pool, progress, stop);
    if (read) read = sink.end(source);
    queue.close();
  });
  Rows rows;
  content.x = CsrX{[&]() -> std::optional<CsrBlock> {
    auto next = queue.pop();
    if (!next) return std::nullopt;
    rows = std::move(*next);
    return CsrBlock{rows.offsets, rows.genes, std::span<const float>(rows.values)};
  }};
  auto written = write_h5ad(part.path, content);
  queue.close();
  reader.join();
  progress.end();
  if (!read || !written) fs::remove(folder, error);  // unless something lies there
  if (!read && read.error().kind != ErrorKind::harness_fault) return tl::unexpected(read.error());
  if (!written) return tl::unexpected(written.error());
  if (!read) return tl::unexpected(read.error());
  part.n_entries = sink.n_entries();
  return part;
}

Result<std::unique_ptr<CellSource>> open_cell_part(const fs::path& path) {
  const auto file = H5adFile::open(path);
  if (!file) return tl::unexpected(file.error());
  auto named = file->uns_text(kPartKey);
  if (!named) return no_part(path);
  const std::string unlisted = file->uns_text(kUnlistedKey).value_or("0");
  std::size_t n_unlisted = 0;
  if (std::from_chars(unlisted.data(), unlisted.data() + unlisted.size(), n_unlisted).ec != std::errc()) {
    return no_part(path);
  }
  std::vector<Doubt> doubts;
  if (const auto kept = file->uns_text(kDoubtsKey)) {
    auto read = read_doubts(*kept, path.string());
    if (!read) return tl::unexpected(read.error());
    doubts = std::move(*read);
  }
  auto cells = open_h5ad_cells(path, {});
  if (!cells) return cells;
  return Result<std::unique_ptr<CellSource>>(
      std::make_unique<CellsOfPart>(std::move(*cells), std::move(*named), n_unlisted, std::move(doubts)));
}

Result<void> require_cell_part(const fs::path& path) {
  const auto file = H5adFile::open(path);
  if (!file) return tl::unexpected(file.error());
  if (file->uns_text(kPartKey)) return {};
  return no_part(path);
}

}  // namespace headroom
