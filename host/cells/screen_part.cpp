#include "cells/screen_part.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "cells/part_archive.hpp"
#include "cells/task_content.hpp"
#include "io/atomic_file.hpp"
#include "io/bounded_file.hpp"
#include "io/sha256.hpp"

namespace headroom {

// Layouts of what others declare: found by their namespace.

template <class Archive>
void lay_out(Archive& archive, PlacedValue& value) {
  archive(value.cell, value.gene, value.value);
}

template <class Archive>
void lay_out(Archive& archive, MisfitValues& values) {
  archive(values.n, values.first, values.first_cell, values.last_cell);
}

template <class Archive>
void lay_out(Archive& archive, CellBuckets::Tally& tally) {
  archive(tally.misfits.fractions, tally.misfits.negatives, tally.misfits.beyond, tally.misfits.largest, tally.totals,
          tally.undone_log1p, tally.undone_log2, tally.undone_log10, tally.undone_twice, tally.n_whole,
          tally.n_whole_undone, tally.n_sampled);
}

template <class Archive>
void lay_out(Archive& archive, DegControlCells& control) {
  archive(control.plates, control.n_cells, control.mean, control.squared_error);
}

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kAnyMagic = "Headroom part of a screen, version ",
                           kMagic = "Headroom part of a screen, version 2\n";
constexpr std::size_t kHashDigits = 64;

// A file may be a perturbation's home that holds this share of what any holds of it.
constexpr double kAboutAsMany = 0.8;

// What is told of one perturbation by itself.
struct RowNumbers {
  std::uint32_t n_cells = 0, n_batches = 0;
  double closed_form = 0;
  std::vector<double> quantiles;                  // quantile by quantile, a number a metric
  std::optional<std::vector<double>> split_half;  // a number a metric
};

template <class Archive>
void lay_out(Archive& archive, RowNumbers& row) {
  archive(row.n_cells, row.n_batches, row.closed_form, row.quantiles, row.split_half);
}

RowNumbers numbers_of(const PerturbationEstimate& estimate) {
  RowNumbers row{estimate.n_cells, estimate.n_batches, estimate.closed_form, {}, {}};
  for (const NoiseScores& scores : estimate.quantiles) {
    row.quantiles.insert(row.quantiles.end(), scores.begin(), scores.end());
  }
  if (estimate.split_half) row.split_half.emplace(estimate.split_half->begin(), estimate.split_half->end());
  return row;
}

// False: they are not as many.
bool set_numbers(const RowNumbers& row, PerturbationEstimate& estimate) {
  const std::size_t n_metrics = kNoiseMetrics;
  if (row.quantiles.size() != kNoiseQuantiles.size() * n_metrics) return false;
  if (row.split_half && row.split_half->size() != n_metrics) return false;
  estimate.n_cells = row.n_cells;
  estimate.n_batches = row.n_batches;
  estimate.closed_form = row.closed_form;
  for (std::size_t q = 0; q < kNoiseQuantiles.size(); ++q) {
    std::copy_n(row.quantiles.begin() + static_cast<std::ptrdiff_t>(q * n_metrics), n_metrics,
                estimate.quantiles[q].begin());
  }
  if (row.split_half) std::copy_n(row.split_half->begin(), n_metrics, estimate.split_half.emplace().begin());
  return true;
}

// Labels of the part's rows of a context.
struct LabelRows {
  LabelMatrix labels;
  ByteMatrix trials;
  std::optional<ByteMatrix> halves;
  std::vector<std::uint8_t> outcomes, is_constant;
  std::optional<Matrix> t, q;
  std::optional<DegControlCells> control;
};

template <class Archive>
void lay_out(Archive& archive, LabelRows& labels) {
  archive(labels.labels, labels.trials, labels.halves, labels.outcomes, labels.is_constant, labels.t, labels.q,
          labels.control);
}

// One context's rows of the part, below each other as in ScreenPart::rows.
struct ContextRows {
  std::uint32_t context = 0;
  std::optional<RowVector> control;
  RowVector control_error;
  Matrix control_halves;
  std::vector<std::uint64_t> rows;  // of the task
  std::vector<RowNumbers> numbers;
  Matrix deltas, sum, sum_of_squares;
  FloatMatrix sampling_errors;
  std::vector<LabelMatrix> halves;
  Vector n_cells;
  std::optional<LabelRows> labels;
};

template <class Archive>
void lay_out(Archive& archive, ContextRows& rows) {
  archive(rows.context, rows.control, rows.control_error, rows.control_halves, rows.rows, rows.numbers, rows.deltas,
          rows.sum, rows.sum_of_squares, rows.sampling_errors, rows.halves, rows.n_cells, rows.labels);
}

struct PartContent {
  ScreenIdentity identity;
  std::vector<std::string> files;
  std::uint64_t file = 0;
  CellBuckets::Tally tally;
  std::vector<ContextRows> contexts;
};

template <class Archive>
void lay_out_head(Archive& archive, PartContent& part) {
  archive(part.identity.flags, part.identity.processor, part.identity.tables, part.files, part.file);
}

// ---- rows out of a matrix and back ----

template <class M>
M rows_of(const M& all, const std::vector<std::uint64_t>& rows, std::uint64_t first = 0) {
  M some(static_cast<Eigen::Index>(rows.size()), all.cols());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    some.row(static_cast<Eigen::Index>(i)) = all.row(static_cast<Eigen::Index>(rows[i] - first));
  }
  return some;
}

