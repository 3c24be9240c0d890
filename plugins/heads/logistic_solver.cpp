// Genes are solved side by side, as many as a panel has columns for, so that all arithmetic over rows and features is
// two matrix products a step. A gene that is at its optimum goes on to its next penalty from there; one that has done
// its last leaves its columns to the next gene.
#include "heads/logistic_solver.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "heads/descent_lanes.hpp"
#include "heads/panel_product.hpp"
#include "heads/panel_threads.hpp"
#include "heads/softmax_lanes.hpp"

namespace headroom::heads {
namespace {

constexpr std::int32_t kPairs = 40;
constexpr int kMostSteps = 3000;      // for one penalty; some hundred are usual at the smallest
constexpr int kMostTrials = 30;       // of the length of one step
constexpr double kLongestStep = 1e3;  // of a direction, however far it goes on falling
constexpr double kRounding = 1e-11;   // of the largest feature: a derivative that rounding may leave
constexpr double kSlopeLeft = 0.9;    // share of the slope that a step's length may leave
constexpr double kSlopeBeyond = 0.3;  // the same, of the other sign, beyond the minimum

// Genes side by side in the lanes of one group of columns.
class Group {
 public:
  Group(const LogisticFeatures& features, std::int32_t n_scores)
      : features_(features), n_scores_(n_scores), size_(features.n_features() * n_scores * kLanes) {
    steps_.resize(static_cast<std::size_t>(kPairs * size_));
    changes_.resize(static_cast<std::size_t>(kPairs * size_));
    inverses_.assign(kPairs * kLanes, 0.0);
    factors_.assign(kPairs * kLanes, 0.0);
    vector_.assign(static_cast<std::size_t>(size_), 0.0);
    scale_.assign(kLanes, 1.0);
    moments_.assign(static_cast<std::size_t>(features.n_features() * kLanes), 1.0);
    diagonal_.assign(static_cast<std::size_t>(size_), 1.0);
    classes_.assign(static_cast<std::size_t>(features.n_rows() * kLanes), 0);
    weights_.assign(3 * kLanes, 0.0);
    memory.n_features = features.n_features();
    memory.n_scores = n_scores;
    memory.n_pairs = kPairs;
    memory.steps = steps_.data();
    memory.changes = changes_.data();
    memory.inverses = inverses_.data();
    memory.scale = scale_.data();
    memory.factors = factors_.data();
    memory.vector = vector_.data();
    std::fill(gene, gene + kLanes, -1);
    for (double& total : line.total) total = 1.0;
  }

  bool in_use() const {
    return std::any_of(gene, gene + kLanes, [](std::int64_t g) { return g >= 0; });
  }

  void take(int lane, std::int64_t number, const GeneClasses& classes, double first_penalty) {
    gene[lane] = number;
    rank[lane] = 0;
    n_steps[lane] = 0;
    is_fresh[lane] = true;
    penalty[lane] = first_penalty;
    forget(memory, lane);
    for (std::size_t i = 0; i < classes.classes.size(); ++i) classes_[i * kLanes + lane] = classes.classes[i];
    for (std::size_t k = 0; k < classes.weights.size(); ++k) weights_[k * kLanes + lane] = classes.weights[k];
    // Σ w x² of each feature.
    Eigen::VectorXd of_rows(features_.n_rows());
    for (std::int64_t i = 0; i < features_.n_rows(); ++i) of_rows[i] = classes.weights[classes.classes[i]];
    const Eigen::VectorXd moments = features_.squares * of_rows;
    for (std::int64_t d = 0; d < features_.n_features(); ++d) moments_[d * kLanes + lane] = moments[d];
  }

  // Takes all numbers out of a lane's memory.
  void empty_memory(int lane) {
    for (std::vector<float>* pairs : {&steps_, &changes_}) {
      for (std::size_t i = static_cast<std::size_t>(lane); i < pairs->size(); i += kLanes) (*pairs)[i] = 0.0f;
    }
    for (std::int32_t c = 0; c < n_scores_; ++c) line.total[c * kLanes + lane] = 1.0;
  }

  void leave(int lane) {
    gene[lane] = -1;
    for (int k = 0; k < 3; ++k) weights_[k * kLanes + lane] = 0.0;
  }

  // The diagonal of the second derivatives, each score's curvature taken as the same for all rows.
  void refresh_diagonal() {
    const std::int64_t n = features_.n_features();
    for (std::int64_t d = 0; d < n; ++d) {
      for (std::int32_t c = 0; c < n_scores_; ++c) {
        for (int lane = 0; lane < kLanes; ++lane) {
          double curvature = line.total[c * kLanes + lane] * moments_[d * kLanes + lane];
          if (d + 1 < n) {
            curvature += 2.0 * penalty[lane];
          } else {  // where no row is in doubt, the bias' steps are held in bounds
            curvature = std::max(curvature, std::min(2.0 * penalty[lane], 1e-2));
          }
          diagonal_[(d * n_scores_ + c) * kLanes + lane] = curvature;
        }
      }
    }
  }

