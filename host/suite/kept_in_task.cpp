#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <numeric>

#include "cell_metrics/metric_values.hpp"
#include "cell_metrics/suite.hpp"
#include "deg/benjamini_hochberg.hpp"
#include "io/column_names.hpp"
#include "io/h5ad.hpp"
#include "io/h5ad_writer.hpp"
#include "io/hdf5_block.hpp"
#include "matrix/label_matrix.hpp"
#include "suite/cell_remarks.hpp"
#include "suite/kept_screen.hpp"
#include "task/sampling_errors.hpp"

namespace headroom {
namespace {

constexpr const char* kVersion = "3";
constexpr const char* kControlLabels = "cell_metrics_controls";  // text in uns, a line each
constexpr const char *kOwnGene = "cell_own", *kSampling = "cell_sampling", *kNumberOfCells = "n_cells";
constexpr const char *kPooledLayer = "cell_counts", *kTestLayer = "cell_p", *kFoldLayer = "cell_lfc";

std::string lines(const std::vector<std::string>& texts) { return fmt::format("{}", fmt::join(texts, "\n")); }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::string table_name(std::size_t context) { return fmt::format("cell_metrics_{}", context); }

// Numbers of one context that live until the file is written.
struct ContextNumbers {
  std::vector<double> begin, control_total, totals, replicates, replicate_rows, replicate_values, half_agreement;
  std::vector<std::uint8_t> cells, counts, top_genes, top_values;
};

template <class T>
std::vector<std::uint8_t> bytes_of(const std::vector<T>& values) {
  std::vector<std::uint8_t> out(values.size() * sizeof(T));
  if (!values.empty()) std::memcpy(out.data(), values.data(), out.size());
  return out;
}

ConstMatrixMap column(const std::vector<double>& values) {
  return {values.data(), static_cast<Eigen::Index>(values.size()), 1, Eigen::OuterStride<>(1)};
}
ConstByteMap words(const std::vector<std::uint8_t>& bytes) {
  return {reinterpret_cast<const ByteMatrix::Scalar*>(bytes.data()), static_cast<Eigen::Index>(bytes.size() / 4), 4};
}

// Perturbations, the values of which a split's `metric` has for `rows`; NaN: not of these.
void add_values(const MetricValues& metric, const std::vector<std::size_t>& rows, std::size_t n,
                std::vector<double>& out) {
  const std::size_t first = out.size();
  out.resize(first + n, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < rows.size(); ++i) out[first + rows[i]] = metric.values[i];
}

void add_context(const KeptContext& context, ContextNumbers& kept, UnsTable& table) {
  const GroupCounts& control = context.control;
  const PanelTruth& truth = context.truth;
  kept.begin.assign(control.begin.begin(), control.begin.end());
  kept.control_total = control.total;
  for (const auto& of_perturbation : truth.totals) {
    kept.totals.insert(kept.totals.end(), of_perturbation.begin(), of_perturbation.end());
  }
  kept.cells = bytes_of(control.cell);
  kept.counts = bytes_of(std::vector<float>(control.count.begin(), control.count.end()));
  std::vector<std::string> names;
  for (std::size_t s = 0; s < truth.replicate_metrics.size(); ++s) {
    for (const MetricValues& metric : truth.replicate_metrics[s]) {
      if (s == 0) names.push_back(metric.name);
      kept.replicates.push_back(metric.total.value_or(std::numeric_limits<double>::quiet_NaN()));
      kept.replicate_rows.push_back(static_cast<double>(metric.n));
      add_values(metric, truth.replicates[s].rows, truth.names.labels.size(), kept.replicate_values);
    }
  }
  for (const HalfAgreement& each : truth.half_agreement) {
    kept.half_agreement.insert(kept.half_agreement.end(), each.begin(), each.end());
  }
  std::vector<std::uint32_t> top_genes;
  std::vector<float> top_values;
  for (const TopCells& top : truth.top) {
    top_genes.insert(top_genes.end(), top.genes.begin(), top.genes.end());
    for (const auto& cell : top.cells) top_values.insert(top_values.end(), cell.begin(), cell.end());
  }
  kept.top_genes = bytes_of(top_genes);
  kept.top_values = bytes_of(top_values);
  table.texts["context"] = truth.names.context;
  table.texts["replicate_metrics"] = lines(names);
  table.numbers["control_begin"].push_back(column(kept.begin));
  table.numbers["control_total"].push_back(column(kept.control_total));
  table.numbers["totals"].push_back(column(kept.totals));
  table.numbers["replicates"].push_back(column(kept.replicates));
  table.numbers["replicate_rows"].push_back(column(kept.replicate_rows));
  table.numbers["replicate_values"].push_back(column(kept.replicate_values));
  table.numbers["half_agreement"].push_back(column(kept.half_agreement));
  table.numbers["control_sampling"].push_back({&truth.control.sampling, 1, 1, Eigen::OuterStride<>(1)});
  table.bytes["control_cell"].push_back(words(kept.cells));
  table.bytes["control_count"].push_back(words(kept.counts));
  if (truth.top.empty()) return;
  table.bytes["top_genes"].push_back(words(kept.top_genes));
  table.bytes["top_values"].push_back(words(kept.top_values));
}

class KeptReader {
 public:
  explicit KeptReader(const H5adFile& file) : file_(file) {}

