#include "review/label_review.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "review/control_names.hpp"
#include "review/label_spelling.hpp"

namespace headroom {
namespace {

std::string quoted(std::string_view label) {
  std::string out = "'";
  for (const char c : label) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string rows_of(std::int64_t n) { return fmt::format("{} row{}", n, n == 1 ? "" : "s"); }

void raise_like_control(std::span<const std::string> labels, std::span<const std::int64_t> n_rows,
                        const LabelOptions& options, const std::vector<std::size_t>& found, const std::string& where,
                        Review& review) {
  Doubt doubt{"labels.like_control", where, {}, static_cast<std::int64_t>(found.size()), {}, {}};
  std::int64_t n = 0;
  std::vector<std::string> names(options.controls);
  for (const std::size_t l : found) {
    n += n_rows[l];
    names.push_back(labels[l]);
    if (doubt.examples.size() < kMostExamples)
      doubt.examples.push_back(fmt::format("'{}' ({})", labels[l], rows_of(n_rows[l])));
  }
  doubt.what = fmt::format("{} label{} to name controls and would be {}, {} in all", found.size(),
                           found.size() == 1 ? " seems" : "s seem",
                           found.size() == 1 ? "a perturbation" : "perturbations", rows_of(n));
  doubt.remedy = "say what the control is, all of it, with" + control_flags(names);
  review.raise(std::move(doubt));
}

void raise_same_perturbation(std::span<const std::string> labels, const std::vector<std::vector<std::size_t>>& groups,
                             const std::string& where, Review& review) {
  Doubt doubt{"labels.same_perturbation", where, {}, static_cast<std::int64_t>(groups.size()), {}, {}};
  for (const std::vector<std::size_t>& group : groups) {
    if (doubt.examples.size() == kMostExamples) break;
    std::string spellings;
    for (const std::size_t l : group) spellings += (spellings.empty() ? "'" : " = '") + labels[l] + "'";
    doubt.examples.push_back(std::move(spellings));
  }
  doubt.what =
      fmt::format("{} perturbation{} under more than one name, so that one may be trained on what the other tests",
                  groups.size(), groups.size() == 1 ? " stands" : "s stand");
  doubt.remedy = "join them with --merge-labels";
  review.raise(std::move(doubt));
}

}  // namespace

bool is_given_control(std::string_view label, std::span<const std::string> controls) {
  return std::any_of(controls.begin(), controls.end(),
                     [&](const std::string& pattern) { return matches_glob(pattern, label); });
}

std::string perturbation_key(std::string_view label, const LabelOptions& options) {
  if (!options.merge) return std::string(label);
  return plain_spelling(label, [&](std::string_view part) { return is_given_control(part, options.controls); });
}

std::string control_flags(std::span<const std::string> labels) {
  constexpr std::size_t kMostFlags = 6;
  std::string flags;
  for (std::size_t i = 0; i < std::min(labels.size(), kMostFlags); ++i)
    flags += " --control " + headroom::quoted(labels[i]);
  return labels.size() > kMostFlags ? flags + " … (or a pattern, as --control 'NegCtrl*')" : flags;
}

ReadLabels review_labels(std::span<const std::string> labels, std::span<const std::int64_t> n_rows,
                         const LabelOptions& options, const std::function<bool(std::string_view)>& is_gene,
                         const std::string& where, Review& review) {
  ReadLabels read{std::vector<LabelRole>(labels.size(), LabelRole::perturbation),
                  std::vector<std::size_t>(labels.size())};
  std::iota(read.stands_for.begin(), read.stands_for.end(), std::size_t{0});
  std::vector<std::size_t> like_control, perturbations;
  std::vector<std::string> missing;
  std::int64_t n_missing = 0;
  for (std::size_t l = 0; l < labels.size(); ++l) {
    const bool is_kept = std::find(options.kept.begin(), options.kept.end(), labels[l]) != options.kept.end();
    if (is_given_control(labels[l], options.controls)) {
      read.role[l] = LabelRole::control;
    } else if (!is_kept && names_missing(labels[l]) && !is_gene(labels[l])) {
      read.role[l] = LabelRole::missing;
      n_missing += n_rows[l];
      if (n_rows[l] > 0) missing.push_back(fmt::format("'{}' ({})", labels[l], rows_of(n_rows[l])));
    } else if (n_rows[l] > 0) {
      perturbations.push_back(l);
      if (names_control(labels[l])) like_control.push_back(l);
    }
  }
  if (n_missing > 0) {
    review.left_out("rows whose label names no perturbation", n_missing);
    review.raise({"labels.like_missing", where,
                  fmt::format("{} {} left out, for their label says that there is no perturbation", rows_of(n_missing),
                              n_missing == 1 ? "is" : "are"),
                  n_missing, examples_of(missing), "if one is a perturbation, give --keep-label LABEL"});
  }
  if (!like_control.empty()) raise_like_control(labels, n_rows, options, like_control, where, review);

  std::vector<std::string> names;
  for (const std::size_t l : perturbations) names.push_back(labels[l]);
  auto groups =
      same_perturbations(names, [&](std::string_view part) { return is_given_control(part, options.controls); });
  for (std::vector<std::size_t>& group : groups) {
    for (std::size_t& member : group) member = perturbations[member];
  }
  // Spellings of a control are told of as such.
  std::erase_if(groups, [&](const std::vector<std::size_t>& group) {
    return std::all_of(group.begin(), group.end(), [&](std::size_t l) { return names_control(labels[l]); });
  });
  if (groups.empty()) return read;
  if (!options.merge) {
    raise_same_perturbation(labels, groups, where, review);
    return read;
  }
  std::size_t n_joined = 0;
  for (const std::vector<std::size_t>& group : groups) {
    const std::size_t kept = *std::min_element(group.begin(), group.end(), [&](std::size_t a, std::size_t b) {
      return n_rows[a] != n_rows[b] ? n_rows[a] > n_rows[b] : labels[a] < labels[b];
    });
    for (const std::size_t l : group) read.stands_for[l] = kept;
    n_joined += group.size() - 1;
  }
  review.understood(fmt::format("{} label{} joined with another spelling of the same perturbation", n_joined,
                                n_joined == 1 ? " is" : "s are"));
  return read;
}

}  // namespace headroom
