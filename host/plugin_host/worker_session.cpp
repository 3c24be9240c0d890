#include "plugin_host/worker_session.hpp"

#include <fcntl.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <map>

#include "plugin_host/description_check.hpp"
#include "plugin_host/host_process.hpp"
#include "plugin_host/segment_packer.hpp"
#include "plugin_host/worker_process.hpp"
#include "worker.pb.h"

namespace headroom {
namespace {

using Clock = WorkerProcess::Clock;

constexpr double kDefaultWall_s = 600;
constexpr std::uint64_t kDefaultAddressSpaceBytes = std::uint64_t{8} << 30;
constexpr std::uint64_t kDefaultLogBytes = std::uint64_t{64} << 10;
// For a program of ours to confine itself: some 10 ms, on a machine that is busy with other work.
constexpr std::chrono::seconds kStartPatience{30};
// For a plugin to free its state at the end; nobody waits for an answer any more.
constexpr std::chrono::milliseconds kShutdownPatience{1000};

constexpr std::uint64_t kSlotBytes = std::uint64_t{256} << 20;      // of predictions at once
constexpr std::int64_t kMostDimension = std::int64_t{1} << 20;      // columns of an embedding
constexpr std::uint64_t kMostVectorBytes = std::uint64_t{4} << 30;  // of all vectors of one answer
constexpr std::size_t kMostMessageBytes = 4096;                     // of a plugin's own words
constexpr Eigen::Index kDoublesPerCacheLine = 8;

tl::unexpected<WorkerFault> fault(WorkerVerdict verdict, std::string message) {
  return tl::unexpected<WorkerFault>(WorkerFault{verdict, std::move(message)});
}

tl::unexpected<WorkerFault> host_fault(const Error& error) { return fault(WorkerVerdict::HOST_FAULT, error.line()); }

std::string on_one_line(std::string text) {
  if (text.size() > kMostMessageBytes) text.resize(kMostMessageBytes);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g s", seconds);
  return text;
}

std::string memory_text(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.4g MiB", static_cast<double>(bytes) / (1 << 20));
  return text;
}

std::string signal_name(int number) {
  const char* name = sigabbrev_np(number);
  return name ? std::string("SIG") + name : "signal " + std::to_string(number);
}

WorkerLimits effective_limits(const WorkerLimits& asked, int n_threads) {
  WorkerLimits limits = default_worker_limits(n_threads);
  if (asked.wall_time_s() > 0) {
    limits.set_wall_time_s(asked.wall_time_s());
    limits.set_cpu_time_s(asked.wall_time_s() * n_threads);
  }
  if (asked.cpu_time_s() > 0) limits.set_cpu_time_s(asked.cpu_time_s());
  if (asked.address_space_bytes() > 0) limits.set_address_space_bytes(asked.address_space_bytes());
  if (asked.log_bytes() > 0) limits.set_log_bytes(asked.log_bytes());
  return limits;
}

// What the mode asks for at least.
ConfinementLevel least_level(SandboxMode mode) {
  switch (mode) {
    case SandboxMode::STRICT:
      return ConfinementLevel::STRONG;
    case SandboxMode::RELAXED:
      return ConfinementLevel::DEGRADED;
    default:
      return ConfinementLevel::NONE;
  }
}

// Empty if the level is enough; else a sentence with what is missing and what the user can do.
std::string shortfall(SandboxMode mode, const ConfinementReport& report) {
  const ConfinementLevel needed = least_level(mode);
  if (report.level() >= needed) return {};
  const bool strict = mode == SandboxMode::STRICT;
  return std::string("the sandbox is weaker here than --sandbox ") + (strict ? "strict" : "relaxed") +
         " asks for; missing: " + missing_for(needed, report) + "; use a kernel that has it, or --sandbox " +
         (strict && report.level() >= ConfinementLevel::DEGRADED ? "relaxed" : "off");
}

}  // namespace

WorkerLimits default_worker_limits(int n_threads) {
  WorkerLimits limits;
  limits.set_wall_time_s(kDefaultWall_s);
  limits.set_cpu_time_s(kDefaultWall_s * n_threads);
  limits.set_address_space_bytes(kDefaultAddressSpaceBytes);
  limits.set_log_bytes(kDefaultLogBytes);
  limits.set_n_threads(static_cast<std::uint32_t>(n_threads));
  return limits;
}

void PredictorQuestion::add_block(std::string name, const Matrix& training, const Matrix& query) {
  const auto view = [](const Matrix& matrix) {
    return ConstMatrixMap(matrix.data(), matrix.rows(), matrix.cols(), Eigen::OuterStride<>(matrix.cols()));
  };
  blocks.push_back({std::move(name), view(training), view(query), {}, {}});
}

// A stage is what the worker is doing, as messages say it: "while it predicts".
struct WorkerSession::State {
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
  bool is_plugin_loaded = false;     // from then on nothing that it says is trusted
  bool is_finished = false;
  WorkerUsageSoFar usage;

