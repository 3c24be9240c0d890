// Cells of a 10x-style folder: a Matrix Market file of genes × cells with lists of features and barcodes, and a table
// that says what each barcode is.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "cells/cell_source.hpp"
#include "cells/read_ahead.hpp"
#include "io/delimited.hpp"
#include "io/regular_file.hpp"
#include "io/text_file.hpp"
#include "review/row_numbers.hpp"

namespace headroom {
namespace {

// Decompressed text handed over at a time: little at first, for small files.
constexpr std::size_t kFirstTextBytes = 1 << 16, kTextBytes = 4 << 20;
constexpr std::size_t kPiecesAhead = 2;
// Names that an error shows of each side.
constexpr std::size_t kShown = 3;

// Lines without their ends; empty ones at the end of the text are left out.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

// A list of the folder as columns, without quotes: separated by tabs, or by commas where there is no tab at all.
std::vector<std::vector<std::string>> columns_of(std::string_view text) {
  const std::vector<std::string_view> lines = lines_of(text);
  const auto has = [&](char c) {
    return !lines.empty() && std::all_of(lines.begin(), lines.end(),
                                         [&](std::string_view line) { return line.find(c) != std::string_view::npos; });
  };
  const char separator = !has('\t') && has(',') ? ',' : '\t';
  std::vector<std::vector<std::string>> columns;
  for (std::size_t row = 0; row < lines.size(); ++row) {
    std::string_view line = lines[row];
    for (std::size_t c = 0;; ++c) {
      const std::size_t end = std::min(line.find(separator), line.size());
      std::string_view cell = line.substr(0, end);
      if (cell.size() >= 2 && cell.front() == '"' && cell.back() == '"') cell = cell.substr(1, cell.size() - 2);
      if (columns.size() <= c) columns.emplace_back();
      columns[c].resize(row);
      columns[c].emplace_back(cell);
      if (end == line.size()) break;
      line.remove_prefix(end + 1);
    }
  }
  if (columns.empty()) columns.emplace_back();
  for (std::vector<std::string>& column : columns) column.resize(lines.size());
  return columns;
}

// A barcode without the number of its lane: AAAC-1 is AAAC.
std::string_view without_lane(std::string_view barcode) {
  const std::size_t dash = barcode.rfind('-');
  if (dash == std::string_view::npos || dash + 1 == barcode.size()) return barcode;
  const std::string_view lane = barcode.substr(dash + 1);
  return std::all_of(lane.begin(), lane.end(), [](char c) { return c >= '0' && c <= '9'; }) ? barcode.substr(0, dash)
                                                                                            : barcode;
}

// A text file, gzipped or not, piece by piece; a piece ends at a line's end.
class TextPieces {
 public:
  static Result<std::unique_ptr<TextPieces>> open(const std::filesystem::path& path) {
    auto pieces = std::make_unique<TextPieces>();
    pieces->path_ = path.string();
    const auto opened = open_regular_file(path);
    if (!opened) return tl::unexpected<Error>(opened.error());
    pieces->file_ = gzdopen(*opened, "rb");
    if (pieces->file_ == nullptr)
      return bad_input("the file cannot be read", path.string(), "check its name and rights");
    gzbuffer(pieces->file_, 1 << 18);
    return Result<std::unique_ptr<TextPieces>>(std::move(pieces));
  }
  TextPieces() = default;
  TextPieces(const TextPieces&) = delete;
  TextPieces& operator=(const TextPieces&) = delete;
  ~TextPieces() {
    if (file_ != nullptr) gzclose(file_);
  }