  tl::unexpected<Error> damaged(const std::string& what) const {
    return bad_input("what is kept of the cells is damaged: " + what, file_.path(),
                     "make it again with headroom prepare --cell-metrics");
  }

  Result<std::vector<double>> numbers(const std::string& table, const char* key) const {
    return values<double>(table, key, 1, H5T_NATIVE_DOUBLE);
  }

  template <class T>
  Result<std::vector<T>> words(const std::string& table, const char* key) const {
    static_assert(sizeof(T) == 4);
    return values<T>(table, key, 4, H5T_NATIVE_UINT8);
  }

  Result<GroupCounts> control(const std::string& table) const {
    auto begin = numbers(table, "control_begin"), total = numbers(table, "control_total");
    if (!begin) return tl::unexpected(begin.error());
    if (!total) return tl::unexpected(total.error());
    auto cell = words<std::uint32_t>(table, "control_cell");
    if (!cell) return tl::unexpected(cell.error());
    auto count = words<float>(table, "control_count");
    if (!count) return tl::unexpected(count.error());
    GroupCounts out;
    out.n_cells = total->size();
    out.total = std::move(*total);
    if (begin->size() != file_.n_vars() + 1 || cell->size() != count->size()) return damaged("lists differ in length");
    double last = 0;
    for (const double each : *begin) {
      if (!(each >= last) || each > static_cast<double>(cell->size())) return damaged("genes overlap");
      last = each;
      out.begin.push_back(static_cast<std::uint64_t>(each));
    }
    if (out.begin.front() != 0 || out.begin.back() != cell->size()) return damaged("genes have gaps");
    for (std::size_t e = 0; e < cell->size(); ++e) {
      if ((*cell)[e] >= out.n_cells || !((*count)[e] > 0) || !std::isfinite((*count)[e])) {
        return damaged("a count of the control is none");
      }
    }
    for (const double each : out.total) {
      if (!(each >= 0)) return damaged("a total of the control is none");
    }
    out.cell = std::move(*cell);
    out.count.assign(count->begin(), count->end());
    return out;
  }

 private:
  // A dataset of rows of `width` elements, a value each.
  template <class T>
  Result<std::vector<T>> values(const std::string& table, const char* key, hsize_t width, hid_t element) const {
    auto dataset = file_.uns_dataset(table + "/" + key);
    if (!dataset) return tl::unexpected(dataset.error());
    if (dataset->dims.size() != 2 || dataset->dims[1] != width) {
      return damaged(fmt::format("'{}' has another shape", key));
    }
    std::vector<T> out(dataset->dims[0]);
    if (out.empty()) return out;
    const hsize_t start[2] = {0, 0}, count[2] = {dataset->dims[0], width};
    if (auto done = hdf5::read_block(*dataset, start, count, element, out.data()); !done) {
      return tl::unexpected(done.error());
    }
    return out;
  }