  explicit State(WorkerProcess started) : process(std::move(started)) {}
  ~State() { release(); }

  void release() {
    const WorkerEnd& end = process.end();
    if (end.is_known)
      usage = {std::max(usage.cpu_s, end.cpu_s), std::max(usage.peak_memory_bytes, end.peak_memory_bytes)};
    // Only now that nobody maps them any more.
    for (auto& slot : held_slots) slots->give_back(std::move(slot));
    held_slots.clear();
    attached_inputs.clear();
  }

  tl::unexpected<WorkerFault> fail(WorkerVerdict verdict, std::string message) {
    if (!fault) {
      fault = WorkerFault{verdict, on_one_line(std::move(message))};
      release();
    }
    return tl::unexpected<WorkerFault>(*fault);
  }

  // The worker is gone, or no longer to be talked to: why?
  tl::unexpected<WorkerFault> fail_as_gone(const std::string& stage);
  tl::unexpected<WorkerFault> fail_as_hostile(const std::string& stage) {
    return fail(WorkerVerdict::POLICY,
                "forbidden system call '" + process.hostile_call().value_or("unknown") + "' " + stage);
  }

  // Sends one request and waits for its answer.
  Answer<WorkerReply> ask(WorkerRequest& request, int attachment_fd, const std::string& stage,
                          Clock::time_point deadline, FileDescriptor* reply_attachment = nullptr);
  Clock::time_point wall_deadline() const {
    return Clock::now() +
           std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(limits.wall_time_s()));
  }

  Answer<std::uint32_t> attach(const SharedSegment& segment, bool writable, Clock::time_point deadline);
  Answer<void> detach(std::uint32_t id, Clock::time_point deadline);
  Answer<MatrixDescriptor> describe_shared(const SharedMatrix& matrix, Clock::time_point deadline);
  Answer<SharedSegment*> slot_of(std::uint64_t bytes, Clock::time_point deadline);

  Answer<void> confine(FileDescriptor data_folder);
  Answer<void> load(const PluginFile& plugin, Clock::time_point deadline);
  Answer<void> configure(Clock::time_point deadline);

  // An embedding request with its lists in an attached segment.
  struct PackedEmbedding {
    EmbeddingInput input;
    std::uint32_t segment_id = 0;
    std::shared_ptr<SharedSegment> segment;
  };
  Answer<PackedEmbedding> pack(const EmbeddingQuestion& question, Clock::time_point deadline);
  Answer<std::int64_t> ask_dimension(const PackedEmbedding& packed, std::size_t n_ids, Clock::time_point deadline);

  // The request up to what is to be filled. Features, masks and row numbers go into `packer`.
  PredictRequest describe(const PredictorQuestion& question, const MatrixDescriptor& deltas, SegmentPacker& packer);
  Answer<std::uint32_t> attach_inputs(SegmentPacker& packer, Clock::time_point deadline);
  MatrixDescriptor describe_in_slot(std::uint64_t offset, Eigen::Index rows, Eigen::Index cols, Eigen::Index stride,
                                    ElementType type) const;
  // Sends a request that fills the slot, and lets its inputs go.
  Answer<void> ask_to_fill(WorkerRequest& request, std::uint32_t inputs_id, const std::string& what,
                           Clock::time_point deadline);
  Answer<std::vector<std::uint8_t>> copy_feasible(const std::byte* from, Eigen::Index n_settings);
};