  SoftmaxGroup softmax(const double* scores, const double* direction) const {
    return {n_scores_, features_.n_rows(), scores, direction, classes_.data(), weights_.data()};
  }
  const double* diagonal() const { return diagonal_.data(); }

  std::int64_t gene[kLanes];  // -1: the lane is idle
  std::size_t rank[kLanes] = {};
  int n_steps[kLanes] = {};
  bool is_fresh[kLanes] = {};  // the gradient at its start is not known yet
  double penalty[kLanes] = {};
  double step[kLanes] = {};
  DescentMemory memory;
  LineDerivatives line;

 private:
  const LogisticFeatures& features_;
  std::int32_t n_scores_;
  std::int64_t size_;
  std::vector<float> steps_, changes_;
  std::vector<double> inverses_, scale_, factors_, vector_, moments_, diagonal_, weights_;
  std::vector<std::uint8_t> classes_;
};

class Solver {
 public:
  // Genes are taken off `next`, which other solvers take from, too.
  Solver(const LogisticFeatures& features, const std::vector<GeneClasses>& genes, const std::vector<double>& penalties,
         std::atomic<std::size_t>& next, std::vector<std::vector<std::vector<double>>>& solutions,
         std::atomic<std::int64_t>& n_unfinished)
      : features_(features),
        genes_(genes),
        penalties_(penalties),
        next_(next),
        solutions_(solutions),
        n_unfinished_(n_unfinished),
        n_scores_(static_cast<std::int32_t>(genes.front().weights.size()) - 1),
        group_width_(n_scores_ * kLanes),
        enough_(std::max(kLogisticGradient, kRounding * features.largest)) {
    const std::int64_t most = kPanelWidth / group_width_;
    const std::int64_t useful = (static_cast<std::int64_t>(genes.size()) + kLanes - 1) / kLanes;
    for (std::int64_t g = 0; g < std::min(most, useful); ++g) groups_.emplace_back(features, n_scores_);
    const auto panel = [](std::int64_t rows) {
      return std::vector<double>(static_cast<std::size_t>(rows * kPanelWidth), 0.0);
    };
    for (auto* of_features : {&weights_, &direction_, &gradient_, &former_})
      *of_features = panel(features.n_features());
    for (auto* of_rows : {&scores_, &along_, &reached_, &residuals_}) *of_rows = panel(features.n_rows());
  }

  void solve() {
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      for (int lane = 0; lane < kLanes; ++lane) take_next(g, lane);
    }
    while (std::any_of(groups_.begin(), groups_.end(), [](const Group& group) { return group.in_use(); })) one_step();
  }

 private:
  double* at(std::vector<double>& panel, std::size_t group) {
    return panel.data() + static_cast<std::int64_t>(group) * group_width_;
  }

  void take_next(std::size_t g, int lane) {
    Group& group = groups_[g];
    clear(g, lane);
    const std::size_t number = next_.fetch_add(1, std::memory_order_relaxed);
    if (number >= genes_.size()) {
      group.leave(lane);
    } else {
      group.take(lane, static_cast<std::int64_t>(number), genes_[number], penalties_.front());
    }
  }

  void clear(std::size_t g, int lane) {
    for (auto* panel : {&weights_, &direction_, &gradient_, &scores_, &along_}) {
      const std::int64_t rows = static_cast<std::int64_t>(panel->size()) / kPanelWidth;
      for (std::int64_t i = 0; i < rows; ++i) {
        for (std::int32_t c = 0; c < n_scores_; ++c) at(*panel, g)[i * kPanelWidth + c * kLanes + lane] = 0.0;
      }
    }
  }

  void product(const sdk::Matrix& left, const std::vector<double>& panel, std::vector<double>& out) {
    PanelProduct p;
    p.left = left.data();
    p.left_stride = left.cols();
    p.rows = left.rows();
    p.panel = panel.data();
    p.depth = left.cols();
    p.out = out.data();
    p.out_stride = kPanelWidth;
    p.width = static_cast<std::int64_t>(groups_.size()) * group_width_;
    panel_product(p);
  }

