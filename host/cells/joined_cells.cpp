#include "cells/joined_cells.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <glob.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>

#include "cells/screen_part.hpp"
#include "review/label_spelling.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kNotJoined = std::numeric_limits<std::uint32_t>::max();

std::string file_name_of(const CellSource& source) { return fs::path(source.path()).filename().string(); }

// ENSG00000141510.18 is ENSG00000141510.
std::string without_version(const std::string& id) {
  const std::size_t dot = id.rfind('.');
  const bool has_version = dot != std::string::npos && dot > 0 && dot + 1 < id.size() &&
                           id.find_first_not_of("0123456789", dot + 1) == std::string::npos;
  return has_version ? id.substr(0, dot) : id;
}

// Passes a source's cells on as those of the joined screen.
class ShiftedSink final : public CellSink {
 public:
  // `genes`: of the source to those of the screen, or kNotJoined; empty: they are the same. `as_entries`: what comes
  // cell by cell goes on entry by entry. `as_real64`: values go on as double.
  ShiftedSink(CellSink& sink, std::uint64_t first_cell, const std::vector<std::uint32_t>& genes, bool as_entries,
              bool as_real64)
      : sink_(sink), first_cell_(first_cell), gene_map_(genes), as_entries_(as_entries), as_real64_(as_real64) {}

  Result<void> add_cells(const CellBatch& batch, ThreadPool& pool) override {
    const bool as_they_are = gene_map_.empty() && !as_entries_ && !widens(batch.values);
    if (as_they_are) {
      return sink_.add_cells({batch.first_cell + first_cell_, batch.begin, batch.genes, batch.values}, pool);
    }
    begin_entries();
    begin_.assign(1, 0);
    for (std::size_t c = 0; c < batch.n_cells(); ++c) {
      for (std::uint64_t e = batch.begin[c]; e < batch.begin[c + 1]; ++e) {
        take(static_cast<std::uint32_t>(batch.first_cell + c), batch.genes[e], batch.values, e);
      }
      begin_.push_back(genes_.size());
    }
    if (as_entries_) return sink_.add_entries({cells_, genes_, values(batch.values)}, pool);
    return sink_.add_cells({batch.first_cell + first_cell_, begin_, genes_, values(batch.values)}, pool);
  }

  Result<void> add_entries(const EntryBatch& batch, ThreadPool& pool) override {
    begin_entries();
    for (std::size_t e = 0; e < batch.cells.size(); ++e) take(batch.cells[e], batch.genes[e], batch.values, e);
    return sink_.add_entries({cells_, genes_, values(batch.values)}, pool);
  }

 private:
  bool widens(const NumberView& values) const { return as_real64_ && values.is_real32(); }

  void begin_entries() {
    cells_.clear();
    genes_.clear();
    real32_.clear();
    real64_.clear();
  }

  void take(std::uint32_t cell, std::uint32_t gene, const NumberView& values, std::size_t at) {
    const std::uint32_t joined = gene_map_.empty() ? gene : gene_map_[gene];
    if (joined == kNotJoined) return;
    genes_.push_back(joined);
    if (as_entries_) cells_.push_back(static_cast<std::uint32_t>(cell + first_cell_));
    if (values.is_real32() && !as_real64_) {
      real32_.push_back(values.real32[at]);
    } else {
      real64_.push_back(values[at]);
    }
  }

  NumberView values(const NumberView& of) const {
    NumberView view;
    if (of.is_real32() && !as_real64_) {
      view.real32 = real32_.data();
    } else {
      view.real64 = real64_.data();
    }
    return view;
  }

  CellSink& sink_;
  std::uint64_t first_cell_;
  const std::vector<std::uint32_t>& gene_map_;
  bool as_entries_, as_real64_;
  std::vector<std::uint64_t> begin_;
  std::vector<std::uint32_t> cells_, genes_;
  std::vector<float> real32_;
  std::vector<double> real64_;
};

