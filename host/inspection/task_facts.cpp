#include "inspection/task_facts.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "cells/cell_source.hpp"
#include "inspection/review_facts.hpp"
#include "io/delimited.hpp"
#include "io/regular_file.hpp"
#include "io/sha256.hpp"
#include "io/text_file.hpp"
#include "plan/target.hpp"
#include "task/noise_table.hpp"
#include "task/task.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNamesShown = 5;
constexpr std::size_t kGroupsShown = 20;
constexpr std::size_t kMostLineBytes = 4096;

std::string plural(std::size_t n, const char* noun) { return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s"); }

std::vector<std::string> contexts_of(const Task& task) {
  std::vector<std::string> texts;
  for (const TaskContext& context : task.contexts) {
    std::set<std::int32_t> folds(context.fold_of_row.begin(), context.fold_of_row.end());
    folds.erase(TaskContext::kInNoFold);
    texts.push_back(fmt::format("{}: {}, {}{}", context.name, plural(context.pert_ids.size(), "perturbation"),
                                plural(folds.size(), "fold"),
                                context.control_profile ? ", keeps its control profile" : ""));
  }
  return texts;
}

std::vector<std::string> folds_of(const Task& task) {
  std::vector<std::size_t> n_rows(task.fold_names.size(), 0);
  for (const TaskContext& context : task.contexts) {
    for (const std::int32_t fold : context.fold_of_row) {
      if (fold != TaskContext::kInNoFold) ++n_rows[static_cast<std::size_t>(fold)];
    }
  }
  std::vector<std::string> texts;
  for (std::size_t f = 0; f < n_rows.size(); ++f) {
    texts.push_back(fmt::format("{}: {}", task.fold_names[f], plural(n_rows[f], "test row")));
  }
  return texts;
}

// What is labelled, how the labels divide, and how often resampled cells were labelled anew.
std::vector<Fact> facts_of_labels(const Task& task) {
  std::int64_t n_labelled = 0, n_down = 0, n_up = 0, n_labels = 0;
  int n_trials = 0;
  for (const TaskContext& context : task.contexts) {
    const DegLabels& deg = *context.deg;
    if (deg.trials) n_trials = deg.trials->n_trials();
    for (std::size_t i = 0; i < deg.has_labels.size(); ++i) {
      if (!deg.has_labels[i]) continue;
      const auto row = deg.labels.row(static_cast<Eigen::Index>(i)).array();
      ++n_labelled;
      n_down += (row == -1).count();
      n_up += (row == 1).count();
      n_labels += row.size();
    }
  }
  const auto share = [&](std::int64_t n) {
    return static_cast<double>(n) / static_cast<double>(std::max<std::int64_t>(1, n_labels));
  };
  std::vector<Fact> facts = {
      fact("deg_source", task.columns.deg_source), fact("deg_labelled_rows", n_labelled),
      fact("deg_share_down", share(n_down)),       fact("deg_share_none", share(n_labels - n_down - n_up)),
      fact("deg_share_up", share(n_up)),           fact("deg_trials", std::int64_t{n_trials})};
  if (!task.deg_trials_note.empty()) facts.push_back(fact("no_deg_trials", task.deg_trials_note));
  return facts;
}

std::vector<Fact> facts_of(const NoiseTable& noise) {
  std::vector<std::string> contexts;
  for (const NoiseContext& context : noise.contexts) {
    contexts.push_back(fmt::format("{}: {}", context.name, plural(context.pert_ids.size(), "perturbation")));
  }
  return {fact("noise_sha256", noise.sha256), first_of_fact("noise_contexts", contexts, kGroupsShown),
          list_fact("noise_metrics", noise.metrics), list_fact("noise_further_columns", noise.reference_columns)};
}

// The first lines of a text file that may be gigabytes and may be gzip.
Result<std::vector<std::string>> first_lines(const fs::path& path, std::size_t n) {
  const auto opened = open_regular_file(path);
  if (!opened) return tl::unexpected<Error>(opened.error());
  const gzFile file = gzdopen(*opened, "rb");
  if (file == nullptr) return bad_input("cannot open the file", path.string(), "check the path");
  std::vector<std::string> lines;
  std::string buffer(kMostLineBytes, '\0');
  while (lines.size() < n && gzgets(file, buffer.data(), static_cast<int>(buffer.size())) != nullptr) {
    std::string line = buffer.c_str();
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
    lines.push_back(std::move(line));
  }
  gzclose(file);
  return lines;
}

// First columns of a table without header; how many lines it has goes to `n_lines`.
Result<std::vector<std::string>> first_column_of(const fs::path& path, std::size_t& n_lines) {
  const auto text = read_text_file(path);
  if (!text) return tl::unexpected(text.error());
  std::vector<std::string> names;
  n_lines = 0;
  for (std::size_t begin = 0; begin < text->size(); ++n_lines) {
    const std::size_t end = std::min(text->find('\n', begin), text->size());
    if (names.size() <= kNamesShown)
      names.push_back(text->substr(begin, std::min(end, text->find('\t', begin)) - begin));
    begin = end + 1;
  }
  return names;
}

}  // namespace

