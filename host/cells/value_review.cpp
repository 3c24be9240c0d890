#include "cells/value_review.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace headroom {
namespace {

// Half of the cells lie within this share of each other's sums: what scaling to one total leaves, in 32 or 16 bits.
constexpr double kSameTotal = 0.01;
// The same of sums that only scaling makes so equal: genes that were left out afterwards would have spread them more.
constexpr double kExactlySameTotal = 0.001;
// How far a sum may lie beyond the stated total by rounding alone.
constexpr double kRounding = 0.01;

struct Spread {
  double median = 0, relative = 0;  // half the interquartile range over the median
};

// Of the sums that are not 0; nullopt for fewer than three.
std::optional<Spread> spread_of(std::vector<double> sums) {
  std::erase_if(sums, [](double sum) { return !(sum > 0) || !std::isfinite(sum); });
  constexpr std::size_t kLeast = 3;
  if (sums.size() < kLeast) return std::nullopt;
  std::sort(sums.begin(), sums.end());
  const auto at = [&](double share) {
    return sums[static_cast<std::size_t>(share * static_cast<double>(sums.size() - 1))];
  };
  return Spread{at(0.5), 0.5 * (at(0.75) - at(0.25)) / at(0.5)};
}

// One total for all cells, or nothing.
std::optional<double> one_total(const std::vector<double>& sums) {
  const auto spread = spread_of(sums);
  return spread && spread->relative < kSameTotal ? std::optional(spread->median) : std::nullopt;
}

std::optional<double> exactly_one_total(const std::vector<double>& sums) {
  const auto spread = spread_of(sums);
  return spread && spread->relative < kExactlySameTotal ? std::optional(spread->median) : std::nullopt;
}

bool is_about(double total, double stated) { return std::abs(total - stated) <= 2 * kRounding * stated; }

std::vector<std::string> shown(const std::vector<PlacedValue>& values, const ValueNames& names) {
  std::vector<std::string> texts;
  for (const PlacedValue& each : values) {
    texts.push_back(fmt::format("{} of gene '{}' in cell '{}' (row {})", each.value, names.gene(each.gene),
                                names.cell(each.cell), each.cell));
  }
  return texts;
}

// Files of a screen whose values are of different kinds.
std::string in_one_file(const MisfitValues& values, const ValueNames& names) {
  const std::string file = names.file ? names.file(values.first_cell, values.last_cell) : std::string();
  if (file.empty()) return {};
  return fmt::format(", {} in {}, where all files of a screen must hold values of one kind",
                     values.n == 1 ? "which is" : "all of them", file);
}

std::string many(std::uint64_t n) { return n == 1 ? std::string("1 value") : fmt::format("{} values", n); }

// What values that are no counts probably are, and what to do then. Never a flag that would take anything.
std::string remedy_for_fractions(const ValueFindings& findings, double target_sum) {
  if (const auto undone = one_total(findings.undone_log1p)) {
    return is_about(*undone, target_sum)
               ? "they are log1p of counts scaled to that total: --values log1p, or raw counts with --layer "
                 "(counts, or raw)"
               : fmt::format(
                     "they are log1p of counts scaled to {:.6g}: raw counts with --layer (counts, or raw), or "
                     "--values log1p --target-sum {:.6g}",
                     *undone, *undone);
  }
  if (const auto total = one_total(findings.totals)) {
    return is_about(*total, target_sum)
               ? "every cell sums to that total, as counts that were scaled and not logged: --values scaled, or raw "
                 "counts with --layer (counts, or raw)"
               : fmt::format(
                     "every cell sums to {:.6g}, as counts that were scaled and not logged: raw counts with "
                     "--layer (counts, or raw), or --values fractional, which scales them again",
                     *total);
  }
  if (const auto undone = one_total(findings.undone_log2)) {
    return fmt::format("they are log2(x + 1) of counts scaled to {:.6g}: name raw counts with --layer (counts, or raw)",
                       *undone);
  }
  // Logarithms of some of the genes have no total of their own. Where they may be that, nothing else is proposed.
  if (findings.largest <= std::log1p(target_sum)) return "name raw counts with --layer (counts, or raw)";
  return "name raw counts with --layer (counts, or raw); --values fractional takes counts that were corrected for "
         "ambient RNA";
}

// What values are instead that are said to be fractional counts, or scaled and not logged; nothing if they may be that.
struct OtherScale {
  std::string what, remedy;
};

std::optional<OtherScale> other_than_said(const ValueFindings& findings, CellValues values) {
  if (exactly_one_total(findings.totals)) return std::nullopt;
  constexpr std::uint64_t kEnoughValues = 20;
  if (values == CellValues::scaled && findings.sampled_are_whole && findings.n_sampled_values >= kEnoughValues) {
    return OtherScale{"all values are whole numbers, and their totals differ from cell to cell",
                      "if they are counts, say --values counts"};
  }
  for (const auto& [undone, what] :
       {std::pair{&findings.undone_log1p, "log1p"}, std::pair{&findings.undone_log2, "log2(x + 1)"},
        std::pair{&findings.undone_log10, "log10(x + 1)"}, std::pair{&findings.undone_twice, "log1p, taken twice,"}}) {
    const auto total = exactly_one_total(*undone);
    if (!total) continue;
    std::string remedy = "name raw counts with --layer (counts, or raw)";
    if (undone == &findings.undone_log1p) {
      remedy = fmt::format("say --values log1p --target-sum {:.6g}, or ", *total) + remedy;
    }
    return OtherScale{fmt::format("the values are {} of counts scaled to {:.6g}", what, *total), remedy};
  }
  return std::nullopt;
}

Result<void> review_counts(const ValueFindings& findings, CellValues values, double target_sum, const ValueNames& names,
                           Review& review) {
  const bool are_counts = values == CellValues::counts;
  if (findings.negatives.n > 0) {
    review.raise({"values.not_counts", names.where,
                  fmt::format("{} {} negative, which no count is{}", many(findings.negatives.n),
                              findings.negatives.n == 1 ? "is" : "are", in_one_file(findings.negatives, names)),
                  static_cast<std::int64_t>(findings.negatives.n), shown(findings.negatives.first, names),
                  "name raw counts with --layer (counts, or raw), or say --values asis for values used as they are"});
    if (review.accepts("values.not_counts", names.where)) {
      return bad_input("negative values have no logarithm as counts", names.where,
                       "say --values asis for values used as they are");
    }
    return {};
  }
  if (are_counts && findings.fractions.n > 0) {
    review.raise({"values.not_counts", names.where,
                  fmt::format("{} {}{}", many(findings.fractions.n),
                              findings.fractions.n == 1 ? "is not a count" : "are not counts",
                              in_one_file(findings.fractions, names)),
                  static_cast<std::int64_t>(findings.fractions.n), shown(findings.fractions.first, names),
                  remedy_for_fractions(findings, target_sum)});
    return {};
  }
  if (!are_counts) {
    if (auto other = other_than_said(findings, values)) {
      review.raise({"values.not_counts",
                    names.where,
                    std::move(other->what),
                    static_cast<std::int64_t>(findings.n_sampled_values),
                    {},
                    std::move(other->remedy)});
      return {};
    }
  }

  std::vector<std::string> odd;
  constexpr std::size_t kEnoughCells = 10;
  const auto any_counts = std::any_of(findings.totals.begin(), findings.totals.end(), [](double t) { return t > 0; });
  if (are_counts && any_counts && findings.largest <= 1) {
    odd.push_back("the largest count is 1, as if only detection had been kept");
  }
  if (are_counts && findings.totals.size() >= kEnoughCells && any_counts) {
    const auto [least, most] = std::minmax_element(findings.totals.begin(), findings.totals.end());
    if (*least == *most) odd.push_back(fmt::format("every cell has {:.6g} counts, as if they had been scaled", *least));
  }
  // Rounded logarithms sum, undone, to about one total in every cell, and none is beyond that total's logarithm.
  constexpr double kRoundedSpread = 0.2;
  if (are_counts && findings.largest > 1 && findings.largest <= std::log1p(target_sum) + 1) {
    const auto spread = spread_of(findings.undone_log1p);
    if (spread && spread->relative < kRoundedSpread && spread->median > 0.3 * target_sum &&
        spread->median < 3 * target_sum) {
      odd.push_back("the counts look like rounded logarithms: undone, they sum to about one total in every cell");
    }
  }
  if (!findings.groups_without_counts.empty()) {
    std::string list;
    for (const std::string& name : examples_of(findings.groups_without_counts))
      list += (list.empty() ? "" : ", ") + name;
    odd.push_back(fmt::format("no cell of {}{} has any count", list,
                              findings.groups_without_counts.size() > kMostExamples ? ", …" : ""));
  }
  if (!odd.empty()) {
    std::string what;
    for (const std::string& each : odd) what += (what.empty() ? "" : "; ") + each;
    review.raise({"values.odd_counts",
                  names.where,
                  what,
                  static_cast<std::int64_t>(odd.size()),
                  {},
                  "name raw counts with --layer (counts, or raw) if they are elsewhere"});
  }
  return {};
}

void review_log1p(const ValueFindings& findings, double target_sum, const ValueNames& names, Review& review) {
  const auto raise = [&](std::string what, std::uint64_t n, const MisfitValues* values, std::string remedy) {
    if (values != nullptr) what += in_one_file(*values, names);
    review.raise({"values.not_log1p", names.where, std::move(what), static_cast<std::int64_t>(n),
                  values != nullptr ? shown(values->first, names) : std::vector<std::string>{}, std::move(remedy)});
  };
  if (findings.negatives.n > 0) {
    return raise(fmt::format("{} {} negative, which no log1p of a count is", many(findings.negatives.n),
                             findings.negatives.n == 1 ? "is" : "are"),
                 findings.negatives.n, &findings.negatives, "say --values asis for values used as they are");
  }
  constexpr std::uint64_t kEnoughValues = 20;
  if (findings.sampled_are_whole && findings.n_sampled_values >= kEnoughValues) {
    return raise("all values are whole numbers, which logarithms are not", findings.n_sampled_values, nullptr,
                 "if they are counts, say --values counts");
  }
  const std::string stated = fmt::format("{:.6g}", target_sum);
  std::vector<double> sums = findings.undone_log1p;
  const auto n_over = static_cast<std::uint64_t>(
      std::count_if(sums.begin(), sums.end(), [&](double sum) { return sum > (1 + kRounding) * target_sum; }));
  constexpr std::uint64_t kOneIn = 100;  // a few cells may be odd
  if (findings.beyond.n == 0 && n_over * kOneIn <= sums.size()) {
    // Each value could be such a logarithm, but every cell has the same total on another scale.
    const auto undone = exactly_one_total(sums);
    const std::string raw_counts = "name raw counts with --layer (counts, or raw)";
    if (undone && !is_about(*undone, target_sum)) {
      return raise(fmt::format("in every cell the undone logarithms sum to {:.6g}, not to {}", *undone, stated),
                   sums.size(), nullptr,
                   fmt::format("they are log1p of counts scaled to {:.6g}: give --target-sum {:.6g}, or {}", *undone,
                               *undone, raw_counts));
    }
    if (undone) return;
    for (const auto& [undone_sums, what] :
         {std::pair{&findings.undone_log2, "log2(x + 1)"}, std::pair{&findings.undone_log10, "log10(x + 1)"},
          std::pair{&findings.undone_twice, "log1p, taken twice,"}}) {
      if (const auto total = exactly_one_total(*undone_sums)) {
        return raise(fmt::format("they are {} of counts scaled to {:.6g}", what, *total), sums.size(), nullptr,
                     raw_counts);
      }
    }
    if (findings.undone_are_whole && findings.n_sampled_values >= kEnoughValues) {
      raise("they are log1p of whole numbers: of counts that were not scaled to one total", findings.n_sampled_values,
            nullptr, raw_counts);
    }
    return;
  }
  std::string remedy = "name raw counts with --layer (counts, or raw), or state the total with --target-sum";
  if (const auto undone = one_total(sums)) {
    remedy = fmt::format(
        "they are log1p of counts scaled to {:.6g}: give --target-sum {:.6g}, or raw counts with "
        "--layer (counts, or raw)",
        *undone, *undone);
  } else if (const auto undone2 = one_total(findings.undone_log2)) {
    remedy = fmt::format(
        "they are log2(x + 1) of counts scaled to {:.6g}: name raw counts with --layer (counts, or raw)", *undone2);
  } else if (const auto total = one_total(findings.totals)) {
    remedy = fmt::format("every cell sums to {:.6g}, so they were scaled and not logged: --values scaled", *total);
  }
  if (findings.beyond.n > 0) {
    return raise(fmt::format("{} {} larger than log1p of {}, which no count scaled to that total reaches",
                             many(findings.beyond.n), findings.beyond.n == 1 ? "is" : "are", stated),
                 findings.beyond.n, &findings.beyond, std::move(remedy));
  }
  raise(fmt::format("in {} of {} cells looked at, the undone logarithms sum to more than {}", n_over, sums.size(),
                    stated),
        n_over, nullptr, std::move(remedy));
}

}  // namespace

Result<void> review_values(const ValueFindings& findings, CellValues values, double target_sum, const ValueNames& names,
                           Review& review) {
  switch (values) {
    case CellValues::counts:
    case CellValues::fractional:
    case CellValues::scaled:
      return review_counts(findings, values, target_sum, names, review);
    case CellValues::log1p:
      review_log1p(findings, target_sum, names, review);
      return {};
    case CellValues::asis:
      return {};
  }
  return {};
}

}  // namespace headroom