tl::unexpected<WorkerFault> WorkerSession::State::fail_as_gone(const std::string& stage) {
  bool ended_itself = false;
  const WorkerEnd end = process.await_end(ended_itself);
  if (process.hostile_call()) return fail_as_hostile(stage);
  if (!ended_itself) return fail(WorkerVerdict::PROTOCOL_ERROR, "it closed its channel to the host " + stage);
  if (!end.is_known) return fail(WorkerVerdict::HOST_FAULT, "the worker vanished " + stage);
  if (WIFEXITED(end.wait_status)) {
    const int code = WEXITSTATUS(end.wait_status);
    if (!is_plugin_loaded && stage.find("load") == std::string::npos) {
      return fail(WorkerVerdict::HOST_FAULT, "the worker ended with exit code " + std::to_string(code) + " " + stage);
    }
    if (code == kOutOfMemoryExit) {
      return fail(WorkerVerdict::MEMORY_LIMIT, "it crashed for want of memory " + stage + "; the limit is " +
                                                   memory_text(limits.address_space_bytes()) + " of address space");
    }
    return fail(WorkerVerdict::EARLY_EXIT, "it ended the process with exit code " + std::to_string(code) + " " + stage);
  }
  const int signal_number = WTERMSIG(end.wait_status);
  // The kernel rounds to its ticks: a second less than the limit is the limit.
  const bool used_up_cpu = end.cpu_s >= std::ceil(limits.cpu_time_s()) - 0.5;
  if (signal_number == SIGXCPU || (signal_number == SIGKILL && used_up_cpu)) {
    return fail(WorkerVerdict::CPU_LIMIT,
                "it used up its " + seconds_text(limits.cpu_time_s()) + " of CPU time " + stage);
  }
  if (signal_number == SIGSYS) return fail(WorkerVerdict::POLICY, "a forbidden system call (unnamed) " + stage);
  std::string message = "it died of " + signal_name(signal_number) + " " + stage;
  if (signal_number == SIGKILL) message += " (the machine may be out of memory)";
  return fail(WorkerVerdict::CRASHED, std::move(message));
}

Answer<WorkerReply> WorkerSession::State::ask(WorkerRequest& request, int attachment_fd, const std::string& stage,
                                              Clock::time_point deadline, FileDescriptor* reply_attachment) {
  if (fault) return tl::unexpected<WorkerFault>(*fault);
  if (is_finished) return headroom::fault(WorkerVerdict::HOST_FAULT, "the session has ended");
  request.set_sequence(++sequence);
  const std::string bytes = request.SerializeAsString();
  if (bytes.size() > kMaxFrameBytes) {
    return headroom::fault(WorkerVerdict::HOST_FAULT,
                           "the request is longer than a message may be; ask for fewer settings at once");
  }
  if (const int error = process.send(bytes, attachment_fd)) {
    if (error == EPIPE) return fail_as_gone(stage);
    if (error == EAGAIN) return fail(WorkerVerdict::PROTOCOL_ERROR, "it does not read what the host asks " + stage);
    return fail(WorkerVerdict::HOST_FAULT, std::string("the request cannot be sent: ") + strerror(error));
  }
  Frame frame;
  switch (process.receive(frame, reply_attachment != nullptr, deadline)) {
    case WorkerProcess::Event::frame:
      break;
    case WorkerProcess::Event::hostile_call:
      return fail_as_hostile(stage);
    case WorkerProcess::Event::gone:
      return fail_as_gone(stage);
    case WorkerProcess::Event::malformed:
      return fail(WorkerVerdict::PROTOCOL_ERROR, "its answer is no message " + stage);
    case WorkerProcess::Event::too_late:
      return fail(is_plugin_loaded || stage.find("load") != std::string::npos ? WorkerVerdict::WALL_LIMIT
                                                                              : WorkerVerdict::HOST_FAULT,
                  "no answer within " + seconds_text(limits.wall_time_s()) + " " + stage);
  }
  WorkerReply reply;
  if (!reply.ParseFromString(frame.bytes))
    return fail(WorkerVerdict::PROTOCOL_ERROR, "its answer is no message " + stage);
  if (reply.sequence() != sequence) {
    return fail(WorkerVerdict::PROTOCOL_ERROR, "its answer is one to another request " + stage);
  }
  if (reply_attachment) *reply_attachment = std::move(frame.attachment);
  if (std::isfinite(reply.usage().cpu_s())) usage = {reply.usage().cpu_s(), reply.usage().peak_memory_bytes()};
  if (reply.has_failure()) {
    const WorkerVerdict verdict = reply.failure().verdict();
    switch (verdict) {
      case WorkerVerdict::LOAD_FAILED:
      case WorkerVerdict::ABI_MISMATCH:
      case WorkerVerdict::PLUGIN_ERROR:
      case WorkerVerdict::MEMORY_LIMIT:
      case WorkerVerdict::BAD_OUTPUT:
      case WorkerVerdict::HOST_FAULT:
        return fail(verdict, reply.failure().message());
      default:
        return fail(WorkerVerdict::PROTOCOL_ERROR, "it claims to have failed in a way that no worker can " + stage);
    }
  }
  return reply;
}

