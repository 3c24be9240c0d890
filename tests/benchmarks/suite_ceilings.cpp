// Do depth-right ceilings hold? Simulates screens with a known truth, hands a second screen of the same truth in as the
// prediction, and looks whether it closes 100 % within its interval; beside it the official score, which gives the same
// prediction more than 1.
//
//   suite_ceilings [N_SCREENS [SEED [N_PERTURBATIONS [N_CELLS [N_CONTROLS [DEPTH]]]]]]
//
// Ends with 1 where a member holds in fewer than eight of ten screens, or fewer than nine tenths of all pairs hold. The
// cells come from another law than the model that is fitted: effects have heavy tails and a common programme, cells
// differ in how much they respond, and genes in their dispersion.
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <random>

#include "cell_metrics/suite.hpp"

namespace {

using namespace headroom;

struct Size {
  std::size_t n_perturbations = 20, n_cells = 60, n_controls = 400, n_genes = 300;
  double depth = 3000;
};

struct Truth {
  std::vector<double> share, dispersion;    // genes
  std::vector<std::vector<double>> effect;  // perturbations: genes, log ratios
};

Truth make_truth(const Size& size, std::mt19937_64& random) {
  Truth truth;
  std::normal_distribution<double> normal;
  std::student_t_distribution<double> heavy(4);
  double all = 0;
  for (std::size_t g = 0; g < size.n_genes; ++g) {
    all += truth.share.emplace_back(std::exp(1.2 * normal(random)));
    truth.dispersion.push_back(std::exp(-1.6 + 0.5 * normal(random)));
  }
  for (double& each : truth.share) each /= all;
  std::vector<double> programme;
  for (std::size_t g = 0; g < size.n_genes; ++g) programme.push_back(random() % 10 == 0 ? 0.4 * normal(random) : 0);
  for (std::size_t p = 0; p < size.n_perturbations; ++p) {
    const double strength = std::exp(0.4 * normal(random)), common = 0.5 + 0.3 * normal(random);
    std::vector<double> effect;
    for (std::size_t g = 0; g < size.n_genes; ++g) {
      effect.push_back(common * programme[g] + (random() % 8 == 0 ? 0.4 * strength * heavy(random) : 0));
    }
    effect[p] = -1.5;  // its own gene
    truth.effect.push_back(std::move(effect));
  }
  return truth;
}

// `pert`: nullptr for the control.
GroupCounts draw_cells(const Truth& truth, const std::vector<double>* effect, std::size_t n_cells, double depth,
                       std::mt19937_64& random) {
  CellRows rows;
  rows.begin.push_back(0);
  std::normal_distribution<double> normal;
  for (std::size_t c = 0; c < n_cells; ++c) {
    const double total = depth * std::exp(0.3 * normal(random));
    const double response = effect == nullptr ? 0 : std::max(0.0, 1 + 0.25 * normal(random));
    std::vector<double> mean;
    double all = 0;
    for (std::size_t g = 0; g < truth.share.size(); ++g) {
      all += mean.emplace_back(truth.share[g] * (effect == nullptr ? 1 : std::exp(response * (*effect)[g])));
    }
    rows.batch.push_back(0);
    for (std::uint32_t g = 0; g < mean.size(); ++g) {
      std::gamma_distribution<double> gamma(1 / truth.dispersion[g], truth.dispersion[g]);
      std::poisson_distribution<int> poisson(std::max(1e-12, total * mean[g] / all * gamma(random)));
      const int x = poisson(random);
      if (x == 0) continue;
      rows.gene.push_back(g);
      rows.value.push_back(x);
    }
    rows.begin.push_back(rows.gene.size());
  }
  GroupCounts counts;
  make_group_counts(rows, truth.share.size(), counts);
  return counts;
}

Result<SuiteContext> score_screen(const Size& size, std::uint64_t seed, ThreadPool& pool) {
  std::mt19937_64 random(seed);
  const Truth truth = make_truth(size, random);
  const GroupCounts control = draw_cells(truth, nullptr, size.n_controls, size.depth, random);
  std::vector<GroupCounts> real, second;
  for (const auto& effect : truth.effect) {
    real.push_back(draw_cells(truth, &effect, size.n_cells, size.depth, random));
    second.push_back(draw_cells(truth, &effect, size.n_cells, size.depth, random));
  }
  std::vector<std::string> labels, genes;
  OwnGenes own;
  for (std::size_t g = 0; g < size.n_genes; ++g) genes.push_back(fmt::format("G{:05}", g));
  for (std::size_t p = 0; p < size.n_perturbations; ++p) {
    labels.push_back(genes[p]);
    own.push_back(p);
  }
  std::vector<std::size_t> sizes{size.n_controls};
  sizes.insert(sizes.end(), size.n_perturbations, size.n_cells);
  NoProgress progress;
  const auto of = [](const std::vector<GroupCounts>& cells) {
    return [&cells](std::size_t p, GroupCounts& out) -> Result<void> {
      out = cells[p];
      return {};
    };
  };
  auto screen = panel_truth(PanelNames::of("", labels, genes, own), control,
                            split_groups(sizes, split_seeds(kOfficialSplits)), of(real), pool, progress, {});
  if (!screen) return tl::unexpected(screen.error());
  auto submission = score_cells(*screen, of(second), pool, progress, {});
  if (!submission) return tl::unexpected(submission.error());
  std::vector<std::size_t> rows(size.n_perturbations);
  for (std::size_t p = 0; p < rows.size(); ++p) rows[p] = p;
  const PanelScores baseline = score_tile(*screen, mean_response(*screen, rows, true), pool);
  const auto n_screens = static_cast<int>((200 + size.n_perturbations - 1) / size.n_perturbations);
  auto ceilings = score_second_screens(*screen, control, &*submission, n_screens, 42, pool, progress, {});
  if (!ceilings) return tl::unexpected(ceilings.error());
  return score_suite(*screen, *submission, baseline, *ceilings, "the submission's", {});
}

std::size_t argument(int argc, char** argv, int i, std::size_t otherwise) {
  return argc > i ? static_cast<std::size_t>(std::strtoull(argv[i], nullptr, 10)) : otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  Size size;
  const std::size_t n_screens = argument(argc, argv, 1, 10), seed = argument(argc, argv, 2, 1);
  size.n_perturbations = argument(argc, argv, 3, size.n_perturbations);
  size.n_cells = argument(argc, argv, 4, size.n_cells);
  size.n_controls = argument(argc, argv, 5, size.n_controls);
  size.depth = static_cast<double>(argument(argc, argv, 6, static_cast<std::size_t>(size.depth)));
  ThreadPool pool(available_cores());
  std::vector<std::size_t> holds(kSuiteMembers, 0);
  std::vector<double> u(kSuiteMembers, 0.0), top(kSuiteMembers, 0.0), r(kSuiteMembers, 0.0), s(kSuiteMembers, 0.0),
      closed(kSuiteMembers, 0.0);
  for (std::size_t i = 0; i < n_screens; ++i) {
    const auto scores = score_screen(size, seed * 1000 + i, pool);
    if (!scores) {
      fmt::print(stderr, "{}\n", scores.error().line());
      return 2;
    }
    for (std::size_t m = 0; m < kSuiteMembers; ++m) {
      const MemberScore& member = scores->members[m];
      const bool inside = member.ci_low && *member.ci_low <= 100 && 100 <= *member.ci_high;
      holds[m] += inside ? 1 : 0;
      const auto n = static_cast<double>(n_screens);
      u[m] += *member.u / n;
      top[m] += *member.ceiling / n;
      r[m] += *member.r / n;
      s[m] += member.s / n;
      closed[m] += *member.gap_closed / n;
      fmt::print("screen {:2} {:<20} u {:7.4f}  ceiling {:7.4f}  closes {:6.1f} % [{:.1f}, {:.1f}]{}\n", i, member.name,
                 *member.u, *member.ceiling, *member.gap_closed, member.ci_low.value_or(0), member.ci_high.value_or(0),
                 inside ? "" : "  <- misses 100");
    }
  }
  fmt::print("\n{:<20}{:>9}{:>9}{:>9}{:>9}{:>10}{:>8}\n", "mean", "u", "ceiling", "r", "s", "closes", "holds");
  std::size_t all = 0;
  bool good = true;
  for (std::size_t m = 0; m < kSuiteMembers; ++m) {
    fmt::print("{:<20}{:>9.4f}{:>9.4f}{:>9.4f}{:>9.3f}{:>8.1f} %{:>5}/{}\n", member_rules()[m].name, u[m], top[m], r[m],
               s[m], closed[m], holds[m], n_screens);
    all += holds[m];
    good = good && 10 * holds[m] >= 8 * n_screens;
  }
  fmt::print("{} of {} pairs\n", all, kSuiteMembers * n_screens);
  return good && 10 * all >= 9 * kSuiteMembers * n_screens ? 0 : 1;
}
