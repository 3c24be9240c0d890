#include "plugin_host/worker_session.hpp"

#include "plugin_host/worker_session_state.hpp"

namespace headroom {
namespace {

// For a plugin to free its state at the end; nobody waits for an answer any more.
constexpr std::chrono::milliseconds kShutdownPatience{1000};

}  // namespace

void PredictorQuestion::add_block(std::string name, const Matrix& training, const Matrix& query) {
  const auto view = [](const Matrix& matrix) {
    return ConstMatrixMap(matrix.data(), matrix.rows(), matrix.cols(), Eigen::OuterStride<>(matrix.cols()));
  };
  blocks.push_back({std::move(name), view(training), view(query), {}, {}});
}

WorkerSession::WorkerSession(std::unique_ptr<State> state) : state_(std::move(state)) {}
WorkerSession::~WorkerSession() { finish(); }

const PluginDescription& WorkerSession::description() const { return state_->description; }
const ConfinementReport& WorkerSession::confinement() const { return state_->confinement; }
const WorkerLimits& WorkerSession::limits() const { return state_->limits; }

void WorkerSession::finish() {
  State& state = *state_;
  if (state.is_finished) return;
  if (!state.fault && !state.settings.stop.stop_requested()) {
    const ChargedTime charged(state.settings.budget.get());
    WorkerRequest request;
    request.mutable_shutdown();
    // Whatever it answers, or does not: the process is ended next. One that answers is let go by itself, so that the
    // kernel can still tell what it used.
    bool ended_itself = false;
    if (state.ask(request, -1, {"at its end"}, {State::Clock::now() + kShutdownPatience}))
      state.process.await_end(ended_itself);
  }
  state.is_finished = true;
  state.release();
}

bool WorkerSession::has_failed() const { return state_->fault.has_value(); }
WorkerUsageSoFar WorkerSession::usage() const { return state_->usage; }
std::string WorkerSession::log() const { return state_->process.log(); }

}  // namespace headroom