// False: they have another shape.
template <class M>
bool put_rows(const M& some, const std::vector<std::uint64_t>& rows, M& all, std::uint64_t first = 0) {
  if (some.rows() != static_cast<Eigen::Index>(rows.size()) || some.cols() != all.cols()) return false;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    all.row(static_cast<Eigen::Index>(rows[i] - first)) = some.row(static_cast<Eigen::Index>(i));
  }
  return true;
}

LabelRows label_rows_of(const CalledLabels& called, const std::vector<std::uint64_t>& rows, std::uint64_t first) {
  LabelRows out;
  out.labels = rows_of(called.labels.labels, rows, first);
  out.trials = rows_of(called.labels.trials->packed(), rows, first);
  if (called.labels.halves) out.halves = rows_of(called.labels.halves->packed(), rows, first);
  for (const std::uint64_t row : rows) out.outcomes.push_back(static_cast<std::uint8_t>(called.outcomes[row - first]));
  out.is_constant = called.is_constant;
  if (called.statistics) {
    out.t = rows_of(called.statistics->t, rows, first);
    out.q = rows_of(called.statistics->q, rows, first);
  }
  out.control = called.labels.control;
  return out;
}

bool put_labels(const LabelRows& some, const std::vector<std::uint64_t>& rows, std::uint64_t first, CalledLabels& all) {
  constexpr std::uint8_t kOutcomes = 3;
  const bool fits = put_rows(some.labels, rows, all.labels.labels, first) &&
                    put_rows(some.trials, rows, all.labels.trials->packed(), first) &&
                    some.outcomes.size() == rows.size() && some.is_constant.size() == all.is_constant.size() &&
                    some.t.has_value() == all.statistics.has_value() && some.q.has_value() == some.t.has_value();
  if (!fits) return false;
  if (!some.halves) all.labels.halves.reset();  // the context's control cannot be halved
  if (some.halves && (!all.labels.halves || !put_rows(*some.halves, rows, all.labels.halves->packed(), first))) {
    return false;
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (some.outcomes[i] >= kOutcomes) return false;
    all.outcomes[rows[i] - first] = static_cast<DegOutcome>(some.outcomes[i]);
  }
  for (std::size_t g = 0; g < all.is_constant.size(); ++g) {
    all.is_constant[g] = static_cast<std::uint8_t>(all.is_constant[g] != 0 && some.is_constant[g] != 0);
  }
  if (some.t &&
      !(put_rows(*some.t, rows, all.statistics->t, first) && put_rows(*some.q, rows, all.statistics->q, first)))
    return false;
  all.labels.control = some.control;
  return true;
}

// False: something has another shape than the screen asks for.
bool put_context(const ContextRows& some, UnfinishedContext& context, PerturbationEstimates& out) {
  const auto& rows = some.rows;
  const std::uint64_t first = context.first_row;
  if (some.numbers.size() != rows.size() || some.n_cells.size() != static_cast<Eigen::Index>(rows.size()) ||
      some.halves.size() != out.halves.size() || some.labels.has_value() != context.labels.has_value()) {
    return false;
  }
  out.controls[context.context] = some.control;
  out.control_errors[context.context] = some.control_error;
  out.control_halves[context.context] = some.control_halves;
  bool fits = put_rows(some.deltas, rows, out.deltas) && put_rows(some.sampling_errors, rows, out.sampling_errors) &&
              put_rows(some.sum, rows, context.sums.sum, first) &&
              put_rows(some.sum_of_squares, rows, context.sums.sum_of_squares, first);
  for (std::size_t k = 0; k < some.halves.size(); ++k) fits = fits && put_rows(some.halves[k], rows, out.halves[k]);
  for (std::size_t i = 0; i < rows.size() && fits; ++i) {
    context.sums.n_cells[static_cast<Eigen::Index>(rows[i] - first)] = some.n_cells[static_cast<Eigen::Index>(i)];
    fits = set_numbers(some.numbers[i], out.perturbations[rows[i]]);
  }
  return fits && (!some.labels || put_labels(*some.labels, rows, first, *context.labels));
}

