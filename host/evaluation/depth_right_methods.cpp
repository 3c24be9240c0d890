#include "evaluation/depth_right_methods.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <utility>

#include "bounds/calibration.hpp"
#include "bounds/random_embedding.hpp"
#include "bounds/second_screen.hpp"
#include "matrix/undefined.hpp"

namespace headroom {
namespace {

constexpr std::uint64_t kSeedOfNoise = 0x6e6f697365, kSeedOfEffects = 0x656666656374;  // apart from other streams

constexpr std::array kCorrelations = {Metric::Pearson, Metric::Spearman, Metric::Pearson_pert};

bool is_correlation(Metric metric) {
  return std::find(kCorrelations.begin(), kCorrelations.end(), metric) != kCorrelations.end();
}

bool is_error(Metric metric) {
  return metric == Metric::L2 || metric == Metric::MSE || metric == Metric::MAE || metric == Metric::WMSE;
}

constexpr std::size_t at(DepthRight kind) { return static_cast<std::size_t>(kind); }

class SecondScreens {
 public:
  SecondScreens(const Task& task, const FoldData& fold, const std::vector<Metric>& metrics, std::uint64_t seed,
                double depth)
      : fold_(fold),
        context_(task.contexts[fold.context]),
        sampling_(*context_.sampling),
        metrics_(metrics),
        seed_(seed),
        depth_(depth),
        n_tests_(static_cast<Eigen::Index>(fold.test.size())) {
    for (const TaskRow& row : fold.test) rows_.push_back(row.row);
    measured_.deltas = gather_rows(context_.deltas, rows_);
    measured_.centre = context_.deltas.colwise().mean();
    measured_.error.resize(n_tests_, context_.deltas.cols());
    for (Eigen::Index i = 0; i < n_tests_; ++i) {
      measured_.error.row(i) = sampling_.error.row(rows_[static_cast<std::size_t>(i)]).cast<double>();
    }
    if (!sampling_.with_control) measured_.control_error = sampling_.control_error;
  }

  DepthRightScores scores(CeilingWay way) {
    for (const DepthRight kind : kinds()) {
      scores_.of[at(kind)].assign(metrics_.size(), Vector::Constant(n_tests_, kNaN));
    }
    if (way == CeilingWay::suited || way == CeilingWay::simulation) simulate();
    if (way == CeilingWay::suited || way == CeilingWay::closed_form) take_closed_forms();
    if (way == CeilingWay::suited || way == CeilingWay::split_halves) take_halves();
    return std::move(scores_);
  }

 private:
  bool has_halves(Eigen::Index test) const {
    return !sampling_.halves.empty() &&
           sampling_.has_halves[static_cast<std::size_t>(rows_[static_cast<std::size_t>(test)])];
  }
  int n_draws() const { return sampling_.halves.empty() ? kKeptSplits : static_cast<int>(sampling_.halves.size()); }

  std::vector<DepthRight> kinds() const {
    std::vector<DepthRight> kinds = {DepthRight::own_control, DepthRight::true_deltas,
                                     DepthRight::interpolated_duplicate};
    if (!sampling_.with_control) kinds.push_back(DepthRight::shared_control);
    return kinds;
  }

  Vector& values(DepthRight kind, std::size_t metric) { return scores_.of[at(kind)][metric]; }

  // ---- simulation ----

  RowVector control_draw(int draw, const Matrix& normal) const {
    if (sampling_.control_halves.rows() > 0) {
      return sampling_.control_halves.row(draw % static_cast<int>(sampling_.control_halves.rows()));
    }
    return normal.row(n_tests_ + draw).cwiseProduct(sampling_.control_error);
  }

