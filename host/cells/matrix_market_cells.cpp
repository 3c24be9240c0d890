// Cells of a 10x-style folder: a Matrix Market file of genes × cells with lists of features and barcodes, and a table
// that says what each barcode is.
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>
#include <unordered_map>

#include "cells/cell_source.hpp"
#include "cells/read_ahead.hpp"
#include "io/delimited.hpp"
#include "io/text_file.hpp"

namespace headroom {
namespace {

// Decompressed text handed over at a time: little at first, for small files.
constexpr std::size_t kFirstTextBytes = 1 << 16, kTextBytes = 4 << 20;
constexpr std::size_t kAhead = 2;

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

std::string_view field(std::string_view line, std::size_t n) {
  for (; n > 0; --n) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos) return {};
    line.remove_prefix(tab + 1);
  }
  return line.substr(0, line.find('\t'));
}

// The first of `names` that is in the folder, plain or gzipped.
Result<std::filesystem::path> find_in(const std::filesystem::path& folder, std::initializer_list<const char*> names) {
  std::error_code ignored;
  for (const char* name : names) {
    for (const char* suffix : {"", ".gz"}) {
      std::filesystem::path path = folder / (std::string(name) + suffix);
      if (std::filesystem::is_regular_file(path, ignored)) return path;
    }
  }
  return bad_input(fmt::format("there is no {} (nor {}.gz)", *names.begin(), *names.begin()), folder.string(),
                   "give the folder that holds matrix.mtx, features.tsv and barcodes.tsv");
}

// A text file, gzipped or not, piece by piece; a piece ends at a line's end.
class TextPieces {
 public:
  static Result<std::unique_ptr<TextPieces>> open(const std::filesystem::path& path) {
    auto pieces = std::make_unique<TextPieces>();
    pieces->path_ = path.string();
    pieces->file_ = gzopen(path.c_str(), "rb");
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
                                                  const std::filesystem::path& table);

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

 private:
  Result<void> read_table(const std::filesystem::path& table);

  std::string path_;  // of the matrix
  std::string table_path_;
  std::vector<std::string> barcodes_, gene_ids_;
  std::vector<AnnotationColumn> gene_columns_;
  std::vector<std::string> table_columns_;
  std::vector<std::vector<std::string>> table_values_;  // column × barcode
};

Result<std::unique_ptr<CellSource>> MatrixMarketCells::open(const std::filesystem::path& folder,
                                                            const std::filesystem::path& table) {
  auto cells = std::make_unique<MatrixMarketCells>();
  auto matrix = find_in(folder, {"matrix.mtx"});
  if (!matrix) return tl::unexpected(matrix.error());
  cells->path_ = matrix->string();
  cells->table_path_ = table.string();

  auto features = find_in(folder, {"features.tsv", "genes.tsv"});
  if (!features) return tl::unexpected(features.error());
  auto feature_text = read_text_file(*features);
  if (!feature_text) return tl::unexpected(feature_text.error());
  std::vector<std::string> symbols;
  for (const std::string_view line : lines_of(*feature_text)) {
    cells->gene_ids_.emplace_back(field(line, 0));
    symbols.emplace_back(field(line, 1));
  }
  if (std::any_of(symbols.begin(), symbols.end(), [](const std::string& s) { return !s.empty(); })) {
    cells->gene_columns_.push_back({"symbol", std::move(symbols), {}, false});
  }

  auto barcodes = find_in(folder, {"barcodes.tsv"});
  if (!barcodes) return tl::unexpected(barcodes.error());
  auto barcode_text = read_text_file(*barcodes);
  if (!barcode_text) return tl::unexpected(barcode_text.error());
  for (const std::string_view line : lines_of(*barcode_text)) cells->barcodes_.emplace_back(field(line, 0));

  if (auto read = cells->read_table(table); !read) return tl::unexpected(read.error());
  return Result<std::unique_ptr<CellSource>>(std::move(cells));
}