  Result<std::optional<std::string>> next() {
    std::string text = std::move(rest_);
    rest_.clear();
    for (;;) {
      const std::size_t had = text.size();
      text.resize(had + piece_bytes_);
      const int got = gzread(file_, text.data() + had, static_cast<unsigned>(piece_bytes_));
      piece_bytes_ = std::min(2 * piece_bytes_, kTextBytes);
      int code = Z_OK;
      const char* reason = gzerror(file_, &code);
      if (got < 0 || code == Z_BUF_ERROR) {
        return bad_input(
            fmt::format("the compressed text is damaged or cut off{}{}", got < 0 ? ": " : "", got < 0 ? reason : ""),
            path_, "fetch or write the file again");
      }
      text.resize(had + static_cast<std::size_t>(got));
      if (got == 0) {
        if (text.empty()) return std::optional<std::string>{};
        return std::optional<std::string>{std::move(text)};
      }
      const std::size_t line_end = text.rfind('\n');
      if (line_end == std::string::npos) {
        if (text.size() > 4 * kTextBytes)
          return bad_input("a line is endless", path_, "give a Matrix Market text file");
        continue;
      }
      rest_ = text.substr(line_end + 1);
      text.resize(line_end + 1);
      return std::optional<std::string>{std::move(text)};
    }
  }

 private:
  std::string path_, rest_;
  std::size_t piece_bytes_ = kFirstTextBytes;
  gzFile file_ = nullptr;
};

// Reads numbers off a line.
struct LineCursor {
  const char* at;
  const char* end;

  void skip_blanks() {
    while (at < end && (*at == ' ' || *at == '\t')) ++at;
  }
  template <class T>
  bool number(T* out) {
    skip_blanks();
    const auto [next, error] = std::from_chars(at, end, *out);
    if (error != std::errc{}) return false;
    at = next;
    return true;
  }
  bool finished() {
    skip_blanks();
    return at == end || (*at == '\r' && at + 1 == end);
  }
};

class MatrixMarketCells final : public CellSource {
 public:
  static Result<std::unique_ptr<CellSource>> open(const std::filesystem::path& folder,
                                                  const std::filesystem::path& table, bool transposed);

  const std::string& path() const override { return path_; }
  std::size_t n_cells() const override { return barcodes_.size(); }
  std::size_t n_genes() const override { return gene_ids_.size(); }
  Result<std::vector<std::string>> barcodes() const override { return barcodes_; }
  std::vector<std::string> columns() const override { return table_columns_; }
  Result<LabelColumn> labels(const std::string& column) const override;
  std::string gene_index_name() const override { return "gene_id"; }
  Result<std::vector<std::string>> gene_ids() const override { return gene_ids_; }
  Result<std::vector<AnnotationColumn>> gene_columns() const override { return gene_columns_; }
  bool by_entries() const override { return true; }
  bool values_are_real32() const override { return false; }
  std::uint64_t stored_bytes() const override {
    std::error_code ignored;
    const auto size = std::filesystem::file_size(path_, ignored);
    return ignored ? 0 : size;
  }
  Result<void> deliver(CellSink& sink, ThreadPool& pool, Progress& progress, std::stop_token stop) override;

  std::size_t n_unlisted_cells() const override {
    return static_cast<std::size_t>(std::count(in_table_.begin(), in_table_.end(), false));
  }
  void review(Review& review) const override;

 private:
  // Barcodes as keys of the table: themselves, or without their lanes where only so any is found.
  using RowsOf = std::unordered_map<std::string_view, std::vector<std::size_t>>;

  void drop_list_headers(std::vector<std::vector<std::string>>& features);
  Result<void> read_table(const std::filesystem::path& table);
  void put_row(const std::vector<std::string>& cells, std::size_t key, const std::vector<std::size_t>& rows);