  const H5adFile& file_;
};

// q of the tested genes, from p: adjusting again gives the same.
void adjust(DeTable& table) {
  std::vector<double> p;
  for (const double each : table.p) {
    if (!std::isnan(each)) p.push_back(each);
  }
  const std::vector<double> q = adjusted_p(p);
  table.q.assign(table.p.size(), std::numeric_limits<double>::quiet_NaN());
  std::size_t next = 0;
  for (std::size_t g = 0; g < table.p.size(); ++g) {
    if (!std::isnan(table.p[g])) table.q[g] = q[next++];
  }
}

std::vector<double> row_of(const Matrix& matrix, std::size_t row) {
  const auto values = matrix.row(static_cast<Eigen::Index>(row));
  return {values.begin(), values.end()};
}

Result<void> read_control(const KeptReader& reader, const std::string& table, ThreadPool& pool, KeptContext& context) {
  auto control = reader.control(table);
  if (!control) return tl::unexpected(control.error());
  context.control = std::move(*control);
  const auto sampling = reader.numbers(table, "control_sampling");
  if (!sampling) return tl::unexpected(sampling.error());
  const CellParts whole = whole_group(context.control.n_cells);
  context.truth.columns = make_control_columns(context.control, whole, pool);
  context.truth.control = std::move(pooled_profiles(context.control, whole, {false})[0]);
  context.truth.control.sampling = sampling->empty() ? 0 : sampling->front();
  return {};
}

// Counts of the cells, perturbation by perturbation.
Result<void> read_totals(const KeptReader& reader, const std::string& table, const std::vector<std::size_t>& n_cells,
                         PanelTruth& truth) {
  const auto totals = reader.numbers(table, "totals");
  if (!totals) return tl::unexpected(totals.error());
  auto next = totals->begin();
  for (const std::size_t n : n_cells) {
    if (static_cast<std::size_t>(totals->end() - next) < n) return reader.damaged("there are fewer totals than cells");
    truth.totals.emplace_back(next, next + static_cast<std::ptrdiff_t>(n));
    next += static_cast<std::ptrdiff_t>(n);
  }
  if (next != totals->end()) return reader.damaged("there are more totals than cells");
  return {};
}

// Cells on the genes that tell their perturbation from others, where the task keeps them.
Result<void> read_top_cells(const H5adFile& file, const KeptReader& reader, const std::string& table,
                            const std::vector<std::size_t>& n_cells, PanelTruth& truth) {
  if (!file.has_key("uns/" + table + "/top_genes")) return {};
  const auto genes = reader.words<std::uint32_t>(table, "top_genes");
  if (!genes) return tl::unexpected(genes.error());
  const auto values = reader.words<float>(table, "top_values");
  if (!values) return tl::unexpected(values.error());
  const std::size_t n_genes = n_cells.empty() ? 0 : genes->size() / n_cells.size();
  auto value = values->begin();
  for (std::size_t p = 0; p < n_cells.size(); ++p) {
    const auto first = genes->begin() + static_cast<std::ptrdiff_t>(p * n_genes);
    TopCells& top = truth.top.emplace_back();
    top.genes.assign(first, first + static_cast<std::ptrdiff_t>(n_genes));
    for (const std::uint32_t gene : top.genes) {
      if (gene >= truth.names.genes.size()) return reader.damaged("a gene of the cells is none");
    }
    for (std::size_t c = 0; c < n_cells[p]; ++c) {
      if (static_cast<std::size_t>(values->end() - value) < n_genes) {
        return reader.damaged("there are fewer values than cells");
      }
      top.cells.emplace_back(value, value + static_cast<std::ptrdiff_t>(n_genes));
      value += static_cast<std::ptrdiff_t>(n_genes);
    }
  }
  return {};
}

// Of each split the numbers of every metric, in total and of each perturbation.
Result<void> read_replicates(const H5adFile& file, const KeptReader& reader, const std::string& table,
                             PanelTruth& truth) {
  const auto totals = reader.numbers(table, "replicates"), rows = reader.numbers(table, "replicate_rows"),
             values = reader.numbers(table, "replicate_values");
  for (const auto* each : {&totals, &rows, &values}) {
    if (!*each) return tl::unexpected(each->error());
  }
  const std::vector<std::string> names = lines_of(file.uns_text(table + "/replicate_metrics").value_or(""));
  const std::size_t n = truth.names.labels.size();
  if (names.size() < kSuiteMembers || totals->empty() || totals->size() % names.size() != 0 ||
      rows->size() != totals->size() || values->size() != totals->size() * n) {
    return reader.damaged("the replicates' numbers do not fit their names");
  }
  for (std::size_t i = 0; i < totals->size(); ++i) {
    if (i % names.size() == 0) truth.replicate_metrics.emplace_back();
    const auto first = values->begin() + static_cast<std::ptrdiff_t>(i * n);
    MetricValues metric{names[i % names.size()],
                        {first, first + static_cast<std::ptrdiff_t>(n)},
                        (*totals)[i],
                        static_cast<std::size_t>((*rows)[i])};
    if (std::isnan((*totals)[i])) metric.total.reset();
    truth.replicate_metrics.back().push_back(std::move(metric));
  }
  const auto agreement = reader.numbers(table, "half_agreement");
  if (!agreement) return tl::unexpected(agreement.error());
  if (agreement->size() != n * kHalfCorrelations.size()) {
    return reader.damaged("how halves agree does not fit the perturbations");
  }
  truth.half_agreement.resize(n);
  for (std::size_t i = 0; i < agreement->size(); ++i) {
    truth.half_agreement[i / kHalfCorrelations.size()][i % kHalfCorrelations.size()] = (*agreement)[i];
  }
  return {};
}

// Of each row of the task the genes of largest |t| against all other perturbations, by the weights of WMSE, which are
// made of them; empty: the task has none.
std::vector<std::vector<std::uint32_t>> top_genes_of(const H5adContent& content) {
  std::vector<std::vector<std::uint32_t>> top;
  const auto layer = content.layers.find(kPreparedWeightsLayer);
  const auto* weights = layer == content.layers.end() ? nullptr : std::get_if<DenseFloats>(&layer->second);
  if (weights == nullptr) return top;
  for (const ConstFloatMap& block : weights->row_blocks) {
    for (std::vector<std::uint32_t>& genes : top_genes(block)) top.push_back(std::move(genes));
  }
  return top;
}

// Numbers that live until the task is written.
class KeptNumbers {
 public:
  explicit KeptNumbers(KeptScreen screen) : screen_(std::move(screen)), of_contexts_(screen_.contexts.size()) {}

