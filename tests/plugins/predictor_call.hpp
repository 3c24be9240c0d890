// One call of a head as the worker would make it: owns the request's arrays and the prediction matrices.
#pragma once

#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <string_view>
#include <vector>

#include "headroom/held_out_errors.hpp"
#include "headroom/predictor.hpp"

namespace headroom::testing {

// One more block of a call's rows.
struct FurtherBlock {
  sdk::Matrix training, query;
  std::vector<std::uint8_t> training_present, query_present;  // empty: all
};

struct PredictorCall {
  sdk::Matrix training;                        // training rows × features
  sdk::Matrix query;                           // query rows × features
  sdk::Matrix delta_rows;                      // shared rows × genes
  std::vector<std::int32_t> training_rows;     // empty: training row i is row i
  std::vector<std::uint8_t> training_present;  // empty: all
  std::vector<std::uint8_t> query_present;
  std::vector<FurtherBlock> further_blocks;     // for fusions
  std::vector<std::int32_t> perturbations;      // of training rows, then of query rows; empty: each is another
  sdk::Matrix settings;                         // settings × hyperparameters
  int n_classes = 0;                            // above 0: delta_rows holds class numbers
  std::vector<std::uint8_t> training_labelled;  // of tasks of classes; empty: all

  // Filled by run(): NaN wherever the head wrote nothing.
  // one per setting, of classes one per setting and class: query rows × genes
  std::vector<sdk::Matrix> predictions;
  std::vector<std::uint8_t> feasible;

  // head(request, output), for example heads::predict_knn with its threads bound. Predictions lie with a row stride
  // above their width, as in the worker's memory.
  template <class Head>
  void run(const Head& head, std::int64_t padding = 5) {
    with_request([&](const headroom_predictor_request& request) { predict(head, request, padding); });
  }

  // The errors of the same call: query row i has the deltas in row query_rows[i] of delta_rows. NaN wherever the head
  // wrote nothing.
  template <class Head>
  sdk::Matrix errors(const Head& head, const std::vector<std::int32_t>& query_rows) {
    const sdk::Matrix gram = delta_rows * delta_rows.transpose();
    sdk::Matrix filled = sdk::Matrix::Constant(settings.rows(), query.rows(), std::numeric_limits<double>::quiet_NaN());
    feasible.assign(static_cast<std::size_t>(settings.rows()), 1);
    with_request([&](const headroom_predictor_request& request) {
      headroom_errors_request asked{};
      asked.struct_size = sizeof(asked);
      asked.request = &request;
      asked.query_rows = query_rows.data();
      asked.gram = {gram.data(), gram.rows(), gram.cols(), gram.cols()};
      headroom_errors_output output{};
      output.struct_size = sizeof(output);
      output.errors = {filled.data(), filled.rows(), filled.cols(), filled.cols()};
      output.feasible = feasible.data();
      sdk::ErrorsOutput out(output);
      head(sdk::ErrorsRequest(asked), out);
    });
    return filled;
  }

