#include "summary/perturbations_csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "io/atomic_file.hpp"
#include "io/csv_writer.hpp"
#include "io/sha256.hpp"
#include "protocol/metrics.hpp"
#include "summary/sampling_error.hpp"
#include "summary/target_parts.hpp"

namespace headroom {
namespace {

// The metrics of all targets, one after the other, and whether rows tell theirs.
struct Columns {
  std::vector<Metric> metrics;
  bool tells_target = false;
};

Columns columns_of(const std::vector<ScoredTask>& targets) {
  Columns columns;
  for (const ScoredTask& target : targets) {
    const auto& metrics = target.results->metrics;
    columns.metrics.insert(columns.metrics.end(), metrics.begin(), metrics.end());
    columns.tells_target = columns.tells_target || target.results->target != kFirstTarget;
  }
  return columns;
}

// The rows of one method in one context.
std::string method_rows(const RunResults& results, const Task& task, const ContextEvaluation& context,
                        const MethodEvaluation& method, const Columns& columns) {
  // Per column, the place of its metric among those of the results.
  std::vector<std::optional<std::size_t>> places;
  for (const Metric metric : columns.metrics) {
    const auto found = std::find(results.metrics.begin(), results.metrics.end(), metric);
    const auto place = static_cast<std::size_t>(found - results.metrics.begin());
    places.push_back(found == results.metrics.end() ? std::nullopt : std::optional(place));
  }
  const MethodEvaluation* noise = sampling_error_of(context);
  CsvWriter rows;
  for (std::size_t f = 0; f < method.folds.size(); ++f) {
    const FoldEvaluation& fold = method.folds[f];
    if (fold.status != Status::ok) continue;
    CsvWriter head;
    head.text(context.context).text(context.splits[f].name).text(method.name);
    const std::vector<std::string> ids = ids_of(task, context.splits[f].test);
    const bool has_noise = noise != nullptr && noise->folds[f].status == Status::ok;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto row = static_cast<Eigen::Index>(i);
      rows.fields(head.str()).text(ids[i]);
      rows.number(std::int64_t{fold.covered[i]});
      for (const auto& m : places) m ? rows.number(fold.metric_values[*m][row]) : rows.nothing();
      for (const auto& m : places) {
        has_noise&& m ? rows.number(noise->folds[f].metric_values[*m][row]) : rows.nothing();
      }
      if (columns.tells_target) rows.text(results.target);
      rows.end_row();
    }
  }
  return rows.str();
}

}  // namespace

Result<WrittenFile> write_perturbations_csv(const std::filesystem::path& path, const std::vector<ScoredTask>& targets,
                                            ThreadPool& pool) {
  const Columns columns = columns_of(targets);
  auto file = AtomicFile::create(path);
  if (!file) return tl::unexpected(file.error());
  CsvWriter header;
  for (const char* column : {"context", "fold", "name", "pert_id", "covered"}) header.text(column);
  for (const Metric metric : columns.metrics) header.text(metric_name(metric));
  for (const Metric metric : columns.metrics) header.text(fmt::format("noise_{}", metric_name(metric)));
  if (columns.tells_target) header.text("target");
  header.end_row();
  WrittenFile written_file;
  written_file.name = path.filename().string();
  Sha256 digest;
  const auto write = [&](const std::string& text) {
    digest.add(text);
    written_file.bytes += text.size();
    return file->write(text);
  };
  if (auto written = write(header.str()); !written) return tl::unexpected(written.error());
  // Text of a few methods at a time: formatting is parallel, memory stays small, the order is fixed.
  const std::size_t n_at_once = static_cast<std::size_t>(pool.n_threads()) * 4;
  for (const ScoredTask& target : targets) {
    for (const auto& context : target.results->contexts) {
      for (std::size_t first = 0; first < context.methods.size(); first += n_at_once) {
        std::vector<std::string> texts(std::min(n_at_once, context.methods.size() - first));
        pool.for_each(texts.size(), [&](std::size_t i) {
          texts[i] = method_rows(*target.results, *target.task, context, context.methods[first + i], columns);
        });
        for (const auto& text : texts) {
          if (auto written = write(text); !written) return tl::unexpected(written.error());
        }
      }
    }
  }
  if (auto committed = file->commit(); !committed) return tl::unexpected(committed.error());
  auto sha256 = digest.finish();
  if (!sha256) return tl::unexpected(sha256.error());
  written_file.sha256 = std::move(*sha256);
  return written_file;
}

}  // namespace headroom
