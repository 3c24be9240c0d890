#include "plan/split_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "io/column_names.hpp"
#include "io/delimited.hpp"
#include "plan/split_families.hpp"
#include "review/label_spelling.hpp"

namespace headroom {
namespace {

enum class Part { training, test };

std::optional<Part> part_of(std::string_view word) {
  const std::string plain = lower_case(trimmed(word));
  for (const std::string_view name : {"train", "training", "val", "valid", "validation", "dev"}) {
    if (plain == name) return Part::training;
  }
  if (plain == "test" || plain == "testing") return Part::test;
  return std::nullopt;
}

std::optional<std::int32_t> row_of(const TaskContext& context, std::string_view id) {
  const auto found = std::lower_bound(context.pert_ids.begin(), context.pert_ids.end(), id);
  if (found == context.pert_ids.end() || *found != id) return std::nullopt;
  return static_cast<std::int32_t>(found - context.pert_ids.begin());
}

// A split of the file, before it is one for each context that it tests.
struct Named {
  std::string name;
  std::map<TaskRow, Part> rows;
};

}  // namespace

Result<std::vector<Split>> read_split_file(const std::filesystem::path& path, const Task& task) {
  auto reader = DelimitedReader::open(path);
  if (!reader) return tl::unexpected(reader.error());
  if (auto header = reader->read_header(); !header) return tl::unexpected(header.error());
  const auto pert_column = usual_column(*reader, kPertColumns), context_column = usual_column(*reader, kContextColumns);
  if (!pert_column) return tl::unexpected(reader->require_column("pert_id").error());
  const bool has_part = reader->column("part").has_value();
  const auto part_column = has_part ? reader->column("part") : usual_column(*reader, kFoldColumns);
  if (!part_column) return tl::unexpected(reader->require_column("part").error());
  const auto split_column = has_part ? reader->column("split") : std::nullopt;
  if (!context_column && task.contexts.size() > 1) return tl::unexpected(reader->require_column("context").error());

  std::vector<Named> named;
  for (;;) {
    const auto more = reader->next();
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
    const auto& cells = reader->cells();
    const std::string name(split_column ? trimmed(cells[*split_column]) : std::string_view("file"));
    const auto part = part_of(cells[*part_column]);
    if (!part) {
      return reader->error(fmt::format("'{}' is no part of a split", cells[*part_column]), "it is train, val or test");
    }
    std::size_t c = 0;
    if (context_column) {
      while (c < task.contexts.size() && task.contexts[c].name != cells[*context_column]) ++c;
    }
    if (c == task.contexts.size()) {
      return reader->error(fmt::format("the task has no context '{}'", cells[*context_column]),
                           "name contexts as the task does");
    }
    const auto row = row_of(task.contexts[c], cells[*pert_column]);
    if (!row) {
      return reader->error(
          fmt::format("context '{}' has no perturbation '{}'", task.contexts[c].name, cells[*pert_column]),
          "name perturbations as the task does, or leave the line out");
    }
    auto split = std::find_if(named.begin(), named.end(), [&](const Named& one) { return one.name == name; });
    if (split == named.end()) split = named.insert(named.end(), Named{name, {}});
    const auto [at, is_new] = split->rows.try_emplace({static_cast<std::uint32_t>(c), *row}, *part);
    if (!is_new) {
      return reader->error(
          fmt::format("split '{}' names perturbation '{}' of context '{}' {}", name, cells[*pert_column],
                      task.contexts[c].name, at->second == *part ? "twice" : "both for training and for testing"),
          "give every perturbation of a context one line in a split");
    }
  }

  std::vector<Split> splits;
  for (std::size_t c = 0; c < task.contexts.size(); ++c) {
    for (const Named& one : named) {
      Split split;
      split.name = one.name;
      split.family = kFamilyFile;
      split.context = c;
      std::unordered_map<std::string, std::string> tested;  // label by spelling
      for (const auto& [row, part] : one.rows) {
        if (part == Part::training) {
          split.training.push_back(row);
        } else if (row.context == c) {
          split.test.push_back(row);
          const std::string& id = task.contexts[c].pert_ids[static_cast<std::size_t>(row.row)];
          tested.emplace(plain_spelling(id), id);
        }
      }
      if (split.test.empty()) continue;
      for (const TaskRow& row : split.training) {
        const std::string& id = task.contexts[row.context].pert_ids[static_cast<std::size_t>(row.row)];
        const auto twin = row.context == c ? tested.find(plain_spelling(id)) : tested.end();
        if (twin == tested.end()) continue;
        return bad_input(
            fmt::format("split '{}' trains on '{}' and tests '{}' in context '{}': they are one perturbation", one.name,
                        id, twin->second, task.contexts[c].name),
            path.string(), "join them with --merge-labels, or give both the same part");
      }
      splits.push_back(std::move(split));
    }
  }
  if (splits.empty())
    return bad_input("no split of the file tests anything", path.string(), "give lines with part test");
  return splits;
}

}  // namespace headroom