  std::string path_;  // of the matrix
  std::string table_path_;
  std::vector<std::string> barcodes_, gene_ids_;
  std::vector<AnnotationColumn> gene_columns_;
  std::vector<std::string> table_columns_;
  std::vector<std::vector<std::string>> table_values_;  // column × barcode
  std::vector<bool> in_table_;                          // barcodes
  // Of a square matrix, whose sizes do not tell.
  bool rows_are_cells_ = false;
  bool orientation_is_told_ = false;  // by a flag, or by which list the table's barcodes are in
};

// Rows and columns that the matrix declares; nullopt where it is damaged, which the pass tells.
std::optional<std::pair<std::uint64_t, std::uint64_t>> declared_sizes(const std::filesystem::path& matrix) {
  auto pieces = TextPieces::open(matrix);
  if (!pieces) return std::nullopt;
  const auto text = (*pieces)->next();
  if (!text || !*text) return std::nullopt;
  for (const std::string_view line : lines_of(**text)) {
    if (line.empty() || line.front() == '%') continue;
    LineCursor cursor{line.data(), line.data() + line.size()};
    std::uint64_t rows = 0, columns = 0;
    if (!cursor.number(&rows) || !cursor.number(&columns)) return std::nullopt;
    return std::pair(rows, columns);
  }
  return std::nullopt;
}

// Lists with a line of column names are one longer than the matrix.
void MatrixMarketCells::drop_list_headers(std::vector<std::vector<std::string>>& features) {
  const auto sizes = declared_sizes(path_);
  if (!sizes) return;
  const std::uint64_t n_features = features.front().size(), n_barcodes = barcodes_.size();
  const auto fits = [&](std::uint64_t f, std::uint64_t b) {
    return (sizes->first == f && sizes->second == b) || (sizes->first == b && sizes->second == f);
  };
  for (const auto& [of_features, of_barcodes] :
       {std::pair{0u, 0u}, std::pair{1u, 0u}, std::pair{0u, 1u}, std::pair{1u, 1u}}) {
    if (n_features < of_features || n_barcodes < of_barcodes) continue;
    if (!fits(n_features - of_features, n_barcodes - of_barcodes)) continue;
    for (auto& column : features) column.erase(column.begin(), column.begin() + of_features);
    barcodes_.erase(barcodes_.begin(), barcodes_.begin() + of_barcodes);
    return;
  }
}

Result<std::unique_ptr<CellSource>> MatrixMarketCells::open(const std::filesystem::path& folder,
                                                            const std::filesystem::path& table, bool transposed) {
  auto cells = std::make_unique<MatrixMarketCells>();
  auto matrix = find_in_folder(folder, {"matrix.mtx"});
  if (!matrix) return tl::unexpected(matrix.error());
  cells->path_ = matrix->string();
  cells->table_path_ = table.string();
  cells->rows_are_cells_ = cells->orientation_is_told_ = transposed;

  auto features = find_in_folder(folder, {"features.tsv", "genes.tsv"});
  if (!features) return tl::unexpected(features.error());
  auto feature_text = read_text_file(*features);
  if (!feature_text) return tl::unexpected(feature_text.error());
  auto barcodes = find_in_folder(folder, {"barcodes.tsv"});
  if (!barcodes) return tl::unexpected(barcodes.error());
  auto barcode_text = read_text_file(*barcodes);
  if (!barcode_text) return tl::unexpected(barcode_text.error());
  std::vector<std::vector<std::string>> columns = columns_of(*feature_text);
  cells->barcodes_ = std::move(columns_of(*barcode_text).front());
  cells->drop_list_headers(columns);
  // A list that was written with its row numbers.
  if (columns.size() > 1 && are_row_numbers(columns.front())) columns.erase(columns.begin());
  cells->gene_ids_ = std::move(columns.front());
  constexpr std::array<const char*, 2> kColumns = {"symbol", "feature_types"};
  for (std::size_t c = 1; c < std::min(columns.size(), kColumns.size() + 1); ++c) {
    if (std::any_of(columns[c].begin(), columns[c].end(), [](const std::string& s) { return !s.empty(); })) {
      cells->gene_columns_.push_back({kColumns[c - 1], std::move(columns[c]), {}, false});
    }
  }
  if (auto read = cells->read_table(table); !read) return tl::unexpected(read.error());
  return Result<std::unique_ptr<CellSource>>(std::move(cells));
}

void MatrixMarketCells::put_row(const std::vector<std::string>& cells, std::size_t key,
                                const std::vector<std::size_t>& rows) {
  for (const std::size_t row : rows) {
    in_table_[row] = true;
    for (std::size_t c = 0, out = 0; c < cells.size(); ++c) {
      if (c != key) table_values_[out++][row] = cells[c];
    }
  }
}

Result<void> MatrixMarketCells::read_table(const std::filesystem::path& table) {
  auto reader = DelimitedReader::open(table);
  if (!reader) return tl::unexpected(reader.error());
  if (auto header = reader->read_header(); !header) return header;
  const std::size_t n_columns = reader->header().size();

  // Its first records say which column holds barcodes, as they are or without their lanes, and of which list.
  constexpr std::size_t kLooked = 1000;
  std::vector<std::vector<std::string>> looked_at;
  while (looked_at.size() < kLooked) {
    auto more = reader->next();
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
    looked_at.emplace_back(reader->cells().begin(), reader->cells().end());
  }
  const auto keys_of = [](const std::vector<std::string>& names, bool lanes) {
    RowsOf rows_of;
    for (std::size_t i = 0; i < names.size(); ++i) rows_of[lanes ? names[i] : without_lane(names[i])].push_back(i);
    return rows_of;
  };
  struct Choice {
    std::size_t n = 0, column = 0;
    bool lanes = true, of_features = false;
  } best;
  for (const bool of_features : {false, true}) {
    for (const bool lanes : {true, false}) {
      const std::vector<std::string>& names = of_features ? gene_ids_ : barcodes_;
      const RowsOf rows_of = keys_of(names, lanes);
      if (!lanes && rows_of.size() < names.size()) continue;  // ambiguous
      for (std::size_t c = 0; c < n_columns; ++c) {
        const auto n =
            static_cast<std::size_t>(std::count_if(looked_at.begin(), looked_at.end(), [&](const auto& cells) {
              return rows_of.contains(lanes ? std::string_view(cells[c]) : without_lane(cells[c]));
            }));
        // A column of genes that were perturbed is in the list of features too.
        if (n > best.n && (!of_features || best.n == 0)) best = {n, c, lanes, of_features};
      }
    }
  }
  if (best.of_features) {
    // Perturbed genes repeat among the cells; barcodes do not.
    std::unordered_set<std::string_view> distinct;
    for (const auto& cells : looked_at) distinct.insert(cells[best.column]);
    if (distinct.size() == looked_at.size()) {
      std::swap(gene_ids_, barcodes_);
      gene_columns_.clear();
      rows_are_cells_ = orientation_is_told_ = true;
    } else {
      best = {};
    }
  }

  for (std::size_t c = 0; c < n_columns; ++c) {
    if (c != best.column) table_columns_.push_back(reader->header()[c]);
  }
  table_values_.assign(table_columns_.size(), std::vector<std::string>(barcodes_.size()));
  in_table_.assign(barcodes_.size(), false);
  const RowsOf rows_of = keys_of(barcodes_, best.lanes);
  std::vector<std::string> unknown;  // of the table, some
  const auto take = [&](const std::vector<std::string>& cells) -> Result<void> {
    const std::string_view barcode = cells[best.column];
    const auto known = rows_of.find(best.lanes ? barcode : without_lane(barcode));
    if (known == rows_of.end()) {  // the table may hold more cells than the matrix
      if (unknown.size() < kShown) unknown.push_back(cells[best.column]);
      return {};
    }
    if (in_table_[known->second.front()]) {
      return reader->error(fmt::format("barcode '{}' occurs twice", barcode), "keep one row of it");
    }
    put_row(cells, best.column, known->second);
    return {};
  };
  for (const std::vector<std::string>& cells : looked_at) {
    if (auto taken = take(cells); !taken) return taken;
  }
  for (;;) {
    auto more = reader->next();
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
    if (auto taken = take({reader->cells().begin(), reader->cells().end()}); !taken) return taken;
  }
  if (std::find(in_table_.begin(), in_table_.end(), true) == in_table_.end()) {
    std::vector<std::string> some(barcodes_.begin(),
                                  barcodes_.begin() + static_cast<std::ptrdiff_t>(std::min(barcodes_.size(), kShown)));
    return bad_input(
        fmt::format("none of the {} barcodes is in the cell table: barcodes are called {}, the table says {}",
                    barcodes_.size(), fmt::join(some, ", "), fmt::join(unknown, ", ")),
        table.string(), "one of its columns must hold the barcodes of barcodes.tsv");
  }
  return {};
}

void MatrixMarketCells::review(Review& review) const {
  review.left_out("barcodes that the cell table does not have", static_cast<std::int64_t>(n_unlisted_cells()));
  if (n_genes() != n_cells() || orientation_is_told_) return;
  review.raise(
      {"matrix.orientation",
       path_,
       fmt::format("the matrix is square ({} × {}), so its sizes do not tell genes from cells; its rows are taken "
                   "as genes",
                   n_genes(), n_cells()),
       1,
       {},
       "if its rows are cells, give --transposed"});
}

Result<LabelColumn> MatrixMarketCells::labels(const std::string& column) const {
  const auto at = std::find(table_columns_.begin(), table_columns_.end(), column);
  if (at == table_columns_.end()) {
    std::string there;
    for (const std::string& name : table_columns_) there += (there.empty() ? "" : ", ") + name;
    return bad_input(fmt::format("column '{}' is missing", column), table_path_, "there are: " + there);
  }
  LabelColumn out{column, {}, {}};
  std::unordered_map<std::string_view, std::int32_t> codes;
  const std::vector<std::string>& values = table_values_[static_cast<std::size_t>(at - table_columns_.begin())];
  for (std::size_t row = 0; row < values.size(); ++row) {
    const std::string& value = values[row];
    if (value.empty() || !in_table_[row]) {
      out.codes.push_back(LabelColumn::kMissing);
      continue;
    }
    const auto [known, is_new] = codes.try_emplace(value, static_cast<std::int32_t>(out.labels.size()));
    if (is_new) out.labels.push_back(value);
    out.codes.push_back(known->second);
  }
  return out;
}

Result<void> MatrixMarketCells::deliver(CellSink& sink, ThreadPool& pool, Progress& progress, std::stop_token stop) {
  auto opened = TextPieces::open(path_);
  if (!opened) return tl::unexpected(opened.error());
  TextPieces& pieces = **opened;
  ReadAhead<std::string> ahead([&] { return pieces.next(); }, kPiecesAhead);

  std::uint64_t line_number = 0, n_seen = 0, n_declared = 0, n_rows = 1, cells_reported = 0;
  bool has_size = false, transposed = false, pattern = false, dense = false;
  std::vector<std::uint32_t> cells, genes;
  std::vector<double> values;
  const auto bad_line = [&](const std::string& what) {
    return bad_input(what, fmt::format("{}, line {}", path_, line_number), "give a Matrix Market file of counts");
  };
  for (;;) {
    if (stop.stop_requested()) {
      return tl::unexpected(Error{ErrorKind::interrupted, "stopped while reading cells", path_, {}});
    }
    auto item = ahead.next();
    if (!item) return tl::unexpected(item.error());
    if (!*item) break;
    cells.clear();
    genes.clear();
    values.clear();
    const std::string& text = **item;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      LineCursor line{text.data() + begin, text.data() + end};
      begin = end + 1;
      ++line_number;
      if (line_number == 1) {
        const std::string_view banner(line.at, line.end);
        dense = banner.starts_with("%%MatrixMarket matrix array");
        if ((!dense && !banner.starts_with("%%MatrixMarket matrix coordinate")) ||
            banner.find("complex") != banner.npos || banner.find("general") == banner.npos) {
          return bad_line("the first line is not '%%MatrixMarket matrix (coordinate|array) (integer|real) general'");
        }
        pattern = banner.find("pattern") != banner.npos;
        continue;
      }
      if (line.finished() || *line.at == '%') continue;
      std::uint64_t a = 0, b = 0;
      double value = 1;
      if (has_size && dense) {
        // Column after column, a value a line.
        a = n_seen % n_rows + 1;
        b = n_seen / n_rows + 1;
        if (!line.number(&value) || !line.finished()) return bad_line("this is not one value");
      } else if (!line.number(&a) || !line.number(&b)) {
        return bad_line("this line does not hold numbers");
      }
      if (!has_size) {
        if (dense) {
          n_rows = std::max<std::uint64_t>(a, 1);
          n_declared = a * b;
        }
        if ((!dense && !line.number(&n_declared)) || !line.finished()) {
          return bad_line(fmt::format("the size is not {} whole numbers", dense ? "two" : "three"));
        }
        transposed = a == n_cells() && b == n_genes() && (a != n_genes() || rows_are_cells_);
        if (!transposed && (a != n_genes() || b != n_cells())) {
          return bad_line(fmt::format("the matrix is {} × {}, but there are {} features and {} barcodes", a, b,
                                      n_genes(), n_cells()));
        }
        has_size = true;
        continue;
      }
      if (!dense && ((!pattern && !line.number(&value)) || !line.finished())) {
        return bad_line("this is not 'gene cell count'");
      }
      if (transposed) std::swap(a, b);
      if (a < 1 || a > n_genes() || b < 1 || b > n_cells()) return bad_line("gene or cell is out of range");
      if (++n_seen > n_declared)
        return bad_line(fmt::format("there are more than the {} entries declared", n_declared));
      if (value == 0 && dense) continue;
      genes.push_back(static_cast<std::uint32_t>(a - 1));
      cells.push_back(static_cast<std::uint32_t>(b - 1));
      values.push_back(value);
    }
    NumberView view;
    view.real64 = values.data();
    if (auto done = sink.add_entries({cells, genes, view}, pool); !done) return done;
    const std::uint64_t cells_done = n_declared == 0 ? 0 : n_cells() * n_seen / n_declared;
    progress.advance(static_cast<std::int64_t>(cells_done - cells_reported));
    cells_reported = cells_done;
  }
  if (!has_size) return bad_line("the file ends before the size of the matrix");
  if (n_seen != n_declared) {
    return bad_line(fmt::format("the file ends after {} of {} entries", n_seen, n_declared));
  }
  return {};
}

}  // namespace