  Result<void> add_to(H5adContent& content) {
    AnnotationColumn sampling{kSampling, std::vector<double>(), {}, false},
        own{kOwnGene, std::vector<std::string>(), {}, false};
    auto& sampling_values = std::get<std::vector<double>>(sampling.values);
    auto& own_values = std::get<std::vector<std::string>>(own.values);
    DenseX pooled, p, lfc;
    std::vector<std::string> ids;
    for (std::size_t k = 0; k < screen_.contexts.size(); ++k) {
      const PanelTruth& truth = screen_.contexts[k].truth;
      for (std::size_t i = 0; i < truth.names.labels.size(); ++i) {
        ids.push_back(truth.names.labels[i]);
        own_values.push_back(truth.names.own[i] ? truth.names.genes[*truth.names.own[i]] : "");
        sampling_values.push_back(truth.profiles[i].sampling);
        pooled.row_blocks.push_back(row(truth.profiles[i].pooled));
        p.row_blocks.push_back(row(truth.tables[i].p));
        lfc.row_blocks.push_back(row(truth.tables[i].lfc));
      }
      add_context(screen_.contexts[k], of_contexts_[k], content.uns_tables[table_name(k)]);
    }
    const auto of_task = std::get<std::vector<std::string>>(content.obs_columns.front().values);
    if (ids != of_task || screen_.genes != content.var_index) {
      return harness_fault("the task's rows are not those of its cells", screen_.path, "leave --cell-metrics out");
    }
    content.uns[kCellMetricsKey] = kVersion;
    content.uns[kControlLabels] = lines(screen_.control_labels);
    content.obs_columns.push_back(std::move(own));
    content.obs_columns.push_back(std::move(sampling));
    content.layers.emplace(kPooledLayer, std::move(pooled));
    content.layers.emplace(kTestLayer, std::move(p));
    content.layers.emplace(kFoldLayer, std::move(lfc));
    return {};
  }

 private:
  static ConstMatrixMap row(const std::vector<double>& values) {
    const auto n = static_cast<Eigen::Index>(values.size());
    return {values.data(), 1, n, Eigen::OuterStride<>(n)};
  }

