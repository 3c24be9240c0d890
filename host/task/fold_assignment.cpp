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

Result<FoldReading> read_fold_file(const std::filesystem::path& path, const std::vector<TaskContext>& contexts,
                                   const std::optional<std::string>& test_value, const LabelOptions& spelling,
                                   std::vector<std::string>* notes) {
  auto reader = DelimitedReader::open(path);
  if (!reader) return tl::unexpected(reader.error());
  if (auto header = reader->read_header(); !header) return tl::unexpected(header.error());
  const auto pert_column = usual_column(*reader, kPertColumns);
  const auto context_column = usual_column(*reader, kContextColumns);
  if (!pert_column) return tl::unexpected(reader->require_column(kPertColumns[0]).error());
  FoldColumns columns;
  columns.where = path.string();
  std::vector<std::size_t> positions;
  if (const auto fold_column = usual_column(*reader, kFoldColumns)) {
    columns.names.push_back(reader->header()[*fold_column]);
    positions.push_back(*fold_column);
  } else {
    columns.names = numbered_fold_columns(reader->header());
    for (const std::string& name : columns.names) positions.push_back(*reader->column(name));
  }
  if (positions.empty()) return tl::unexpected(reader->require_column(kFoldColumns[0]).error());

  // Where each perturbation stands: (context, row) for every context that has it.
  std::unordered_map<std::string, std::vector<std::pair<std::size_t, std::size_t>>> places_of;
  std::vector<std::vector<bool>> listed(contexts.size());
  columns.labels.assign(positions.size(), FoldLabels(contexts.size()));
  for (std::size_t c = 0; c < contexts.size(); ++c) {
    const std::size_t n = contexts[c].pert_ids.size();
    listed[c].assign(n, false);
    for (FoldLabels& labels : columns.labels) labels[c].resize(n);
    for (std::size_t row = 0; row < n; ++row) {
      places_of[perturbation_key(contexts[c].pert_ids[row], spelling)].emplace_back(c, row);
    }
  }

  std::size_t n_unused = 0;
  for (;;) {
    const auto more = reader->next();
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
    const std::string_view pert = reader->cells()[*pert_column];
    bool used = false;
    if (const auto places = places_of.find(perturbation_key(pert, spelling)); places != places_of.end()) {
      for (const auto& [c, row] : places->second) {
        if (context_column && reader->cells()[*context_column] != contexts[c].name) continue;
        used = true;
        for (std::size_t k = 0; k < positions.size(); ++k) {
          const std::string_view fold = reader->cells()[positions[k]];
          if (fold.empty() && !test_value) {
            return reader->error(fmt::format("perturbation '{}' has no fold", pert), "give every line a fold");
          }
          std::string& label = columns.labels[k][c][row];
          if (listed[c][row] && label != fold) {
            return reader->error(fmt::format("perturbation '{}' is in folds '{}' and '{}'", pert, label, fold),
                                 "give each perturbation of a context one fold");
          }
          label = fold;
        }
        listed[c][row] = true;
      }
    }
    if (!used) ++n_unused;
  }

  std::vector<std::string> missing;
  for (std::size_t c = 0; c < contexts.size(); ++c) {
    for (std::size_t row = 0; row < listed[c].size(); ++row) {
      if (listed[c][row]) continue;
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
  return read_fold_labels(std::move(columns), contexts, {test_value, std::nullopt});
}

Result<FoldReading> make_fold_labels(const std::vector<TaskContext>& contexts,
                                     const std::vector<std::vector<std::string>>& groups, int n_folds,
                                     std::uint32_t seed, bool are_shared, const std::string& where) {
  if (n_folds < 2) return bad_input(fmt::format("{} folds were asked for", n_folds), "--folds", "give 2 or more");
  std::vector<std::vector<std::string>> units;  // of each perturbation: what is dealt as one
  for (std::size_t c = 0; c < contexts.size(); ++c) {
    const std::size_t n = contexts[c].pert_ids.size();
    if (n / 2 < static_cast<std::size_t>(n_folds)) {
      return bad_input(fmt::format("context '{}' has {} perturbations, too few for {} folds of at least 2",
                                   contexts[c].name, n, n_folds),
                       where, kFewerFolds);
    }
    units.push_back(contexts[c].pert_ids);
    for (std::size_t row = 0; row < n && !groups.empty(); ++row) {
      if (!groups[c][row].empty()) units[c][row] = groups[c][row];
    }
  }
  FoldReading reading;
  for (std::size_t c = 0; c < contexts.size(); ++c) {
    std::vector<std::string> distinct = units[c];
    for (std::size_t other = 0; other < contexts.size() && are_shared; ++other) {
      if (other != c) distinct.insert(distinct.end(), units[other].begin(), units[other].end());
    }
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    if (distinct.size() < static_cast<std::size_t>(n_folds)) {
      return bad_input(fmt::format("context '{}' has {} groups of perturbations, too few for {} folds",
                                   contexts[c].name, distinct.size(), n_folds),
                       where, kFewerFolds);
    }
    std::unordered_map<std::string_view, std::string> fold_of;
    const auto test_units = kfold_test_rows(distinct.size(), n_folds, seed);
    for (std::size_t fold = 0; fold < test_units.size(); ++fold) {
      for (const std::int32_t unit : test_units[fold]) {
        fold_of[distinct[static_cast<std::size_t>(unit)]] = std::to_string(fold);
      }
    }
    std::vector<std::string>& labels = reading.labels.emplace_back();
    for (const std::string& unit : units[c]) labels.push_back(fold_of.at(unit));
  }
  return reading;
}

Result<NumberedFolds> number_folds(const FoldReading& folds, const std::vector<TaskContext>& contexts,
                                   const std::string& where) {
  NumberedFolds numbered;
  for (std::size_t c = 0; c < contexts.size(); ++c) {
    for (std::size_t row = 0; row < folds.labels[c].size(); ++row) {
      const std::string& label = folds.labels[c][row];
      if (!label.empty()) {
        numbered.names.push_back(label);
      } else if (!folds.unlabelled_is_training) {
        return bad_input(
            fmt::format("perturbation '{}' of context '{}' has no fold", contexts[c].pert_ids[row], contexts[c].name),
            where,
            "give every perturbation a fold, make folds with --folds, or test one fold alone with "
            "--test-value: the others are then trained on");
      }
    }
    // The distinct ones are few; a million repeats need not be kept.
    sort_fold_names(&numbered.names);
  }
  if (numbered.names.empty()) {
    return bad_input("no perturbation is tested in any fold", where, "make folds with --folds");
  }
  std::unordered_map<std::string_view, std::int32_t> number_of;
  for (const std::string& name : numbered.names) {
    number_of.emplace(name, static_cast<std::int32_t>(number_of.size()));
  }

  for (std::size_t c = 0; c < contexts.size(); ++c) {
    const std::vector<std::string>& labels = folds.labels[c];
    std::vector<std::int32_t>& fold_of_row = numbered.fold_of_row.emplace_back(labels.size(), TaskContext::kInNoFold);
    std::vector<std::size_t> n_test(numbered.names.size(), 0);
    for (std::size_t row = 0; row < labels.size(); ++row) {
      if (labels[row].empty()) continue;
      fold_of_row[row] = number_of.at(labels[row]);
      ++n_test[static_cast<std::size_t>(fold_of_row[row])];
    }
    for (std::size_t fold = 0; fold < n_test.size(); ++fold) {
      const std::string place = fmt::format("fold '{}' of context '{}'", numbered.names[fold], contexts[c].name);
      if (n_test[fold] == labels.size()) {
        return bad_input(place + " leaves no perturbation to train on", where, "give the context at least 2 folds");
      }
      if (n_test[fold] < 2) {
        return bad_input(
            fmt::format("{} has {}", place,
                        n_test[fold] == 0 ? "no test perturbations" : "one test perturbation, and 2 are needed"),
            where, kFewerFolds);
      }
    }
  }
  return numbered;
}

}  // namespace headroom
