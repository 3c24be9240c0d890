// What a predictor is asked: predictions for query rows, or the errors that it claims for held-out training rows.
#include <algorithm>
#include <cstring>
#include <utility>

#include "plugin_host/worker_session_state.hpp"

namespace headroom {
namespace {

constexpr std::uint64_t kSlotBytes = std::uint64_t{256} << 20;  // of predictions at once

}  // namespace

Eigen::Index WorkerSession::max_settings_per_call(Eigen::Index n_query, Eigen::Index n_genes, int n_planes) {
  const Eigen::Index stride = padded_columns(n_genes);
  const double bytes = static_cast<double>(n_query) * static_cast<double>(stride) * n_planes * sizeof(double);
  // A descriptor of a prediction takes about 32 bytes of the request's frame.
  constexpr double kMostDescriptors = 1024;
  const double fitting =
      std::min(bytes > 0 ? static_cast<double>(kSlotBytes) / bytes : kMostDescriptors, kMostDescriptors / n_planes);
  return std::max<Eigen::Index>(1, static_cast<Eigen::Index>(fitting));
}

namespace {

// What is wrong with a question before anything is sent, the caller's mistake: with what is predicted, deltas or
// classes.
std::string fault_of_target(const PredictorQuestion& question, Eigen::Index n_training,
                            const PluginDescription& description) {
  const auto& kinds = description.task_kinds();
  if (std::find(kinds.begin(), kinds.end(), question.task_kind) == kinds.end()) {
    return "predictor '" + description.name() + "' does not do tasks of kind " + TaskKind_Name(question.task_kind);
  }
  const auto n_classes = static_cast<int>(question.classes.size());
  if (question.task_kind == TaskKind::REGRESSION) {
    if (question.n_planes != 1 || n_classes > 0 || !question.training_labelled.empty()) {
      return "a question for deltas has planes, classes or labels";
    }
    return {};
  }
  if (n_classes < 2 || question.n_planes != n_classes)
    return "there is another number of planes than classes, or no two";
  const auto& labelled = question.training_labelled;
  if (!labelled.empty() && (static_cast<Eigen::Index>(labelled.size()) != n_training ||
                            std::find(labelled.begin(), labelled.end(), std::uint8_t{1}) == labelled.end())) {
    return "the marks of labelled rows are not one per training row, or mark none";
  }
  return {};
}

// The same with the contexts and perturbations of the rows.
std::string fault_of_rows(const PredictorQuestion& question, Eigen::Index n_training) {
  const auto n_rows = static_cast<std::size_t>(n_training), n_query = static_cast<std::size_t>(question.n_query);
  std::string wrong = fault_of(question.contexts);
  if (wrong.empty()) wrong = fault_of(question.contexts, question.training_contexts, n_rows);
  if (wrong.empty()) wrong = fault_of(question.contexts, question.query_contexts, n_query);
  if (!wrong.empty()) return wrong;
  const PerturbationCodes& codes = question.perturbations;
  const bool is_given = !codes.training.empty() || !codes.query.empty();
  if (is_given && (codes.training.size() != n_rows || codes.query.size() != n_query)) {
    return "there is another number of perturbations than rows";
  }
  return {};
}

// The same with anything.
std::string fault_of(const PredictorQuestion& question, const PluginDescription& description) {
  if (description.kind() != PluginKind::PREDICTOR) return "the plugin is no predictor";
  const auto n_training =
      question.training_rows.empty() ? question.deltas.rows : static_cast<Eigen::Index>(question.training_rows.size());
  if (n_training < 1 || question.n_query < 1) return "there are no training rows or no query rows";
  for (const std::int32_t row : question.training_rows) {
    if (row < 0 || row >= question.deltas.rows) return "a training row is not a row of the deltas";
  }
  if (question.settings.rows() < 1) return "there is no setting";
  if (question.settings.cols() != description.hyperparameters_size()) {
    return "the settings have another number of columns than the predictor has hyperparameters";
  }
  if (std::string wrong = fault_of_target(question, n_training, description); !wrong.empty()) return wrong;
  if (std::string wrong = fault_of_rows(question, n_training); !wrong.empty()) return wrong;
  const auto n_blocks = static_cast<int>(question.blocks.size());
  if (n_blocks < description.min_blocks() || (description.max_blocks() != 0 && n_blocks > description.max_blocks())) {
    return "predictor '" + description.name() + "' takes another number of blocks than " + std::to_string(n_blocks);
  }
  for (const PredictorBlock& block : question.blocks) {
    if (block.training.rows() != n_training || block.query.rows() != question.n_query ||
        block.training.cols() != block.query.cols()) {
      return "block '" + block.name + "' has another shape than the question";
    }
    const auto fits = [](const std::vector<std::uint8_t>& mask, Eigen::Index rows) {
      return mask.empty() || static_cast<Eigen::Index>(mask.size()) == rows;
    };
    if (!fits(block.training_present, n_training) || !fits(block.query_present, question.n_query)) {
      return "block '" + block.name + "' has a mask of another length than its rows";
    }
  }
  return {};
}

}  // namespace

PredictRequest WorkerSession::State::describe(const PredictorQuestion& question, const MatrixDescriptor& deltas,
                                              SegmentPacker& packer) {
  PredictRequest predict;
  predict.set_task_kind(question.task_kind);
  predict.set_context(single_context(question.contexts, question.context));
  if (asked_context.empty()) asked_context = predict.context();
  predict.set_n_training(question.training_rows.empty() ? question.deltas.rows
                                                        : static_cast<std::int64_t>(question.training_rows.size()));
  predict.set_n_query(question.n_query);
  predict.set_n_planes(question.n_planes);
  *predict.mutable_delta_rows() = deltas;
  for (const PredictorBlock& block : question.blocks) {
    FeatureBlock& described = *predict.add_blocks();
    described.set_name(block.name);
    *described.mutable_training() = packer.add(block.training);
    *described.mutable_query() = packer.add(block.query);
    if (!block.training_present.empty()) *described.mutable_training_present() = packer.add(block.training_present);
    if (!block.query_present.empty()) *described.mutable_query_present() = packer.add(block.query_present);
  }
  if (!question.training_rows.empty()) *predict.mutable_training_rows() = packer.add(question.training_rows);
  *predict.mutable_settings() = packer.add(question.settings);

  *predict.mutable_contexts() = headroom::describe(question.contexts, question.context, false, packer);
  if (!question.training_contexts.empty()) {
    *predict.mutable_training_contexts() = packer.add(question.training_contexts);
  }
  if (!question.query_contexts.empty()) *predict.mutable_query_contexts() = packer.add(question.query_contexts);
  PerturbationNumbers numbers = number_perturbations(question.perturbations, predict.n_training(), question.n_query,
                                                     question.training_rows, settings.seed);
  *predict.mutable_training_perturbations() = packer.add(std::move(numbers.training));
  *predict.mutable_query_perturbations() = packer.add(std::move(numbers.query));
  predict.set_n_perturbations(numbers.n);
  if (!question.classes.empty()) *predict.mutable_classes() = packer.add(question.classes);
  if (!question.training_labelled.empty()) {
    *predict.mutable_training_labelled() = packer.add(question.training_labelled);
  }
  return predict;
}

Answer<std::uint32_t> WorkerSession::State::attach_inputs(SegmentPacker& packer, const CallTime& time) {
  auto inputs = packer.seal();
  if (!inputs) return refused(inputs.error());
  return attach(**inputs, false, time);
}

MatrixDescriptor WorkerSession::State::describe_in_slot(std::uint64_t offset, Eigen::Index rows, Eigen::Index cols,
                                                        Eigen::Index stride, ElementType type) const {
  MatrixDescriptor described;
  described.set_segment_id(held_slot_id);
  described.set_offset_bytes(offset);
  described.set_rows(rows);
  described.set_cols(cols);
  described.set_row_stride(stride);
  described.set_type(type);
  return described;
}

Answer<WorkerReply> WorkerSession::State::ask_to_fill(WorkerRequest& request, std::uint32_t inputs_id,
                                                      const std::string& what, const CallTime& time) {
  auto reply = ask(request, -1, {"while it " + what}, time);
  if (!reply) return tl::unexpected<WorkerFault>(reply.error());
  if (reply->reply_case() != WorkerReply::kDone) {
    return fail(WorkerVerdict::PROTOCOL_ERROR, "its answer is one to another request while it " + what);
  }
  if (auto detached = detach(inputs_id, time); !detached) return tl::unexpected<WorkerFault>(detached.error());
  return reply;
}

Answer<std::vector<std::uint8_t>> WorkerSession::State::copy_feasible(const std::byte* from, Eigen::Index n_settings) {
  std::vector<std::uint8_t> feasible(static_cast<std::size_t>(n_settings));
  std::memcpy(feasible.data(), from, feasible.size());
  for (const std::uint8_t mark : feasible) {
    if (mark <= 1) continue;
    return fail(WorkerVerdict::BAD_OUTPUT,
                "it marks a setting as feasible with " + std::to_string(mark) + " in place of 0 or 1");
  }
  return feasible;
}

Answer<PredictionView> WorkerSession::predict(const PredictorQuestion& question) {
  State& state = *state_;
  if (state.fault) return tl::unexpected<WorkerFault>(*state.fault);
  if (const std::string wrong = fault_of(question, state.description); !wrong.empty()) {
    return refused(wrong);
  }
  const ChargedTime charged(state.settings.budget.get());
  const CallTime time = state.time_of_call();
  auto deltas = state.describe_shared(question.deltas, time);
  if (!deltas) return tl::unexpected<WorkerFault>(deltas.error());
  SegmentPacker packer(state.next_segment_id);
  WorkerRequest request;
  PredictRequest& predict = *request.mutable_predict();
  predict = state.describe(question, *deltas, packer);
  auto inputs_id = state.attach_inputs(packer, time);
  if (!inputs_id) return tl::unexpected<WorkerFault>(inputs_id.error());

  const Eigen::Index n_genes = question.deltas.cols, n_settings = question.settings.rows();
  const Eigen::Index n_predictions = n_settings * question.n_planes;
  const Eigen::Index stride = padded_columns(n_genes);
  const auto prediction_bytes =
      static_cast<std::uint64_t>(question.n_query) * static_cast<std::uint64_t>(stride) * sizeof(double);
  const std::uint64_t feasible_at = prediction_bytes * static_cast<std::uint64_t>(n_predictions);
  auto slot = state.slot_of(feasible_at + static_cast<std::uint64_t>(n_settings), time);
  if (!slot) return tl::unexpected<WorkerFault>(slot.error());
  for (Eigen::Index p = 0; p < n_predictions; ++p) {
    *predict.add_predictions() = state.describe_in_slot(prediction_bytes * static_cast<std::uint64_t>(p),
                                                        question.n_query, n_genes, stride, ElementType::FLOAT64);
  }
  *predict.mutable_feasible() = state.describe_in_slot(feasible_at, n_settings, 1, 1, ElementType::UINT8);
  const auto filled = state.ask_to_fill(request, *inputs_id, "predicted", time);
  if (!filled) return tl::unexpected<WorkerFault>(filled.error());

  PredictionView view;
  if (filled->has_fit_facts() && n_settings == 1) {
    std::vector<std::string> names;
    for (const PredictorBlock& block : question.blocks) names.push_back(block.name);
    if (std::string fault = headroom::fault_of(filled->fit_facts(), names.size()); !fault.empty()) {
      return state.fail(WorkerVerdict::BAD_OUTPUT, std::move(fault));
    }
    view.facts = fitted_facts(filled->fit_facts(), names);
  }
  const std::byte* from = std::as_const(**slot).data();
  auto feasible = state.copy_feasible(from + feasible_at, n_settings);
  if (!feasible) return tl::unexpected<WorkerFault>(feasible.error());
  view.feasible = std::move(*feasible);
  for (Eigen::Index p = 0; p < n_predictions; ++p) {
    view.predictions.emplace_back(
        reinterpret_cast<const double*>(from + prediction_bytes * static_cast<std::uint64_t>(p)), question.n_query,
        n_genes, Eigen::OuterStride<>(stride));
  }
  return view;
}

Answer<ErrorsAnswer> WorkerSession::errors(const PredictorQuestion& question, const RowIndex& query_rows,
                                           const SharedMatrix& gram) {
  State& state = *state_;
  if (state.fault) return tl::unexpected<WorkerFault>(*state.fault);
  std::string wrong = fault_of(question, state.description);
  if (wrong.empty() && !state.description.gives_errors()) wrong = "the predictor gives no errors";
  if (wrong.empty() && static_cast<Eigen::Index>(query_rows.size()) != question.n_query) {
    wrong = "there is another number of query rows than queries";
  }
  for (const std::int32_t row : query_rows) {
    if (row < 0 || row >= question.deltas.rows) wrong = "a query row is not a row of the deltas";
  }
  if (wrong.empty() && (gram.rows != question.deltas.rows || gram.cols != question.deltas.rows)) {
    wrong = "the Gram matrix has another shape than the deltas have rows";
  }
  if (!wrong.empty()) return refused(wrong);

  const ChargedTime charged(state.settings.budget.get());
  const CallTime time = state.time_of_call();
  auto deltas = state.describe_shared(question.deltas, time);
  if (!deltas) return tl::unexpected<WorkerFault>(deltas.error());
  auto described_gram = state.describe_shared(gram, time);
  if (!described_gram) return tl::unexpected<WorkerFault>(described_gram.error());
  SegmentPacker packer(state.next_segment_id);
  WorkerRequest request;
  ErrorsRequest& errors = *request.mutable_errors();
  *errors.mutable_prediction() = state.describe(question, *deltas, packer);
  *errors.mutable_query_rows() = packer.add(query_rows);
  *errors.mutable_gram() = *described_gram;
  auto inputs_id = state.attach_inputs(packer, time);
  if (!inputs_id) return tl::unexpected<WorkerFault>(inputs_id.error());

  const Eigen::Index n_settings = question.settings.rows();
  const auto error_bytes =
      static_cast<std::uint64_t>(n_settings) * static_cast<std::uint64_t>(question.n_query) * sizeof(double);
  auto slot = state.slot_of(error_bytes + static_cast<std::uint64_t>(n_settings), time);
  if (!slot) return tl::unexpected<WorkerFault>(slot.error());
  *errors.mutable_errors() =
      state.describe_in_slot(0, n_settings, question.n_query, question.n_query, ElementType::FLOAT64);
  *errors.mutable_prediction()->mutable_feasible() =
      state.describe_in_slot(error_bytes, n_settings, 1, 1, ElementType::UINT8);
  if (auto filled = state.ask_to_fill(request, *inputs_id, "told its errors", time); !filled) {
    return tl::unexpected<WorkerFault>(filled.error());
  }

  // Copied first, checked second: the worker could still write.
  ErrorsAnswer answer;
  const std::byte* from = std::as_const(**slot).data();
  auto feasible = state.copy_feasible(from + error_bytes, n_settings);
  if (!feasible) return tl::unexpected<WorkerFault>(feasible.error());
  answer.feasible = std::move(*feasible);
  answer.errors = ConstMatrixMap(reinterpret_cast<const double*>(from), n_settings, question.n_query,
                                 Eigen::OuterStride<>(question.n_query));
  for (Eigen::Index s = 0; s < n_settings; ++s) {
    auto row = answer.errors.row(s);
    if (!answer.feasible[static_cast<std::size_t>(s)]) {
      row.setZero();
    } else if (!row.allFinite() || row.minCoeff() < 0) {
      return state.fail(WorkerVerdict::BAD_OUTPUT, "it tells an error that is negative or not finite");
    }
  }
  return answer;
}

}  // namespace headroom
