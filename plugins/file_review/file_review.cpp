#include "file_review/file_review.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <set>
#include <string_view>

#include "inspection/review_facts.hpp"
#include "io/column_names.hpp"
#include "io/h5ad.hpp"
#include "io/row_choice.hpp"
#include "io/row_labels.hpp"
#include "review/control_names.hpp"
#include "table/vector_review.hpp"

namespace headroom {
namespace {

enum class Guess { cells, deltas, vectors };
constexpr std::array<const char*, 3> kGuesses = {"cells", "deltas", "vectors"};

// Of the reader's process, which cannot write what goes beyond: larger cells are read where they lie (--as cells).
constexpr std::uint64_t kMemoryBytes = std::uint64_t{4} << 30;

bool is_hdf5(const std::filesystem::path& path) {
  std::array<char, 8> magic{};
  std::ifstream(path, std::ios::binary).read(magic.data(), magic.size());
  return std::string_view(magic.data(), magic.size()) == "\x89HDF\r\n\x1a\n";
}

bool has(const H5adFile& file, H5adAxis axis, const std::string& name) {
  return file.has_column(axis, name) || name == file.index_name(axis);
}

// A column that is not of the usual names and yet holds labels of controls: what --pert-col should say.
std::optional<std::string> column_with_controls(const H5adFile& file) {
  for (const std::string& name : file.columns(H5adAxis::obs)) {
    const auto column = file.read_labels(H5adAxis::obs, name);
    if (!column || column->labels.size() < 3) continue;
    if (std::any_of(column->labels.begin(), column->labels.end(), names_control)) return name;
  }
  return std::nullopt;
}

// Cells where a perturbation of a context has several rows. A column of perturbations that no command would find by
// itself is taken as if it had been named.
Guess guess_of(const H5adFile& file, ReadingFlags& flags, Review& review) {
  if (flags.cells.transposed) return Guess::cells;
  auto named = flags.task.pert_column ? flags.task.pert_column : first_column(file, kPertColumns);
  if (!named) {
    named = column_with_controls(file);
    // Vectors have no folds; deltas whose perturbations are not found are refused as such.
    const bool has_folds =
        flags.task.fold_column || first_column(file, kFoldColumns) || file.has_column(H5adAxis::obs, "fold_0");
    if (!named) return has_folds ? Guess::deltas : Guess::vectors;
    flags.task.pert_column = flags.cells.columns.pert_col = named;
    review.understood(
        fmt::format("column '{}' of obs holds labels of controls and is taken for the perturbations: other commands "
                    "need --pert-col {}",
                    *named, *named));
  }
  std::set<std::vector<std::int32_t>> seen;
  std::vector<LabelColumn> columns;
  std::vector<std::string> names =
      columns_named(*named, [&](const std::string& each) { return has(file, H5adAxis::obs, each); });
  const auto context = flags.task.context_column ? flags.task.context_column : first_column(file, kContextColumns);
  const auto fold = flags.task.fold_column ? flags.task.fold_column : first_column(file, kFoldColumns);
  for (const auto& column : {context, fold}) {
    if (column) names.push_back(*column);
  }
  for (const std::string& name : names) {
    auto column = read_row_labels(file, name == file.index_name(H5adAxis::obs) ? kRowNames : name);
    if (column) columns.push_back(std::move(*column));
  }
  for (std::size_t row = 0; row < file.n_obs(); ++row) {
    std::vector<std::int32_t> codes;
    for (const LabelColumn& column : columns) codes.push_back(column.codes[row]);
    if (!seen.insert(std::move(codes)).second) return Guess::cells;
  }
  return Guess::deltas;
}

// Refusal of the command that the file would be given to.
std::optional<Fact> review_as(Guess guess, const std::filesystem::path& path, const std::string& name,
                              const ReadingFlags& flags, Review& review) {
  if (guess == Guess::cells) {
    ThreadPool pool(1);
    NoProgress progress;
    PrepareOptions options = flags.cells;
    options.memory_limit_bytes = kMemoryBytes;
    const auto reviewed = review_cells(path, options, review, pool, progress, {});
    return reviewed ? std::nullopt : std::optional(fact("prepare_refuses", reviewed.error().line()));
  }
  if (guess == Guess::deltas) {
    const auto task = read_task(path, flags.task, review);
    if (!task) return fact("run_refuses", task.error().line());
    review.understood(fmt::format("deltas: {}", task->columns.delta_source));
    review.understood(fmt::format("folds: {}", task->columns.fold_source));
    review.understood(fmt::format("genes: {}", task->columns.gene_source));
    for (const std::string& note : task->notes) review.understood(note);
    return std::nullopt;
  }
  const auto file = read_vector_file(path, name);
  if (!file) return fact("run_refuses", file.error().line());
  for (const std::string& note : file->notes) review.understood(note);
  for (Doubt& doubt : vector_doubts(*file, {}, false, name)) review.raise(std::move(doubt));
  return std::nullopt;
}

// Readers know only the path that they were given; the user knows the name.
void rename(std::vector<Fact>& facts, const std::string& path, const std::string& name) {
  for (Fact& fact : facts) {
    for (FactValue& value : fact.values) {
      auto* text = std::get_if<std::string>(&value);
      if (text == nullptr) continue;
      for (std::size_t at = text->find(path); at != std::string::npos; at = text->find(path, at + name.size())) {
        text->replace(at, path.size(), name);
      }
    }
  }
}

}  // namespace

std::vector<Fact> review_of_file(const std::filesystem::path& path, const std::string& name,
                                 const ReadingFlags& given) {
  ReadingFlags flags = given;
  Review review(flags.review);
  std::optional<Fact> refusal;
  Guess guess = Guess::vectors;
  if (is_hdf5(path)) {
    const auto file = H5adFile::open(path);
    if (!file) return {};  // said by whoever describes it
    guess = guess_of(*file, flags, review);
  }
  refusal = review_as(guess, path, name, flags, review);
  std::vector<Fact> facts = {fact("reviewed_as", kGuesses[static_cast<std::size_t>(guess)])};
  for (Fact& each : review_facts(review)) facts.push_back(std::move(each));
  if (refusal) facts.push_back(std::move(*refusal));
  rename(facts, path.string(), name);
  return facts;
}

}  // namespace headroom