tl::unexpected<Error> damaged(const fs::path& path) {
  return bad_input("the part of a screen is damaged", path.string(), "make it again with headroom prepare --part");
}

// The bytes between the magic words and the hash, which is right.
Result<std::string> archive_of(const fs::path& path) {
  constexpr std::uint64_t most_bytes = std::uint64_t{1} << 42;
  auto bytes = read_bounded_file(path, most_bytes);
  if (!bytes) return bytes;
  if (bytes->starts_with(kAnyMagic) && !bytes->starts_with(kMagic) && bytes->find('\n') != std::string::npos) {
    return bad_input("the part was made by another version of Headroom", path.string(),
                     "make all parts again with headroom prepare --part, and join them with the same version");
  }
  if (!bytes->starts_with(kMagic) || bytes->size() < kMagic.size() + kHashDigits) {
    return bad_input(bytes->empty() ? "the part of a screen is empty" : "this is no part of a screen", path.string(),
                     "make it again with headroom prepare --part");
  }
  const std::string hash = bytes->substr(bytes->size() - kHashDigits);
  bytes->resize(bytes->size() - kHashDigits);
  const auto now = sha256_of_bytes(*bytes);
  if (!now) return tl::unexpected(now.error());
  if (*now != hash) return damaged(path);
  bytes->erase(0, kMagic.size());
  return bytes;
}

// In the order of file numbers: each once.
Result<void> require_all(const std::vector<fs::path>& paths, const std::vector<PartContent>& heads) {
  std::vector<const fs::path*> part_of(heads.front().files.size(), nullptr);
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const PartContent& head = heads[i];
    if (head.files != heads.front().files) {
      return bad_input(fmt::format("it is a part of another screen than {}: of {} files, {} …, and not of {}, {} …",
                                   paths.front().string(), head.files.size(), head.files.front(),
                                   heads.front().files.size(), heads.front().files.front()),
                       paths[i].string(), "make all parts with the same --screen");
    }
    if (const std::string other = difference(head.identity, heads.front().identity); !other.empty()) {
      return bad_input(fmt::format("it was made otherwise than {}: {}", paths.front().string(), other),
                       paths[i].string(), "make all parts with the same flags, from the same files");
    }
    const fs::path*& place = part_of[head.file];
    if (place != nullptr) {
      return bad_input(fmt::format("it is the part of {}, as is {}", head.files[head.file], place->string()),
                       paths[i].string(), "name each part once");
    }
    place = &paths[i];
  }
  for (std::size_t f = 0; f < part_of.size(); ++f) {
    if (part_of[f] != nullptr) continue;
    return bad_input("a part of the screen is missing", heads.front().files[f],
                     fmt::format("make it with headroom prepare --part {} --screen …, and name it with the others",
                                 heads.front().files[f]));
  }
  return {};
}

}  // namespace

std::vector<std::uint32_t> homes_of_rows(const CellSource& source, const CellGroups& groups) {
  const std::vector<std::uint32_t> rows = task_rows(groups);
  const std::vector<std::uint64_t> first = source.first_cells();
  std::vector<std::vector<std::uint32_t>> n_in_file(groups.groups.size(), std::vector<std::uint32_t>(first.size(), 0));
  std::size_t file = 0;
  for (std::uint64_t cell = 0; cell < groups.group_of_cell.size(); ++cell) {
    while (file + 1 < first.size() && cell >= first[file + 1]) ++file;
    if (groups.group_of_cell[cell] != CellGroups::kDropped) ++n_in_file[groups.group_of_cell[cell]][file];
  }
  std::vector<std::uint64_t> n_at_home(first.size(), 0);
  std::vector<std::uint32_t> homes;
  for (const std::uint32_t group : rows) {
    const std::vector<std::uint32_t>& n = n_in_file[group];
    const double least = kAboutAsMany * *std::max_element(n.begin(), n.end());
    std::uint32_t home = 0;
    bool is_set = false;
    for (std::uint32_t f = 0; f < n.size(); ++f) {
      if (n[f] < least || (is_set && n_at_home[f] >= n_at_home[home])) continue;
      home = f;
      is_set = true;
    }
    n_at_home[home] += groups.groups[group].n_cells;
    homes.push_back(home);
  }
  return homes;
}

