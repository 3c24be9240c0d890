// The plugin under test, and how a check gets a worker with it.
#pragma once

#include <cstdint>
#include <memory>

#include "conformance/conformance.hpp"
#include "conformance/finding.hpp"
#include "plugin_host/output_slots.hpp"
#include "plugin_host/plugin_file.hpp"
#include "plugin_host/worker_session.hpp"

namespace headroom {

class Specimen {
 public:
  // Both outlive the specimen.
  Specimen(const PluginFile& file, const CheckOptions& options);

  const PluginFile& file() const { return file_; }
  const CheckOptions& options() const { return options_; }

  // What the plugin says of itself, once it has been read.
  const PluginDescription& description() const { return description_; }
  void describe(const PluginDescription& description) { description_ = description; }

  // A fresh confined worker with the plugin loaded and opened.
  Answer<std::unique_ptr<WorkerSession>> start(std::uint64_t seed, int n_threads) const;
  Answer<std::unique_ptr<WorkerSession>> start() const { return start(options_.seed, 1); }
  // The same without the short clock of small requests.
  Answer<std::unique_ptr<WorkerSession>> start_for_published_size() const;

 private:
  WorkerSettings settings(std::uint64_t seed, int n_threads) const;

  const PluginFile& file_;
  const CheckOptions& options_;
  PluginDescription description_;
  std::shared_ptr<OutputSlots> slots_;
};

// One check: asks the plugin, judges its answers. A worker's fault is the caller's to turn into a failure.
using CheckFunction = Answer<Finding> (*)(const Specimen&);

}  // namespace headroom
