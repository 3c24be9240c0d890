// Predictor plugins in C++: derive from headroom::sdk::Predictor, then HEADROOM_PLUGINS(YourClass).
#pragma once

#include <limits>
#include <type_traits>

#include "headroom/plugin.hpp"
#include "headroom/predictor.h"

namespace headroom::sdk {

// One set of features of all rows. Views; valid during the call.
class Block {
 public:
  explicit Block(const headroom_block& block) : block_(block) {}

  std::string_view name() const { return view(block_.name); }
  ConstMatrixMap training() const { return map(block_.training); }  // training rows × features
  ConstMatrixMap query() const { return map(block_.query); }        // query rows × the same features
  // An absent row has no vector in this block; its features are zero.
  bool training_present(std::int64_t i) const { return !block_.training_present || block_.training_present[i] != 0; }
  bool query_present(std::int64_t i) const { return !block_.query_present || block_.query_present[i] != 0; }
  const headroom_block& c() const { return block_; }

 private:
  const headroom_block& block_;
};

// Everything that a prediction may depend on. Views; valid during the call.
class PredictorRequest {
 public:
  explicit PredictorRequest(const headroom_predictor_request& request) : request_(request) {}

  std::int32_t task_kind() const { return request_.task_kind; }        // HEADROOM_TASK_*
  std::int32_t n_planes() const { return request_.n_planes; }          // predictions per setting; 1 for regression
  std::string_view context() const { return view(request_.context); }  // name of the cell line
  std::int64_t n_training() const { return request_.n_training; }
  std::int64_t n_query() const { return request_.n_query; }
  std::int64_t n_genes() const { return request_.delta_rows.cols; }

  std::int64_t n_blocks() const { return request_.n_blocks; }
  Block block(std::int64_t b = 0) const { return Block(*request_.blocks[b]); }

  // The training deltas without a copy: training row i is row training_row(i) of delta_rows(). Other rows of
  // delta_rows() belong to other calls and must not be used.
  ConstMatrixMap delta_rows() const { return map(request_.delta_rows); }  // shared rows × genes
  std::int64_t training_row(std::int64_t i) const { return request_.training_rows ? request_.training_rows[i] : i; }
  ConstRowMap training_delta(std::int64_t i) const {  // the genes of training row i
    return ConstRowMap(request_.delta_rows.data + training_row(i) * request_.delta_rows.row_stride, n_genes());
  }

  // The training deltas as one matrix (training rows × genes), copied. Convenient; 68 MB at published size.
  Matrix training_deltas() const {
    Matrix deltas(n_training(), n_genes());
    for (std::int64_t i = 0; i < n_training(); ++i) deltas.row(i) = training_delta(i);
    return deltas;
  }

  // The grid: settings × hyperparameters in the order of their declaration.
  std::int64_t n_settings() const { return request_.settings.rows; }
  double setting(std::int64_t s, std::int64_t hyperparameter) const {
    return request_.settings.data[s * request_.settings.row_stride + hyperparameter];
  }

  // The context of a row, also where a request spans several.
  std::string_view training_context_of(std::int64_t i) const { return context_by(request_.training_contexts, i); }
  std::string_view query_context_of(std::int64_t i) const { return context_by(request_.query_contexts, i); }

  const headroom_predictor_request& c() const { return request_; }

 private:
  std::string_view context_by(const std::int32_t* index, std::int64_t row) const {
    return index == nullptr ? context() : view(request_.contexts[index[row]]);
  }
  const headroom_predictor_request& request_;
};

// Where the predictions go: one matrix per setting (and plane), every value to be written unless the setting is
// infeasible.
class PredictorOutput {
 public:
  PredictorOutput(headroom_predictor_output& output, std::int32_t n_planes) : output_(output), n_planes_(n_planes) {}

  MatrixMap prediction(std::int64_t s, std::int32_t plane = 0) {  // query rows × genes
    return map(output_.predictions[s * n_planes_ + plane]);
  }
  // This setting cannot be fitted here. Its prediction is not read and it never wins.
  void set_infeasible(std::int64_t s) { output_.feasible[s] = 0; }
  headroom_predictor_output& c() { return output_; }

 private:
  headroom_predictor_output& output_;
  std::int32_t n_planes_;
};

// A request for errors in place of predictions: the queries' own deltas are known. Views; valid during the call.
class ErrorsRequest {
 public:
  explicit ErrorsRequest(const headroom_errors_request& request) : request_(request), predictor_(*request.request) {}

