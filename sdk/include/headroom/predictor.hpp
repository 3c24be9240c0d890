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
  // An absent row has no vector in this block; its features are zero. A predictor that takes several blocks gets every
  // row that at least one of them has.
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
  std::int32_t n_planes() const { return request_.n_planes; }          // predictions per setting: 1, or one per class
  std::string_view context() const { return view(request_.context); }  // the one cell line's name; empty if several
  std::int64_t n_training() const { return request_.n_training; }
  std::int64_t n_query() const { return request_.n_query; }
  std::int64_t n_genes() const { return request_.delta_rows.cols; }

  std::int64_t n_blocks() const { return request_.n_blocks; }
  Block block(std::int64_t b = 0) const { return Block(*request_.blocks[b]); }

  // The training deltas, or class numbers as doubles, without a copy: training row i is row training_row(i) of
  // delta_rows(). Other rows of delta_rows() belong to other calls and must not be used.
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

  // Tasks of classes: names in the order of the classes' numbers and planes. None for regression.
  std::int64_t n_classes() const { return request_.n_classes; }
  std::string_view class_name(std::int64_t c) const { return view(request_.classes[c]); }
  // Whether training row i has labels. One that has none is there for its features alone.
  bool training_labelled(std::int64_t i) const { return !request_.training_labelled || request_.training_labelled[i]; }
  // The class of a labelled training row for a gene, 0 to n_classes() - 1.
  std::int64_t training_class(std::int64_t i, std::int64_t gene) const {
    return static_cast<std::int64_t>(request_.delta_rows.data[training_row(i) * request_.delta_rows.row_stride + gene]);
  }

  // The grid: settings × hyperparameters in the order of their declaration.
  std::int64_t n_settings() const { return request_.settings.rows; }
  double setting(std::int64_t s, std::int64_t hyperparameter) const {
    return request_.settings.data[s * request_.settings.row_stride + hyperparameter];
  }

  // Names of the contexts, at least one, and what the task has of their features.
  Contexts contexts() const {
    return Contexts(request_.contexts, request_.n_contexts, request_.context_blocks, request_.n_context_blocks);
  }
  // The number of a row's context, and its name.
  std::int64_t training_context_number(std::int64_t i) const {
    return request_.training_contexts ? request_.training_contexts[i] : 0;
  }
  std::int64_t query_context_number(std::int64_t i) const {
    return request_.query_contexts ? request_.query_contexts[i] : 0;
  }
  std::string_view training_context_of(std::int64_t i) const { return contexts().name(training_context_number(i)); }
  std::string_view query_context_of(std::int64_t i) const { return contexts().name(query_context_number(i)); }

  // Rows of the same perturbation have the same number, below n_perturbations(): in training and query rows and across
  // contexts. The numbers are drawn anew for each request and mean nothing else.
  std::int64_t n_perturbations() const { return request_.n_perturbations; }
  std::int64_t training_perturbation(std::int64_t i) const { return request_.training_perturbations[i]; }
  std::int64_t query_perturbation(std::int64_t i) const { return request_.query_perturbations[i]; }

  const headroom_predictor_request& c() const { return request_; }

 private:
  const headroom_predictor_request& request_;
};

// Where the predictions go: one matrix per setting (and plane), NaN at first, every value to be written unless the
// setting is infeasible. The planes of classes are probabilities: not negative, and their sum is 1.
// The place of one prediction, query rows × genes. What is assigned as a whole must have that shape: another one is
// refused by name, where Eigen would end the process.
class Prediction : public MatrixMap {
 public:
  explicit Prediction(const MatrixMap& map) : MatrixMap(map) {}
  Prediction(const Prediction&) = default;
  Prediction& operator=(const Prediction& values) { return assign(static_cast<const MatrixMap&>(values)); }
  template <class Derived>
  Prediction& operator=(const Eigen::DenseBase<Derived>& values) {
    return assign(values.derived());
  }

