#include "inspection/reading_flags.hpp"

#include <nlohmann/json.hpp>

namespace headroom {
namespace {

using Json = nlohmann::json;

// Every flag once, for writing and for reading.
template <class Flags, class Visit>
void each_flag(Flags& flags, Visit&& visit) {
  auto& columns = flags.cells.columns;
  visit("pert_col", columns.pert_col);
  visit("control", columns.labels.controls);
  visit("keep_label", columns.labels.kept);
  visit("merge_labels", columns.labels.merge);
  visit("control_col", columns.control_col);
  visit("batch_col", columns.batch_col);
  visit("context_col", columns.context_col);
  visit("group_col", columns.group_col);
  visit("context", columns.contexts);
  visit("where", columns.where);
  visit("values", flags.cells.values);
  visit("target_sum", flags.cells.target_sum);
  visit("layer", flags.cells.layer);
  visit("features_all", flags.cells.genes.all_features);
  visit("transposed", flags.cells.transposed);
  visit("fold_col", flags.task.fold_column);
  visit("test_value", flags.task.test_value);
  visit("folds", flags.task.n_folds);
  visit("fold_seed", flags.task.fold_seed);
  visit("target_col", flags.task.target_column);
  visit("gene_col", flags.task.gene_column);
  visit("accept", flags.review.accepted);
  visit("strict", flags.review.strict);
}

void write(Json& object, const char* name, const std::vector<RowFilter>& filters) {
  for (const RowFilter& filter : filters) object[name].push_back({filter.column, filter.value});
}
template <class T>
void write(Json& object, const char* name, const std::optional<T>& value) {
  if (value) object[name] = *value;
}
template <class T>
void write(Json& object, const char* name, const T& value) {
  object[name] = value;
}

void read(const Json& value, std::vector<RowFilter>& filters) {
  for (const Json& each : value) filters.push_back({each.at(0).get<std::string>(), each.at(1).get<std::string>()});
}
template <class T>
void read(const Json& value, std::optional<T>& flag) {
  flag = value.get<T>();
}
template <class T>
void read(const Json& value, T& flag) {
  flag = value.get<T>();
}

}  // namespace

void share_flags(ReadingFlags& flags) {
  const CellColumnOptions& columns = flags.cells.columns;
  flags.task.pert_column = columns.pert_col;
  flags.task.context_column = columns.context_col;
  flags.task.group_column = columns.group_col;
  flags.task.labels = columns.labels;
  flags.task.contexts = columns.contexts;
  flags.task.where = columns.where;
  flags.task.layer = flags.cells.layer;
  flags.cells.fold_col = flags.task.fold_column;
  flags.cells.fold_file = flags.task.fold_file;
  if (flags.task.fold_column || flags.task.fold_file) flags.cells.test_value = flags.task.test_value;
  flags.cells.n_folds = flags.task.n_folds.value_or(flags.cells.n_folds);
  flags.cells.fold_seed = flags.task.fold_seed;
}

std::string reading_flags_text(const ReadingFlags& flags) {
  Json object = Json::object();
  each_flag(flags, [&](const char* name, const auto& value) { write(object, name, value); });
  return object.dump(-1, ' ', true, Json::error_handler_t::replace);
}

Result<ReadingFlags> parse_reading_flags(std::string_view text) {
  ReadingFlags flags;
  const Json object = Json::parse(text, nullptr, false);
  try {
    each_flag(flags, [&](const char* name, auto& value) {
      if (object.contains(name)) read(object.at(name), value);
    });
  } catch (const Json::exception&) {
    return bad_input("these are no flags of a reader", {}, "give them to headroom inspect");
  }
  if (!object.is_object()) return bad_input("these are no flags of a reader", {}, "give them to headroom inspect");
  share_flags(flags);
  return flags;
}

}  // namespace headroom
