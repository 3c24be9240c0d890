// What two tables of responding genes say of each other, a real one and a predicted one: the scored members of the
// suite that rest on them and the others that users of its tools know (metrics.md 1.3 to 1.6 and 2).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "cell_metrics/de_table.hpp"

namespace headroom {

// NaN: undefined for this perturbation.
struct DeMetrics {
  // The target's own gene left out.
  double direction_fidelity = 0, direction_reach = 0, jaccard = 0, lfc_nmae = 0;

  // The own gene kept.
  static constexpr std::array<std::size_t, 5> kDepths{0, 50, 100, 200, 500};  // 0: as many as are called
  std::array<double, 5> overlap{}, precision{};
  double sig_recall = 0, direction_match = 0, direction_precision = 0;
  double lfc_spearman = 0, lfc_spearman_pos = 0, lfc_spearman_neg = 0;
  double sig_mcc = 0;
  double n_real = 0, n_predicted = 0;

  // Areas with q = 0 above all others, and with q = 0 tied to the smallest positive q of this table, which is what
  // holds where that is the smallest of the run.
  struct Areas {
    double precision_recall = 0, receiver = 0;
  };
  Areas areas, areas_tied;
  double least_positive_q = 0;  // infinity: none
};

// Genes with fewer real calls than this have no error of fold changes (metrics.md 1.6).
inline constexpr std::size_t kLeastCalls = 10;

// `name_rank`: the genes' places in byte order of their names. `gate`: the table whose calls choose the genes of
// lfc_nmae and its denominator; `real` itself unless halves are compared.
DeMetrics de_metrics(const DeTable& real, const DeTable& predicted, std::optional<std::size_t> own_gene,
                     const std::vector<std::uint32_t>& name_rank, const DeTable& gate);

// Mid-rank correlation; NaN where either is constant or fewer than two are given.
double rank_correlation(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace headroom
