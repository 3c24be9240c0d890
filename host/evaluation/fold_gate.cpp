#include "evaluation/fold_gate.hpp"

namespace headroom {

FoldGate::Pass FoldGate::enter(const FoldOfWorker& fold) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return n_inside_ == 0 || inside_ == fold; });
  inside_ = fold;
  ++n_inside_;
  return Pass(this);
}

void FoldGate::leave() {
  {
    const std::lock_guard lock(mutex_);
    --n_inside_;
  }
  changed_.notify_all();
}

Answer<FoldWorker> start_for_fold(const RosterEntry& plugin, const FoldOfWorker& fold, int n_threads) {
  FoldWorker worker;
  if (!plugin.file->shipped && plugin.gate) worker.pass = plugin.gate->enter(fold);
  WorkerSettings settings = plugin.settings;
  settings.n_threads = n_threads;
  settings.occasion = fold.split.value_or("");
  auto session = WorkerSession::start(*plugin.file, settings);
  if (!session) return tl::unexpected<WorkerFault>(session.error());
  worker.session = std::move(*session);
  return worker;
}

}  // namespace headroom