 private:
  template <class Derived>
  Prediction& assign(const Derived& values) {
    if (values.rows() != rows() || values.cols() != cols()) {
      throw Error("a prediction has " + shape(values.rows(), values.cols()) + " values, asked for are " +
                  shape(rows(), cols()) + " (query rows x genes)");
    }
    MatrixMap::operator=(values);
    return *this;
  }
  static std::string shape(Eigen::Index rows, Eigen::Index cols) {
    return std::to_string(rows) + " x " + std::to_string(cols);
  }
};

class PredictorOutput {
 public:
  PredictorOutput(headroom_predictor_output& output, std::int32_t n_planes) : output_(output), n_planes_(n_planes) {}

  Prediction prediction(std::int64_t s, std::int32_t plane = 0) {  // query rows × genes, NaN at first
    return Prediction(map(output_.predictions[s * n_planes_ + plane]));
  }
  // This setting cannot be fitted here. Its prediction is not read and it never wins.
  void set_infeasible(std::int64_t s) { output_.feasible[s] = 0; }
  headroom_predictor_output& c() { return output_; }

 private:
  headroom_predictor_output& output_;
  std::int32_t n_planes_;
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

// The life of a predictor plugin:
//
//  1. A process is started for it: in a run one for each context, fold and embedding, or for each split over several
//     contexts. Before anything of the plugin runs, the process gives up the network, writing, and every file but
//     system libraries, the plugin itself and its data folder.
//  2. YourClass::about(), hyperparameters(), blocks(), task_kinds(), uses_contexts() and extension() describe it:
//     static, quick, no files. A process that only wants to know this ends here.
//  3. predict() is called on a fresh YourClass for each inner split with the whole grid (in parts, if its predictions
//     would fill more than 256 MiB), and at last for the refit with the chosen setting. Share work between settings
//     inside the call: sort once for every k, walk one path of alphas. There is no state between calls; the same
//     request must give the same numbers, and no row's prediction may depend on the other query rows.
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
  // true: it makes its own use of PredictorRequest::contexts(). Others may be given rows of several contexts, too; what
  // features can say of the contexts is then part of their blocks.
  static bool uses_contexts() { return false; }
  // Offers extensions by id, such as sdk::held_out_errors<YourClass>(id) of held_out_errors.hpp.
  static const void* extension(std::string_view) { return nullptr; }

  virtual void predict(const Host& host, const PredictorRequest& request, PredictorOutput& output) const = 0;
};

namespace detail {

// The C arrays behind a headroom_predictor.
class PredictorCapability {
 public:
  using Predict = headroom_status (*)(const headroom_host*, const headroom_predictor_request*,
                                      headroom_predictor_output*);