  const PredictorRequest& predictor() const { return predictor_; }
  std::int64_t query_row(std::int64_t i) const { return request_.query_rows[i]; }  // row of delta_rows()
  ConstRowMap query_delta(std::int64_t i) const {                                  // the genes of query row i
    const headroom_matrix& rows = predictor_.c().delta_rows;
    return ConstRowMap(rows.data + query_row(i) * rows.row_stride, rows.cols);
  }
  // Shared rows × shared rows: inner products of the rows of delta_rows() over genes.
  ConstMatrixMap gram() const { return map(request_.gram); }

 private:
  const headroom_errors_request& request_;
  PredictorRequest predictor_;
};

// Where the errors go: settings × query rows, L2 norms over genes of prediction - delta.
class ErrorsOutput {
 public:
  explicit ErrorsOutput(headroom_errors_output& output) : output_(output) {}

  MatrixMap errors() { return map(output_.errors); }
  void set_infeasible(std::int64_t s) { output_.feasible[s] = 0; }

 private:
  headroom_errors_output& output_;
};

// A hyperparameter that the predictor declares.
struct Hyperparameter {
  std::string name;          // letters, digits, '_': users write --grid PLUGIN.NAME=V,V
  std::string help;          // one line: meaning and unit
  std::vector<double> grid;  // tried in this order when the user names no values
  double minimum = -std::numeric_limits<double>::infinity();  // values outside are refused before any work
  double maximum = std::numeric_limits<double>::infinity();
  bool is_integer = false;
};

// How many blocks of features a predictor takes.
struct BlockCount {
  std::int32_t minimum = 1;
  std::int32_t maximum = 1;  // 0: no upper bound
};

// The life of a predictor plugin, all in one process that serves one context and one fold:
//
//  1. Before anything of it runs, the process gives up the network, writing, and every file but system libraries, the
//     plugin itself and its data folder.
//  2. YourClass::about(), hyperparameters(), blocks() and task_kinds() describe it: static, quick, no files.
//  3. predict() is called on a fresh YourClass for each inner split with the whole grid, and at last for the refit with
//     the chosen setting. Share work between settings inside the call: sort once for every k, walk one path of alphas.
//     There is no state between calls; the same request must give the same numbers, and no row's prediction may depend
//     on the other query rows.
//  4. The process ends.
//
// predict() may throw: the message becomes the reason of failure in the results. All calls come from one thread.
class Predictor {
 public:
  virtual ~Predictor() = default;

  // YourClass must declare: static About about();
  // Declare those of the following again that differ.
  static std::vector<Hyperparameter> hyperparameters() { return {}; }
  static BlockCount blocks() { return {}; }
  static std::uint32_t task_kinds() { return HEADROOM_SUPPORTS_REGRESSION; }

  virtual void predict(const Host& host, const PredictorRequest& request, PredictorOutput& output) const = 0;

  // A shortcut for step 3's inner splits, for predictors that can tell their errors for less than their predictions.
  // Whoever overrides it declares gives_errors() again, to return true.
  static bool gives_errors() { return false; }
  virtual void errors(const Host&, const ErrorsRequest&, ErrorsOutput&) const {
    throw Unsupported("this predictor gives no errors");
  }
};

namespace detail {

// The C arrays behind a headroom_predictor.
class PredictorCapability {
 public:
  using Predict = headroom_status (*)(const headroom_host*, const headroom_predictor_request*,
                                      headroom_predictor_output*);
  using Errors = headroom_status (*)(const headroom_host*, const headroom_errors_request*, headroom_errors_output*);

  PredictorCapability(std::vector<Hyperparameter> hyperparameters, BlockCount blocks, std::uint32_t task_kinds,
                      Predict predict, Errors errors)
      : hyperparameters_(std::move(hyperparameters)) {
    entries_.reserve(hyperparameters_.size());
    for (const Hyperparameter& h : hyperparameters_) {
      entries_.push_back({sizeof(headroom_hyperparameter), c_string(h.name), c_string(h.help), h.is_integer ? 1 : 0, 0,
                          h.minimum, h.maximum, h.grid.data(), static_cast<std::int64_t>(h.grid.size())});
      pointers_.push_back(&entries_.back());
    }
    capability_ = {sizeof(headroom_predictor), task_kinds, blocks.minimum, blocks.maximum, 0,
                   pointers_.empty() ? nullptr : pointers_.data(), static_cast<std::int64_t>(pointers_.size()),
                   predict, errors};
  }
  PredictorCapability(const PredictorCapability&) = delete;
  PredictorCapability& operator=(const PredictorCapability&) = delete;
  const headroom_predictor& c() const { return capability_; }