Answer<std::uint32_t> WorkerSession::State::attach(const SharedSegment& segment, bool writable,
                                                   Clock::time_point deadline) {
  WorkerRequest request;
  Segment& described = *request.mutable_attach()->mutable_segment();
  described.set_id(next_segment_id++);
  described.set_bytes(segment.bytes());
  described.set_writable(writable);
  auto reply = ask(request, segment.fd(), "while it was given memory", deadline);
  if (!reply) return tl::unexpected<WorkerFault>(reply.error());
  return described.id();
}

Answer<void> WorkerSession::State::detach(std::uint32_t id, Clock::time_point deadline) {
  WorkerRequest request;
  request.mutable_detach()->set_segment_id(id);
  auto reply = ask(request, -1, "after its answer", deadline);
  if (!reply) return tl::unexpected<WorkerFault>(reply.error());
  return {};
}

Answer<MatrixDescriptor> WorkerSession::State::describe_shared(const SharedMatrix& matrix, Clock::time_point deadline) {
  if (!matrix.segment || !matrix.segment->is_read_only()) {
    return headroom::fault(WorkerVerdict::HOST_FAULT, "a shared matrix was not sealed before it was given to a worker");
  }
  auto known = attached_inputs.find(matrix.segment.get());
  if (known == attached_inputs.end()) {
    auto id = attach(*matrix.segment, false, deadline);
    if (!id) return tl::unexpected<WorkerFault>(id.error());
    known = attached_inputs.emplace(matrix.segment.get(), std::pair{*id, matrix.segment}).first;
  }
  MatrixDescriptor described;
  described.set_segment_id(known->second.first);
  described.set_rows(matrix.rows);
  described.set_cols(matrix.cols);
  described.set_row_stride(matrix.row_stride);
  described.set_type(ElementType::FLOAT64);
  return described;
}

Answer<SharedSegment*> WorkerSession::State::slot_of(std::uint64_t bytes, Clock::time_point deadline) {
  if (!held_slots.empty() && held_slots.back()->bytes() >= bytes) return held_slots.back().get();
  if (!held_slots.empty()) {
    // Out of the worker's address space; the segment itself stays with this session, since it may still be mapped.
    if (auto detached = detach(held_slot_id, deadline); !detached) return tl::unexpected<WorkerFault>(detached.error());
  }
  auto slot = slots->take(bytes);
  if (!slot) return host_fault(slot.error());
  held_slots.push_back(*slot);
  auto id = attach(**slot, true, deadline);
  if (!id) return tl::unexpected<WorkerFault>(id.error());
  held_slot_id = *id;
  return slot->get();
}

Answer<void> WorkerSession::State::confine(FileDescriptor data_folder) {
  const Clock::time_point started = Clock::now();
  WorkerRequest request;
  Confine& confine = *request.mutable_confine();
  confine.set_mode(settings.mode);
  *confine.mutable_limits() = limits;
  confine.set_has_data_folder(static_cast<bool>(data_folder));
  for (const std::string& layer : settings.disabled_layers) confine.add_disabled_layers(layer);
  FileDescriptor listener;
  auto reply = ask(request, data_folder.get(), "while it confined itself", started + kStartPatience, &listener);
  if (!reply) return tl::unexpected<WorkerFault>(reply.error());
  if (!reply->has_ready()) return fail(WorkerVerdict::HOST_FAULT, "the worker did not report its confinement");
  confinement = reply->ready().confinement();
  process.listen_to(std::move(listener));
  const std::string short_of = shortfall(settings.mode, confinement);
  if (!short_of.empty() && !settings.accepts_any_level) return fail(WorkerVerdict::HOST_FAULT, short_of);
  return {};
}

Answer<void> WorkerSession::State::load(const PluginFile& plugin, Clock::time_point deadline) {
  WorkerRequest request;
  request.mutable_load();
  const std::string stage = "while it was loaded";
  auto reply = ask(request, plugin.memory.get(), stage, deadline);
  is_plugin_loaded = true;
  if (!reply) return tl::unexpected<WorkerFault>(reply.error());
  if (!reply->has_description()) return fail(WorkerVerdict::PROTOCOL_ERROR, "it gave no description " + stage);
  const std::string wrong = fault_of(reply->description());
  if (!wrong.empty()) return fail(WorkerVerdict::PROTOCOL_ERROR, "its description is malformed: " + wrong);
  description = reply->description();
  return {};
}

