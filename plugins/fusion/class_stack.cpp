// The stack of logistic heads. All blocks and values of C take part as candidates at first: their errors' inner
// products hold what choosing C and weighing the blocks needs, so that each head is fitted once a fold.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "fusion/block_fit.hpp"
#include "fusion/dense_product.hpp"
#include "fusion/row_folds.hpp"
#include "fusion/stack.hpp"
#include "fusion/stack_weights.hpp"
#include "heads/hyperparameters.hpp"
#include "heads/logistic.hpp"
#include "heads/panel_threads.hpp"

namespace headroom::fusion {
namespace {

using Eigen::VectorXd;

// Some of a request's training rows and genes with one of its blocks, asked for rows of that block.
class PartRequest {
 public:
  // The rows of `queries` (of training or queries) are all present. settings: values of C as for all genes.
  PartRequest(const sdk::PredictorRequest& whole, std::int64_t block, const Rows& training, const Rows& asked,
              const sdk::ConstMatrixMap& asked_from, std::int64_t first_gene, std::int64_t n_genes,
              const std::vector<double>& settings)
      : training_(static_cast<Eigen::Index>(training.size()), asked_from.cols()),
        query_(static_cast<Eigen::Index>(asked.size()), asked_from.cols()),
        settings_(static_cast<Eigen::Index>(settings.size()), 1),
        numbers_(std::max(training.size(), asked.size()), 0),
        request_(whole.c()) {
    const sdk::ConstMatrixMap from = whole.block(block).training();
    for (std::size_t i = 0; i < training.size(); ++i) {
      training_.row(static_cast<Eigen::Index>(i)) = from.row(training[i]);
      rows_.push_back(static_cast<std::int32_t>(whole.training_row(training[i])));
    }
    for (std::size_t i = 0; i < asked.size(); ++i) query_.row(static_cast<Eigen::Index>(i)) = asked_from.row(asked[i]);
    // The penalty is shared by the genes of a request: the same for each gene, whatever part of them this is.
    const double share = static_cast<double>(n_genes) / static_cast<double>(whole.n_genes());
    for (std::size_t s = 0; s < settings.size(); ++s) settings_(static_cast<Eigen::Index>(s), 0) = settings[s] * share;
    block_.struct_size = sizeof(block_);
    block_.training = {training_.data(), training_.rows(), training_.cols(), training_.cols()};
    block_.query = {query_.data(), query_.rows(), query_.cols(), query_.cols()};
    request_.struct_size = sizeof(request_);
    request_.blocks = blocks_;
    request_.n_blocks = 1;
    request_.delta_rows.data += first_gene;
    request_.delta_rows.cols = n_genes;
    request_.training_rows = rows_.data();
    request_.n_training = training_.rows();
    request_.n_query = query_.rows();
    request_.settings = {settings_.data(), settings_.rows(), 1, 1};
    request_.training_labelled = nullptr;
    request_.training_contexts = request_.query_contexts = nullptr;  // not looked at
    request_.training_perturbations = request_.query_perturbations = numbers_.data();
  }
  PartRequest(const PartRequest&) = delete;  // points into itself

  // Probabilities of setting s and class k at s · classes + k: asked rows × genes. None where a setting is infeasible.
  std::optional<std::vector<sdk::Matrix>> predict(int n_threads, std::int64_t& n_unfinished) const {
    const std::int64_t n_classes = request_.n_classes;
    std::vector<sdk::Matrix> planes(static_cast<std::size_t>(settings_.rows() * n_classes),
                                    sdk::Matrix(query_.rows(), request_.delta_rows.cols));
    std::vector<headroom_matrix_mut> views;
    for (sdk::Matrix& plane : planes) views.push_back({plane.data(), plane.rows(), plane.cols(), plane.cols()});
    std::vector<std::uint8_t> feasible(static_cast<std::size_t>(settings_.rows()), 1);
    headroom_predictor_output output{};
    output.struct_size = sizeof(output);
    output.predictions = views.data();
    output.feasible = feasible.data();
    sdk::PredictorOutput out(output, static_cast<std::int32_t>(n_classes));
    n_unfinished += heads::predict_logistic(sdk::PredictorRequest(request_), n_threads, out);
    if (std::find(feasible.begin(), feasible.end(), std::uint8_t{0}) != feasible.end()) return std::nullopt;
    return planes;
  }

