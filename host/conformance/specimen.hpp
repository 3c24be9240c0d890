// The plugin under test, and how a check gets a worker with it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "conformance/conformance.hpp"
#include "conformance/difference.hpp"
#include "conformance/finding.hpp"
#include "plugin_host/output_slots.hpp"
#include "plugin_host/plugin_file.hpp"
#include "plugin_host/worker_session.hpp"

namespace headroom {

// A worker that was started and ended.
struct FirstContact {
  PluginDescription description;
  double start_to_ready_s = 0;
  WorkerUsageSoFar usage;
};

class Specimen {
 public:
  // Both outlive the specimen.
  Specimen(const PluginFile& file, const CheckOptions& options);

  const PluginFile& file() const { return file_; }
  const CheckOptions& options() const { return options_; }

  // What the plugin says of itself, once it has been read.
  const PluginDescription& description() const { return description_; }
  void describe(const PluginDescription& description) { description_ = description; }

  // What became of the first worker of all, started when this is asked for the first time.
  const Answer<FirstContact>& first_contact();

  // A fresh confined worker with the plugin loaded and opened.
  Answer<std::unique_ptr<WorkerSession>> start(std::uint64_t seed, int n_threads) const;
  Answer<std::unique_ptr<WorkerSession>> start() const { return start(options_.seed, 1); }
  // The same without the short clock of small requests.
  Answer<std::unique_ptr<WorkerSession>> start_for_published_size() const;
  // The worker that small requests of several checks share, as those of a run do; valid until the next call. One that
  // has failed is replaced.
  Answer<WorkerSession*> shared();

  // What a worker of its own answers to the usual request with one thread: asked once, by the first check that compares
  // something with it.
  std::optional<Answer<EmbeddingAnswer>> usual_vectors;
  std::optional<Answer<Predictions>> usual_predictions;

 private:
  WorkerSettings settings(std::uint64_t seed, int n_threads) const;

  const PluginFile& file_;
  const CheckOptions& options_;
  PluginDescription description_;
  std::shared_ptr<OutputSlots> slots_;
  std::optional<Answer<FirstContact>> first_contact_;
  std::unique_ptr<WorkerSession> shared_;
};

// One check: asks the plugin, judges its answers. A worker's fault is the caller's to turn into a failure.
using CheckFunction = Answer<Finding> (*)(Specimen&);

}  // namespace headroom