  NoiseDraw noise(int draw) const {
    // Rows of tests, then two of the control's.
    const Matrix normal = random_embedding(n_tests_ + n_draws(), measured_.deltas.cols(),
                                           seed_ ^ kSeedOfNoise ^ static_cast<std::uint64_t>(draw));
    NoiseDraw noise;
    if (!sampling_.with_control) {
      noise.control = control_draw(draw, normal);
      noise.control_of_truth = control_draw((draw + 1) % n_draws(), normal);
    }
    noise.whole.resize(n_tests_, measured_.deltas.cols());
    for (Eigen::Index i = 0; i < n_tests_; ++i) {
      if (has_halves(i)) {
        noise.whole.row(i) =
            sampling_.half_difference(static_cast<std::size_t>(draw), rows_[static_cast<std::size_t>(i)]);
        continue;
      }
      noise.whole.row(i) = normal.row(i).cwiseProduct(measured_.error.row(i));
      if (!sampling_.with_control) noise.whole.row(i) -= noise.control;
    }
    const double scale = 1 / std::sqrt(depth_);
    noise.whole *= scale;
    noise.control *= scale;
    noise.control_of_truth *= scale;
    return noise;
  }

  void add(DepthRight kind, const Matrix& predictions, const SplitTruth& truth) {
    const auto of_draw = fold_.target->score(predictions, truth, metrics_);
    for (std::size_t m = 0; m < metrics_.size(); ++m) values(kind, m) += of_draw[m];
  }

  void simulate() {
    for (const DepthRight kind : kinds()) {
      for (std::size_t m = 0; m < metrics_.size(); ++m) values(kind, m).setZero();
    }
    for (int draw = 0; draw < n_draws(); ++draw) {
      const SecondScreen screen =
          draw_second_screen(measured_, noise(draw), seed_ ^ kSeedOfEffects ^ static_cast<std::uint64_t>(draw));
      std::optional<SplitTruth> of_depth;
      if (depth_ != 1) of_depth = first_screen(screen.signal, (draw + 1) % n_draws());
      const SplitTruth& truth = of_depth ? *of_depth : fold_.truth;
      add(DepthRight::own_control, screen.own_control, truth);
      add(DepthRight::true_deltas, screen.true_deltas, truth);
      add(DepthRight::interpolated_duplicate, interpolated(screen.own_control), truth);
      if (!sampling_.with_control) add(DepthRight::shared_control, screen.shared_control, truth);
    }
    for (const DepthRight kind : kinds()) {
      for (std::size_t m = 0; m < metrics_.size(); ++m) values(kind, m) /= n_draws();
    }
  }

  // The measured screen at another depth, with its own control.
  SplitTruth first_screen(const Matrix& signal, int draw) const {
    const NoiseDraw noise = this->noise(draw);
    Matrix deltas = signal + noise.whole;
    if (!sampling_.with_control) deltas.rowwise() += noise.control;
    return fold_.target->make_truth({std::move(deltas), fold_.exclusion, weights()},
                                    std::as_const(fold_.training_deltas).view(), metrics_);
  }

  // Of all genes: those of the truth may be of the kept ones alone.
  std::optional<Matrix> weights() const {
    if (!context_.weights) return std::nullopt;
    Matrix weights(n_tests_, context_.weights->cols());
    for (Eigen::Index i = 0; i < n_tests_; ++i) {
      weights.row(i) = context_.weights->row(rows_[static_cast<std::size_t>(i)]).cast<double>();
    }
    return weights;
  }

  // As the second screen itself where genes respond for certain, as the train mean elsewhere.
  Matrix interpolated(const Matrix& second) const {
    const RowVector others = constant_prediction(fold_.target->mean_prediction, fold_);
    Matrix predictions(second.rows(), second.cols());
    std::vector<double> p(static_cast<std::size_t>(second.cols()));
    for (Eigen::Index i = 0; i < second.rows(); ++i) {
      for (Eigen::Index g = 0; g < second.cols(); ++g) {
        const double error = whole_error(i, g);
        p[static_cast<std::size_t>(g)] =
            error > 0 ? std::erfc(std::abs(second(i, g)) / error / std::numbers::sqrt2) : 1;
      }
      predictions.row(i) = interpolated_duplicate(second.row(i), others, p);
    }
    return predictions;
  }