 private:
  sdk::Matrix training_, query_, settings_;
  std::vector<std::int32_t> rows_, numbers_;
  headroom_block block_{};
  const headroom_block* blocks_[1] = {&block_};
  headroom_predictor_request request_;
};

// √(1 / (K n_k / N)) for each class; 0 for one that no label has.
std::vector<double> label_weights(const sdk::PredictorRequest& request) {
  std::vector<double> counts(static_cast<std::size_t>(request.n_classes()), 0.0);
  double n_labels = 0;
  for (std::int64_t i = 0; i < request.n_training(); ++i) {
    if (!request.training_labelled(i)) continue;
    for (std::int64_t g = 0; g < request.n_genes(); ++g) {
      ++counts[static_cast<std::size_t>(request.training_class(i, g))];
      ++n_labels;
    }
  }
  for (double& count : counts) {
    count = count > 0 ? std::sqrt(n_labels / (static_cast<double>(request.n_classes()) * count)) : 0.0;
  }
  return counts;
}

// The labelled training rows that a block has: outside of a fold, and in it.
struct FoldRows {
  Rows fitted, asked;
};

FoldRows fold_rows(const sdk::PredictorRequest& request, const std::vector<std::int64_t>& folds, std::int64_t b,
                   std::int64_t fold) {
  FoldRows rows;
  for (std::int64_t i = 0; i < request.n_training(); ++i) {
    if (!request.training_labelled(i) || !request.block(b).training_present(i)) continue;
    (folds[static_cast<std::size_t>(i)] == fold ? rows.asked : rows.fitted).push_back(i);
  }
  return rows;
}

// Genes at a time, whole panels, so that all candidates' predictions of a fold's rows fit.
std::int64_t genes_at_once(const sdk::PredictorRequest& request, std::int64_t n_candidates, const StackMemory& memory) {
  const std::int64_t bytes_per_gene = std::max<std::int64_t>(
      1, n_candidates * request.n_classes() * (request.n_training() / kRowFolds + 1) * std::int64_t{sizeof(double)});
  const std::int64_t panels = memory.most_bytes / bytes_per_gene / heads::kPanelWidth;
  return std::max<std::int64_t>(1, panels) * heads::kPanelWidth;
}

// Errors of one fold's rows by some genes, added to the forms. Candidate c of block b is b · n_settings + its setting.
class FoldErrors {
 public:
  FoldErrors(const sdk::PredictorRequest& request, const std::vector<std::int64_t>& folds, std::int64_t fold,
             const std::vector<double>& settings, const std::vector<double>& weights, int n_threads)
      : request_(request), folds_(folds), fold_(fold), settings_(settings), weights_(weights), n_threads_(n_threads) {}

  void add(std::int64_t first_gene, std::int64_t n_genes, std::int64_t& n_unfinished, ErrorForms& forms) {
    const auto n_blocks = static_cast<std::size_t>(request_.n_blocks());
    std::vector<std::vector<sdk::Matrix>> planes(n_blocks);
    std::vector<std::vector<std::int64_t>> position(n_blocks);  // of a training row among those asked for, or -1
    for (std::size_t b = 0; b < n_blocks; ++b) {
      const auto block = static_cast<std::int64_t>(b);
      position[b].assign(static_cast<std::size_t>(request_.n_training()), -1);
      const FoldRows rows = fold_rows(request_, folds_, block, fold_);
      if (rows.fitted.empty() || rows.asked.empty()) continue;
      const PartRequest part(request_, block, rows.fitted, rows.asked, request_.block(block).training(), first_gene,
                             n_genes, settings_);
      auto predicted = part.predict(n_threads_, n_unfinished);
      if (!predicted) continue;
      planes[b] = std::move(*predicted);
      for (std::size_t i = 0; i < rows.asked.size(); ++i) {
        position[b][static_cast<std::size_t>(rows.asked[i])] = static_cast<std::int64_t>(i);
      }
    }
    heads::on_threads(n_threads_, request_.n_training(), [&](heads::PanelCounter& counter) {
      for (std::int64_t row = counter.next(); row < request_.n_training(); row = counter.next()) {
        if (request_.training_labelled(row) && folds_[static_cast<std::size_t>(row)] == fold_) {
          add_row(row, first_gene, n_genes, planes, position, forms);
        }
      }
    });
  }