  void one_step() {
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      groups_[g].refresh_diagonal();
      descent_direction(groups_[g].memory, at(gradient_, g), groups_[g].diagonal(), at(direction_, g));
    }
    product(features_.training, direction_, along_);
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      if (groups_[g].in_use()) search_length(g);
    }
    std::swap(scores_, reached_);
    std::swap(gradient_, former_);
    product(features_.training_transposed, residuals_, gradient_);
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      if (groups_[g].in_use()) finish_step(g);
    }
  }

  // A step's length: where the slope along the direction is a small share of what it was, by safeguarded Newton steps.
  void search_length(std::size_t g) {
    Group& group = groups_[g];
    const std::int64_t penalised = features_.n_features() - 1;
    double slope[kLanes], length[kLanes], inner[kLanes];
    inner_products(features_.n_features(), n_scores_, at(direction_, g), at(gradient_, g), slope);
    inner_products(penalised, n_scores_, at(direction_, g), at(direction_, g), length);
    inner_products(penalised, n_scores_, at(direction_, g), at(weights_, g), inner);
    double low[kLanes], high[kLanes];
    bool is_open[kLanes];
    for (int lane = 0; lane < kLanes; ++lane) {
      is_open[lane] = group.gene[lane] >= 0 && slope[lane] < 0.0;
      if (group.gene[lane] >= 0 && !group.is_fresh[lane] && !is_open[lane]) forget(group.memory, lane);
      group.step[lane] = is_open[lane] ? 1.0 : 0.0;
      low[lane] = 0.0;
      high[lane] = std::numeric_limits<double>::infinity();
    }
    const SoftmaxGroup softmax = group.softmax(at(scores_, g), at(along_, g));
    for (int trial = 0; trial < kMostTrials; ++trial) {
      residuals_along(softmax, group.step, at(residuals_, g), at(reached_, g), group.line);
      bool all_found = true;
      for (int lane = 0; lane < kLanes; ++lane) {
        if (!is_open[lane]) continue;
        double& t = group.step[lane];
        const double twice = 2.0 * group.penalty[lane];
        const double here = group.line.slope[lane] + twice * (inner[lane] + t * length[lane]);
        const double curvature = group.line.curvature[lane] + twice * length[lane];
        // Short of the minimum a convex function has fallen. Beyond it, it has if its slope is small and has not merely
        // levelled off: the curvature here is like that of the way.
        const bool is_short = here <= 0.0 && here >= kSlopeLeft * slope[lane];
        const bool is_beyond =
            here > 0.0 && here <= -kSlopeBeyond * slope[lane] && curvature * t >= 0.5 * (here - slope[lane]);
        if (is_short || is_beyond || trial + 1 == kMostTrials || (here < 0.0 && t >= kLongestStep)) {
          is_open[lane] = false;
          continue;
        }
        all_found = false;
        (here < 0.0 ? low[lane] : high[lane]) = t;
        const double newton = t - (here - 0.1 * slope[lane]) / curvature;
        if (newton > low[lane] && newton < high[lane] && newton < 10.0 * t) {
          t = newton;
        } else {
          t = std::isfinite(high[lane]) ? 0.5 * (low[lane] + high[lane]) : 4.0 * t;
        }
      }
      if (all_found) break;
    }
  }

  void finish_step(std::size_t g) {
    Group& group = groups_[g];
    const std::int64_t n = features_.n_features();
    double *weights = at(weights_, g), *gradient = at(gradient_, g);
    const double* direction = at(direction_, g);
    for (std::int64_t d = 0; d < n; ++d) {
      for (std::int32_t c = 0; c < group_width_; ++c) {
        const std::int64_t i = d * kPanelWidth + c;
        weights[i] += group.step[c % kLanes] * direction[i];
        if (d + 1 < n) gradient[i] += 2.0 * group.penalty[c % kLanes] * weights[i];
      }
    }
    double kept[kLanes];
    for (int lane = 0; lane < kLanes; ++lane) kept[lane] = group.step[lane] != 0.0 ? 1.0 : 0.0;
    remember(group.memory, group.step, direction, gradient, at(former_, g), group.diagonal(), kept);
    for (int lane = 0; lane < kLanes; ++lane) {
      if (group.gene[lane] < 0) continue;
      group.is_fresh[lane] = false;
      ++group.n_steps[lane];
    }
    while (keep_solutions(g)) continue;  // an optimum may be one for the next penalty, too
  }

  // Lanes that are at their optimum go on; says whether one did.
  bool keep_solutions(std::size_t g) {
    Group& group = groups_[g];
    double largest[kLanes], more[kLanes] = {};
    largest_derivatives(features_.n_features(), n_scores_, features_.means.data(), at(gradient_, g), largest);
    bool any = false;
    for (int lane = 0; lane < kLanes; ++lane) {
      if (group.gene[lane] < 0 || group.is_fresh[lane]) continue;
      if (!std::isfinite(largest[lane])) {
        give_up(g, lane);
        continue;
      }
      const bool is_optimum = largest[lane] <= enough_;
      if (!is_optimum && group.n_steps[lane] <= kMostSteps) continue;
      if (!is_optimum) n_unfinished_.fetch_add(1, std::memory_order_relaxed);
      more[lane] = next_penalty(g, lane);
      any = true;
    }
    if (any) change_penalty(group.memory, more);
    return any;
  }

  // Numbers that left the range of a double: the last solution stands for the penalties that are left, or no weights.
  void give_up(std::size_t g, int lane) {
    Group& group = groups_[g];
    std::vector<std::vector<double>>& solutions = solutions_[static_cast<std::size_t>(group.gene[lane])];
    for (std::size_t p = group.rank[lane]; p < penalties_.size(); ++p) {
      solutions[p] = p > 0 ? solutions[p - 1]
                           : std::vector<double>(static_cast<std::size_t>(features_.n_features() * n_scores_), 0.0);
      n_unfinished_.fetch_add(1, std::memory_order_relaxed);
    }
    group.empty_memory(lane);
    take_next(g, lane);
  }

  // Keeps the solution of a lane and goes on to the next penalty; gives the change of the penalty's curvature.
  double next_penalty(std::size_t g, int lane) {
    Group& group = groups_[g];
    const std::int64_t n = features_.n_features();
    std::vector<double>& solution = solutions_[static_cast<std::size_t>(group.gene[lane])][group.rank[lane]];
    solution.resize(static_cast<std::size_t>(n * n_scores_));
    for (std::int64_t d = 0; d < n; ++d) {
      for (std::int32_t c = 0; c < n_scores_; ++c) {
        solution[d * n_scores_ + c] = at(weights_, g)[d * kPanelWidth + c * kLanes + lane];
      }
    }
    if (++group.rank[lane] == penalties_.size()) {
      take_next(g, lane);
      return 0.0;
    }
    group.n_steps[lane] = 0;
    const double more = 2.0 * (penalties_[group.rank[lane]] - group.penalty[lane]);
    group.penalty[lane] = penalties_[group.rank[lane]];
    for (std::int64_t d = 0; d + 1 < n; ++d) {
      for (std::int32_t c = 0; c < n_scores_; ++c) {
        const std::int64_t i = d * kPanelWidth + c * kLanes + lane;
        at(gradient_, g)[i] += more * at(weights_, g)[i];
      }
    }
    return more;
  }

  const LogisticFeatures& features_;
  const std::vector<GeneClasses>& genes_;
  const std::vector<double>& penalties_;
  std::atomic<std::size_t>& next_;  // the first gene that no lane has taken
  std::vector<std::vector<std::vector<double>>>& solutions_;
  std::atomic<std::int64_t>& n_unfinished_;
  std::int32_t n_scores_;
  std::int64_t group_width_;
  double enough_;  // the largest derivative of an optimum
  std::vector<Group> groups_;
  std::vector<double> weights_, direction_, gradient_, former_;  // features × kPanelWidth
  std::vector<double> scores_, along_, reached_, residuals_;     // training rows × kPanelWidth
};

}  // namespace

