#include "suite/prediction_check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "io/h5ad.hpp"
#include "suite/compare_cells.hpp"

namespace headroom {
namespace {

using Verdict = PredictionFinding::Verdict;

// Looks at every value once: the first of each kind of offence, and the cells' totals.
class ValueCheck final : public CellSink {
 public:
  struct Offence {
    std::uint64_t n = 0, cell = 0;
    std::uint32_t gene = 0;
    double value = 0;
  };

  explicit ValueCheck(std::size_t n_cells) : total_(n_cells, 0.0) {}

  Result<void> add_cells(const CellBatch& batch, ThreadPool&) override {
    for (std::size_t c = 0; c < batch.n_cells(); ++c) {
      for (std::uint64_t e = batch.begin[c]; e < batch.begin[c + 1]; ++e) {
        look(batch.first_cell + c, batch.genes[e], batch.values[e]);
      }
    }
    return {};
  }
  Result<void> add_entries(const EntryBatch& batch, ThreadPool&) override {
    for (std::size_t e = 0; e < batch.cells.size(); ++e) look(batch.cells[e], batch.genes[e], batch.values[e]);
    return {};
  }

  Offence not_finite, negative, fractional;
  const std::vector<double>& totals() const { return total_; }

 private:
  void look(std::uint64_t cell, std::uint32_t gene, double value) {
    total_[cell] += value;
    if (!std::isfinite(value)) return add(not_finite, cell, gene, value);
    if (value < 0) add(negative, cell, gene, value);
    if (value != std::floor(value)) add(fractional, cell, gene, value);
  }
  static void add(Offence& offence, std::uint64_t cell, std::uint32_t gene, double value) {
    if (offence.n == 0 || cell < offence.cell) {
      offence.cell = cell;
      offence.gene = gene;
      offence.value = value;
    }
    ++offence.n;
  }

  std::vector<double> total_;
};

class Findings {
 public:
  explicit Findings(PredictionCheck& check) : check_(check) {}
  void passed(std::string name, std::string place, std::string found) {
    check_.findings.push_back({std::move(name), Verdict::passed, std::move(place), {}, {}, std::move(found)});
  }
  void add(Verdict verdict, std::string name, std::string place, std::string first, std::string expected,
           std::string found) {
    check_.findings.push_back(
        {std::move(name), verdict, std::move(place), std::move(first), std::move(expected), std::move(found)});
  }