Result<void> MatrixMarketCells::read_table(const std::filesystem::path& table) {
  auto reader = DelimitedReader::open(table);
  if (!reader) return tl::unexpected(reader.error());
  if (auto header = reader->read_header(); !header) return header;
  const std::size_t n_columns = reader->header().size();
  table_columns_.assign(reader->header().begin() + 1, reader->header().end());
  table_values_.assign(table_columns_.size(), std::vector<std::string>(barcodes_.size()));

  std::unordered_map<std::string_view, std::vector<std::size_t>> rows_of;
  for (std::size_t i = 0; i < barcodes_.size(); ++i) rows_of[barcodes_[i]].push_back(i);
  std::vector<bool> found(barcodes_.size());
  for (;;) {
    auto more = reader->next();
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
    const auto known = rows_of.find(reader->cells()[0]);
    if (known == rows_of.end()) continue;  // the table may hold more cells than the matrix
    for (const std::size_t row : known->second) {
      if (found[row])
        return reader->error(fmt::format("barcode '{}' occurs twice", known->first), "keep one row of it");
      found[row] = true;
      for (std::size_t c = 1; c < n_columns; ++c) table_values_[c - 1][row] = reader->cells()[c];
    }
  }
  const auto missing = std::find(found.begin(), found.end(), false);
  if (missing != found.end()) {
    return bad_input(fmt::format("{} of {} barcodes are not in the cell table, first '{}'",
                                 std::count(found.begin(), found.end(), false), found.size(),
                                 barcodes_[static_cast<std::size_t>(missing - found.begin())]),
                     table.string(), "its first column must hold the barcodes of barcodes.tsv");
  }
  return {};
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
  for (const std::string& value : table_values_[static_cast<std::size_t>(at - table_columns_.begin())]) {
    if (value.empty()) {
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
  ReadAhead<std::string> ahead([&] { return pieces.next(); }, kAhead);

  std::uint64_t line_number = 0, n_seen = 0, n_declared = 0, cells_reported = 0;
  bool has_size = false, transposed = false, pattern = false;
  std::vector<std::uint32_t> cells, genes;
  std::vector<double> values;
  const auto bad_line = [&](const std::string& what) {
    return bad_input(what, fmt::format("{}, line {}", path_, line_number), "give a Matrix Market coordinate file");
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
        if (!banner.starts_with("%%MatrixMarket matrix coordinate") || banner.find("complex") != banner.npos ||
            banner.find("general") == banner.npos) {
          return bad_line("the first line is not '%%MatrixMarket matrix coordinate (integer|real) general'");
        }
        pattern = banner.find("pattern") != banner.npos;
        continue;
      }
      if (line.finished() || *line.at == '%') continue;
      std::uint64_t a = 0, b = 0;
      if (!line.number(&a) || !line.number(&b)) return bad_line("this line does not hold numbers");
      if (!has_size) {
        if (!line.number(&n_declared) || !line.finished()) return bad_line("the size is not three whole numbers");
        transposed = a != n_genes() && a == n_cells() && b == n_genes();
        if (!transposed && (a != n_genes() || b != n_cells())) {
          return bad_line(fmt::format("the matrix is {} × {}, but there are {} features and {} barcodes", a, b,
                                      n_genes(), n_cells()));
        }
        has_size = true;
        continue;
      }
      double value = 1;
      if ((!pattern && !line.number(&value)) || !line.finished()) return bad_line("this is not 'gene cell count'");
      if (transposed) std::swap(a, b);
      if (a < 1 || a > n_genes() || b < 1 || b > n_cells()) return bad_line("gene or cell is out of range");
      if (++n_seen > n_declared)
        return bad_line(fmt::format("there are more than the {} entries declared", n_declared));
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

Result<std::unique_ptr<CellSource>> open_matrix_market_cells(const std::filesystem::path& folder,
                                                             const std::filesystem::path& table) {
  return MatrixMarketCells::open(folder, table);
}

}  // namespace headroom