Result<ScreenIdentity> screen_identity(const CellGroups& groups, const GeneChoice& genes,
                                       const PrepareOptions& options) {
  ArchiveWriter tables;
  for (const CellGroups::Group& group : groups.groups) {
    tables(group.context, group.perturbation, group.is_control, group.n_cells, group.batches);
  }
  tables(groups.contexts, groups.batches, groups.group_of_cell, groups.batch_of_cell, genes.ids, genes.map, genes.kept);
  auto hash = sha256_of_bytes(tables.bytes());
  if (!hash) return tl::unexpected(hash.error());
  const BootstrapOptions& bootstrap = options.bootstrap;
  constexpr std::array<const char*, 5> kValues = {"counts", "log1p", "asis", "scaled", "fractional"};
  return ScreenIdentity{{options.design == Design::global ? "--design global" : "--design matched",
                         fmt::format("--values {}", kValues[static_cast<std::size_t>(options.values)]),
                         fmt::format("--target-sum {}", options.target_sum), options.deg ? "--deg" : "no --deg",
                         options.deg_statistics ? "--deg-statistics" : "no --deg-statistics",
                         fmt::format("--outer {}", bootstrap.n_outer), fmt::format("--inner {}", bootstrap.n_inner),
                         fmt::format("{} splits", bootstrap.n_splits), fmt::format("--seed {}", bootstrap.seed)},
                        options.kernels,
                        std::move(*hash)};
}

std::string difference(const ScreenIdentity& one, const ScreenIdentity& other) {
  for (std::size_t i = 0; i < std::min(one.flags.size(), other.flags.size()); ++i) {
    if (one.flags[i] != other.flags[i]) return fmt::format("with {}, and not with {}", one.flags[i], other.flags[i]);
  }
  if (one.processor != other.processor) {
    return fmt::format("on another kind of processor ({}, and not {})", one.processor, other.processor);
  }
  if (one.tables != other.tables) {
    return "of other cells or genes (by --control, --pert-col, --batch-from, --join-genes or another flag that chooses "
           "them, or the files have changed)";
  }
  return one == other ? "" : "by another version of Headroom";
}

Result<void> write_screen_part(const fs::path& path, ScreenPart part, const CellGroups& groups) {
  std::error_code ignored;
  if (fs::exists(path, ignored) && fs::file_size(path, ignored) > 0 && !is_screen_part(path)) {
    return bad_input("the output would replace a file that is no part of a screen", path.string(),
                     "choose another folder with -o");
  }
  const PerturbationEstimates& estimates = part.estimates.estimates;
  PartContent content{std::move(part.identity), std::move(part.files), part.file, std::move(part.tally), {}};
  const std::vector<std::uint32_t> task = task_rows(groups);
  for (const UnfinishedContext& context : part.estimates.unfinished) {
    ContextRows& some = content.contexts.emplace_back();
    some.context = context.context;
    some.control = estimates.controls[context.context];
    some.control_error = estimates.control_errors[context.context];
    some.control_halves = estimates.control_halves[context.context];
    for (const std::uint64_t row : part.rows) {
      if (groups.groups[task[row]].context == context.context) some.rows.push_back(row);
    }
    for (const std::uint64_t row : some.rows) some.numbers.push_back(numbers_of(estimates.perturbations[row]));
    some.deltas = rows_of(estimates.deltas, some.rows);
    some.sampling_errors = rows_of(estimates.sampling_errors, some.rows);
    some.sum = rows_of(context.sums.sum, some.rows, context.first_row);
    some.sum_of_squares = rows_of(context.sums.sum_of_squares, some.rows, context.first_row);
    for (const LabelMatrix& half : estimates.halves) some.halves.push_back(rows_of(half, some.rows));
    some.n_cells.resize(static_cast<Eigen::Index>(some.rows.size()));
    for (std::size_t i = 0; i < some.rows.size(); ++i) {
      some.n_cells[static_cast<Eigen::Index>(i)] =
          context.sums.n_cells[static_cast<Eigen::Index>(some.rows[i] - context.first_row)];
    }
    if (context.labels) some.labels = label_rows_of(*context.labels, some.rows, context.first_row);
  }
  ArchiveWriter archive;
  lay_out_head(archive, content);
  archive(content.tally, content.contexts);
  auto file = AtomicFile::create(path);
  if (!file) return tl::unexpected(file.error());
  Sha256 hash;
  for (const std::string_view bytes : {kMagic, std::string_view(archive.bytes())}) {
    hash.add(bytes);
    if (auto written = file->write(bytes); !written) return written;
  }
  const auto digits = hash.finish();
  if (!digits) return tl::unexpected(digits.error());
  if (auto written = file->write(*digits); !written) return written;
  return file->commit();
}