  double whole_error(Eigen::Index test, Eigen::Index gene) const {
    return sampling_.whole_error(rows_[static_cast<std::size_t>(test)], gene);
  }

  // ---- closed forms ----

  // Genes that count for a test, of those that are kept: 1 or 0.
  RowVector counted(Eigen::Index test) const {
    const TruthCache& truth = fold_.truth.deltas;
    RowVector counts = RowVector::Ones(truth.deltas.cols());
    if (const auto& left_out = truth.left_out[static_cast<std::size_t>(test)]) counts[*left_out] = 0;
    return counts;
  }

  Matrix kept(const Matrix& of_genes) const {
    const auto& columns = fold_.truth.deltas.kept_columns;
    return columns.empty() ? of_genes : Matrix(of_genes(Eigen::all, columns));
  }

  void take_closed_forms() {
    for (const auto& [kind, screen] : {std::pair{DepthRight::own_control, ScreenKind::own_control},
                                       std::pair{DepthRight::shared_control, ScreenKind::shared_control},
                                       std::pair{DepthRight::true_deltas, ScreenKind::true_deltas}}) {
      if (scores_.of[at(kind)].empty()) continue;
      const Matrix variance = kept(error_variance(measured_, screen)) / depth_;
      for (std::size_t m = 0; m < metrics_.size(); ++m) {
        if (!is_error(metrics_[m])) continue;
        for (Eigen::Index i = 0; i < n_tests_; ++i)
          values(kind, m)[i] = expected_error(metrics_[m], i, variance.row(i));
      }
    }
  }

  double expected_error(Metric metric, Eigen::Index test, const RowVector& variance) const {
    const RowVector counts = counted(test);
    const double sum = variance.dot(counts);
    switch (metric) {
      case Metric::L2:
        return std::sqrt(sum);
      case Metric::MSE:
        return sum / counts.sum();
      case Metric::MAE:  // of a normal difference
        return std::sqrt(2 / std::numbers::pi) * variance.cwiseSqrt().dot(counts) / counts.sum();
      default:
        break;
    }
    const auto& weights = fold_.truth.deltas.weights;
    if (!weights) return kNaN;
    const double total = weights->row(test).sum(), of_counted = weights->row(test).dot(counts);
    return of_counted > 0 ? weights->row(test).cwiseProduct(counts).dot(variance) * total / of_counted : kNaN;
  }

  // ---- split halves ----

  // tests × splits of one correlation between the deltas of two halves; NaN without halves.
  Matrix correlations_of_halves(Metric metric, bool own_control) const {
    const auto n_splits = static_cast<Eigen::Index>(sampling_.halves.size());
    Matrix correlations = Matrix::Constant(n_tests_, n_splits, kNaN);
    for (Eigen::Index split = 0; split < n_splits; ++split) {
      Matrix a = measured_.deltas, b = measured_.deltas;
      for (Eigen::Index i = 0; i < n_tests_; ++i) {
        RowVector half = sampling_.half_difference(static_cast<std::size_t>(split), rows_[static_cast<std::size_t>(i)]);
        if (!own_control && sampling_.control_halves.rows() > 0) half += sampling_.control_halves.row(split);
        a.row(i) += half;
        b.row(i) -= half;
      }
      const std::array one = {metric};
      const SplitTruth truth =
          fold_.target->make_truth({std::move(b), fold_.exclusion}, std::as_const(fold_.training_deltas).view(), one);
      correlations.col(split) = fold_.target->score(a, truth, one).front();
    }
    return correlations;
  }

