#include "task/fold_assignment.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>

#include "io/column_names.hpp"
#include "io/delimited.hpp"
#include "protocol/kfold.hpp"

namespace headroom {
namespace {

constexpr std::size_t kNamedInErrors = 5;

// The first of the usual names that the header has.
template <std::size_t N>
std::optional<std::size_t> usual_column(const DelimitedReader& reader, const std::array<std::string_view, N>& names) {
  for (const std::string_view name : names) {
    if (const auto column = reader.column(name)) return column;
  }
  return std::nullopt;
}

// Numeric order if every name is an integer ("2" before "10"), else byte order.
void sort_fold_names(std::vector<std::string>* names) {
  const bool numeric = std::all_of(names->begin(), names->end(),
                                   [](const std::string& name) { return parse_integer(name).has_value(); });
  std::sort(names->begin(), names->end(), [&](const std::string& a, const std::string& b) {
    if (!numeric) return a < b;
    const auto x = *parse_integer(a), y = *parse_integer(b);
    return x != y ? x < y : a < b;
  });
  names->erase(std::unique(names->begin(), names->end()), names->end());
}

constexpr const char* kFewerFolds = "use fewer folds, or leave the context out with --context";

}  // namespace

Result<FoldLabels> read_fold_file(const std::filesystem::path& path, const std::vector<TaskContext>& contexts,
                                  std::vector<std::string>* notes) {
  auto reader = DelimitedReader::open(path);
  if (!reader) return tl::unexpected(reader.error());
  if (auto header = reader->read_header(); !header) return tl::unexpected(header.error());
  const auto pert_column = usual_column(*reader, kPertColumns);
  const auto fold_column = usual_column(*reader, kFoldColumns);
  const auto context_column = usual_column(*reader, kContextColumns);
  if (!pert_column) return tl::unexpected(reader->require_column(kPertColumns[0]).error());
  if (!fold_column) return tl::unexpected(reader->require_column(kFoldColumns[0]).error());

  // Where each perturbation stands: (context, row) for every context that has it.
  std::unordered_map<std::string_view, std::vector<std::pair<std::size_t, std::size_t>>> places_of;
  FoldLabels labels(contexts.size());
  for (std::size_t c = 0; c < contexts.size(); ++c) {
    labels[c].resize(contexts[c].pert_ids.size());
    for (std::size_t row = 0; row < labels[c].size(); ++row) places_of[contexts[c].pert_ids[row]].emplace_back(c, row);
  }

  std::size_t n_unused = 0;
  for (;;) {
    const auto more = reader->next();
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
    const std::string_view pert = reader->cells()[*pert_column];
    const std::string_view fold = reader->cells()[*fold_column];
    if (fold.empty())
      return reader->error(fmt::format("perturbation '{}' has no fold", pert), "give every line a fold");
    bool used = false;
    if (const auto places = places_of.find(pert); places != places_of.end()) {
      for (const auto& [c, row] : places->second) {
        if (context_column && reader->cells()[*context_column] != contexts[c].name) continue;
        used = true;
        std::string& label = labels[c][row];
        if (!label.empty() && label != fold) {
          return reader->error(fmt::format("perturbation '{}' is in folds '{}' and '{}'", pert, label, fold),
                               "give each perturbation of a context one fold");
        }
        label = fold;
      }
    }
    if (!used) ++n_unused;
  }

  std::vector<std::string> missing;
  for (std::size_t c = 0; c < contexts.size(); ++c) {
    for (std::size_t row = 0; row < labels[c].size(); ++row) {
      if (!labels[c][row].empty()) continue;
      missing.push_back(contexts.size() == 1 ? contexts[c].pert_ids[row]
                                             : contexts[c].pert_ids[row] + " in " + contexts[c].name);
    }
  }
  if (!missing.empty()) {
    const std::size_t n_named = std::min(missing.size(), kNamedInErrors);
    return bad_input(
        fmt::format("{} perturbations of the task have no fold: {}{}", missing.size(),
                    fmt::join(missing.begin(), missing.begin() + static_cast<std::ptrdiff_t>(n_named), ", "),
                    n_named < missing.size() ? ", …" : ""),
        path.string(), "add a line for each");
  }
  if (n_unused > 0) {
    notes->push_back(fmt::format("{} line{} of {} name perturbations that the task does not have", n_unused,
                                 n_unused == 1 ? "" : "s", path.string()));
  }
  return labels;
}

Result<FoldLabels> make_fold_labels(const std::vector<TaskContext>& contexts, int n_folds, std::uint32_t seed,
                                    const std::string& where) {
  if (n_folds < 2) return bad_input(fmt::format("{} folds were asked for", n_folds), "--folds", "give 2 or more");
  FoldLabels labels(contexts.size());
  for (std::size_t c = 0; c < contexts.size(); ++c) {
    const std::size_t n = contexts[c].pert_ids.size();
    if (n / 2 < static_cast<std::size_t>(n_folds)) {
      return bad_input(fmt::format("context '{}' has {} perturbations, too few for {} folds of at least 2",
                                   contexts[c].name, n, n_folds),
                       where, kFewerFolds);
    }
    labels[c].resize(n);
    const auto test_rows = kfold_test_rows(n, n_folds, seed);
    for (std::size_t fold = 0; fold < test_rows.size(); ++fold) {
      for (const std::int32_t row : test_rows[fold]) labels[c][static_cast<std::size_t>(row)] = std::to_string(fold);
    }
  }
  return labels;
}

Result<void> assign_folds(const FoldLabels& labels, Task* task) {
  task->fold_names.clear();
  for (std::size_t c = 0; c < labels.size(); ++c) {
    for (std::size_t row = 0; row < labels[c].size(); ++row) {
      if (labels[c][row].empty()) {
        return bad_input(fmt::format("perturbation '{}' of context '{}' has no fold", task->contexts[c].pert_ids[row],
                                     task->contexts[c].name),
                         task->path, "give every perturbation a fold, or make folds with --folds");
      }
      task->fold_names.push_back(labels[c][row]);
    }
    // The distinct ones are few; a million repeats need not be kept.
    sort_fold_names(&task->fold_names);
  }
  std::unordered_map<std::string_view, std::int32_t> number_of;
  for (const std::string& name : task->fold_names) number_of.emplace(name, static_cast<std::int32_t>(number_of.size()));

  for (std::size_t c = 0; c < labels.size(); ++c) {
    TaskContext& context = task->contexts[c];
    context.fold_of_row.resize(labels[c].size());
    std::vector<std::size_t> n_test(task->fold_names.size(), 0);
    for (std::size_t row = 0; row < labels[c].size(); ++row) {
      context.fold_of_row[row] = number_of.at(labels[c][row]);
      ++n_test[static_cast<std::size_t>(context.fold_of_row[row])];
    }
    for (std::size_t fold = 0; fold < n_test.size(); ++fold) {
      const std::string place = fmt::format("fold '{}' of context '{}'", task->fold_names[fold], context.name);
      if (n_test[fold] == labels[c].size()) {
        return bad_input(place + " leaves no perturbation to train on", task->path,
                         "give the context at least 2 folds");
      }
      if (n_test[fold] < 2) {
        return bad_input(
            fmt::format("{} has {}", place,
                        n_test[fold] == 0 ? "no test perturbations" : "one test perturbation, and 2 are needed"),
            task->path, kFewerFolds);
      }
    }
  }
  return {};
}

}  // namespace headroom
