#include "cell_metrics/de_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "matrix/undefined.hpp"
#include "numerics/correlation.hpp"

namespace headroom {
namespace {

constexpr double kPurity = 0.9;  // of direction_reach

int sign_of(double value) { return (value > 0) - (value < 0); }
bool has_direction(double lfc) { return lfc == lfc && lfc != 0; }

double ratio(double part, double whole) { return whole > 0 ? part / whole : kNaN; }

// Average ranks, from 1.
std::vector<double> mid_ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t i = 0, end = 0; i < order.size(); i = end) {
    while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
    for (std::size_t j = i; j < end; ++j) ranks[order[j]] = static_cast<double>(i + 1 + end) / 2;
  }
  return ranks;
}

double direction_reach(const DeTable& real, const DeTable& predicted, const std::vector<std::size_t>& pool,
                       std::size_t n_real, const std::vector<std::uint32_t>& name_rank) {
  if (n_real == 0) return kNaN;
  std::vector<std::size_t> order = pool;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const bool called_a = predicted.is_called(a), called_b = predicted.is_called(b);
    if (called_a != called_b) return called_a;
    if (predicted.q[a] != predicted.q[b]) return predicted.q[a] < predicted.q[b];
    if (predicted.p[a] != predicted.p[b]) return predicted.p[a] < predicted.p[b];
    const double size_a = std::abs(predicted.lfc[a]), size_b = std::abs(predicted.lfc[b]);
    if (size_a != size_b) return size_a > size_b;
    return name_rank[a] < name_rank[b];
  });
  double depth = 0, matches = 0, reached = 0;
  for (const std::size_t g : order) {
    if (!has_direction(real.lfc[g])) continue;
    depth += 1;
    matches += sign_of(predicted.lfc[g]) == sign_of(real.lfc[g]) ? 1 : 0;
    if (matches / depth >= kPurity) reached = depth;
  }
  return reached / static_cast<double>(n_real);
}

// Calls by size of the fold change, ties by the order of genes.
std::vector<std::size_t> calls_by_size(const DeTable& table) {
  std::vector<std::size_t> calls;
  for (std::size_t g = 0; g < table.q.size(); ++g) {
    if (table.is_called(g)) calls.push_back(g);
  }
  std::stable_sort(calls.begin(), calls.end(),
                   [&](std::size_t a, std::size_t b) { return std::abs(table.lfc[a]) > std::abs(table.lfc[b]); });
  return calls;
}

double shared_at_top(const std::vector<std::size_t>& real, const std::vector<std::size_t>& predicted, std::size_t k,
                     std::size_t n_genes) {
  if (k == 0) return 0;
  std::vector<bool> in_real(n_genes, false);
  for (std::size_t i = 0; i < std::min(k, real.size()); ++i) in_real[real[i]] = true;
  double shared = 0;
  for (std::size_t i = 0; i < std::min(k, predicted.size()); ++i) shared += in_real[predicted[i]] ? 1 : 0;
  return shared / static_cast<double>(k);
}

double correlation_of_calls(const DeTable& real, const DeTable& predicted, int sign) {
  std::vector<double> a, b;
  for (std::size_t g = 0; g < real.q.size(); ++g) {
    if (!real.is_called(g) || (sign != 0 && sign_of(real.lfc[g]) != sign)) continue;
    a.push_back(real.lfc[g]);
    b.push_back(predicted.is_tested(g) ? predicted.lfc[g] : 0.0);
  }
  return rank_correlation(a, b);
}

DeMetrics::Areas areas_of(std::vector<std::pair<double, bool>> scored) {
  std::sort(scored.begin(), scored.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  const auto n_positive =
      static_cast<double>(std::count_if(scored.begin(), scored.end(), [](const auto& each) { return each.second; }));
  const double n_negative = static_cast<double>(scored.size()) - n_positive;
  if (n_positive == 0 || n_negative == 0) return {kNaN, kNaN};
  DeMetrics::Areas out;
  double true_above = 0, all_above = 0, wins = 0;
  for (std::size_t i = 0, end = 0; i < scored.size(); i = end) {
    double positives = 0;
    while (end < scored.size() && scored[end].first == scored[i].first) positives += scored[end++].second ? 1 : 0;
    const double block = static_cast<double>(end - i), negatives = block - positives;
    wins += negatives * (true_above + positives / 2);
    true_above += positives;
    all_above += block;
    out.precision_recall += positives / n_positive * (true_above / all_above);
  }
  out.receiver = wins / (n_positive * n_negative);
  return out;
}

void add_areas(const DeTable& real, const DeTable& predicted, DeMetrics& out) {
  out.least_positive_q = std::numeric_limits<double>::infinity();
  bool any_zero = false;
  for (const double q : predicted.q) {
    if (q > 0) out.least_positive_q = std::min(out.least_positive_q, q);
    any_zero = any_zero || q == 0;
  }
  const double least_score = -std::log10(out.least_positive_q);
  std::vector<std::pair<double, bool>> scored;
  const auto score_all = [&](double score_of_zero) {
    scored.clear();
    for (std::size_t g = 0; g < real.q.size(); ++g) {
      if (!real.is_tested(g)) continue;
      const double q = predicted.is_tested(g) ? predicted.q[g] : 1.0;
      scored.emplace_back(q == 0 ? score_of_zero : -std::log10(q), real.is_called(g));
    }
    return areas_of(scored);
  };
  out.areas = score_all(std::numeric_limits<double>::infinity());
  out.areas_tied = any_zero && std::isfinite(least_score) ? score_all(least_score) : out.areas;
}

// −1 where a margin is empty: so it is published, as a value rather than as an undefined one.
double matthews(double both, double real_alone, double predicted_alone, double neither) {
  const double product =
      (both + real_alone) * (both + predicted_alone) * (neither + real_alone) * (neither + predicted_alone);
  if (!(product > 0)) return -1;
  return (both * neither - real_alone * predicted_alone) / std::sqrt(product);
}

}  // namespace