 private:
  void add_row(std::int64_t row, std::int64_t first_gene, std::int64_t n_genes,
               const std::vector<std::vector<sdk::Matrix>>& planes,
               const std::vector<std::vector<std::int64_t>>& position, ErrorForms& forms) const {
    const std::int64_t n_classes = request_.n_classes();
    std::vector<std::int64_t> candidates;
    for (std::size_t b = 0; b < planes.size(); ++b) {
      if (position[b][static_cast<std::size_t>(row)] < 0) continue;
      for (std::size_t s = 0; s < settings_.size(); ++s) {
        candidates.push_back(static_cast<std::int64_t>(b * settings_.size() + s));
      }
    }
    sdk::Matrix errors(static_cast<Eigen::Index>(candidates.size()), n_classes * n_genes);
    for (std::size_t c = 0; c < candidates.size(); ++c) {
      const std::size_t b = static_cast<std::size_t>(candidates[c]) / settings_.size();
      const std::size_t s = static_cast<std::size_t>(candidates[c]) % settings_.size();
      const std::int64_t at = position[b][static_cast<std::size_t>(row)];
      for (std::int64_t k = 0; k < n_classes; ++k) {
        const sdk::Matrix& plane = planes[b][s * static_cast<std::size_t>(n_classes) + static_cast<std::size_t>(k)];
        for (std::int64_t g = 0; g < n_genes; ++g) {
          const std::int64_t label = request_.training_class(row, first_gene + g);
          errors(static_cast<Eigen::Index>(c), k * n_genes + g) =
              weights_[static_cast<std::size_t>(label)] * (plane(at, g) - (k == label ? 1.0 : 0.0));
        }
      }
    }
    const sdk::Matrix among = symmetric_product(errors, errors, 1);
    for (std::size_t c = 0; c < candidates.size(); ++c) {
      forms.set_has(row, candidates[c]);
      for (std::size_t d = 0; d <= c; ++d) {
        forms.of(row)[candidates[c] * (candidates[c] + 1) / 2 + candidates[d]] +=
            among(static_cast<Eigen::Index>(c), static_cast<Eigen::Index>(d));
      }
    }
  }

