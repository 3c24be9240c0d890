// A worker's first steps: the process, its confinement, the plugin, its options.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "plugin_host/description_check.hpp"
#include "plugin_host/host_process.hpp"
#include "plugin_host/memory_file.hpp"
#include "plugin_host/worker_limits.hpp"
#include "plugin_host/worker_session_state.hpp"
#include "sandbox/namespaces.hpp"
#include "sandbox/private_files.hpp"

namespace headroom {
namespace {

// For a program of ours to confine itself: some 10 ms, on a machine that is busy with other work.
constexpr std::chrono::seconds kStartPatience{30};

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

// What is missing and what the user can do; nothing if the level is enough.
std::optional<Error> shortfall(SandboxMode mode, const ConfinementReport& report) {
  const ConfinementLevel needed = least_level(mode);
  if (report.level() >= needed) return std::nullopt;
  const bool strict = mode == SandboxMode::STRICT;
  return Error{ErrorKind::sandbox_unavailable,
               std::string("the sandbox is weaker here than --sandbox ") + (strict ? "strict" : "relaxed") +
                   " asks for; missing: " + missing_for(needed, report),
               {},
               std::string("headroom sandbox names the switches that would grant it; or give --sandbox ") +
                   (strict && report.level() >= ConfinementLevel::DEGRADED ? "relaxed" : "off")};
}

// What the worker is to hold itself to. CPU time is not among it: the kernel counts that for the whole life of a
// process, the limit is one of each request.
WorkerLimits kept_by_worker(WorkerLimits limits) {
  limits.clear_cpu_time_s();
  limits.clear_total_time_s();
  return limits;
}

bool has_layer(const ConfinementReport& report, const char* name) {
  const auto& layers = report.layers();
  return std::any_of(layers.begin(), layers.end(),
                     [&](const ConfinementLayer& layer) { return layer.name() == name && layer.enforced(); });
}

std::uint64_t size_of(const FileDescriptor& memory) {
  struct stat status;
  return fstat(memory.get(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

}  // namespace

Result<FileDescriptor> WorkerSession::State::memory_for_worker(const FileDescriptor& memory) const {
  return is_ours ? reopen_memory_file(memory.get(), false) : copy_memory_file(memory.get());
}

Answer<void> WorkerSession::State::confine(const PluginFile& plugin, FileDescriptor data_folder) {
  const Clock::time_point started = Clock::now();
  WorkerRequest request;
  Confine& confine = *request.mutable_confine();
  confine.set_mode(settings.mode);
  *confine.mutable_limits() = kept_by_worker(limits);
  confine.set_has_data_folder(static_cast<bool>(data_folder));
  confine.set_is_ours(is_ours);
  confine.set_granted_folder(settings.granted_folder.string());
  confine.set_library_bytes(size_of(plugin.memory));
  if (settings.data_file) confine.set_data_file_bytes(size_of(settings.data_file->memory));
  for (const std::string& layer : settings.disabled_layers) confine.add_disabled_layers(layer);
  FileDescriptor listener;
  auto reply =
      ask(request, data_folder.get(), {"while it confined itself", false}, {started + kStartPatience}, &listener);
  if (!reply) return tl::unexpected<WorkerFault>(reply.error());
  if (!reply->has_ready()) return fail(host_fault("a worker did not report its confinement"));
  confinement = reply->ready().confinement();
  has_private_files = has_layer(confinement, kPrivateFilesLayer);
  process.listen_to(std::move(listener));
  const auto short_of = shortfall(settings.mode, confinement);
  if (short_of && !settings.accepts_any_level) return fail(host_fault(*short_of));
  return {};
}

std::string WorkerSession::State::data_folder_in_worker() const {
  if (settings.data_folder.empty()) return {};
  return has_private_files ? kPrivateDataFolder : kDataFolderInWorker;
}

Answer<void> WorkerSession::State::load(const PluginFile& plugin, const CallTime& time) {
  WorkerRequest request;
  request.mutable_load()->set_data_folder(data_folder_in_worker());
  const WorkerStage stage{"while it was loaded"};
  // A worker with private files copies it there before it opens it: the copy that all have is seen by none of a plugin.
  const auto library =
      has_private_files ? reopen_memory_file(plugin.memory.get(), false) : memory_for_worker(plugin.memory);
  if (!library) return fail(host_fault(library.error()));
  auto reply = ask(request, library->get(), stage, time);
  if (!reply) return tl::unexpected<WorkerFault>(reply.error());
  if (!reply->has_description()) return fail(WorkerVerdict::PROTOCOL_ERROR, "it gave no description " + stage.words);
  const std::string wrong = fault_of(reply->description());
  if (!wrong.empty()) return fail(WorkerVerdict::PROTOCOL_ERROR, "its description is malformed: " + wrong);
  description = reply->description();
  // What was asked of it was made for what it said then.
  const PluginDescription* introduced = settings.introduced.get();
  if (introduced != nullptr && introduced->SerializeAsString() != description.SerializeAsString()) {
    return fail(WorkerVerdict::PROTOCOL_ERROR, "it describes itself otherwise than when it was introduced");
  }
  return {};
}

Answer<void> WorkerSession::State::configure(const CallTime& time) {
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
      return fail(WorkerVerdict::UNSUITED, "plugin '" + description.name() + "' declares no option '" + key + "'");
    }
    OptionValue& option = *configure.add_options();
    option.set_key(key);
    option.set_value(value);
  }
  if (settings.data_file) {
    if (!declares(settings.data_file_option)) {
      return fail(WorkerVerdict::UNSUITED, "plugin '" + description.name() +
                                               "' reads no vector files: it declares no option '" +
                                               settings.data_file_option + "'");
    }
    OptionValue& option = *configure.add_options();
    option.set_key(settings.data_file_option);
    option.set_value(has_private_files ? kPrivateDataFile : kDataFileInWorker);
    configure.set_has_data_file(true);
  }
  configure.set_data_folder(data_folder_in_worker());
  Result<FileDescriptor> data_file;
  if (settings.data_file) data_file = memory_for_worker(settings.data_file->memory);
  if (!data_file) return fail(host_fault(data_file.error()));
  auto reply = ask(request, data_file->get(), {"while it opened"}, time);
  if (!reply) return tl::unexpected<WorkerFault>(reply.error());
  return {};
}

namespace {

// Checks settings and starts the program; nothing of a plugin yet.
Answer<WorkerProcess> start_process(const WorkerSettings& settings, const WorkerLimits& limits) {
  if (settings.n_threads < 1) return refused("a worker needs at least one thread");
  if (auto valid = validate(limits); !valid) return refused(valid.error());
  if (settings.stop.stop_requested()) return refused(Error{ErrorKind::interrupted, "interrupted", {}, {}});
  std::vector<std::string> environment = worker_environment(settings.n_threads);
  // A runner has to know it before it can say what it is.
  if (!settings.model.empty()) environment.push_back("HEADROOM_MODEL=" + settings.model);
  if (!settings.python_path.empty()) environment.push_back("HEADROOM_PYTHON_PATH=" + settings.python_path.string());
  auto process = WorkerProcess::start(settings.worker_program, environment, limits.log_bytes());
  if (!process) return refused(process.error());
  return std::move(*process);
}

// Whether the worker has another user id than this process, to which it is a stranger.
bool takes_own_user(const WorkerSettings& settings) {
  const auto& disabled = settings.disabled_layers;
  return geteuid() == 0 && settings.mode != SandboxMode::OFF &&
         std::find(disabled.begin(), disabled.end(), "own_uid") == disabled.end();
}

// The same with a copy of the data folder for one worker alone. The time that a folder takes is its plugin's.
Answer<WorkerSettings> with_copied_folder(const WorkerSettings& settings) {
  const ChargedTime charged(settings.budget.get());
  CopyBounds bounds{{}, settings.stop, {}};
  if (settings.budget) bounds.deadline = deadline_after(settings.budget->left_s());
  auto copy = PrivateFolder::copy_of(settings.data_folder, bounds);
  if (!copy && bounds.deadline && WorkerProcess::Clock::now() >= *bounds.deadline) {
    return tl::unexpected<WorkerFault>(total_limit(*settings.budget, "while its data folder was copied"));
  }
  if (!copy && copy.error().kind == ErrorKind::bad_input) {
    return tl::unexpected<WorkerFault>(WorkerFault{WorkerVerdict::UNSUITED, copy.error().line()});
  }
  if (!copy) return refused(copy.error());
  WorkerSettings with_copy = settings;
  with_copy.data_folder = (*copy)->path();
  with_copy.data_folder_copy = std::move(*copy);
  return with_copy;
}

}  // namespace

Answer<std::unique_ptr<WorkerSession>> WorkerSession::start(const PluginFile& plugin, const WorkerSettings& settings) {
  const State::Clock::time_point started = State::Clock::now();
  const WorkerLimits limits = effective_worker_limits(settings.limits, settings.n_threads);
  if (settings.budget && settings.budget->is_spent()) {
    return tl::unexpected<WorkerFault>(total_limit(*settings.budget, "before it was started again"));
  }
  const bool has_folder = !settings.data_folder.empty(), has_copy = settings.data_folder_copy != nullptr;
  // What only its owner may read is copied by whoever runs as root: its own plugin has to be able to read it.
  if (has_folder && !has_copy && takes_own_user(settings) && !is_readable_by_all(settings.data_folder)) {
    const auto with_copy = with_copied_folder(settings);
    if (!with_copy) return tl::unexpected<WorkerFault>(with_copy.error());
    return start(plugin, *with_copy);
  }
  FileDescriptor data_folder;
  if (has_folder) {
    data_folder = FileDescriptor(open(settings.data_folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!data_folder) {
      return refused(Error{ErrorKind::bad_input, std::string("the data folder cannot be opened: ") + strerror(errno),
                           settings.data_folder.string(), "make it readable"});
    }
  }
  auto process = start_process(settings, limits);
  if (!process) return tl::unexpected<WorkerFault>(process.error());
  auto state = std::make_unique<State>(std::move(*process));
  state->settings = settings;
  state->limits = limits;
  state->is_ours = plugin.shipped;
  // Which pages of a slot were ever touched outlives their content: only workers of our own plugins use slots again.
  const bool shares_slots = settings.output_slots && state->is_ours;
  state->slots = shares_slots ? settings.output_slots : std::make_shared<OutputSlots>();
  if (auto confined = state->confine(plugin, std::move(data_folder)); !confined)
    return tl::unexpected<WorkerFault>(confined.error());
  if (!state->is_ours && has_folder && !has_copy && settings.mode != SandboxMode::OFF &&
      !has_layer(state->confinement, kDataFolderLayer)) {
    // Reading it would leave behind what another worker could see.
    const auto with_copy = with_copied_folder(settings);
    if (!with_copy) return tl::unexpected<WorkerFault>(with_copy.error());
    return start(plugin, *with_copy);
  }
  state->confinement.set_start_to_ready_s(std::chrono::duration<double>(State::Clock::now() - started).count());
  // Until here it was Headroom's own time.
  const ChargedTime charged(settings.budget.get());
  const CallTime time = state->time_of_call();
  if (auto loaded = state->load(plugin, time); !loaded) return tl::unexpected<WorkerFault>(loaded.error());
  if (!settings.only_describes) {
    if (auto configured = state->configure(time); !configured) return tl::unexpected<WorkerFault>(configured.error());
  }
  return std::unique_ptr<WorkerSession>(new WorkerSession(std::move(state)));
}

Result<ConfinementReport> granted_sandbox(const WorkerSettings& settings) {
  const auto started = WorkerProcess::Clock::now();
  const WorkerLimits limits = effective_worker_limits(settings.limits, settings.n_threads);
  auto process = start_process(settings, limits);
  if (!process) return tl::unexpected<Error>(error_of(process.error()));
  WorkerRequest request;
  request.set_sequence(1);
  request.mutable_confine()->set_mode(settings.mode);
  *request.mutable_confine()->mutable_limits() = kept_by_worker(limits);
  for (const std::string& layer : settings.disabled_layers) request.mutable_confine()->add_disabled_layers(layer);
  Frame frame;
  WorkerReply reply;
  const int error = process->send(request.SerializeAsString(), -1);
  if (error || process->receive(frame, true, {started + kStartPatience}) != WorkerProcess::Event::frame ||
      !reply.ParseFromString(frame.bytes) || !reply.has_ready()) {
    process->end();
    return tl::unexpected<Error>(Error{ErrorKind::harness_fault,
                                       "a worker cannot confine itself: " + on_one_line(process->log()),
                                       settings.worker_program.string(), "build or install all of Headroom"});
  }
  ConfinementReport report = reply.ready().confinement();
  report.set_start_to_ready_s(std::chrono::duration<double>(WorkerProcess::Clock::now() - started).count());
  return report;
}

Result<ConfinementReport> probe_sandbox(const WorkerSettings& settings) {
  auto report = granted_sandbox(settings);
  if (!report) return report;
  if (auto missing = shortfall(settings.mode, *report)) return tl::unexpected<Error>(std::move(*missing));
  return report;
}

}  // namespace headroom
