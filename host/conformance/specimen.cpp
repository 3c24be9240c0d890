#include "conformance/specimen.hpp"

#include <algorithm>

namespace headroom {

Specimen::Specimen(const PluginFile& file, const CheckOptions& options)
    : file_(file), options_(options), slots_(std::make_shared<OutputSlots>()) {}

WorkerSettings Specimen::settings(std::uint64_t seed, int n_threads) const {
  WorkerSettings settings;
  settings.worker_program = options_.worker_program;
  settings.mode = options_.sandbox;
  settings.limits = options_.limits;
  settings.seed = seed;
  settings.n_threads = n_threads;
  settings.options = options_.plugin_options;
  settings.data_file = options_.data_file.get();
  settings.data_file_option = options_.data_file_option;
  settings.data_folder = options_.data_folder;
  settings.model = options_.model;
  settings.granted_folder = options_.granted_folder;
  settings.python_path = options_.python_path;
  settings.output_slots = slots_;
  return settings;
}

Answer<std::unique_ptr<WorkerSession>> Specimen::start(std::uint64_t seed, int n_threads) const {
  WorkerSettings small = settings(seed, n_threads);
  if (!(small.limits.wall_time_s() > 0)) small.limits.set_wall_time_s(kSmallRequestWall_s);
  return WorkerSession::start(file_, small);
}

const Answer<FirstContact>& Specimen::first_contact() {
  if (first_contact_) return *first_contact_;
  auto session = start();
  if (!session) return first_contact_.emplace(tl::unexpected<WorkerFault>(session.error()));
  (*session)->finish();
  return first_contact_.emplace(
      FirstContact{(*session)->description(), (*session)->confinement().start_to_ready_s(), (*session)->usage()});
}

Answer<WorkerSession*> Specimen::shared() {
  if (!shared_ || shared_->has_failed()) {
    shared_.reset();
    auto session = start();
    if (!session) return tl::unexpected<WorkerFault>(session.error());
    shared_ = std::move(*session);
  }
  return shared_.get();
}

Answer<std::unique_ptr<WorkerSession>> Specimen::start_for_published_size() const {
  return WorkerSession::start(file_, settings(options_.seed, options_.n_threads));
}

}  // namespace headroom
