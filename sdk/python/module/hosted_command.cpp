#include "hosted_command.hpp"

#include <cblas.h>
#include <pthread.h>

#include <atomic>
#include <csignal>
#include <exception>
#include <mutex>
#include <new>
#include <sstream>
#include <utility>

#include "cli/command_line.hpp"
#include "cli/interruption.hpp"
#include "cli/terminal_streams.hpp"
#include "plugin_host/host_process.hpp"

namespace headroom::python {
namespace {

std::mutex one_at_a_time;
std::atomic<std::thread::id> waiting{};

// Python's own signal handlers run in Python's threads; our system calls are not interrupted.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

// Headroom sets the BLAS of the process, which NumPy shares, to one thread.
class BlasThreads {
 public:
  BlasThreads() : n_(openblas_get_num_threads()) {}
  ~BlasThreads() { openblas_set_num_threads(n_); }
  BlasThreads(const BlasThreads&) = delete;
  BlasThreads& operator=(const BlasThreads&) = delete;

 private:
  int n_;
};

Result<CommandOutcome> carry_out_here(const std::vector<std::string>& arguments, Bulletin& bulletin) {
  const BlasThreads blas;
  auto visit = ProtectedVisit::begin();
  if (!visit) return tl::unexpected<Error>(visit.error());
  std::ostringstream printed;
  MessageStream messages(bulletin);
  const cli::TakenStreams taken(printed, messages, bulletin);
  const auto exit_code = cli::carry_out(arguments);
  if (!exit_code) return tl::unexpected<Error>(exit_code.error());
  return CommandOutcome{*exit_code, printed.str()};
}

}  // namespace

HostedCommand::HostedCommand(std::vector<std::string> arguments) : turn_(one_at_a_time), outcome_(CommandOutcome{}) {
  cli::Interruption::forget();
  thread_ = std::thread([this, given = std::move(arguments)] { work(given); });
  waiting = std::this_thread::get_id();  // last: a constructor that throws leaves nobody waiting
}

HostedCommand::~HostedCommand() {
  if (thread_.joinable()) {
    stop();
    thread_.join();
  }
  waiting = std::thread::id();
}

void HostedCommand::work(const std::vector<std::string>& arguments) {
  block_signals();
  try {
    outcome_ = carry_out_here(arguments, bulletin_);
  } catch (const std::bad_alloc&) {
    outcome_ = harness_fault("out of memory", {}, "free some, or use fewer --threads or a smaller --limit-memory");
  } catch (const std::exception& problem) {
    outcome_ = harness_fault(problem.what());
  }
  bulletin_.close();
}

void HostedCommand::stop() { cli::Interruption::request(); }

Result<CommandOutcome> HostedCommand::outcome() {
  thread_.join();
  return std::move(outcome_);
}

bool waits_for_command() { return waiting.load() == std::this_thread::get_id(); }

}  // namespace headroom::python