  void take_halves() {
    if (sampling_.halves.empty()) return;
    for (std::size_t m = 0; m < metrics_.size(); ++m) {
      if (!is_correlation(metrics_[m])) continue;
      if (metrics_[m] == Metric::Pearson_pert) {
        take_halves_about_training(m);
        continue;
      }
      const Matrix own = correlations_of_halves(metrics_[m], true);
      Matrix shared;
      if (!sampling_.with_control) shared = correlations_of_halves(metrics_[m], false);
      for (Eigen::Index i = 0; i < n_tests_; ++i) {
        if (!has_halves(i)) continue;
        const double r = spearman_brown(fisher_mean(own.row(i).transpose()), 2 * depth_);
        values(DepthRight::own_control, m)[i] = r;
        values(DepthRight::true_deltas, m)[i] = attenuation_of(r);
        if (shared.size() == 0) continue;
        values(DepthRight::shared_control, m)[i] = spearman_brown(fisher_mean(shared.row(i).transpose()), 2 * depth_);
      }
    }
  }

  // The mean training delta has the control of the truth in it, so the noise of a shared control cancels, and a second
  // control's does not.
  void take_halves_about_training(std::size_t m) {
    const Matrix halves = correlations_of_halves(metrics_[m], false);
    const TruthCache& truth = fold_.truth.deltas;
    const Matrix control = sampling_.with_control ? Matrix(0, 0) : kept(measured_.control_error->cwiseAbs2());
    for (Eigen::Index i = 0; i < n_tests_; ++i) {
      if (!has_halves(i)) continue;
      const double of_halves = fisher_mean(halves.row(i).transpose());
      const double measured = truth.shift_norm[i] * truth.shift_norm[i];
      const double signal = std::max(0.0, spearman_brown(of_halves)) * measured;
      const double all = signal + (measured - signal) / depth_, r = spearman_brown(of_halves, 2 * depth_);
      const double of_control = control.size() > 0 ? control.row(0).dot(counted(i)) / depth_ : 0;
      values(DepthRight::own_control, m)[i] = all > 0 ? r * std::sqrt(all / (all + 2 * of_control)) : kNaN;
      const double of_truth = signal > 0 ? std::sqrt(signal / (signal + of_control)) : 1;
      values(DepthRight::true_deltas, m)[i] = attenuation_of(r) * of_truth;
      if (!sampling_.with_control) values(DepthRight::shared_control, m)[i] = r;
    }
  }

  const FoldData& fold_;
  const TaskContext& context_;
  const SamplingErrors& sampling_;
  const std::vector<Metric>& metrics_;
  std::uint64_t seed_;
  double depth_;
  Eigen::Index n_tests_;
  RowIndex rows_;
  MeasuredRows measured_;
  DepthRightScores scores_;
};

}  // namespace

CeilingWay suited_way(Metric metric) {
  if (is_error(metric)) return CeilingWay::closed_form;
  return is_correlation(metric) ? CeilingWay::split_halves : CeilingWay::simulation;
}

std::string_view name_of(CeilingWay way) {
  switch (way) {
    case CeilingWay::closed_form:
      return "closed_form";
    case CeilingWay::split_halves:
      return "spearman_brown";
    case CeilingWay::simulation:
      return "simulation";
    case CeilingWay::suited:
      break;
  }
  return "depth_right";
}

DepthRightScores score_second_screens(const Task& task, const FoldData& fold, const std::vector<Metric>& metrics,
                                      std::uint64_t seed, CeilingWay way, double depth) {
  if (!task.contexts[fold.context].sampling) return {};
  return SecondScreens(task, fold, metrics, seed, depth).scores(way);
}

void evaluate_depth_right_method(const DepthRightMethod& method, const DepthRightScores& scores,
                                 FoldEvaluation& evaluation) {
  const std::vector<Vector>& of_kind = scores.of[at(method.kind)];
  if (of_kind.empty()) {
    const bool has_others = !scores.of[at(DepthRight::own_control)].empty();
    evaluation.status = Status::skipped;
    evaluation.reason = has_others
                            ? "in the matched design each perturbation has controls of its own"
                            : "the task keeps no sampling errors of its deltas; headroom prepare makes them of cells";
    return;
  }
  evaluation.metric_values = of_kind;
  evaluation.covered.assign(static_cast<std::size_t>(of_kind.front().size()), 1);
  evaluation.status = Status::ok;
}

}  // namespace headroom