Result<std::vector<Fact>> task_facts(const fs::path& path, const ReadingFlags& flags, const std::string& target) {
  Review review(flags.review);
  const auto task = read_task(path, flags.task, review);
  if (!task) return tl::unexpected(task.error());
  const auto is_told = [&](const Target& one) { return holds(*task, one) && (target.empty() || target == one.name); };
  const bool tells_deltas = is_told(lfc_target()), tells_labels = is_told(deg_target());
  if (!tells_deltas && !tells_labels) {
    return bad_input(fmt::format("the task does not hold the target '{}'", target), path.string(),
                     "leave --target out, or make it again from the cells with headroom prepare --deg");
  }
  std::vector<Fact> facts = {
      fact("name", task->name),
      fact("sha256", task->sha256),
      fact("n_perturbations", task->n_perturbations),
      fact("n_genes", static_cast<std::int64_t>(task->gene_ids.size())),
      first_of_fact("contexts", contexts_of(*task), kGroupsShown),
      first_of_fact("folds", folds_of(*task), kGroupsShown),
      fact("pert_column", task->columns.pert_column),
      fact("context_column", task->columns.context_column.empty() ? "none" : task->columns.context_column),
      fact("fold_source", task->columns.fold_source),
      fact("gene_source", task->columns.gene_source),
      first_of_fact("perturbations", task->contexts.front().pert_ids, kNamesShown),
      first_of_fact("genes", task->gene_ids, kNamesShown),
      fact("n_measured_perturbations", task->n_measured_perturbations)};
  if (tells_deltas) {
    double least = std::numeric_limits<double>::infinity(), greatest = -least;
    for (const TaskContext& context : task->contexts) {
      least = std::min(least, context.deltas.minCoeff());
      greatest = std::max(greatest, context.deltas.maxCoeff());
    }
    facts.push_back(fact("least_value", least));
    facts.push_back(fact("greatest_value", greatest));
  }
  if (tells_labels) {
    for (Fact& of_labels : facts_of_labels(*task)) facts.push_back(std::move(of_labels));
  }
  if (!task->control_note.empty()) facts.push_back(fact("no_control_profile", task->control_note));
  std::vector<std::string> notes = task->notes;

  std::error_code ignored;
  if (tells_deltas && fs::is_directory(path, ignored) && fs::exists(path / "noise.csv", ignored)) {
    const auto noise = read_noise_table(path / "noise.csv", *task);
    if (!noise) return tl::unexpected(noise.error());
    for (Fact& of_noise : facts_of(*noise)) facts.push_back(std::move(of_noise));
    notes.insert(notes.end(), noise->notes.begin(), noise->notes.end());
  }
  if (!notes.empty()) facts.push_back(list_fact("notes", notes));
  for (Fact& each : review_facts(review)) facts.push_back(std::move(each));
  return facts;
}