  KeptScreen screen_;
  std::vector<ContextNumbers> of_contexts_;
};

}  // namespace

TaskAddition keep_cell_metrics(const std::filesystem::path& cells, const PrepareOptions& options, ThreadPool& pool,
                               Progress& progress, std::stop_token stop, std::vector<std::string>& notes) {
  return [&, stop = std::move(stop),
          numbers = std::shared_ptr<KeptNumbers>()](H5adContent& content) mutable -> Result<void> {
    auto screen = reduce_prepared_cells(cells, options, top_genes_of(content), pool, progress, stop);
    if (!screen) return tl::unexpected(screen.error());
    for (const KeptContext& context : screen->contexts) {
      notes.insert(notes.end(), context.notes.begin(), context.notes.end());
    }
    numbers = std::make_shared<KeptNumbers>(std::move(*screen));
    return numbers->add_to(content);
  };
}

Result<KeptScreen> read_kept_screen(const std::filesystem::path& path, ThreadPool& pool) {
  auto file = H5adFile::open(path);
  if (!file) return tl::unexpected(file.error());
  const KeptReader reader(*file);
  const auto version = file->uns_text(kCellMetricsKey);
  if (!version) {
    return bad_input("the task keeps nothing of its cells that predicted ones could be compared with", path.string(),
                     "make it again from raw counts with headroom prepare --cell-metrics");
  }
  if (*version != kVersion) return reader.damaged("it is of another version");
  auto genes = file->read_index(H5adAxis::var);
  if (!genes) return tl::unexpected(genes.error());
  std::map<std::string, std::size_t> place;
  for (std::size_t g = 0; g < genes->size(); ++g) place.emplace((*genes)[g], g);
  std::map<std::string, AnnotationColumn> columns;
  for (const char* name : {"pert_id", "context", kOwnGene, kNumberOfCells, kSampling}) {
    auto column = file->read_column(H5adAxis::obs, name);
    if (!column) return tl::unexpected(column.error());
    columns[name] = std::move(*column);
  }
  const auto* sampling = std::get_if<std::vector<double>>(&columns[kSampling].values);
  const auto* n_cells = std::get_if<std::vector<std::int64_t>>(&columns[kNumberOfCells].values);
  if (sampling == nullptr || n_cells == nullptr) return reader.damaged("a column holds no numbers");
  Matrix matrices[3];
  for (const auto& [name, matrix] :
       {std::pair{kPooledLayer, &matrices[0]}, {kTestLayer, &matrices[1]}, {kFoldLayer, &matrices[2]}}) {
    auto opened = file->matrix("layers/" + std::string(name));
    if (!opened) return tl::unexpected(opened.error());
    auto read = opened->read();
    if (!read) return tl::unexpected(read.error());
    *matrix = std::move(*read);
  }

  KeptScreen out;
  out.path = path.string();
  out.genes = *genes;
  out.control_labels = lines_of(file->uns_text(kControlLabels).value_or(""));
  std::size_t first = 0;
  while (first < file->n_obs()) {
    const std::string table = table_name(out.contexts.size()), name = columns["context"].text(first);
    std::size_t last = first;
    while (last < file->n_obs() && columns["context"].text(last) == name) ++last;
    std::vector<std::string> labels;
    OwnGenes own;
    for (std::size_t i = first; i < last; ++i) {
      labels.push_back(columns["pert_id"].text(i));
      const auto at = place.find(columns[kOwnGene].text(i));
      own.push_back(at == place.end() ? std::nullopt : std::optional<std::size_t>(at->second));
    }
    if (!std::is_sorted(labels.begin(), labels.end())) return reader.damaged("perturbations do not ascend");
    KeptContext context;
    context.truth.names = PanelNames::of(name, std::move(labels), out.genes, std::move(own));
    if (auto done = read_control(reader, table, pool, context); !done) return tl::unexpected(done.error());
    std::vector<std::size_t> cells_of_row;
    for (std::size_t i = first; i < last; ++i) {
      cells_of_row.push_back(static_cast<std::size_t>(std::max<std::int64_t>((*n_cells)[i], 0)));
      PooledProfile profile;
      profile.pooled = row_of(matrices[0], i);
      profile.y = pooled_log(profile.pooled);
      profile.sampling = (*sampling)[i];
      profile.n_cells = cells_of_row.back();
      context.truth.profiles.push_back(std::move(profile));
      DeTable de;
      de.p = row_of(matrices[1], i);
      de.lfc = row_of(matrices[2], i);
      adjust(de);
      context.truth.tables.push_back(std::move(de));
    }
    if (auto done = read_totals(reader, table, cells_of_row, context.truth); !done) {
      return tl::unexpected(done.error());
    }
    if (auto done = read_top_cells(*file, reader, table, cells_of_row, context.truth); !done) {
      return tl::unexpected(done.error());
    }
    if (auto done = read_replicates(*file, reader, table, context.truth); !done) return tl::unexpected(done.error());
    context.notes = remarks_on_screen(context.truth, context.control);
    out.contexts.push_back(std::move(context));
    first = last;
  }
  if (out.contexts.empty()) return reader.damaged("there is no context");
  return out;
}

}  // namespace headroom
