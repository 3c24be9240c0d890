// What an embedding is asked: how wide its vectors are, and the vectors.
#include <algorithm>
#include <cstring>

#include "plugin_host/description_check.hpp"
#include "plugin_host/worker_limits.hpp"
#include "plugin_host/worker_session_state.hpp"

namespace headroom {

Answer<WorkerSession::State::PackedEmbedding> WorkerSession::State::pack(const EmbeddingQuestion& question,
                                                                         const CallTime& time) {
  if (fault) return tl::unexpected<WorkerFault>(*fault);
  if (question.ids.empty()) return refused("an embedding of no perturbations was asked for");
  PackedEmbedding packed;
  std::string wrong = headroom::fault_of(question.contexts);
  if (wrong.empty()) wrong = headroom::fault_of(question.contexts, question.id_contexts, question.ids.size());
  if (wrong.empty() && question.training) {
    wrong = headroom::fault_of(question.contexts, question.training->contexts, question.training->ids.size());
  }
  if (!wrong.empty()) return refused(wrong);
  packed.input.set_task_kind(question.task_kind);
  packed.input.set_context(single_context(question.contexts, question.context));
  if (asked_context.empty()) asked_context = packed.input.context();
  SegmentPacker packer(next_segment_id);
  *packed.input.mutable_ids() = packer.add(question.ids);
  const bool shows_profiles = description.wants_control_profiles();
  *packed.input.mutable_contexts() = headroom::describe(question.contexts, question.context, !shows_profiles, packer);
  if (!question.id_contexts.empty()) *packed.input.mutable_id_contexts() = packer.add(question.id_contexts);
  if (shows_profiles && !question.gene_ids.empty()) *packed.input.mutable_gene_ids() = packer.add(question.gene_ids);
  // What a plugin did not ask for, it does not get.
  if (question.training && description.wants_training()) {
    const EmbeddingTraining& training = *question.training;
    if (training.deltas.rows != static_cast<Eigen::Index>(training.ids.size()) ||
        training.deltas.cols != static_cast<Eigen::Index>(training.gene_ids.size())) {
      return refused("the training deltas have another shape than their ids and genes");
    }
    *packed.input.mutable_training_ids() = packer.add(training.ids);
    *packed.input.mutable_gene_ids() = packer.add(training.gene_ids);
    if (!training.contexts.empty()) *packed.input.mutable_training_contexts() = packer.add(training.contexts);
  }
  auto segment = packer.seal();
  if (!segment) return refused(segment.error());
  packed.segment = std::move(*segment);
  auto id = attach(*packed.segment, false, time);
  if (!id) return tl::unexpected<WorkerFault>(id.error());
  packed.segment_id = *id;
  if (packed.input.has_training_ids()) {
    auto deltas = describe_shared(question.training->deltas, time);
    if (!deltas) return tl::unexpected<WorkerFault>(deltas.error());
    *packed.input.mutable_training_deltas() = *deltas;
  }
  return packed;
}

Answer<std::int64_t> WorkerSession::State::ask_dimension(const PackedEmbedding& packed, std::size_t n_ids,
                                                         const CallTime& time) {
  WorkerRequest request;
  *request.mutable_dimension()->mutable_input() = packed.input;
  auto reply = ask(request, -1, {"while it told its dimension"}, time);
  if (!reply) return tl::unexpected<WorkerFault>(reply.error());
  if (reply->reply_case() != WorkerReply::kDimension) {
    return fail(WorkerVerdict::PROTOCOL_ERROR, "it did not tell its dimension when it was asked");
  }
  const std::int64_t dimension = reply->dimension();
  const std::string said = "it says that its vectors have " + std::to_string(dimension) + " columns";
  if (dimension < 1) return fail(WorkerVerdict::BAD_OUTPUT, said);
  const std::uint64_t most_bytes =
      settings.most_answer_bytes > 0 ? settings.most_answer_bytes : most_answer_bytes(limits);
  if (dimension > kMostDimension || static_cast<std::uint64_t>(dimension) > most_bytes / sizeof(double) / n_ids) {
    return fail(WorkerVerdict::BAD_OUTPUT, said + ", more than can be used: vectors may take " +
                                               std::to_string(most_bytes >> 20) + " MiB for all " +
                                               std::to_string(n_ids) + " perturbations");
  }
  if (said_dimension && *said_dimension != dimension) {
    return fail(WorkerVerdict::BAD_OUTPUT, said + ", and said " + std::to_string(*said_dimension) + " before");
  }
  said_dimension = dimension;
  return dimension;
}

Answer<std::int64_t> WorkerSession::dimension(const EmbeddingQuestion& question) {
  const ChargedTime charged(state_->settings.budget.get());
  const CallTime time = state_->time_of_call();
  auto packed = state_->pack(question, time);
  if (!packed) return tl::unexpected<WorkerFault>(packed.error());
  auto dimension = state_->ask_dimension(*packed, question.ids.size(), time);
  if (!dimension) return dimension;
  if (auto detached = state_->detach(packed->segment_id, time); !detached)
    return tl::unexpected<WorkerFault>(detached.error());
  return dimension;
}

Answer<EmbeddingAnswer> WorkerSession::embed(const EmbeddingQuestion& question) {
  State& state = *state_;
  const ChargedTime charged(state.settings.budget.get());
  const CallTime time = state.time_of_call();
  auto packed = state.pack(question, time);
  if (!packed) return tl::unexpected<WorkerFault>(packed.error());
  auto dimension = state.ask_dimension(*packed, question.ids.size(), time);
  if (!dimension) return tl::unexpected<WorkerFault>(dimension.error());

  const auto n_ids = static_cast<Eigen::Index>(question.ids.size());
  const auto vector_bytes = static_cast<std::uint64_t>(n_ids) * static_cast<std::uint64_t>(*dimension) * sizeof(double);
  auto slot = state.slot_of(vector_bytes + question.ids.size(), time);
  if (!slot) return tl::unexpected<WorkerFault>(slot.error());
  WorkerRequest request;
  EmbedRequest& embed = *request.mutable_embed();
  *embed.mutable_input() = packed->input;
  *embed.mutable_vectors() = state.describe_in_slot(0, n_ids, *dimension, *dimension, ElementType::FLOAT64);
  *embed.mutable_present() = state.describe_in_slot(vector_bytes, n_ids, 1, 1, ElementType::UINT8);
  auto reply = state.ask(request, -1, {"while it embedded"}, time);
  if (!reply) return tl::unexpected<WorkerFault>(reply.error());
  if (reply->reply_case() != WorkerReply::kDone) {
    return state.fail(WorkerVerdict::PROTOCOL_ERROR, "its answer to embed is one to another request");
  }

  // Copied first, checked second: the worker could still write. Vectors of nothing are not copied.
  EmbeddingAnswer answer;
  const std::byte* from = std::as_const(**slot).data();
  answer.present.resize(question.ids.size());
  std::memcpy(answer.present.data(), from + vector_bytes, question.ids.size());
  const bool knows_any = std::any_of(answer.present.begin(), answer.present.end(), [](auto mark) { return mark != 0; });
  if (knows_any) {
    answer.vectors =
        ConstMatrixMap(reinterpret_cast<const double*>(from), n_ids, *dimension, Eigen::OuterStride<>(*dimension));
  } else {
    answer.vectors.resize(n_ids, 0);
  }
  if (auto detached = state.detach(packed->segment_id, time); !detached)
    return tl::unexpected<WorkerFault>(detached.error());
  for (Eigen::Index row = 0; row < n_ids; ++row) {
    const std::string& id = question.ids[static_cast<std::size_t>(row)];
    const std::uint8_t mark = answer.present[static_cast<std::size_t>(row)];
    if (mark > 1) {
      return state.fail(WorkerVerdict::BAD_OUTPUT, "it marks '" + on_one_line(id) + "' as present with " +
                                                       std::to_string(mark) + " in place of 0 or 1");
    }
    if (mark == 0) {
      answer.vectors.row(row).setZero();
    } else if (!answer.vectors.row(row).allFinite()) {
      return state.fail(WorkerVerdict::BAD_OUTPUT,
                        "its vector of '" + on_one_line(id) +
                            "' has a value that is not finite, or that it did not write");
    }
  }
  return answer;
}

}  // namespace headroom