 private:
  template <class Use>
  void with_request(const Use& use) const {
    const auto view = [](const sdk::Matrix& m) { return headroom_matrix{m.data(), m.rows(), m.cols(), m.cols()}; };
    const auto block_of = [&](const sdk::Matrix& of_training, const sdk::Matrix& of_query,
                              const std::vector<std::uint8_t>& has_training,
                              const std::vector<std::uint8_t>& has_query) {
      headroom_block block{};
      block.struct_size = sizeof(block);
      block.training = view(of_training);
      block.query = view(of_query);
      block.training_present = has_training.empty() ? nullptr : has_training.data();
      block.query_present = has_query.empty() ? nullptr : has_query.data();
      return block;
    };
    std::vector<headroom_block> blocks = {block_of(training, query, training_present, query_present)};
    for (const FurtherBlock& further : further_blocks) {
      blocks.push_back(block_of(further.training, further.query, further.training_present, further.query_present));
    }
    std::vector<const headroom_block*> pointers;
    for (const headroom_block& block : blocks) pointers.push_back(&block);

    headroom_predictor_request request{};
    request.struct_size = sizeof(request);
    request.n_planes = n_planes();
    request.blocks = pointers.data();
    request.n_blocks = static_cast<std::int64_t>(pointers.size());
    request.delta_rows = view(delta_rows);
    request.training_rows = training_rows.empty() ? nullptr : training_rows.data();
    request.n_training = training.rows();
    request.n_query = query.rows();
    request.settings = view(settings);
    const headroom_string context{"K562", 4};
    request.contexts = &context;
    request.n_contexts = 1;
    std::vector<std::int32_t> numbers(static_cast<std::size_t>(training.rows() + query.rows()));
    std::iota(numbers.begin(), numbers.end(), 0);
    if (!perturbations.empty()) numbers = perturbations;
    request.training_perturbations = numbers.data();
    request.query_perturbations = numbers.data() + training.rows();
    request.n_perturbations = static_cast<std::int64_t>(numbers.size());
    const std::vector<headroom_string> names(static_cast<std::size_t>(n_classes), headroom_string{"class", 5});
    if (n_classes > 0) {
      request.task_kind = HEADROOM_TASK_CLASSES;
      request.classes = names.data();
      request.n_classes = n_classes;
      request.training_labelled = training_labelled.empty() ? nullptr : training_labelled.data();
    }
    use(request);
  }

  template <class Head>
  void predict(const Head& head, const headroom_predictor_request& request, std::int64_t padding) {
    const std::int64_t stride = delta_rows.cols() + padding;
    std::vector<sdk::Matrix> buffers;
    std::vector<headroom_matrix_mut> outputs;
    for (Eigen::Index s = 0; s < settings.rows() * n_planes(); ++s) {
      buffers.push_back(sdk::Matrix::Constant(query.rows(), stride, std::numeric_limits<double>::quiet_NaN()));
      outputs.push_back({buffers.back().data(), query.rows(), delta_rows.cols(), stride});
    }
    feasible.assign(static_cast<std::size_t>(settings.rows()), 1);
    headroom_predictor_output output{};
    output.struct_size = sizeof(output);
    output.predictions = outputs.data();
    output.feasible = feasible.data();

    sdk::PredictorOutput out(output, n_planes());
    head(sdk::PredictorRequest(request), out);
    predictions.clear();
    wrote_outside = false;
    for (sdk::Matrix& buffer : buffers) {
      wrote_outside = wrote_outside || !buffer.rightCols(padding).array().isNaN().all();
      predictions.push_back(buffer.leftCols(delta_rows.cols()));
    }
  }

  std::int32_t n_planes() const { return n_classes > 0 ? n_classes : 1; }

 public:
  bool wrote_outside = false;  // a head wrote beyond the columns of a prediction

  sdk::Matrix training_deltas() const {
    if (training_rows.empty()) return delta_rows.topRows(training.rows());
    sdk::Matrix gathered(training.rows(), delta_rows.cols());
    for (std::size_t i = 0; i < training_rows.size(); ++i) {
      gathered.row(static_cast<Eigen::Index>(i)) = delta_rows.row(training_rows[i]);
    }
    return gathered;
  }
};

inline sdk::Matrix random_matrix(std::int64_t rows, std::int64_t cols, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> normal;
  sdk::Matrix m(rows, cols);
  for (Eigen::Index i = 0; i < m.size(); ++i) m.data()[i] = normal(generator);
  return m;
}

inline sdk::Matrix column(std::initializer_list<double> values) {
  sdk::Matrix m(static_cast<Eigen::Index>(values.size()), 1);
  Eigen::Index i = 0;
  for (const double value : values) m(i++, 0) = value;
  return m;
}

}  // namespace headroom::testing