bool is_screen_part(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string begin(kAnyMagic.size(), '\0');
  return file.read(begin.data(), static_cast<std::streamsize>(begin.size())) && begin == kAnyMagic;
}

Result<std::vector<std::string>> files_of_screen_part(const fs::path& path) {
  const auto bytes = archive_of(path);
  if (!bytes) return tl::unexpected(bytes.error());
  ArchiveReader archive(*bytes);
  PartContent head;
  lay_out_head(archive, head);
  if (!archive.is_good() || head.file >= head.files.size()) return damaged(path);
  return std::move(head.files);
}

Result<PerturbationEstimates> join_screen_parts(const std::vector<fs::path>& parts, const CellSource& source,
                                                const CellGroups& groups, const GeneChoice& genes,
                                                const PrepareOptions& options, CellBuckets& buckets) {
  const auto identity = screen_identity(groups, genes, options);
  if (!identity) return tl::unexpected(identity.error());
  const std::vector<std::uint32_t> rows = task_rows(groups);
  const auto n_genes = static_cast<std::uint32_t>(genes.kept.size());
  std::vector<std::uint64_t> first_cells = source.first_cells();
  const std::size_t n_files = first_cells.size();
  first_cells.push_back(source.n_cells());

  // First the heads alone: what belongs together is known before anything is taken from it.
  std::vector<PartContent> heads(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto bytes = archive_of(parts[i]);
    if (!bytes) return tl::unexpected(bytes.error());
    ArchiveReader archive(*bytes);
    lay_out_head(archive, heads[i]);
    if (!archive.is_good() || heads[i].file >= heads[i].files.size()) return damaged(parts[i]);
  }
  if (auto all = require_all(parts, heads); !all) return tl::unexpected(all.error());
  if (const std::string other = difference(heads.front().identity, *identity); !other.empty()) {
    return bad_input(fmt::format("the parts were made {}", other), parts.front().string(),
                     "give --join the flags that the parts were made with, or make them again");
  }
  if (heads.front().files.size() != n_files) return damaged(parts.front());

  PerturbationEstimates out = empty_estimates(groups, n_genes, options);
  std::vector<UnfinishedContext> contexts;
  std::vector<std::size_t> context_of_row;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const bool begins = contexts.empty() || contexts.back().context != groups.groups[rows[row]].context;
    if (begins) contexts.push_back(empty_context(groups, row, n_genes, options));
    context_of_row.push_back(contexts.size() - 1);
  }
  std::vector<std::uint8_t> is_there(rows.size(), 0);
  std::vector<std::size_t> order(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) order[heads[i].file] = i;
  for (const std::size_t i : order) {
    const auto bytes = archive_of(parts[i]);
    if (!bytes) return tl::unexpected(bytes.error());
    ArchiveReader archive(*bytes);
    PartContent part;
    lay_out_head(archive, part);
    archive(part.tally, part.contexts);
    bool fits =
        archive.is_at_end() && buckets.take_tally(first_cells[part.file], first_cells[part.file + 1], part.tally);
    for (const ContextRows& some : part.contexts) {
      for (const std::uint64_t row : some.rows) {
        fits = fits && row < rows.size() && is_there[row] == 0 && groups.groups[rows[row]].context == some.context;
        if (fits) is_there[row] = 1;
      }
      fits = fits && !some.rows.empty() && put_context(some, contexts[context_of_row[some.rows.front()]], out);
      if (!fits) break;
    }
    if (!fits) return damaged(parts[i]);
  }
  if (std::find(is_there.begin(), is_there.end(), 0) != is_there.end()) return damaged(parts.front());
  for (UnfinishedContext& context : contexts) finish_context(std::move(context), groups, options, out);
  return out;
}

}  // namespace headroom
