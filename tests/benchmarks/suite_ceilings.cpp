// Do depth-right ceilings hold? Simulates screens with a known truth, hands a second screen of the same truth in as the
// prediction, and looks whether it closes 100 % within its interval; beside it the official score, which gives the same
// prediction more than 1.
//
//   suite_ceilings [N_SCREENS [SEED [N_PERTURBATIONS [N_CELLS [N_CONTROLS [DEPTH [STRENGTH]]]]]]]
//
// Ends with 1 where a member holds in fewer than eight of ten screens, or fewer than nine tenths of all pairs hold. The
// cells come from another law than the model that is fitted: effects have heavy tails and a common programme, cells
// differ in how much they respond, and genes in their dispersion.
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "ceilings/screen.hpp"
#include "cell_metrics/panel_ceilings.hpp"
#include "cell_metrics/suite.hpp"

namespace {

using namespace headroom;
using namespace headroom::ceilings;

// So small, shallow and weak that no member is near its best value for a perfect prediction.
constexpr ScreenSize kNoisyScreen{40, 24, 300, 200, 1500, 0.35, 0.5};
// Perturbations whose drawn scores make a ceiling, as in host/suite.
constexpr std::size_t kDrawnPerturbations = 200;

Result<SuiteContext> score_screen(const ScreenSize& size, std::uint64_t seed, ThreadPool& pool) {
  const SimulatedTruth simulated(size, seed);
  const Screen real = simulated.screen(1), second = simulated.screen(2);
  std::vector<std::size_t> sizes{size.n_controls};
  sizes.insert(sizes.end(), size.n_perturbations, size.n_cells);
  NoProgress progress;
  const auto truth = panel_truth(real.names(), real.control, split_groups(sizes, split_seeds(kOfficialSplits)),
                                 real.maker(), pool, progress, {});
  if (!truth) return tl::unexpected(truth.error());
  const auto submission = score_cells(*truth, second.maker(), pool, progress, {});
  if (!submission) return tl::unexpected(submission.error());
  std::vector<std::size_t> rows(size.n_perturbations);
  for (std::size_t p = 0; p < rows.size(); ++p) rows[p] = p;
  const PanelScores baseline = score_tile(*truth, mean_response(*truth, rows, true), pool);
  const auto n_draws = static_cast<int>((kDrawnPerturbations + size.n_perturbations - 1) / size.n_perturbations);
  const auto drawn = score_drawn_screens(*truth, real.control, &*submission, n_draws, 42, pool, progress, {});
  if (!drawn) return tl::unexpected(drawn.error());
  return score_suite(*truth, *submission, baseline,
                     panel_ceilings(*truth, *drawn, submission->n_cells, PanelCeilingWay::depth_right),
                     "the submission's", {});
}

std::size_t argument(int argc, char** argv, int i, std::size_t otherwise) {
  return argc > i ? static_cast<std::size_t>(std::strtoull(argv[i], nullptr, 10)) : otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  ScreenSize size = kNoisyScreen;
  const std::size_t n_screens = argument(argc, argv, 1, 10), seed = argument(argc, argv, 2, 1);
  size.n_perturbations = argument(argc, argv, 3, size.n_perturbations);
  size.n_cells = argument(argc, argv, 4, size.n_cells);
  size.n_controls = argument(argc, argv, 5, size.n_controls);
  size.depth = static_cast<double>(argument(argc, argv, 6, static_cast<std::size_t>(size.depth)));
  if (argc > 7) size.strength = std::strtod(argv[7], nullptr);
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
      const bool inside = member.reached.ci_low && *member.reached.ci_low <= 100 && 100 <= *member.reached.ci_high;
      holds[m] += inside ? 1 : 0;
      const auto n = static_cast<double>(n_screens);
      u[m] += *member.u / n;
      top[m] += *member.reached.ceiling / n;
      r[m] += *member.r / n;
      s[m] += *member.s / n;
      closed[m] += *member.reached.gap_closed / n;
      fmt::print("screen {:2} {:<20} u {:7.4f}  ceiling {:7.4f}  closes {:6.1f} % [{:.1f}, {:.1f}]{}\n", i, member.name,
                 *member.u, *member.reached.ceiling, *member.reached.gap_closed, member.reached.ci_low.value_or(0),
                 member.reached.ci_high.value_or(0), inside ? "" : "  <- misses 100");
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
