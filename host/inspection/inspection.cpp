#include "inspection/inspection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "cells/cell_source.hpp"
#include "inspection/describe_file.hpp"
#include "inspection/library_facts.hpp"
#include "inspection/results_facts.hpp"
#include "inspection/review_facts.hpp"
#include "inspection/task_facts.hpp"
#include "io/sha256.hpp"
#include "plugin_host/plugin_place.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSniffedBytes = 4096;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// The first bytes of a file: enough to tell kinds apart, and all that the host looks at of an unknown one.
Result<std::string> first_bytes(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return bad_input("it is no regular file", path.string(), "check the path");
  std::ifstream file(path, std::ios::binary);
  if (!file) return bad_input("cannot open the file", path.string(), "check its permissions");
  std::string bytes(kSniffedBytes, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

// A noise table is known by its header.
bool is_noise_table(const std::string& bytes) {
  std::string header = bytes.substr(0, bytes.find_first_of("\r\n"));
  std::replace(header.begin(), header.end(), '\t', ',');
  header = "," + header + ",";
  return header.find(",quantile,") != std::string::npos && header.find(",pert_id,") != std::string::npos;
}

Result<void> add(Result<std::vector<Fact>> facts, Inspection& inspection) {
  if (!facts) return tl::unexpected<Error>(facts.error());
  inspection.facts.insert(inspection.facts.end(), facts->begin(), facts->end());
  return {};
}

// What prepare would make of the cells.
void add_review_of_cells(const fs::path& path, const InspectOptions& options, Inspection& inspection) {
  Review review(options.flags.review);
  ThreadPool pool(options.n_threads);
  NoProgress progress;
  const auto reviewed = review_cells(path, options.flags.cells, review, pool, progress, {});
  for (Fact& each : review_facts(review)) inspection.facts.push_back(std::move(each));
  if (!reviewed) inspection.facts.push_back(fact("prepare_refuses", reviewed.error().line()));
}

Result<void> inspect_plugin(const fs::path& path, const InspectOptions& options, Inspection& inspection) {
  const auto place = place_of_plugin(path, options.shipped_plugins);
  if (!place) return tl::unexpected<Error>(place.error());
  inspection.kind = "plugin";
  return add_plugin_facts(*place, options, inspection);
}

Result<void> inspect_folder(const fs::path& path, const InspectOptions& options, Inspection& inspection) {
  if (is_there(path / "summary.json") || is_there(path / "results.sqlite")) {
    inspection.kind = "results";
    if (is_there(path / "summary.json")) {
      if (auto added = add(summary_facts(path / "summary.json", options.target), inspection); !added) return added;
    }
    return is_there(path / "results.sqlite") ? add(store_facts(path / "results.sqlite", options.target), inspection)
                                             : Result<void>();
  }
  if (is_there(path / "task.h5ad")) {
    inspection.kind = "task";
    return add(task_facts(path, options.flags, options.target), inspection);
  }
  if (find_in_folder(path, {"matrix.mtx"})) {
    inspection.kind = "cells";
    if (auto added = add(matrix_market_facts(path), inspection); !added) return added;
    if (options.flags.cells.cell_table) add_review_of_cells(path, options, inspection);
    return {};
  }
  if (const auto plugin = plugin_file_of_folder(path); plugin && is_plugin_name(*plugin)) {
    return inspect_plugin(path, options, inspection);
  }
  return bad_input("the folder is of no known kind", path.string(),
                   "give one with task.h5ad, with summary.json or results.sqlite, with matrix.mtx, or with plugin.so, "
                   "model.py or model.onnx");
}

Result<void> inspect_file(const fs::path& path, const InspectOptions& options, Inspection& inspection) {
  if (options.as == InspectOptions::As::task) {
    inspection.kind = "task";
    return add(task_facts(path, options.flags, options.target), inspection);
  }
  if (options.as == InspectOptions::As::cells) {
    inspection.kind = "cells";
    if (auto added = add(describe_h5ad(path), inspection); !added) return added;
    add_review_of_cells(path, options, inspection);
    return {};
  }
  const auto bytes = first_bytes(path);
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  if (path.extension() == ".so" || bytes->starts_with("\x7f"
                                                      "ELF")) {
    inspection.kind = "plugin";
    return add_plugin_facts({path, {}, {}, {}, true}, options, inspection);
  }
  if (is_model_name(path.filename().string())) return inspect_plugin(path, options, inspection);
  if (bytes->starts_with(std::string("SQLite format 3\0", 16))) {
    inspection.kind = "results";
    return add(store_facts(path, options.target), inspection);
  }
  if (path.extension() == ".json") {
    inspection.kind = "summary";
    return add(summary_facts(path, options.target), inspection);
  }
  if (is_noise_table(*bytes)) {
    inspection.kind = "noise table";
    return add(noise_facts(path), inspection);
  }
  inspection.kind = "data file";
  return add_data_file_facts(path, options, inspection);
}

}  // namespace

Result<Inspection> inspect(const fs::path& path, const InspectOptions& options) {
  if (!is_there(path)) return bad_input("there is no such file or folder", path.string(), "check the path");
  Inspection inspection;
  inspection.file = path.string();
  std::error_code ignored;
  const auto inspected = fs::is_directory(path, ignored) ? inspect_folder(path, options, inspection)
                                                         : inspect_file(path, options, inspection);
  if (!inspected) return tl::unexpected<Error>(inspected.error());
  const bool has_targets = inspection.kind == "task" || inspection.kind == "results" || inspection.kind == "summary";
  if (!options.target.empty() && !has_targets) {
    return bad_input(fmt::format("a {} has no targets", inspection.kind), path.string(),
                     "leave --target out; an h5ad is read as a task with --as task");
  }
  return inspection;
}

}  // namespace headroom