  const sdk::PredictorRequest& request_;
  const std::vector<std::int64_t>& folds_;
  std::int64_t fold_;
  const std::vector<double>& settings_;
  const std::vector<double>& weights_;
  int n_threads_;
};

// The candidate of each block with the least mean error of the rows that have it, the first of equals.
std::vector<std::int64_t> best_candidates(const ErrorForms& forms, std::int64_t n_settings) {
  std::vector<std::int64_t> best;
  for (std::int64_t first = 0; first < forms.n_predictions(); first += n_settings) {
    std::optional<std::int64_t> chosen;
    double least = std::numeric_limits<double>::infinity();
    for (std::int64_t c = first; c < first + n_settings; ++c) {
      double sum = 0;
      bool has_any = false;
      for (std::int64_t row = 0; row < forms.n_rows(); ++row) {
        if (!forms.has(row, c)) continue;
        has_any = true;
        sum += std::sqrt(forms.of(row)[c * (c + 1) / 2 + c]);
      }
      if (!has_any || sum >= least) continue;
      least = sum;
      chosen = c;
    }
    if (chosen) best.push_back(*chosen);
  }
  return best;
}

ErrorForms forms_of(const ErrorForms& all, const std::vector<std::int64_t>& candidates) {
  ErrorForms forms(all.n_rows(), static_cast<std::int64_t>(candidates.size()));
  for (std::int64_t row = 0; row < all.n_rows(); ++row) {
    double* to = forms.of(row);
    for (std::size_t p = 0; p < candidates.size(); ++p) {
      if (all.has(row, candidates[p])) forms.set_has(row, static_cast<std::int64_t>(p));
      for (std::size_t q = 0; q <= p; ++q) *to++ = all.of(row)[candidates[p] * (candidates[p] + 1) / 2 + candidates[q]];
    }
  }
  return forms;
}

// Adds each part's weighted probabilities for the queries that have its block.
void write_probabilities(const sdk::PredictorRequest& request, const StackFit& fit, int n_threads,
                         const StackMemory& memory, std::int64_t& n_unfinished, sdk::PredictorOutput& output) {
  const std::int64_t n_classes = request.n_classes();
  VectorXd weights(static_cast<Eigen::Index>(fit.parts.size()));
  for (std::size_t p = 0; p < fit.parts.size(); ++p) weights[static_cast<Eigen::Index>(p)] = fit.parts[p].weight;
  std::vector<VectorXd> weights_of;
  for (std::int64_t q = 0; q < request.n_query(); ++q) {
    weights_of.push_back(weights_of_row(weights, [&](Eigen::Index p) {
      return request.block(fit.parts[static_cast<std::size_t>(p)].block).query_present(q);
    }));
    for (std::int64_t k = 0; k < n_classes; ++k) output.prediction(0, static_cast<std::int32_t>(k)).row(q).setZero();
  }
  const std::int64_t at_once = genes_at_once(request, 1, memory);
  for (std::size_t p = 0; p < fit.parts.size(); ++p) {
    const std::int64_t b = fit.parts[p].block;
    const Rows fitted =
        fold_rows(request, std::vector<std::int64_t>(static_cast<std::size_t>(request.n_training()), 0), b, -1).fitted;
    Rows asked;
    for (std::int64_t q = 0; q < request.n_query(); ++q) {
      if (weights_of[static_cast<std::size_t>(q)][static_cast<Eigen::Index>(p)] > 0) asked.push_back(q);
    }
    for (std::int64_t first = 0; first < request.n_genes() && !asked.empty(); first += at_once) {
      const std::int64_t n_genes = std::min(at_once, request.n_genes() - first);
      const PartRequest part(request, b, fitted, asked, request.block(b).query(), first, n_genes,
                             {fit.parts[p].setting});
      const auto planes = part.predict(n_threads, n_unfinished);
      if (!planes) throw sdk::Error("a block that was fitted on fewer rows cannot be fitted on all");
      for (std::int64_t k = 0; k < n_classes; ++k) {
        sdk::MatrixMap sum = output.prediction(0, static_cast<std::int32_t>(k));
        for (std::size_t i = 0; i < asked.size(); ++i) {
          sum.row(asked[i]).segment(first, n_genes) +=
              weights_of[static_cast<std::size_t>(asked[i])][static_cast<Eigen::Index>(p)] *
              (*planes)[static_cast<std::size_t>(k)].row(static_cast<Eigen::Index>(i));
        }
      }
    }
  }
}

// Queries that no part predicts: the most frequent class of all labelled training rows, as the heads have it.
void write_lone_queries(const sdk::PredictorRequest& request, const StackFit& fit, sdk::PredictorOutput& output) {
  Rows lone;
  for (std::int64_t q = 0; q < request.n_query(); ++q) {
    const bool is_predicted = std::any_of(fit.parts.begin(), fit.parts.end(), [&](const StackFit::Part& part) {
      return request.block(part.block).query_present(q);
    });
    if (!is_predicted) lone.push_back(q);
  }
  if (lone.empty()) return;
  const std::int64_t n_classes = request.n_classes();
  for (std::int64_t g = 0; g < request.n_genes(); ++g) {
    std::vector<std::int64_t> counts(static_cast<std::size_t>(n_classes), 0);
    for (std::int64_t i = 0; i < request.n_training(); ++i) {
      if (request.training_labelled(i)) ++counts[static_cast<std::size_t>(request.training_class(i, g))];
    }
    const std::int64_t frequent = std::max_element(counts.begin(), counts.end()) - counts.begin();
    for (const std::int64_t q : lone) {
      for (std::int64_t k = 0; k < n_classes; ++k) {
        output.prediction(0, static_cast<std::int32_t>(k))(q, g) = k == frequent ? 1.0 : 0.0;
      }
    }
  }
}

}  // namespace

StackFit predict_class_stack(const sdk::PredictorRequest& request, int n_threads, sdk::PredictorOutput& output,
                             const StackMemory& memory) {
  StackFit fit;
  bool is_labelled = false;
  for (std::int64_t i = 0; i < request.n_training(); ++i) is_labelled = is_labelled || request.training_labelled(i);
  if (!is_labelled) {
    for (std::int64_t s = 0; s < request.n_settings(); ++s) output.set_infeasible(s);
    return fit;
  }
  const std::vector<double> grid = heads::logistic_hyperparameters().front().grid;
  const auto n_settings = static_cast<std::int64_t>(grid.size()), n_candidates = request.n_blocks() * n_settings;
  const std::vector<std::int64_t> folds = row_folds(request);
  const std::vector<double> weights = label_weights(request);
  ErrorForms candidates(request.n_training(), n_candidates);
  const std::int64_t at_once = genes_at_once(request, n_candidates, memory);
  for (std::int64_t fold = 0; fold < kRowFolds; ++fold) {
    FoldErrors errors(request, folds, fold, grid, weights, n_threads);
    for (std::int64_t first = 0; first < request.n_genes(); first += at_once) {
      errors.add(first, std::min(at_once, request.n_genes() - first), fit.n_unfinished, candidates);
    }
  }
  const std::vector<std::int64_t> best = best_candidates(candidates, n_settings);
  if (!best.empty()) {
    const StackWeights found = stack_weights(forms_of(candidates, best));
    fit.error = found.mean_error;
    fit.is_converged = found.is_converged;
    for (std::size_t p = 0; p < best.size(); ++p) {
      fit.parts.push_back({best[p] / n_settings, "logistic", grid[static_cast<std::size_t>(best[p] % n_settings)],
                           found.weights[static_cast<Eigen::Index>(p)]});
    }
  }
  write_probabilities(request, fit, n_threads, memory, fit.n_unfinished, output);
  write_lone_queries(request, fit, output);
  for (std::int64_t s = 1; s < request.n_settings(); ++s) {
    for (std::int32_t k = 0; k < request.n_planes(); ++k) output.prediction(s, k) = output.prediction(0, k);
  }
  return fit;
}

}  // namespace headroom::fusion
