// How the host talks to a worker: requests, answers, and why there is no answer.
#include <sys/wait.h>

#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>

#include "plugin_host/memory_file.hpp"
#include "plugin_host/worker_session_state.hpp"

namespace headroom {
namespace {

constexpr std::size_t kMostMessageBytes = 4096;  // of a plugin's own words

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

WorkerFault not_started(std::string what) {
  return host_fault(Error{ErrorKind::harness_fault, std::move(what), {}, "try again; the machine may be overloaded"});
}

}  // namespace

tl::unexpected<WorkerFault> refused(std::string broken_rule) {
  return tl::unexpected<WorkerFault>(host_fault(std::move(broken_rule)));
}

tl::unexpected<WorkerFault> refused(const Error& error) { return tl::unexpected<WorkerFault>(host_fault(error)); }

WorkerFault total_limit(const TimeBudget& budget, const std::string& stage_words) {
  return {WorkerVerdict::TOTAL_LIMIT, "it used up the " + seconds_text(budget.total_s()) +
                                          " that everything it is asked may take together (--limit-total) " +
                                          stage_words};
}

std::string on_one_line(std::string text) {
  if (text.size() > kMostMessageBytes) text.resize(kMostMessageBytes);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

void WorkerSession::State::release(bool has_failed) {
  const WorkerEnd& end = process.end();
  if (end.is_known)
    usage = {std::max(usage.cpu_s, end.cpu_s), std::max(usage.peak_memory_bytes, end.peak_memory_bytes)};
  // Only now that nobody maps them any more.
  for (auto& slot : held_slots) slots->give_back(std::move(slot));
  held_slots.clear();
  attached_inputs.clear();
  keep_log(has_failed);
}

void WorkerSession::State::keep_log(bool has_failed) {
  if (is_logged || !settings.log) return;
  is_logged = true;
  std::string occasion = asked_context;
  if (!settings.occasion.empty()) occasion += (occasion.empty() ? "" : ", ") + settings.occasion;
  settings.log->add(occasion, process.log(), has_failed);
}

tl::unexpected<WorkerFault> WorkerSession::State::fail(WorkerVerdict verdict, std::string message) {
  return fail(WorkerFault{verdict, std::move(message)});
}

tl::unexpected<WorkerFault> WorkerSession::State::fail(WorkerFault why) {
  if (!fault) {
    release(true);  // first: only then has the log its last line
    why.message = on_one_line(std::move(why.message));
    if (why.verdict != WorkerVerdict::HOST_FAULT && !is_ours) {
      why.message = with_last_words(std::move(why.message), process.log());
    }
    fault = std::move(why);
  }
  return tl::unexpected<WorkerFault>(*fault);
}

tl::unexpected<WorkerFault> WorkerSession::State::fail_as_hostile(const WorkerStage& stage) {
  return fail(WorkerVerdict::POLICY,
              "forbidden system call '" + process.hostile_call().value_or("unknown") + "' " + stage.words);
}

tl::unexpected<WorkerFault> WorkerSession::State::fail_as_late(const WorkerStage& stage, const CallTime& time) {
  if (!stage.has_plugin) return fail(not_started("a worker did not answer " + stage.words));
  if (time.is_by_budget) {
    return fail(total_limit(*settings.budget, stage.words));
  }
  return fail(WorkerVerdict::WALL_LIMIT, "no answer within " + seconds_text(limits.wall_time_s()) + " " + stage.words);
}

tl::unexpected<WorkerFault> WorkerSession::State::fail_as_gone(const WorkerStage& stage) {
  bool ended_itself = false;
  const WorkerEnd end = process.await_end(ended_itself);
  if (process.hostile_call()) return fail_as_hostile(stage);
  if (!stage.has_plugin) {
    if (end.is_known && WIFEXITED(end.wait_status)) {
      return fail(not_started("a worker ended with exit code " + std::to_string(WEXITSTATUS(end.wait_status)) + " " +
                              stage.words));
    }
    return fail(not_started("a worker ended " + stage.words));
  }
  if (!ended_itself) return fail(WorkerVerdict::PROTOCOL_ERROR, "it closed its channel to the host " + stage.words);
  if (!end.is_known) return fail(WorkerVerdict::CRASHED, "its process vanished " + stage.words);
  if (WIFEXITED(end.wait_status)) {
    const int code = WEXITSTATUS(end.wait_status);
    if (code == kOutOfMemoryExit) {
      return fail(WorkerVerdict::MEMORY_LIMIT, "it crashed for want of memory " + stage.words + "; the limit is " +
                                                   memory_text(limits.address_space_bytes()) + " of address space");
    }
    if (code == kWroteInputExit) {
      return fail(WorkerVerdict::CRASHED,
                  "inputs are read-only, and it wrote into one " + stage.words + ": change a copy");
    }
    return fail(WorkerVerdict::EARLY_EXIT,
                "it ended the process with exit code " + std::to_string(code) + " " + stage.words);
  }
  const int signal_number = WTERMSIG(end.wait_status);
  if (signal_number == SIGSYS) return fail(WorkerVerdict::POLICY, "a forbidden system call (unnamed) " + stage.words);
  std::string message = "it died of " + signal_name(signal_number) + " " + stage.words;
  if (signal_number == SIGKILL) message += " (the machine may be out of memory)";
  return fail(WorkerVerdict::CRASHED, std::move(message));
}

// A verdict that only the host can give is no verdict where a worker gives it, whatever words come with it.
tl::unexpected<WorkerFault> WorkerSession::State::fail_as_told(const WorkerFailure& failure, const WorkerStage& stage) {
  switch (failure.verdict()) {
    case WorkerVerdict::LOAD_FAILED:
    case WorkerVerdict::ABI_MISMATCH:
    case WorkerVerdict::PLUGIN_ERROR:
    case WorkerVerdict::MEMORY_LIMIT:
    case WorkerVerdict::BAD_OUTPUT:
      if (!stage.has_plugin) return fail(not_started("a worker failed " + stage.words));
      return fail(failure.verdict(), failure.message());
    default:
      return fail(WorkerVerdict::PROTOCOL_ERROR, "it claims to have failed in a way that no worker can " + stage.words);
  }
}

WorkerProcess::Clock::time_point deadline_after(double seconds) {
  using Clock = WorkerProcess::Clock;
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

CallTime WorkerSession::State::time_of_call() const {
  const double limit_s = limits.wall_time_s();
  if (!settings.budget || settings.budget->left_s() >= limit_s) return {deadline_after(limit_s), false};
  return {deadline_after(settings.budget->left_s()), true};
}

Answer<WorkerReply> WorkerSession::State::ask(WorkerRequest& request, int attachment_fd, const WorkerStage& stage,
                                              const CallTime& time, FileDescriptor* reply_attachment) {
  if (fault) return tl::unexpected<WorkerFault>(*fault);
  if (is_finished) return refused("the session has ended");
  request.set_sequence(++sequence);
  const std::string bytes = request.SerializeAsString();
  if (bytes.size() > kMaxFrameBytes) {
    return refused("the request is longer than a message may be; ask for fewer settings at once");
  }
  if (const int error = process.send(bytes, attachment_fd)) {
    if (error == EPIPE) return fail_as_gone(stage);
    if (error == EAGAIN) {
      return fail(WorkerVerdict::PROTOCOL_ERROR, "it does not read what the host asks " + stage.words);
    }
    return fail(host_fault(std::string("a request cannot be sent: ") + strerror(error)));
  }
  // What it uses between two answers is charged to the second: a worker that serves many requests has the whole limit
  // for each of them.
  const WorkerProcess::Patience patience{time.deadline, cpu_charged_s + limits.cpu_time_s(), settings.stop};
  Frame frame;
  switch (process.receive(frame, reply_attachment != nullptr, patience)) {
    case WorkerProcess::Event::frame:
      break;
    case WorkerProcess::Event::hostile_call:
      return fail_as_hostile(stage);
    case WorkerProcess::Event::gone:
      return fail_as_gone(stage);
    case WorkerProcess::Event::malformed:
      return fail(WorkerVerdict::PROTOCOL_ERROR, "its answer is no message " + stage.words);
    case WorkerProcess::Event::too_late:
      return fail_as_late(stage, time);
    case WorkerProcess::Event::used_up_cpu:
      return fail(WorkerVerdict::CPU_LIMIT,
                  "it used up its " + seconds_text(limits.cpu_time_s()) + " of CPU time " + stage.words);
    case WorkerProcess::Event::interrupted:
      return fail(host_fault(Error{ErrorKind::interrupted, "interrupted", {}, {}}));
  }
  cpu_charged_s = process.cpu_s().value_or(0);
  WorkerReply reply;
  if (!reply.ParseFromString(frame.bytes))
    return fail(WorkerVerdict::PROTOCOL_ERROR, "its answer is no message " + stage.words);
  if (reply.sequence() != sequence) {
    return fail(WorkerVerdict::PROTOCOL_ERROR, "its answer is one to another request " + stage.words);
  }
  if (reply_attachment) *reply_attachment = std::move(frame.attachment);
  if (const auto cpu_s = process.cpu_s()) usage.cpu_s = *cpu_s;
  // A foreign plugin can say what it likes: of its memory the kernel tells at the end.
  if (is_ours) usage.peak_memory_bytes = reply.usage().peak_memory_bytes();
  if (reply.has_failure()) return fail_as_told(reply.failure(), stage);
  return reply;
}

Answer<std::uint32_t> WorkerSession::State::attach(const SharedSegment& segment, bool writable, const CallTime& time) {
  WorkerRequest request;
  Segment& described = *request.mutable_attach()->mutable_segment();
  described.set_id(next_segment_id++);
  described.set_bytes(segment.bytes());
  described.set_writable(writable);
  const auto memory = reopen_memory_file(segment.fd(), writable);
  if (!memory) return fail(host_fault(memory.error()));
  auto reply = ask(request, memory->get(), {"while it was given memory"}, time);
  if (!reply) return tl::unexpected<WorkerFault>(reply.error());
  return described.id();
}

Answer<void> WorkerSession::State::detach(std::uint32_t id, const CallTime& time) {
  WorkerRequest request;
  request.mutable_detach()->set_segment_id(id);
  auto reply = ask(request, -1, {"after its answer"}, time);
  if (!reply) return tl::unexpected<WorkerFault>(reply.error());
  return {};
}

Answer<MatrixDescriptor> WorkerSession::State::describe_shared(const SharedMatrix& matrix, const CallTime& time) {
  if (!matrix.segment || !matrix.segment->is_read_only()) {
    return refused("a shared matrix was not sealed before it was given to a worker");
  }
  auto known = attached_inputs.find(matrix.segment.get());
  if (known == attached_inputs.end()) {
    auto given = is_ours ? Result<std::shared_ptr<SharedSegment>>(matrix.segment) : matrix.segment->private_copy();
    if (!given) return fail(host_fault(given.error()));
    auto id = attach(**given, false, time);
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

Answer<SharedSegment*> WorkerSession::State::slot_of(std::uint64_t bytes, const CallTime& time) {
  if (!held_slots.empty() && held_slots.back()->bytes() >= bytes) return held_slots.back().get();
  if (!held_slots.empty()) {
    // Out of the worker's address space; the segment itself stays with this session, since it may still be mapped.
    if (auto detached = detach(held_slot_id, time); !detached) return tl::unexpected<WorkerFault>(detached.error());
  }
  auto slot = slots->take(bytes);
  if (!slot) return refused(slot.error());
  held_slots.push_back(*slot);
  auto id = attach(**slot, true, time);
  if (!id) return tl::unexpected<WorkerFault>(id.error());
  held_slot_id = *id;
  return slot->get();
}

}  // namespace headroom