Answer<void> WorkerSession::State::configure(Clock::time_point deadline) {
  const auto declares = [this](const std::string& key) {
    const auto& options = description.options();
    return std::any_of(options.begin(), options.end(), [&](const PluginOption& option) { return option.key() == key; });
  };
  WorkerRequest request;
  Configure& configure = *request.mutable_configure();
  configure.set_seed(settings.seed);
  configure.set_n_threads(static_cast<std::uint32_t>(settings.n_threads));
  for (const auto& [key, value] : settings.options) {
    if (!declares(key)) {
      return fail(WorkerVerdict::HOST_FAULT, "plugin '" + description.name() + "' declares no option '" + key + "'");
    }
    OptionValue& option = *configure.add_options();
    option.set_key(key);
    option.set_value(value);
  }
  if (settings.data_file) {
    if (!declares(settings.data_file_option)) {
      return fail(WorkerVerdict::HOST_FAULT, "plugin '" + description.name() +
                                                 "' reads no vector files: it declares no option '" +
                                                 settings.data_file_option + "'");
    }
    OptionValue& option = *configure.add_options();
    option.set_key(settings.data_file_option);
    option.set_value(kDataFilePathInWorker);
    configure.set_has_data_file(true);
  }
  if (!settings.data_folder.empty()) configure.set_data_folder(kDataFolderInWorker);
  const int data_file = settings.data_file ? settings.data_file->memory.get() : -1;
  auto reply = ask(request, data_file, "while it opened", deadline);
  if (!reply) return tl::unexpected<WorkerFault>(reply.error());
  return {};
}

WorkerSession::WorkerSession(std::unique_ptr<State> state) : state_(std::move(state)) {}
WorkerSession::~WorkerSession() { finish(); }

namespace {

// Checks settings and starts the program; nothing of a plugin yet.
Answer<WorkerProcess> start_process(const WorkerSettings& settings, const WorkerLimits& limits) {
  if (settings.n_threads < 1) return fault(WorkerVerdict::HOST_FAULT, "a worker needs at least one thread");
  if (limits.address_space_bytes() < kMinAddressSpaceBytes) {
    return fault(WorkerVerdict::HOST_FAULT, "the memory limit of " + memory_text(limits.address_space_bytes()) +
                                                " is too small: BLAS libraries hang below " +
                                                memory_text(kMinAddressSpaceBytes));
  }
  auto process =
      WorkerProcess::start(settings.worker_program, worker_environment(settings.n_threads), limits.log_bytes());
  if (!process) return host_fault(process.error());
  return std::move(*process);
}

}  // namespace