class JoinedCells final : public CellSource {
 public:
  static Result<std::unique_ptr<CellSource>> join(std::vector<std::unique_ptr<CellSource>> sources,
                                                  const JoinOptions& options) {
    auto joined = std::make_unique<JoinedCells>();
    joined->sources_ = std::move(sources);
    joined->options_ = options;
    joined->path_ = fmt::format("{} and {} more files", joined->sources_.front()->path(), joined->sources_.size() - 1);
    for (const auto& source : joined->sources_) {
      joined->first_cell_.push_back(joined->n_cells_);
      joined->n_cells_ += source->n_cells();
      joined->n_unlisted_ += source->n_unlisted_cells();
      joined->by_entries_ = joined->by_entries_ || source->by_entries();
      joined->is_real32_ = joined->is_real32_ && source->values_are_real32();
    }
    joined->join_columns();
    if (auto done = joined->join_genes(); !done) return tl::unexpected(done.error());
    return Result<std::unique_ptr<CellSource>>(std::move(joined));
  }

  const std::string& path() const override { return path_; }
  std::size_t n_cells() const override { return n_cells_; }
  std::size_t n_genes() const override { return gene_ids_.size(); }
  std::vector<std::string> files() const override {
    std::vector<std::string> paths;
    for (const auto& source : sources_) paths.push_back(source->path());
    return paths;
  }
  std::vector<std::uint64_t> first_cells() const override { return first_cell_; }

  // Barcodes repeat from file to file, so each is told with its own.
  Result<std::vector<std::string>> barcodes() const override {
    std::vector<std::string> all;
    all.reserve(n_cells_);
    for (const auto& source : sources_) {
      auto of_file = source->barcodes();
      if (!of_file) return of_file;
      for (std::string& barcode : *of_file) all.push_back(barcode + " of " + file_name_of(*source));
    }
    return all;
  }

  const std::vector<std::unique_ptr<CellSource>>& sources() const { return sources_; }

  std::vector<std::string> columns() const override { return columns_; }

  Result<LabelColumn> labels(const std::string& column) const override {
    LabelColumn all{column, {}, {}};
    all.codes.reserve(n_cells_);
    std::unordered_map<std::string, std::int32_t> codes;
    const auto code_of = [&](const std::string& label) {
      const auto [found, is_new] = codes.emplace(label, static_cast<std::int32_t>(all.labels.size()));
      if (is_new) all.labels.push_back(label);
      return found->second;
    };
    for (const auto& source : sources_) {
      if (is_file_column(column)) {
        all.codes.insert(all.codes.end(), source->n_cells(), code_of(fs::path(source->path()).stem().string()));
        continue;
      }
      auto of_file = source->labels(column);
      if (!of_file) return of_file;
      std::vector<std::int32_t> joined;
      for (const std::string& label : of_file->labels) joined.push_back(code_of(label));
      for (const std::int32_t code : of_file->codes) {
        all.codes.push_back(code == LabelColumn::kMissing ? code : joined[static_cast<std::size_t>(code)]);
      }
    }
    return all;
  }

  std::string gene_index_name() const override { return sources_.front()->gene_index_name(); }
  Result<std::vector<std::string>> gene_ids() const override { return gene_ids_; }

  // Of each gene as the first file that has it tells; columns that all files have, of one type.
  Result<std::vector<AnnotationColumn>> gene_columns() const override {
    std::vector<std::vector<AnnotationColumn>> of_files;
    for (const auto& source : sources_) {
      auto columns = source->gene_columns();
      if (!columns) return columns;
      of_files.push_back(std::move(*columns));
    }
    std::vector<AnnotationColumn> joined;
    for (const AnnotationColumn& first : of_files.front()) {
      std::vector<const AnnotationColumn*> column;
      for (const auto& columns : of_files) {
        const auto found = std::find_if(columns.begin(), columns.end(), [&](const AnnotationColumn& one) {
          return one.name == first.name && one.values.index() == first.values.index();
        });
        if (found != columns.end()) column.push_back(&*found);
      }
      if (column.size() == of_files.size()) joined.push_back(joined_column(column));
    }
    return joined;
  }

