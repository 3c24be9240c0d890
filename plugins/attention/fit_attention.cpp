#include "attention/fit_attention.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

// Of OpenBLAS, if that is the BLAS in use.
extern "C" void openblas_set_num_threads(int n_threads) __attribute__((weak));

namespace headroom::attention {
namespace {

// Threads are taken by the training alone: within a part of a batch neither torch nor its BLAS may start any.
void keep_libraries_to_one_thread() {
  at::set_num_threads(1);
  if (openblas_set_num_threads != nullptr) openblas_set_num_threads(1);
}

at::Tensor trained_lines_of(const AttentionRows& rows, const std::vector<std::int64_t>& training,
                            std::int64_t n_lines) {
  at::Tensor trained = at::zeros({n_lines}, at::kBool);
  const std::int64_t* const lines = rows.lines.data_ptr<std::int64_t>();
  for (const std::int64_t row : training) trained.data_ptr<bool>()[lines[row]] = true;
  return trained.all().item<bool>() ? at::Tensor() : trained;
}

void write_deltas(const at::Tensor& outputs, sdk::PredictorOutput& output) {
  sdk::MatrixMap to = output.prediction(0);
  const float* from = outputs.data_ptr<float>();
  for (Eigen::Index i = 0; i < to.rows(); ++i) {
    for (Eigen::Index j = 0; j < to.cols(); ++j) to(i, j) = *from++;
  }
}

// Probabilities in double, so that their sum is 1 as exactly as the contract asks.
void write_probabilities(const at::Tensor& outputs, std::int64_t n_classes, sdk::PredictorOutput& output) {
  const std::int64_t n_genes = outputs.size(1) / n_classes;
  const float* from = outputs.data_ptr<float>();
  std::vector<sdk::MatrixMap> planes;
  for (std::int64_t c = 0; c < n_classes; ++c) planes.push_back(output.prediction(0, static_cast<std::int32_t>(c)));
  for (std::int64_t i = 0; i < outputs.size(0); ++i, from += n_classes * n_genes) {
    for (std::int64_t gene = 0; gene < n_genes; ++gene) {
      double largest = from[gene], sum = 0;
      for (std::int64_t c = 1; c < n_classes; ++c) largest = std::max<double>(largest, from[c * n_genes + gene]);
      for (std::int64_t c = 0; c < n_classes; ++c) sum += std::exp(from[c * n_genes + gene] - largest);
      for (std::int64_t c = 0; c < n_classes; ++c) {
        planes[static_cast<std::size_t>(c)](i, gene) = std::exp(from[c * n_genes + gene] - largest) / sum;
      }
    }
  }
}

}  // namespace

TrainingOutcome fit_and_predict(const sdk::PredictorRequest& request, const AttentionOptions& options, int n_threads,
                                const std::function<void(const Epoch&)>& told, sdk::PredictorOutput& output) {
  keep_libraries_to_one_thread();
  const bool of_classes = request.task_kind() == HEADROOM_TASK_CLASSES;
  ModelShape shape;
  shape.options = options;
  for (std::int64_t b = 0; b < request.n_blocks(); ++b) shape.block_features.push_back(request.block(b).training().cols());
  shape.n_lines = request.contexts().size();
  shape.n_genes = request.n_genes();
  shape.n_outputs = shape.n_genes * (of_classes ? request.n_classes() : 1);

  const ValidationSplit split = validation_split(request, options.validation_percent, options.validation_seed);
  if (split.training.empty() || split.validation.empty()) {
    throw sdk::Error("there are " + std::to_string(split.training.size() + split.validation.size()) +
                     " training rows, of which none are left to train on or to stop by: give it more perturbations");
  }
  AttentionRows training = training_rows_of(request), query = query_rows_of(request);
  TrainingTargets targets;
  if (options.size == Size::full) {
    targets.profiles = control_profiles_of(request);
    if (!targets.profiles.defined()) {
      throw sdk::Error("the full size needs the control profile of every context: make the task from cells with "
                       "headroom prepare, or leave option 'size' at simple");
    }
    z_score(training, query);
  }
  if (of_classes) {
    targets.classes = classes_of(request);
    targets.class_weights = pooled_class_weights(targets.classes, split.training, request.n_classes());
  } else {
    targets.deltas = deltas_of(request);
  }
  AttentionModel model(shape, options.training_seed);
  TrainingOutcome outcome = train(model, shape, training, targets, split, n_threads, told);
  const at::Tensor outputs =
      predict_rows(model, shape, query, targets.profiles,
                   trained_lines_of(training, split.training, shape.n_lines), n_threads);
  if (of_classes) {
    write_probabilities(outputs, request.n_classes(), output);
  } else {
    write_deltas(outputs, output);
  }
  return outcome;
}

}  // namespace headroom::attention