 private:
  PredictionCheck& check_;
};

std::string first_missing(const std::vector<std::string>& expected, const std::vector<std::string>& given) {
  const std::set<std::string> there(given.begin(), given.end());
  for (const std::string& name : expected) {
    if (!there.contains(name)) return name;
  }
  return {};
}

// Whether the genes are the right ones in another order.
bool check_genes(const CellPanel& panel, const PredictionRules& rules, Findings& findings) {
  const std::vector<std::string> given = panel.gene_ids();
  const std::set<std::string> distinct(given.begin(), given.end());
  if (distinct.size() != given.size()) {
    std::set<std::string> seen;
    const auto repeated =
        std::find_if(given.begin(), given.end(), [&](const auto& id) { return !seen.insert(id).second; });
    findings.add(Verdict::failed, "genes-distinct", "var", *repeated, "each gene once",
                 fmt::format("{} of {} gene names repeat", given.size() - distinct.size(), given.size()));
    return false;
  }
  if (rules.genes.empty()) return false;
  if (given == rules.genes) {
    findings.passed("genes", "var", fmt::format("{} genes in the right order", given.size()));
    return false;
  }
  const std::string missing = names_missing(rules.genes, given), extra = names_missing(given, rules.genes);
  if (!missing.empty()) {
    findings.add(Verdict::failed, "genes-missing", "var", first_missing(rules.genes, given),
                 fmt::format("{} genes", rules.genes.size()),
                 fmt::format("{} genes; missing {}", given.size(), missing));
  }
  if (!extra.empty()) {
    findings.add(Verdict::failed, "genes-extra", "var", first_missing(given, rules.genes),
                 fmt::format("{} genes", rules.genes.size()), fmt::format("{} genes; extra {}", given.size(), extra));
  }
  if (!missing.empty() || !extra.empty()) return false;
  const auto at = std::mismatch(given.begin(), given.end(), rules.genes.begin());
  findings.add(Verdict::failed, "genes-order", "var", *at.first,
               fmt::format("'{}' at position {}", *at.second, at.first - given.begin()),
               fmt::format("'{}': the same {} genes in another order", *at.first, given.size()));
  return true;
}

void check_labels(const CellPanel& panel, const PredictionRules& rules, Findings& findings) {
  const std::string place = fmt::format("obs, column '{}'", panel.pert_column);
  std::vector<std::string> given, expected;
  for (const auto& context : panel.contexts) given.push_back(context.name);
  for (const auto& context : rules.contexts) expected.push_back(context.name);
  const bool both_single = given.size() == 1 && expected.size() == 1;
  if (!rules.contexts.empty() && !both_single && given != expected) {
    const std::string missing = names_missing(expected, given), extra = names_missing(given, expected);
    findings.add(Verdict::failed, "contexts",
                 panel.context_column.empty() ? "obs" : "obs, column '" + panel.context_column + "'",
                 !missing.empty() ? first_missing(expected, given) : first_missing(given, expected),
                 fmt::format("{}", fmt::join(expected, ", ")), fmt::format("{}", fmt::join(given, ", ")));
  }
  bool labels_fit = true;
  for (const auto& rule : rules.contexts) {
    const auto context = std::find_if(panel.contexts.begin(), panel.contexts.end(),
                                      [&](const auto& each) { return both_single || each.name == rule.name; });
    if (context == panel.contexts.end() || rule.labels.empty()) continue;
    const std::string in = rules.contexts.size() > 1 ? fmt::format(", context '{}'", rule.name) : "";
    const std::string missing = names_missing(rule.labels, context->labels);
    const std::string extra = names_missing(context->labels, rule.labels);
    const std::string n_expected = fmt::format("{} perturbations", rule.labels.size());
    if (!missing.empty()) {
      findings.add(Verdict::failed, "labels-missing", place + in, first_missing(rule.labels, context->labels),
                   n_expected, fmt::format("{}; missing {}", context->labels.size(), missing));
    }
    if (!extra.empty()) {
      findings.add(Verdict::failed, "labels-extra", place + in, first_missing(context->labels, rule.labels), n_expected,
                   fmt::format("{}; extra {}", context->labels.size(), extra));
    }
    labels_fit = labels_fit && missing.empty() && extra.empty();
  }
  if (labels_fit && !rules.contexts.empty()) {
    std::size_t n = 0;
    for (const auto& context : panel.contexts) n += context.labels.size();
    findings.passed("labels", place, fmt::format("{} perturbations in {} contexts", n, panel.contexts.size()));
  }
  if (panel.n_left_out > 0) {
    findings.add(Verdict::failed, "labels-present", place, "", "a perturbation and a context for every cell",
                 fmt::format("{} cells without", panel.n_left_out));
  }
}

void check_controls(const CellPanel& panel, const PredictionRules& rules, Findings& findings, bool& has_controls) {
  std::size_t n = 0;
  for (const auto& context : panel.contexts) n += context.control ? panel.n_cells(*context.control) : 0;
  has_controls = n > 0;
  const std::string place = fmt::format("obs, column '{}'", panel.pert_column);
  if (n == 0) return findings.passed("controls", place, "no control rows");
  const std::string label = panel.control_labels.empty() ? "" : panel.control_labels.front();
  findings.add(rules.controls_are_refused ? Verdict::failed : Verdict::noted, "controls", place, label,
               "no control rows",
               rules.controls_are_refused ? fmt::format("{} control cells", n)
                                          : fmt::format("{} control cells, which scoring leaves out", n));
}

void check_cells(const CellPanel& panel, const PredictionRules& rules, Findings& findings) {
  const std::string place = fmt::format("obs, column '{}'", panel.pert_column);
  const bool both_single = panel.contexts.size() == 1 && rules.contexts.size() == 1;
  std::size_t n_wrong = 0, least = SIZE_MAX, most = 0, n_expected_first = 0;
  std::string first, found_first;
  for (const auto& context : panel.contexts) {
    const auto rule = std::find_if(rules.contexts.begin(), rules.contexts.end(),
                                   [&](const auto& each) { return both_single || each.name == context.name; });
    for (std::size_t p = 0; p < context.labels.size(); ++p) {
      const std::size_t n = panel.n_cells(context.group[p]);
      least = std::min(least, n);
      most = std::max(most, n);
      std::optional<std::size_t> expected = rules.cells_each;
      if (!expected && rule != rules.contexts.end() && !rule->n_cells.empty()) {
        const auto at = std::find(rule->labels.begin(), rule->labels.end(), context.labels[p]);
        if (at != rule->labels.end()) expected = rule->n_cells[static_cast<std::size_t>(at - rule->labels.begin())];
      }
      if (!expected || *expected == n) continue;
      if (n_wrong++ > 0) continue;
      first = context.labels[p];
      n_expected_first = *expected;
      found_first = fmt::format("{} cells", n);
    }
  }
  if (n_wrong == 0) {
    return findings.passed("cells-each", place,
                           least == most ? fmt::format("{} cells of each perturbation", most)
                                         : fmt::format("{} to {} cells of a perturbation", least, most));
  }
  // Scoring takes any number of cells; an upload does not.
  findings.add(rules.cells_each ? Verdict::failed : Verdict::noted, "cells-each", place, first,
               fmt::format("{} cells", n_expected_first),
               fmt::format("{}; {} perturbations have another number", found_first, n_wrong));
}

}  // namespace

PredictionRules upload_rules() {
  PredictionRules rules;
  rules.source = "suite vcc2026";
  rules.controls_are_refused = true;
  rules.cells_each = 400;
  rules.largest_total = 1e6;
  rules.most_entries = 4'750'000'000;
  return rules;
}

bool PredictionCheck::passes() const {
  return std::none_of(findings.begin(), findings.end(),
                      [](const PredictionFinding& each) { return each.verdict == Verdict::failed; });
}

Result<PredictionCheck> check_prediction(const std::filesystem::path& path, const PredictionRules& rules,
                                         const CellPanelOptions& given, ThreadPool& pool, Progress& progress,
                                         std::stop_token stop) {
  CellPanelOptions options = given;
  options.needs_control = false;
  if (options.columns.labels.controls.empty()) options.columns.labels.controls = rules.controls;
  auto opened = open_cell_panel(path, options);
  if (!opened) return tl::unexpected(opened.error());
  CellPanel& panel = **opened;
  PredictionCheck check;
  check.path = panel.path;
  Findings findings(check);
  const bool only_order = check_genes(panel, rules, findings);
  check_labels(panel, rules, findings);
  bool has_controls = false;
  check_controls(panel, rules, findings, has_controls);
  check_cells(panel, rules, findings);

  auto file = H5adFile::open(path);
  if (!file) return tl::unexpected(file.error());
  const auto matrix = file->matrix_of_layer(options.layer);
  if (!matrix) return tl::unexpected(matrix.error());
  if (rules.most_entries && matrix->n_stored() > *rules.most_entries) {
    findings.add(Verdict::failed, "stored-entries", matrix->name(), "", fmt::format("at most {}", *rules.most_entries),
                 fmt::format("{}{}", matrix->n_stored(),
                             matrix->layout() == MatrixLayout::dense ? ", zeros among them: write it sparse" : ""));
  } else {
    findings.passed("stored-entries", matrix->name(), std::to_string(matrix->n_stored()));
  }

  ValueCheck values(panel.source->n_cells());
  progress.begin("checking values", static_cast<std::int64_t>(panel.source->n_cells()), "cells");
  const auto delivered = panel.source->deliver(values, pool, progress, stop);
  progress.end();
  if (!delivered) return tl::unexpected(delivered.error());
  const auto barcodes = panel.source->barcodes();
  const auto cell_name = [&](std::uint64_t cell) {
    return fmt::format("cell '{}' (row {})", barcodes && cell < barcodes->size() ? (*barcodes)[cell] : "?", cell);
  };
  const auto judge = [&](const char* name, const ValueCheck::Offence& offence, const char* expected, Verdict verdict) {
    if (offence.n == 0) return findings.passed(name, matrix->name(), expected);
    findings.add(verdict, name, matrix->name(),
                 fmt::format("{}, gene '{}'", cell_name(offence.cell), panel.genes.ids[offence.gene]), expected,
                 fmt::format("{:g}; {} such values", offence.value, offence.n));
  };
  judge("finite", values.not_finite, "finite values", Verdict::failed);
  judge("not-negative", values.negative, "no negative values", Verdict::failed);
  judge("whole-counts", values.fractional, "whole counts", rules.counts_are_whole ? Verdict::failed : Verdict::noted);
  std::uint64_t n_beyond = 0, first_beyond = 0, n_empty = 0, first_empty = 0;
  for (std::uint64_t c = 0; c < values.totals().size(); ++c) {
    if (rules.largest_total && values.totals()[c] > *rules.largest_total && n_beyond++ == 0) first_beyond = c;
    if (values.totals()[c] == 0 && n_empty++ == 0) first_empty = c;
  }
  if (rules.largest_total) {
    if (n_beyond > 0) {
      findings.add(Verdict::failed, "cell-totals", matrix->name(), cell_name(first_beyond),
                   fmt::format("at most {:.0f} counts in a cell", *rules.largest_total),
                   fmt::format("{:.0f}; {} such cells", values.totals()[first_beyond], n_beyond));
    } else {
      findings.passed("cell-totals", matrix->name(),
                      fmt::format("at most {:.0f} counts in a cell", *rules.largest_total));
    }
  }
  if (n_empty > 0) {
    findings.add(Verdict::noted, "empty-cells", matrix->name(), cell_name(first_empty), "counts in every cell",
                 fmt::format("{} cells without any", n_empty));
  }
  check.can_be_fixed = (only_order || (has_controls && rules.controls_are_refused)) && panel.source != nullptr;
  return check;
}

}  // namespace headroom