 private:
  std::vector<Hyperparameter> hyperparameters_;
  std::vector<headroom_hyperparameter> entries_;
  std::vector<const headroom_hyperparameter*> pointers_;
  headroom_predictor capability_{};
};

inline void require_that(bool holds, const char* what) {
  if (!holds) throw Error(std::string("the worker's request is inconsistent: ") + what);
}

// Refuses what the plugin did not declare, and a request whose shapes do not fit together, before the plugin sees it.
inline void check(const headroom_predictor_request& request, const headroom_predictor& declared) {
  const std::uint32_t kind_bit = request.task_kind == HEADROOM_TASK_REGRESSION ? HEADROOM_SUPPORTS_REGRESSION
                                 : request.task_kind == HEADROOM_TASK_THREE_CLASS ? HEADROOM_SUPPORTS_THREE_CLASS
                                                                                  : 0u;
  if ((declared.task_kinds & kind_bit) == 0) {
    throw Unsupported("this predictor does not do tasks of kind " + std::to_string(request.task_kind));
  }
  if (request.n_blocks < declared.min_blocks || (declared.max_blocks > 0 && request.n_blocks > declared.max_blocks)) {
    throw Unsupported("this predictor does not take " + std::to_string(request.n_blocks) + " blocks of features");
  }
  for (std::int64_t b = 0; b < request.n_blocks; ++b) {
    const headroom_block& block = *request.blocks[b];
    require_size(block, "headroom_block");
    require_that(block.training.rows == request.n_training, "a block's training rows are not n_training");
    require_that(block.query.rows == request.n_query, "a block's query rows are not n_query");
    require_that(block.training.cols == block.query.cols, "a block's training and query features differ in number");
  }
  require_that(request.settings.cols == declared.n_hyperparameters, "settings do not match the hyperparameters");
  for (std::int64_t i = 0; i < request.n_training; ++i) {
    const std::int64_t row = request.training_rows ? request.training_rows[i] : i;
    require_that(row >= 0 && row < request.delta_rows.rows, "a training row lies outside delta_rows");
  }
}

inline void check(const headroom_errors_request& request) {
  const std::int64_t n_rows = request.request->delta_rows.rows;
  require_that(request.gram.rows == n_rows && request.gram.cols == n_rows, "gram is not delta_rows × delta_rows");
  for (std::int64_t i = 0; i < request.request->n_query; ++i) {
    require_that(request.query_rows[i] >= 0 && request.query_rows[i] < n_rows, "a query row lies outside delta_rows");
  }
}

template <class Plugin>
struct Registration<Plugin, std::enable_if_t<std::is_base_of_v<Predictor, Plugin>>> {
  static const PredictorCapability& capability() {
    static const PredictorCapability& kept =
        *new PredictorCapability(Plugin::hyperparameters(), Plugin::blocks(), Plugin::task_kinds(), &predict,
                                 Plugin::gives_errors() ? &errors : nullptr);
    return kept;
  }

  static headroom_status predict(const headroom_host* host, const headroom_predictor_request* request,
                                 headroom_predictor_output* output) noexcept {
    return guarded(host, [&] {
      require_size(*host, "headroom_host");
      require_size(*request, "headroom_predictor_request");
      require_size(*output, "headroom_predictor_output");
      check(*request, capability().c());
      PredictorOutput out(*output, request->n_planes);
      const Plugin plugin{};
      plugin.predict(Host(*host), PredictorRequest(*request), out);
    });
  }

  static headroom_status errors(const headroom_host* host, const headroom_errors_request* request,
                                headroom_errors_output* output) noexcept {
    return guarded(host, [&] {
      require_size(*host, "headroom_host");
      require_size(*request, "headroom_errors_request");
      require_size(*request->request, "headroom_predictor_request");
      require_size(*output, "headroom_errors_output");
      check(*request->request, capability().c());
      check(*request);
      ErrorsOutput out(*output);
      const Plugin plugin{};
      plugin.errors(Host(*host), ErrorsRequest(*request), out);
    });
  }

  static const headroom_plugin* descriptor() {
    // Kept until the process ends, as the ABI asks: no destructor of the library may take it away earlier.
    static const Descriptor& kept =
        *new Descriptor(Plugin::about(), HEADROOM_KIND_PREDICTOR, &capability().c());
    return kept.c();
  }
};

}  // namespace detail
}  // namespace headroom::sdk