Answer<std::unique_ptr<WorkerSession>> WorkerSession::start(const PluginFile& plugin, const WorkerSettings& settings) {
  const Clock::time_point started = Clock::now();
  const WorkerLimits limits = effective_limits(settings.limits, settings.n_threads);
  FileDescriptor data_folder;
  if (!settings.data_folder.empty()) {
    data_folder = FileDescriptor(open(settings.data_folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!data_folder) {
      return headroom::fault(WorkerVerdict::HOST_FAULT, "the data folder " + settings.data_folder.string() +
                                                            " cannot be opened: " + strerror(errno));
    }
  }
  auto process = start_process(settings, limits);
  if (!process) return tl::unexpected<WorkerFault>(process.error());
  auto state = std::make_unique<State>(std::move(*process));
  state->settings = settings;
  state->limits = limits;
  state->slots = settings.output_slots ? settings.output_slots : std::make_shared<OutputSlots>();
  if (auto confined = state->confine(std::move(data_folder)); !confined)
    return tl::unexpected<WorkerFault>(confined.error());
  state->confinement.set_start_to_ready_s(std::chrono::duration<double>(Clock::now() - started).count());
  const Clock::time_point deadline = state->wall_deadline();
  if (auto loaded = state->load(plugin, deadline); !loaded) return tl::unexpected<WorkerFault>(loaded.error());
  if (!settings.only_describes) {
    if (auto configured = state->configure(deadline); !configured)
      return tl::unexpected<WorkerFault>(configured.error());
  }
  return std::unique_ptr<WorkerSession>(new WorkerSession(std::move(state)));
}

Result<ConfinementReport> probe_sandbox(const WorkerSettings& settings) {
  const Clock::time_point started = Clock::now();
  const WorkerLimits limits = effective_limits(settings.limits, settings.n_threads);
  auto process = start_process(settings, limits);
  if (!process) return harness_fault(process.error().message);
  WorkerRequest request;
  request.set_sequence(1);
  request.mutable_confine()->set_mode(settings.mode);
  *request.mutable_confine()->mutable_limits() = limits;
  for (const std::string& layer : settings.disabled_layers) request.mutable_confine()->add_disabled_layers(layer);
  Frame frame;
  WorkerReply reply;
  const int error = process->send(request.SerializeAsString(), -1);
  if (error || process->receive(frame, true, started + kStartPatience) != WorkerProcess::Event::frame ||
      !reply.ParseFromString(frame.bytes) || !reply.has_ready()) {
    process->end();
    return harness_fault("a worker cannot confine itself: " + on_one_line(process->log()),
                         settings.worker_program.string());
  }
  ConfinementReport report = reply.ready().confinement();
  report.set_start_to_ready_s(std::chrono::duration<double>(Clock::now() - started).count());
  if (const std::string missing = shortfall(settings.mode, report); !missing.empty()) {
    return tl::unexpected<Error>(Error{ErrorKind::sandbox_unavailable, missing, {}, {}});
  }
  return report;
}

const PluginDescription& WorkerSession::description() const { return state_->description; }
const ConfinementReport& WorkerSession::confinement() const { return state_->confinement; }

Answer<WorkerSession::State::PackedEmbedding> WorkerSession::State::pack(const EmbeddingQuestion& question,
                                                                         Clock::time_point deadline) {
  if (fault) return tl::unexpected<WorkerFault>(*fault);
  if (question.ids.empty())
    return headroom::fault(WorkerVerdict::HOST_FAULT, "an embedding of no perturbations was asked for");
  PackedEmbedding packed;
  packed.input.set_task_kind(question.task_kind);
  packed.input.set_context(question.context);
  SegmentPacker packer(next_segment_id);
  *packed.input.mutable_ids() = packer.add(question.ids);
  // What a plugin did not ask for, it does not get.
  if (question.training && description.wants_training()) {
    const EmbeddingTraining& training = *question.training;
    if (training.deltas.rows != static_cast<Eigen::Index>(training.ids.size()) ||
        training.deltas.cols != static_cast<Eigen::Index>(training.gene_ids.size())) {
      return headroom::fault(WorkerVerdict::HOST_FAULT,
                             "the training deltas have another shape than their ids and genes");
    }
    *packed.input.mutable_training_ids() = packer.add(training.ids);
    *packed.input.mutable_gene_ids() = packer.add(training.gene_ids);
  }
  auto segment = packer.seal();
  if (!segment) return host_fault(segment.error());
  packed.segment = std::move(*segment);
  auto id = attach(*packed.segment, false, deadline);
  if (!id) return tl::unexpected<WorkerFault>(id.error());
  packed.segment_id = *id;
  if (packed.input.has_training_ids()) {
    auto deltas = describe_shared(question.training->deltas, deadline);
    if (!deltas) return tl::unexpected<WorkerFault>(deltas.error());
    *packed.input.mutable_training_deltas() = *deltas;
  }
  return packed;
}

Answer<std::int64_t> WorkerSession::State::ask_dimension(const PackedEmbedding& packed, std::size_t n_ids,
                                                         Clock::time_point deadline) {
  WorkerRequest request;
  *request.mutable_dimension()->mutable_input() = packed.input;
  auto reply = ask(request, -1, "while it told its dimension", deadline);
  if (!reply) return tl::unexpected<WorkerFault>(reply.error());
  if (reply->reply_case() != WorkerReply::kDimension) {
    return fail(WorkerVerdict::PROTOCOL_ERROR, "it did not tell its dimension when it was asked");
  }
  const std::int64_t dimension = reply->dimension();
  const std::string said = "it says that its vectors have " + std::to_string(dimension) + " columns";
  if (dimension < 1) return fail(WorkerVerdict::BAD_OUTPUT, said);
  if (dimension > kMostDimension || static_cast<std::uint64_t>(dimension) * sizeof(double) * n_ids > kMostVectorBytes) {
    return fail(WorkerVerdict::BAD_OUTPUT, said + ", more than can be used");
  }
  if (said_dimension && *said_dimension != dimension) {
    return fail(WorkerVerdict::BAD_OUTPUT, said + ", and said " + std::to_string(*said_dimension) + " before");
  }
  said_dimension = dimension;
  return dimension;
}

Answer<std::int64_t> WorkerSession::dimension(const EmbeddingQuestion& question) {
  const Clock::time_point deadline = state_->wall_deadline();
  auto packed = state_->pack(question, deadline);
  if (!packed) return tl::unexpected<WorkerFault>(packed.error());
  auto dimension = state_->ask_dimension(*packed, question.ids.size(), deadline);
  if (!dimension) return dimension;
  if (auto detached = state_->detach(packed->segment_id, deadline); !detached)
    return tl::unexpected<WorkerFault>(detached.error());
  return dimension;
}

Answer<EmbeddingAnswer> WorkerSession::embed(const EmbeddingQuestion& question) {
  State& state = *state_;
  const Clock::time_point deadline = state.wall_deadline();
  auto packed = state.pack(question, deadline);
  if (!packed) return tl::unexpected<WorkerFault>(packed.error());
  auto dimension = state.ask_dimension(*packed, question.ids.size(), deadline);
  if (!dimension) return tl::unexpected<WorkerFault>(dimension.error());

  const auto n_ids = static_cast<Eigen::Index>(question.ids.size());
  const auto vector_bytes = static_cast<std::uint64_t>(n_ids) * static_cast<std::uint64_t>(*dimension) * sizeof(double);
  auto slot = state.slot_of(vector_bytes + question.ids.size(), deadline);
  if (!slot) return tl::unexpected<WorkerFault>(slot.error());
  WorkerRequest request;
  EmbedRequest& embed = *request.mutable_embed();
  *embed.mutable_input() = packed->input;
  *embed.mutable_vectors() = state.describe_in_slot(0, n_ids, *dimension, *dimension, ElementType::FLOAT64);
  *embed.mutable_present() = state.describe_in_slot(vector_bytes, n_ids, 1, 1, ElementType::UINT8);
  auto reply = state.ask(request, -1, "while it embedded", deadline);
  if (!reply) return tl::unexpected<WorkerFault>(reply.error());
  if (reply->reply_case() != WorkerReply::kDone) {
    return state.fail(WorkerVerdict::PROTOCOL_ERROR, "its answer to embed is one to another request");
  }

  // Copied first, checked second: the worker could still write.
  EmbeddingAnswer answer;
  const std::byte* from = std::as_const(**slot).data();
  answer.vectors =
      ConstMatrixMap(reinterpret_cast<const double*>(from), n_ids, *dimension, Eigen::OuterStride<>(*dimension));
  answer.present.resize(question.ids.size());
  std::memcpy(answer.present.data(), from + vector_bytes, question.ids.size());
  if (auto detached = state.detach(packed->segment_id, deadline); !detached)
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
                        "its vector of '" + on_one_line(id) + "' has a value that is not finite");
    }
  }
  return answer;
}

