// What one session knows of its worker, and how it talks to it: one request, one answer. For the files of WorkerSession
// alone: worker_conversation.cpp (talk), worker_start.cpp, embedding_questions.cpp and predictor_questions.cpp.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plugin_host/segment_packer.hpp"
#include "plugin_host/worker_process.hpp"
#include "plugin_host/worker_session.hpp"
#include "worker.pb.h"

namespace headroom {

// What the worker is doing, as messages say it, and whether the plugin has a part in it: from then on nothing that the
// worker says is trusted, and nothing that happens is the host's fault.
struct WorkerStage {
  std::string words;  // "while it predicted"
  bool has_plugin = true;
};

// A request that would break a rule of the host's own is refused before anything is sent.
tl::unexpected<WorkerFault> refused(std::string broken_rule);
tl::unexpected<WorkerFault> refused(const Error& error);

// Of a plugin whose budget is used up.
WorkerFault total_limit(const TimeBudget& budget, const std::string& stage_words);

std::string on_one_line(std::string text);

// Until when a call may take, and what is used up if it takes longer.
struct CallTime {
  WorkerProcess::Clock::time_point deadline;
  bool is_by_budget = false;  // the submission's budget ends before the limit of a request
};

WorkerProcess::Clock::time_point deadline_after(double seconds);

struct WorkerSession::State {
  using Clock = WorkerProcess::Clock;

  WorkerProcess process;
  WorkerSettings settings;
  WorkerLimits limits;
  PluginDescription description;
  ConfinementReport confinement;
  std::shared_ptr<OutputSlots> slots;
  std::vector<std::shared_ptr<SharedSegment>> held_slots;  // mapped by the worker; the last is the one in use
  std::uint32_t held_slot_id = 0;                          // of that one
  std::map<const SharedSegment*, std::pair<std::uint32_t, std::shared_ptr<SharedSegment>>> attached_inputs;
  std::uint32_t next_segment_id = 1;
  std::uint64_t sequence = 0;
  std::optional<std::int64_t> said_dimension;
  std::optional<WorkerFault> fault;  // set: the worker is gone
  bool is_finished = false;
  bool is_logged = false;
  std::string asked_context;       // of the first question about a single one
  bool has_private_files = false;  // see sandbox/private_files.hpp
  bool is_ours = false;            // the plugin is one of Headroom's own, whose workers share what they only read
  WorkerUsageSoFar usage;
  double cpu_charged_s = 0;  // on the worker's clock, to earlier requests

  explicit State(WorkerProcess started) : process(std::move(started)) {}
  ~State() { release(); }

  // ---- worker_conversation.cpp ----

  void release(bool has_failed = false);
  void keep_log(bool has_failed);
  tl::unexpected<WorkerFault> fail(WorkerVerdict verdict, std::string message);
  tl::unexpected<WorkerFault> fail(WorkerFault why);
  // The worker is gone, or no longer to be talked to: why?
  tl::unexpected<WorkerFault> fail_as_gone(const WorkerStage& stage);
  tl::unexpected<WorkerFault> fail_as_hostile(const WorkerStage& stage);
  tl::unexpected<WorkerFault> fail_as_late(const WorkerStage& stage, const CallTime& time);
  tl::unexpected<WorkerFault> fail_as_told(const WorkerFailure& failure, const WorkerStage& stage);

  // From now on: what one call may take.
  CallTime time_of_call() const;
  // Sends one request and waits for its answer.
  Answer<WorkerReply> ask(WorkerRequest& request, int attachment_fd, const WorkerStage& stage, const CallTime& time,
                          FileDescriptor* reply_attachment = nullptr);

  Answer<std::uint32_t> attach(const SharedSegment& segment, bool writable, const CallTime& time);
  Answer<void> detach(std::uint32_t id, const CallTime& time);
  Answer<MatrixDescriptor> describe_shared(const SharedMatrix& matrix, const CallTime& time);
  Answer<SharedSegment*> slot_of(std::uint64_t bytes, const CallTime& time);

  // ---- worker_start.cpp ----

  // A sealed file as this worker may have it.
  Result<FileDescriptor> memory_for_worker(const FileDescriptor& memory) const;
  std::string data_folder_in_worker() const;  // empty: the plugin has none
  Answer<void> confine(const PluginFile& plugin, FileDescriptor data_folder);
  Answer<void> load(const PluginFile& plugin, const CallTime& time);
  Answer<void> configure(const CallTime& time);

  // ---- embedding_questions.cpp ----

  // An embedding request with its lists in an attached segment.
  struct PackedEmbedding {
    EmbeddingInput input;
    std::uint32_t segment_id = 0;
    std::shared_ptr<SharedSegment> segment;
  };
  Answer<PackedEmbedding> pack(const EmbeddingQuestion& question, const CallTime& time);
  Answer<std::int64_t> ask_dimension(const PackedEmbedding& packed, std::size_t n_ids, const CallTime& time);

  // ---- predictor_questions.cpp ----

  // The request up to what is to be filled. Features, masks and row numbers go into `packer`.
  PredictRequest describe(const PredictorQuestion& question, const MatrixDescriptor& deltas, SegmentPacker& packer);
  Answer<std::uint32_t> attach_inputs(SegmentPacker& packer, const CallTime& time);
  MatrixDescriptor describe_in_slot(std::uint64_t offset, Eigen::Index rows, Eigen::Index cols, Eigen::Index stride,
                                    ElementType type) const;
  // Sends a request that fills the slot, and lets its inputs go.
  Answer<WorkerReply> ask_to_fill(WorkerRequest& request, std::uint32_t inputs_id, const std::string& what,
                                  const CallTime& time);
  Answer<std::vector<std::uint8_t>> copy_feasible(const std::byte* from, Eigen::Index n_settings);
};

}  // namespace headroom