Result<std::filesystem::path> find_in_folder(const std::filesystem::path& folder,
                                             std::initializer_list<const char*> names) {
  std::error_code ignored;
  for (const char* name : names) {
    for (const char* suffix : {"", ".gz"}) {
      std::filesystem::path path = folder / (std::string(name) + suffix);
      if (std::filesystem::is_regular_file(path, ignored)) return path;
    }
  }
  std::vector<std::filesystem::path> prefixed;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string file = entry.path().filename().string();
    const bool ends_so = std::any_of(names.begin(), names.end(), [&](const char* name) {
      return file.ends_with(std::string("_") + name) || file.ends_with(std::string("_") + name + ".gz") ||
             file.ends_with(std::string(".") + name) || file.ends_with(std::string(".") + name + ".gz");
    });
    if (ends_so && !file.starts_with(".")) prefixed.push_back(entry.path());
  }
  if (prefixed.size() == 1) return prefixed.front();
  if (prefixed.size() > 1) {
    return bad_input(fmt::format("there are {} files that end in {}", prefixed.size(), *names.begin()), folder.string(),
                     "give a folder with the files of one matrix");
  }
  return bad_input(fmt::format("there is no {} (nor {}.gz)", *names.begin(), *names.begin()), folder.string(),
                   "give the folder that holds matrix.mtx, features.tsv and barcodes.tsv");
}

Result<std::unique_ptr<CellSource>> open_matrix_market_cells(const std::filesystem::path& folder,
                                                             const std::filesystem::path& table, bool transposed) {
  return MatrixMarketCells::open(folder, table, transposed);
}

}  // namespace headroom