double rank_correlation(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() < 2) return kNaN;
  return correlation(mid_ranks(a), mid_ranks(b));
}

DeMetrics de_metrics(const DeTable& real, const DeTable& predicted, std::optional<std::size_t> own_gene,
                     const std::vector<std::uint32_t>& name_rank, const DeTable& gate) {
  DeMetrics out;
  const std::size_t n_genes = real.q.size();
  double n_real = 0, n_predicted = 0, n_right = 0, both = 0, either = 0;  // without the own gene
  double right_all = 0, match = 0, match_of = 0, both_all = 0, real_alone = 0, predicted_alone = 0, neither = 0;
  double counted_predictions_all = 0, error = 0, size = 0;
  std::size_t n_gate = 0;
  std::vector<std::size_t> pool;
  for (std::size_t g = 0; g < n_genes; ++g) {
    const bool is_own = own_gene && *own_gene == g;
    const bool in_real = real.is_tested(g), in_predicted = predicted.is_tested(g);
    if (!is_own && gate.is_called(g) && std::isfinite(gate.lfc[g])) {
      ++n_gate;
      const double l = in_real && std::isfinite(real.lfc[g]) ? real.lfc[g] : 0.0;
      const double l_hat = in_predicted && std::isfinite(predicted.lfc[g]) ? predicted.lfc[g] : 0.0;
      error += std::abs(l_hat - l);
      size += std::abs(gate.lfc[g]);
    }
    if (!in_real && !in_predicted) continue;
    const bool called = real.is_called(g), predicted_call = predicted.is_called(g);
    out.n_real += called ? 1 : 0;
    out.n_predicted += predicted_call ? 1 : 0;
    (called ? (predicted_call ? both_all : real_alone) : (predicted_call ? predicted_alone : neither)) += 1;
    const bool counts = predicted_call && in_real && has_direction(real.lfc[g]);
    const bool right = counts && sign_of(predicted.lfc[g]) == sign_of(real.lfc[g]);
    counted_predictions_all += counts ? 1 : 0;
    right_all += right ? 1 : 0;
    if (called && in_predicted) {
      match_of += 1;
      match += sign_of(predicted.lfc[g]) == sign_of(real.lfc[g]) ? 1 : 0;
    }
    if (is_own) continue;
    n_real += called ? 1 : 0;
    n_predicted += counts ? 1 : 0;
    n_right += right ? 1 : 0;
    both += called && predicted_call ? 1 : 0;
    either += called || predicted_call ? 1 : 0;
    if (called && in_predicted) pool.push_back(g);
  }
  out.direction_fidelity = ratio(n_right, std::max(n_predicted, n_real));
  out.direction_reach = direction_reach(real, predicted, pool, static_cast<std::size_t>(n_real), name_rank);
  out.jaccard = either > 0 ? both / either : 1;
  out.lfc_nmae = n_gate >= kLeastCalls && size > 0 && std::isfinite(size) ? error / size : kNaN;

  const std::vector<std::size_t> real_calls = calls_by_size(real), predicted_calls = calls_by_size(predicted);
  for (std::size_t i = 0; i < DeMetrics::kDepths.size(); ++i) {
    const std::size_t k = DeMetrics::kDepths[i];
    const auto depth = [k](std::size_t n) { return k == 0 ? n : std::min(k, n); };
    out.overlap[i] = shared_at_top(real_calls, predicted_calls, depth(real_calls.size()), n_genes);
    out.precision[i] = shared_at_top(real_calls, predicted_calls, depth(predicted_calls.size()), n_genes);
  }
  out.sig_recall = ratio(both_all, out.n_real);
  out.direction_match = ratio(match, match_of);
  out.direction_precision = ratio(right_all, counted_predictions_all);
  out.lfc_spearman = correlation_of_calls(real, predicted, 0);
  out.lfc_spearman_pos = correlation_of_calls(real, predicted, 1);
  out.lfc_spearman_neg = correlation_of_calls(real, predicted, -1);
  out.sig_mcc = matthews(both_all, real_alone, predicted_alone, neither);
  add_areas(real, predicted, out);
  return out;
}

}  // namespace headroom
