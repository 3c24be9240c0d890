#include "summary/strata.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <set>

#include "deg/benjamini_hochberg.hpp"
#include "deg/class_metrics.hpp"
#include "io/column_names.hpp"
#include "io/csv_writer.hpp"
#include "io/delimited.hpp"
#include "summary/target_parts.hpp"

namespace headroom {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr double kResponds = 0.05;  // adjusted p
constexpr std::size_t kMostNumberedGroups = 10;
constexpr std::array kTercileNames = {"low", "middle", "high"};

// Thirds of the known values by rank; equal values are never parted.
void add_terciles(const std::string& by, const std::vector<double>& values, std::vector<Stratum>& strata) {
  std::vector<std::size_t> known;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) known.push_back(i);
  }
  std::stable_sort(known.begin(), known.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<Stratum> thirds;
  std::size_t begin = 0;
  for (std::size_t third = 0; third < kTercileNames.size(); ++third) {
    std::size_t end = (third + 1) * known.size() / kTercileNames.size();
    while (end > begin && end < known.size() && values[known[end]] == values[known[end - 1]]) ++end;
    if (end < begin + kLeastInStratum) return;
    Stratum& stratum = thirds.emplace_back();
    stratum.by = by;
    stratum.name = kTercileNames[third];
    stratum.low = values[known[begin]];
    stratum.high = values[known[end - 1]];
    stratum.tests.assign(known.begin() + static_cast<std::ptrdiff_t>(begin),
                         known.begin() + static_cast<std::ptrdiff_t>(end));
    std::sort(stratum.tests.begin(), stratum.tests.end());
    begin = end;
  }
  strata.insert(strata.end(), thirds.begin(), thirds.end());
}

void add_groups(const std::string& by, const std::vector<std::string>& labels, std::vector<Stratum>& strata) {
  std::set<std::string> distinct(labels.begin(), labels.end());
  distinct.erase("");
  std::vector<double> numbers;
  for (const std::string& label : labels)
    numbers.push_back(label.empty() ? kUnknown : parse_number(label).value_or(kUnknown));
  const bool are_numbers = std::all_of(distinct.begin(), distinct.end(), [](const auto& label) {
    const auto number = parse_number(label);
    return number && std::isfinite(*number);
  });
  if (are_numbers && distinct.size() > kMostNumberedGroups) return add_terciles(by, numbers, strata);
  if (distinct.size() < 2) return;
  for (const std::string& label : distinct) {
    Stratum stratum;
    stratum.by = by;
    stratum.name = label;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] == label) stratum.tests.push_back(i);
    }
    if (stratum.tests.size() >= kLeastInStratum) strata.push_back(std::move(stratum));
  }
}

std::vector<std::string> labels_of_column(const StrataTable& table, std::size_t column, const std::string& context,
                                          const std::vector<std::string>& pert_ids) {
  std::vector<std::string> labels;
  for (const std::string& id : pert_ids) {
    auto found = table.values.find({context, id});
    if (found == table.values.end()) found = table.values.find({"", id});
    labels.push_back(found == table.values.end() ? "" : found->second[column]);
  }
  return labels;
}

double size_of_effect(const Task& task, const TaskContext& context, Eigen::Index row) {
  if (context.deltas.rows() <= row) return kUnknown;
  if (!task.holds_classes) return context.deltas.row(row).norm();
  return (context.deltas.row(row).array() - static_cast<double>(kNotDe)).matrix().norm();
}

}  // namespace

Result<StrataTable> read_strata_file(const std::filesystem::path& path) {
  auto reader = DelimitedReader::open(path);
  if (!reader) return tl::unexpected<Error>(reader.error());
  if (auto header = reader->read_header(); !header) return tl::unexpected<Error>(header.error());
  const auto pert_column = usual_column(*reader, kPertColumns), context_column = usual_column(*reader, kContextColumns);
  if (!pert_column) return tl::unexpected<Error>(reader->require_column("pert_id").error());
  StrataTable table;
  std::vector<std::size_t> places;
  for (std::size_t c = 0; c < reader->header().size(); ++c) {
    if (c == *pert_column || c == context_column) continue;
    table.columns.push_back(reader->header()[c]);
    places.push_back(c);
  }
  if (places.empty()) {
    return bad_input("the file has no column of groups", path.string(), "give a column beside pert_id and context");
  }
  for (;;) {
    const auto more = reader->next();
    if (!more) return tl::unexpected<Error>(more.error());
    if (!*more) return table;
    std::pair<std::string, std::string> key;
    if (context_column) key.first = reader->cells()[*context_column];
    key.second = reader->cells()[*pert_column];
    std::vector<std::string> values;
    for (const std::size_t c : places) values.emplace_back(reader->cells()[c]);
    const std::string id = key.second;
    if (!table.values.emplace(std::move(key), std::move(values)).second) {
      return reader->error(fmt::format("perturbation '{}' is there twice", id), "give each one line");
    }
  }
}