  std::size_t n_unlisted_cells() const override { return n_unlisted_; }
  std::string hint_at_missing_column() const override {
    std::string hint;
    for (const auto& [column, file] : partial_columns_) {
      hint += fmt::format("; '{}' is not in {}", column, file);
      if (hint.size() > 200) break;
    }
    return hint.empty() ? sources_.front()->hint_at_missing_column() : hint;
  }

  void review(Review& review) const override {
    for (const auto& source : sources_) source->review(review);
    review.understood(fmt::format("{} files are one screen of {} cells", sources_.size(), n_cells_));
    if (!partial_columns_.empty()) {
      std::vector<std::string> names;
      for (const auto& [column, file] : partial_columns_) names.push_back(fmt::format("{} (not in {})", column, file));
      review.understood(
          fmt::format("columns of the cells that not all files have are passed over: {}", fmt::join(names, ", ")));
    }
    if (n_partial_genes_ > 0) {
      const bool are_kept = options_.genes == GeneJoin::whole_union;
      review.understood(fmt::format("{} of {} genes are not in all files and are {}", n_partial_genes_,
                                    gene_ids_.size() + (are_kept ? 0 : n_partial_genes_),
                                    are_kept ? "0 where they are not (--join-genes union)"
                                             : "left out, also of a cell's total (--join-genes union keeps them)"));
    }
  }

  bool by_entries() const override { return by_entries_; }
  bool values_are_real32() const override { return is_real32_; }
  std::uint64_t stored_bytes() const override {
    std::uint64_t bytes = 0;
    for (const auto& source : sources_) bytes += source->stored_bytes();
    return bytes;
  }

  Result<void> deliver(CellSink& sink, ThreadPool& pool, Progress& progress, std::stop_token stop) override {
    for (std::size_t f = 0; f < sources_.size(); ++f) {
      if (!sink.wants(first_cell_[f], first_cell_[f] + sources_[f]->n_cells())) {
        progress.advance(static_cast<std::int64_t>(sources_[f]->n_cells()));
        continue;
      }
      ShiftedSink shifted(sink, first_cell_[f], gene_maps_[f], by_entries_, !is_real32_);
      if (auto done = sources_[f]->deliver(shifted, pool, progress, stop); !done) return done;
    }
    return {};
  }

 private:
  bool is_file_column(const std::string& column) const { return options_.has_file_column && column == kFileColumn; }

  // Those that all files have, in the order of the first.
  void join_columns() {
    std::map<std::string, std::size_t> n_files;
    std::vector<std::string> order;
    for (const auto& source : sources_) {
      for (const std::string& column : source->columns()) {
        if (++n_files[column] == 1) order.push_back(column);
      }
    }
    for (const std::string& column : order) {
      if (is_file_column(column)) continue;
      if (n_files[column] == sources_.size()) {
        columns_.push_back(column);
        continue;
      }
      const auto lacking = std::find_if(sources_.begin(), sources_.end(), [&](const auto& source) {
        const std::vector<std::string> there = source->columns();
        return std::find(there.begin(), there.end(), column) == there.end();
      });
      partial_columns_.emplace_back(column, file_name_of(**lacking));
    }
    if (options_.has_file_column) columns_.emplace_back(kFileColumn);
  }