Result<std::vector<Fact>> noise_facts(const fs::path& path) {
  auto hash = sha256_of_file(path);
  if (!hash) return tl::unexpected(hash.error());
  auto reader = DelimitedReader::open(path);
  if (!reader) return tl::unexpected(reader.error());
  if (auto header = reader->read_header(); !header) return tl::unexpected(header.error());
  const auto quantile = reader->require_column("quantile");
  if (!quantile) return tl::unexpected(quantile.error());
  const auto pert = reader->require_column("pert_id");
  if (!pert) return tl::unexpected(pert.error());
  const auto context = reader->column("context") ? reader->column("context") : reader->column("cell_line");
  const auto error = reader->column("L2") ? reader->column("L2") : reader->column("value");
  std::int64_t n_rows = 0;
  std::set<std::string> perts, contexts;
  std::set<double> quantiles;
  double least = std::numeric_limits<double>::infinity(), greatest = -least;
  for (;;) {
    auto more = reader->next();
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
    ++n_rows;
    const auto& cells = reader->cells();
    if (!cells[*pert].empty()) perts.emplace(cells[*pert]);  // rows of folds name none
    if (context) contexts.emplace(cells[*context]);
    const auto q = parse_number(cells[*quantile]);
    if (!q) {
      return reader->error(fmt::format("the quantile '{}' is no number", cells[*quantile].substr(0, 40)),
                           "write it as 0.9");
    }
    quantiles.insert(*q);
    if (const auto value = error ? parse_number(cells[*error]) : std::nullopt; value && std::isfinite(*value)) {
      least = std::min(least, *value);
      greatest = std::max(greatest, *value);
    }
  }
  std::vector<Fact> facts = {fact("sha256", std::move(*hash)), fact("n_rows", n_rows),
                             fact("n_perturbations", static_cast<std::int64_t>(perts.size())),
                             first_of_fact("perturbations", {perts.begin(), perts.end()}, kNamesShown)};
  if (context) facts.push_back(first_of_fact("contexts", {contexts.begin(), contexts.end()}, kGroupsShown));
  Fact levels{"quantiles", {quantiles.begin(), quantiles.end()}, true};
  facts.push_back(std::move(levels));
  if (least <= greatest) {
    facts.push_back(fact("least_L2", least));
    facts.push_back(fact("greatest_L2", greatest));
  }
  return facts;
}

Result<std::vector<Fact>> matrix_market_facts(const fs::path& folder) {
  const auto matrix = find_in_folder(folder, {"matrix.mtx"});
  const auto features = find_in_folder(folder, {"features.tsv", "genes.tsv"});
  const auto barcodes = find_in_folder(folder, {"barcodes.tsv"});
  for (const auto* found : {&matrix, &features, &barcodes}) {
    if (!*found) return tl::unexpected<Error>(found->error());
  }
  constexpr std::size_t kMostHeaderLines = 1000;
  const auto header = first_lines(*matrix, kMostHeaderLines);
  if (!header) return tl::unexpected(header.error());
  std::vector<Fact> facts;
  if (header->empty() || !header->front().starts_with("%%MatrixMarket")) {
    return bad_input("the file is not in the Matrix Market format", matrix->string(), "export it again");
  }
  facts.push_back(fact("storage", header->front().substr(2)));
  const auto sizes = std::find_if(header->begin(), header->end(),
                                  [](const std::string& line) { return !line.empty() && line.front() != '%'; });
  std::int64_t n_genes = 0, n_cells = 0, n_stored = 0;
  const bool dense = header->front().starts_with("%%MatrixMarket matrix array");  // its size says no third number
  const int n_numbers =
      sizes == header->end() ? 0 : std::sscanf(sizes->c_str(), "%ld %ld %ld", &n_genes, &n_cells, &n_stored);
  if (n_numbers < (dense ? 2 : 3)) {
    return bad_input("the matrix says no size", matrix->string(), "export it again");
  }
  if (dense) n_stored = n_genes * n_cells;
  facts.push_back(fact("n_rows", n_cells));
  facts.push_back(fact("n_columns", n_genes));
  facts.push_back(fact("n_stored", n_stored));
  for (const auto& [name, path] : {std::pair{"row_names", &*barcodes}, std::pair{"column_names", &*features}}) {
    std::size_t n_lines = 0;
    auto names = first_column_of(*path, n_lines);
    if (!names) return tl::unexpected(names.error());
    if (names->size() > kNamesShown) {
      names->resize(kNamesShown);
      names->push_back(fmt::format("… and {} more", n_lines - kNamesShown));
    }
    facts.push_back(list_fact(name, *names));
  }
  return facts;
}

}  // namespace headroom
