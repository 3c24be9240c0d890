#include "suite/cell_remarks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cells/name_list.hpp"

namespace headroom {
namespace {

std::size_t count_empty(const std::vector<double>& totals) {
  return static_cast<std::size_t>(std::count(totals.begin(), totals.end(), 0.0));
}

// `side`: real or predicted. `of_one`: what follows from a group of one cell.
std::vector<std::string> remarks(const std::vector<CellsOfLabel>& groups, const std::string& side,
                                 const std::string& of_one) {
  std::vector<std::string> alone, silent, with_empty, out;
  std::size_t n_empty = 0;
  for (const CellsOfLabel& group : groups) {
    if (group.n_cells == 1) alone.push_back(group.label);
    if (group.n_empty == group.n_cells) {
      silent.push_back(group.label);
    } else if (group.n_empty > 0) {
      with_empty.push_back(group.label);
      n_empty += group.n_empty;
    }
  }
  if (!alone.empty()) {
    out.push_back(fmt::format("{} {} perturbations have one cell{}: {}", alone.size(), side, of_one, list_of(alone)));
  }
  if (!silent.empty()) {
    out.push_back(fmt::format("{} {} perturbations hold no counts at all: {}", silent.size(), side, list_of(silent)));
  }
  if (n_empty > 0) {
    out.push_back(fmt::format("{} {} cells of {} perturbations hold no counts and count as zeros: {}", n_empty, side,
                              with_empty.size(), list_of(with_empty)));
  }
  return out;
}

}  // namespace

CellsOfLabel::CellsOfLabel(std::string name, const std::vector<double>& totals)
    : label(std::move(name)), n_cells(totals.size()), n_empty(count_empty(totals)) {}

std::vector<std::string> remarks_on_prediction(const std::vector<CellsOfLabel>& groups) {
  return remarks(groups, "predicted", ", whose noise cannot be known and counts as none");
}

std::vector<std::string> remarks_on_screen(const PanelTruth& truth, const GroupCounts& control) {
  std::vector<CellsOfLabel> groups;
  const std::size_t n = truth.names.labels.size();
  for (std::size_t p = 0; p < n; ++p) groups.emplace_back(truth.names.labels[p], truth.totals[p]);
  std::vector<std::string> out = remarks(groups, "real", " and no part in the replicate");
  std::vector<std::string> unmeasured;
  for (std::size_t p = 0; p < n; ++p) {
    if (!truth.names.own[p]) unmeasured.push_back(truth.names.labels[p]);
  }
  if (!unmeasured.empty()) {
    out.push_back(fmt::format("the own gene of {} of {} perturbations is not measured, and they keep all genes: {}",
                              unmeasured.size(), n, list_of(unmeasured)));
  }
  if (const std::size_t n_empty = count_empty(control.total); n_empty > 0) {
    out.push_back(fmt::format("{} control cells hold no counts and count as zeros", n_empty));
  }
  return out;
}

}  // namespace headroom