  Result<void> join_genes() {
    std::vector<std::vector<std::string>> ids;
    for (const auto& source : sources_) {
      auto of_file = source->gene_ids();
      if (!of_file) return tl::unexpected(of_file.error());
      ids.push_back(std::move(*of_file));
    }
    gene_maps_.resize(sources_.size());
    const bool are_equal = std::all_of(ids.begin(), ids.end(), [&](const auto& one) { return one == ids.front(); });
    if (are_equal) {
      gene_ids_ = std::move(ids.front());
      return {};
    }
    // In the order of their first appearance, with the number of files that have them.
    std::unordered_map<std::string, std::uint32_t> place;
    std::vector<std::string> order;
    std::vector<std::size_t> n_files;
    for (std::size_t f = 0; f < ids.size(); ++f) {
      std::set<std::string_view> seen;
      for (const std::string& id : ids[f]) {
        if (!seen.insert(id).second) {
          return bad_input(
              fmt::format("the gene id '{}' repeats, so that the files' genes cannot be told from each other", id),
              sources_[f]->path(), "make the ids of var unique, or give files of the same genes in order");
        }
        const auto [found, is_new] = place.emplace(id, static_cast<std::uint32_t>(order.size()));
        if (is_new) {
          order.push_back(id);
          n_files.push_back(0);
        }
        ++n_files[found->second];
      }
    }
    std::vector<std::uint32_t> joined(order.size(), kNotJoined);
    for (std::size_t g = 0; g < order.size(); ++g) {
      const bool is_whole = n_files[g] == ids.size();
      n_partial_genes_ += !is_whole;
      if (!is_whole && options_.genes == GeneJoin::intersection) continue;
      joined[g] = static_cast<std::uint32_t>(gene_ids_.size());
      gene_ids_.push_back(order[g]);
    }
    if (gene_ids_.empty()) return no_common_gene(ids);
    for (std::size_t f = 0; f < ids.size(); ++f) {
      for (const std::string& id : ids[f]) gene_maps_[f].push_back(joined[place.at(id)]);
    }
    return {};
  }

  // Names the first file after which no gene is left, and the spelling in which its ids would be others'.
  tl::unexpected<Error> no_common_gene(const std::vector<std::vector<std::string>>& ids) const {
    std::set<std::string> common(ids.front().begin(), ids.front().end());
    std::size_t f = 1;
    for (; f + 1 < ids.size(); ++f) {
      std::set<std::string> still;
      for (const std::string& id : ids[f]) {
        if (common.contains(id)) still.insert(id);
      }
      if (still.empty()) break;
      common = std::move(still);
    }
    const auto has_any = [&](const std::function<std::string(const std::string&)>& spelling) {
      std::set<std::string> spelt;
      for (const std::string& id : common) spelt.insert(spelling(id));
      return std::any_of(ids[f].begin(), ids[f].end(),
                         [&](const std::string& id) { return spelt.contains(spelling(id)); });
    };
    std::string remedy = "give files with ids of one kind, or --join-genes union";
    if (has_any(without_version))
      remedy = "their ids differ by the version behind the dot: cut it off in var of each file";
    if (has_any(lower_case)) remedy = "their ids differ by upper and lower case: write them alike in var of each file";
    return bad_input(fmt::format("none of its genes is in all of the {} files before it: its first is '{}', of {} '{}'",
                                 f, ids[f].empty() ? "" : ids[f].front(), file_name_of(*sources_.front()),
                                 ids.front().empty() ? "" : ids.front().front()),
                     sources_[f]->path(), remedy);
  }

  // `column`: of each file, of one type.
  AnnotationColumn joined_column(const std::vector<const AnnotationColumn*>& column) const {
    AnnotationColumn joined{column.front()->name, {}, {}, column.front()->categorical};
    std::visit(
        [&](const auto& first) {
          std::decay_t<decltype(first)> values(gene_ids_.size());
          std::vector<bool> present(gene_ids_.size(), false), is_told(gene_ids_.size(), false);
          for (std::size_t f = 0; f < column.size(); ++f) {
            const auto& of_file = std::get<std::decay_t<decltype(first)>>(column[f]->values);
            for (std::size_t g = 0; g < of_file.size(); ++g) {
              const std::uint32_t to = gene_maps_[f].empty() ? static_cast<std::uint32_t>(g) : gene_maps_[f][g];
              if (to == kNotJoined || is_told[to]) continue;
              is_told[to] = true;
              values[to] = of_file[g];
              present[to] = column[f]->is_present(g);
            }
          }
          joined.values = std::move(values);
          if (std::find(present.begin(), present.end(), false) != present.end()) joined.present = std::move(present);
        },
        column.front()->values);
    return joined;
  }