  PredictorCapability(std::vector<Hyperparameter> hyperparameters, BlockCount blocks, std::uint32_t task_kinds,
                      bool uses_contexts, Predict predict)
      : hyperparameters_(std::move(hyperparameters)) {
    entries_.reserve(hyperparameters_.size());
    for (const Hyperparameter& h : hyperparameters_) {
      entries_.push_back({sizeof(headroom_hyperparameter), c_string(h.name), c_string(h.help), h.is_integer ? 1 : 0, 0,
                          h.minimum, h.maximum, h.grid.data(), static_cast<std::int64_t>(h.grid.size())});
      pointers_.push_back(&entries_.back());
    }
    capability_.struct_size = sizeof(headroom_predictor);
    capability_.task_kinds = task_kinds;
    capability_.min_blocks = blocks.minimum;
    capability_.max_blocks = blocks.maximum;
    capability_.uses_contexts = uses_contexts ? 1 : 0;
    capability_.hyperparameters = pointers_.empty() ? nullptr : pointers_.data();
    capability_.n_hyperparameters = static_cast<std::int64_t>(pointers_.size());
    capability_.predict = predict;
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

// Refuses what the plugin did not declare, and a request whose shapes do not fit together, before the plugin sees it.
inline void check(const headroom_predictor_request& request, const headroom_predictor& declared) {
  require_1_0(request, &headroom_predictor_request::training_labelled, "headroom_predictor_request");
  const bool is_regression = request.task_kind == HEADROOM_TASK_REGRESSION;
  const std::uint32_t kind_bit = is_regression                                ? HEADROOM_SUPPORTS_REGRESSION
                                 : request.task_kind == HEADROOM_TASK_CLASSES ? HEADROOM_SUPPORTS_CLASSES
                                                                              : 0u;
  if ((declared.task_kinds & kind_bit) == 0) {
    throw Unsupported("this predictor does not do tasks of kind " + std::to_string(request.task_kind));
  }
  require_that(is_regression ? request.n_planes == 1 : request.n_classes >= 2 && request.n_planes == request.n_classes,
               "planes and classes differ in number");
  if (request.n_blocks < declared.min_blocks || (declared.max_blocks > 0 && request.n_blocks > declared.max_blocks)) {
    throw Unsupported("this predictor does not take " + std::to_string(request.n_blocks) + " blocks of features");
  }
  for (std::int64_t b = 0; b < request.n_blocks; ++b) {
    const headroom_block& block = *request.blocks[b];
    require_1_0(block, &headroom_block::query_present, "headroom_block");
    require_that(block.training.rows == request.n_training, "a block's training rows are not n_training");
    require_that(block.query.rows == request.n_query, "a block's query rows are not n_query");
    require_that(block.training.cols == block.query.cols, "a block's training and query features differ in number");
  }
  require_that(request.settings.cols == declared.n_hyperparameters, "settings do not match the hyperparameters");
  for (std::int64_t i = 0; i < request.n_training; ++i) {
    const std::int64_t row = request.training_rows ? request.training_rows[i] : i;
    require_that(row >= 0 && row < request.delta_rows.rows, "a training row lies outside delta_rows");
  }
  check_contexts(request.contexts, request.n_contexts, request.context_blocks, request.n_context_blocks);
  check_numbers(request.training_contexts, request.n_training, request.n_contexts,
                "a training row's context is none of the contexts");
  check_numbers(request.query_contexts, request.n_query, request.n_contexts,
                "a query row's context is none of the contexts");
  require_that((request.training_perturbations || request.n_training == 0) &&
                   (request.query_perturbations || request.n_query == 0),
               "rows have no perturbation numbers");
  check_numbers(request.training_perturbations, request.n_training, request.n_perturbations,
                "a training row's perturbation has no such number");
  check_numbers(request.query_perturbations, request.n_query, request.n_perturbations,
                "a query row's perturbation has no such number");
}

template <class Plugin>
struct Registration<Plugin, std::enable_if_t<std::is_base_of_v<Predictor, Plugin>>> {
  static const PredictorCapability& capability() {
    static const PredictorCapability& kept =
        *new PredictorCapability(Plugin::hyperparameters(), Plugin::blocks(), Plugin::task_kinds(),
                                 Plugin::uses_contexts(), &predict);
    return kept;
  }

  static headroom_status predict(const headroom_host* host, const headroom_predictor_request* request,
                                 headroom_predictor_output* output) noexcept {
    return guarded(host, [&] {
      check(*host);
      require_1_0(*output, &headroom_predictor_output::feasible, "headroom_predictor_output");
      check(*request, capability().c());
      PredictorOutput out(*output, request->n_planes);
      const Plugin plugin{};
      plugin.predict(Host(*host), PredictorRequest(*request), out);
    });
  }

  static const headroom_plugin* descriptor() {
    // Kept until the process ends, as the ABI asks: no destructor of the library may take it away earlier.
    static const Descriptor& kept =
        *new Descriptor(Plugin::about(), HEADROOM_KIND_PREDICTOR, &capability().c(), &extension_of<Plugin>);
    return kept.c();
  }
};

}  // namespace detail
}  // namespace headroom::sdk