LogisticFeatures logistic_features(const sdk::Matrix& training) {
  LogisticFeatures features;
  const Eigen::Index n = training.rows(), p = training.cols();
  const Eigen::RowVectorXd means = training.colwise().mean();
  features.training.resize(n, p + 1);
  features.training.leftCols(p) = training.rowwise() - means;
  features.training.col(p).setOnes();
  features.training_transposed = features.training.transpose();
  features.squares = features.training_transposed.cwiseAbs2();
  features.means.assign(means.data(), means.data() + p);
  features.means.push_back(0.0);
  features.largest = training.size() > 0 ? training.cwiseAbs().maxCoeff() : 0.0;
  return features;
}

Solutions solve_logistic(const LogisticFeatures& features, const std::vector<GeneClasses>& genes,
                         const std::vector<double>& penalties, int n_threads) {
  Solutions solutions;
  solutions.of_genes.assign(genes.size(), std::vector<std::vector<double>>(penalties.size()));
  if (genes.empty() || penalties.empty()) return solutions;
  const std::int64_t in_panel = kPanelWidth / static_cast<std::int64_t>(genes.front().weights.size() - 1);
  std::atomic<std::size_t> next{0};
  std::atomic<std::int64_t> n_unfinished{0};
  // Each thread has a panel of its own, and all take their genes off one queue.
  on_threads(n_threads, (static_cast<std::int64_t>(genes.size()) + in_panel - 1) / in_panel, [&](PanelCounter&) {
    Solver solver(features, genes, penalties, next, solutions.of_genes, n_unfinished);
    solver.solve();
  });
  solutions.n_unfinished = n_unfinished;
  return solutions;
}

}  // namespace headroom::heads