  std::vector<std::unique_ptr<CellSource>> sources_;
  JoinOptions options_;
  std::string path_;
  std::vector<std::uint64_t> first_cell_;  // of each file
  std::size_t n_cells_ = 0, n_unlisted_ = 0;
  bool by_entries_ = false, is_real32_ = true;
  std::vector<std::string> columns_;
  std::vector<std::pair<std::string, std::string>> partial_columns_;  // with the first file that lacks it
  std::vector<std::string> gene_ids_;
  std::vector<std::vector<std::uint32_t>> gene_maps_;  // per file; empty: the same genes
  std::size_t n_partial_genes_ = 0;
};

Result<std::vector<fs::path>> matches_of(const std::string& pattern) {
  glob_t found{};
  const int failed = glob(pattern.c_str(), 0, nullptr, &found);
  std::vector<fs::path> files;
  for (std::size_t i = 0; failed == 0 && i < found.gl_pathc; ++i) files.emplace_back(found.gl_pathv[i]);
  globfree(&found);
  if (files.empty()) return bad_input("no file matches the pattern", pattern, "check the path");
  return files;
}

bool is_matrix_market(const fs::path& folder) {
  return find_in_folder(folder, {"matrix.mtx", "matrix.mtx.gz"}).has_value();
}

}  // namespace

Result<std::size_t> n_repeated_barcodes(const CellSource& source) {
  std::size_t n = 0;
  if (const auto* joined = dynamic_cast<const JoinedCells*>(&source)) {
    for (const auto& each : joined->sources()) {
      const auto of_file = n_repeated_barcodes(*each);
      if (!of_file) return of_file;
      n += *of_file;
    }
    return n;
  }
  auto all = source.barcodes();
  if (!all) return tl::unexpected(all.error());
  std::sort(all->begin(), all->end());
  for (std::size_t i = 1; i < all->size(); ++i) n += (*all)[i] == (*all)[i - 1];
  return n;
}

Result<std::vector<fs::path>> files_of_screen(const std::vector<fs::path>& named) {
  std::vector<fs::path> files;
  for (const fs::path& path : named) {
    std::error_code ignored;
    const bool is_pattern = !fs::exists(path, ignored) && path.string().find_first_of("*?[") != std::string::npos;
    if (is_pattern) {
      auto found = matches_of(path.string());
      if (!found) return found;
      files.insert(files.end(), found->begin(), found->end());
    } else if (fs::is_directory(path, ignored) && !is_matrix_market(path)) {
      std::vector<fs::path> inside, parts;
      for (const auto& entry : fs::directory_iterator(path, ignored)) {
        if (entry.path().filename().string().starts_with(".")) continue;  // what file managers leave
        if (entry.path().extension() == ".h5ad") inside.push_back(entry.path());
        if (entry.path().extension() == kScreenPartExtension) parts.push_back(entry.path());
      }
      if (inside.empty()) inside = std::move(parts);
      if (inside.empty()) {
        files.push_back(path);  // whoever opens it says what it is
      }
      files.insert(files.end(), inside.begin(), inside.end());
    } else {
      files.push_back(path);
    }
  }
  std::sort(files.begin(), files.end(), [](const fs::path& a, const fs::path& b) {
    return std::pair(a.filename().string(), a.string()) < std::pair(b.filename().string(), b.string());
  });
  for (std::size_t i = 0; i < files.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      std::error_code ignored;
      if (!fs::equivalent(files[i], files[j], ignored)) continue;
      return bad_input("a file of the screen is named twice", files[i].string(), "name each file once");
    }
  }
  return files;
}

Result<std::unique_ptr<CellSource>> join_cells(std::vector<std::unique_ptr<CellSource>> sources,
                                               const JoinOptions& options) {
  return JoinedCells::join(std::move(sources), options);
}

}  // namespace headroom