Eigen::Index WorkerSession::max_settings_per_call(Eigen::Index n_query, Eigen::Index n_genes, int n_planes) {
  const Eigen::Index stride = (n_genes + kDoublesPerCacheLine - 1) / kDoublesPerCacheLine * kDoublesPerCacheLine;
  const double bytes = static_cast<double>(n_query) * static_cast<double>(stride) * n_planes * sizeof(double);
  // A descriptor of a prediction takes about 32 bytes of the request's frame.
  constexpr double kMostDescriptors = 1024;
  const double fitting =
      std::min(bytes > 0 ? static_cast<double>(kSlotBytes) / bytes : kMostDescriptors, kMostDescriptors / n_planes);
  return std::max<Eigen::Index>(1, static_cast<Eigen::Index>(fitting));
}

namespace {

// What is wrong with a question before anything is sent: the caller's mistake.
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
  if (question.n_planes < 1) return "there is no plane";
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
  predict.set_context(question.context);
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
  return predict;
}

Answer<std::uint32_t> WorkerSession::State::attach_inputs(SegmentPacker& packer, Clock::time_point deadline) {
  auto inputs = packer.seal();
  if (!inputs) return host_fault(inputs.error());
  return attach(**inputs, false, deadline);
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

Answer<void> WorkerSession::State::ask_to_fill(WorkerRequest& request, std::uint32_t inputs_id, const std::string& what,
                                               Clock::time_point deadline) {
  auto reply = ask(request, -1, "while it " + what, deadline);
  if (!reply) return tl::unexpected<WorkerFault>(reply.error());
  if (reply->reply_case() != WorkerReply::kDone) {
    return fail(WorkerVerdict::PROTOCOL_ERROR, "its answer is one to another request while it " + what);
  }
  return detach(inputs_id, deadline);
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
    return headroom::fault(WorkerVerdict::HOST_FAULT, wrong);
  }
  const Clock::time_point deadline = state.wall_deadline();
  auto deltas = state.describe_shared(question.deltas, deadline);
  if (!deltas) return tl::unexpected<WorkerFault>(deltas.error());
  SegmentPacker packer(state.next_segment_id);
  WorkerRequest request;
  PredictRequest& predict = *request.mutable_predict();
  predict = state.describe(question, *deltas, packer);
  auto inputs_id = state.attach_inputs(packer, deadline);
  if (!inputs_id) return tl::unexpected<WorkerFault>(inputs_id.error());

  const Eigen::Index n_genes = question.deltas.cols, n_settings = question.settings.rows();
  const Eigen::Index n_predictions = n_settings * question.n_planes;
  const Eigen::Index stride = (n_genes + kDoublesPerCacheLine - 1) / kDoublesPerCacheLine * kDoublesPerCacheLine;
  const auto prediction_bytes =
      static_cast<std::uint64_t>(question.n_query) * static_cast<std::uint64_t>(stride) * sizeof(double);
  const std::uint64_t feasible_at = prediction_bytes * static_cast<std::uint64_t>(n_predictions);
  auto slot = state.slot_of(feasible_at + static_cast<std::uint64_t>(n_settings), deadline);
  if (!slot) return tl::unexpected<WorkerFault>(slot.error());
  for (Eigen::Index p = 0; p < n_predictions; ++p) {
    *predict.add_predictions() = state.describe_in_slot(prediction_bytes * static_cast<std::uint64_t>(p),
                                                        question.n_query, n_genes, stride, ElementType::FLOAT64);
  }
  *predict.mutable_feasible() = state.describe_in_slot(feasible_at, n_settings, 1, 1, ElementType::UINT8);
  if (auto filled = state.ask_to_fill(request, *inputs_id, "predicted", deadline); !filled) {
    return tl::unexpected<WorkerFault>(filled.error());
  }

  PredictionView view;
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
  if (!wrong.empty()) return headroom::fault(WorkerVerdict::HOST_FAULT, wrong);

  const Clock::time_point deadline = state.wall_deadline();
  auto deltas = state.describe_shared(question.deltas, deadline);
  if (!deltas) return tl::unexpected<WorkerFault>(deltas.error());
  auto described_gram = state.describe_shared(gram, deadline);
  if (!described_gram) return tl::unexpected<WorkerFault>(described_gram.error());
  SegmentPacker packer(state.next_segment_id);
  WorkerRequest request;
  ErrorsRequest& errors = *request.mutable_errors();
  *errors.mutable_prediction() = state.describe(question, *deltas, packer);
  *errors.mutable_query_rows() = packer.add(query_rows);
  *errors.mutable_gram() = *described_gram;
  auto inputs_id = state.attach_inputs(packer, deadline);
  if (!inputs_id) return tl::unexpected<WorkerFault>(inputs_id.error());

  const Eigen::Index n_settings = question.settings.rows();
  const auto error_bytes =
      static_cast<std::uint64_t>(n_settings) * static_cast<std::uint64_t>(question.n_query) * sizeof(double);
  auto slot = state.slot_of(error_bytes + static_cast<std::uint64_t>(n_settings), deadline);
  if (!slot) return tl::unexpected<WorkerFault>(slot.error());
  *errors.mutable_errors() =
      state.describe_in_slot(0, n_settings, question.n_query, question.n_query, ElementType::FLOAT64);
  *errors.mutable_prediction()->mutable_feasible() =
      state.describe_in_slot(error_bytes, n_settings, 1, 1, ElementType::UINT8);
  if (auto filled = state.ask_to_fill(request, *inputs_id, "told its errors", deadline); !filled) {
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

void WorkerSession::finish() {
  State& state = *state_;
  if (state.is_finished) return;
  if (!state.fault) {
    WorkerRequest request;
    request.mutable_shutdown();
    // Whatever it answers, or does not: the process is ended next. One that answers is let go by itself, so that the
    // kernel can still tell what it used.
    bool ended_itself = false;
    if (state.ask(request, -1, "at its end", Clock::now() + kShutdownPatience)) state.process.await_end(ended_itself);
  }
  state.is_finished = true;
  state.release();
}

WorkerUsageSoFar WorkerSession::usage() const { return state_->usage; }
std::string WorkerSession::log() const { return state_->process.log(); }

}  // namespace headroom