std::optional<double> n_responding_genes(const TaskContext& context, const Task& task, Eigen::Index row) {
  if (context.deltas.rows() <= row) return std::nullopt;
  if (task.holds_classes) return (context.deltas.row(row).array() != static_cast<double>(kNotDe)).count();
  if (context.deg && context.deg->labels.rows() > row && context.deg->has_labels[static_cast<std::size_t>(row)]) {
    return (context.deg->labels.row(row).array() != 0).count();
  }
  if (!context.sampling || context.sampling->error.rows() <= row) return std::nullopt;
  std::vector<double> p;
  for (Eigen::Index g = 0; g < context.deltas.cols(); ++g) {
    const double error = context.sampling->whole_error(row, g);
    p.push_back(error > 0 ? std::erfc(std::abs(context.deltas(row, g)) / error / std::numbers::sqrt2) : 1);
  }
  const std::vector<double> q = adjusted_p(p);
  return std::count_if(q.begin(), q.end(), [](double value) { return value < kResponds; });
}

std::vector<Stratum> strata_of(const ContextEvaluation& context, const Task& task, const CellCount& cell_count,
                               const StrataTable& table) {
  const TaskContext& of_task = task.contexts[context.task_context];
  std::vector<std::string> pert_ids;
  std::vector<double> effects, cells, responding;
  for (const Split& split : context.splits) {
    for (const TaskRow& at : split.test) {
      const TaskContext& tested = task.contexts[at.context];
      pert_ids.push_back(tested.pert_ids[static_cast<std::size_t>(at.row)]);
      effects.push_back(size_of_effect(task, tested, at.row));
      cells.push_back(cell_count ? cell_count(tested.name, pert_ids.back()).value_or(kUnknown) : kUnknown);
      responding.push_back(n_responding_genes(tested, task, at.row).value_or(kUnknown));
    }
  }
  std::vector<Stratum> strata;
  add_terciles("effect_size", effects, strata);
  add_terciles("n_cells", cells, strata);
  add_terciles("n_responding", responding, strata);
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    add_groups(table.columns[c], labels_of_column(table, c, of_task.name, pert_ids), strata);
  }
  return strata;
}

std::string strata_csv(const RunSummary& summary) {
  const bool tells_target = targets_of(summary) != std::vector<std::string>{kFirstTarget};
  CsvWriter csv;
  for (const char* column : {"context", "head", "metric", "by", "stratum", "low", "high", "n_test", "name", "value",
                             "gap_closed", "ci_low", "ci_high", "wap", "bap"}) {
    csv.text(column);
  }
  if (tells_target) csv.text("target");
  csv.end_row();
  bool any = false;
  const auto number = [&](bool is_there, double value) { is_there ? csv.number(value) : csv.nothing(); };
  for (const ContextResult& result : summary.contexts()) {
    for (const StratumResult& stratum : result.strata()) {
      for (const StratumValue& method : stratum.methods()) {
        any = true;
        csv.text(result.context()).text(result.head()).text(result.metric()).text(stratum.by()).text(stratum.stratum());
        number(stratum.has_low(), stratum.low());
        number(stratum.has_high(), stratum.high());
        csv.number(std::int64_t{stratum.n_test()}).text(method.method());
        number(method.has_value(), method.value());
        number(method.has_gap_closed(), method.gap_closed());
        number(method.has_ci_low(), method.ci_low());
        number(method.has_ci_high(), method.ci_high());
        number(stratum.has_wap(), stratum.wap());
        number(stratum.has_bap(), stratum.bap());
        if (tells_target) csv.text(target_of(result));
        csv.end_row();
      }
    }
  }
  return any ? csv.str() : std::string();
}

}  // namespace headroom
