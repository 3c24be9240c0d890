// Conformance of a plugin: does it keep the contract of the SDK's headers? For authors, before they submit.
//
// Every check asks the plugin in confined workers of its own, so that a crash costs one check and no more. A check
// never judges how good a plugin's numbers are, only whether they can be trusted to be its numbers: the same for the
// same request, none for what it does not know, in the order that was asked for, within its limits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "confinement.pb.h"
#include "conformance/finding.hpp"
#include "outcome/outcome.hpp"
#include "plugin.pb.h"
#include "plugin_host/plugin_file.hpp"

namespace headroom {

struct CheckDescription {
  std::string name;         // kebab-case; never changes its meaning from one version to the next
  std::string explanation;  // one line: what must hold
};

// All checks, in the order in which they run.
const std::vector<CheckDescription>& list_checks();

struct CheckResult {
  std::string name;
  CheckOutcome outcome = CheckOutcome::skipped;
  std::string detail;  // one line, may repeat the plugin's own words; shown only through display_text()
};

struct CheckOptions {
  std::filesystem::path worker_program;  // find_worker_program()
  SandboxMode sandbox = SandboxMode::STRICT;
  // Zero fields take the defaults of plugin_host; the wall time of small requests is kSmallRequestWall_s then.
  WorkerLimits limits;
  int n_threads = 1;               // that the plugin may use at the published size; >= 1
  std::uint64_t seed = 0;          // of the example requests and of the plugin
  bool published_size = true;      // false: skip the one check that may take minutes
  std::vector<std::string> names;  // of the checks to run; empty: all
  // What a run would give the plugin as well.
  std::vector<std::pair<std::string, std::string>> plugin_options;
  std::shared_ptr<const DataFile> data_file;          // a vector file for plugins such as `table`; empty: none
  std::string data_file_option = "file";              // the option that names it
  std::filesystem::path data_folder;                  // the plugin's own data files; empty: none
  std::string model;                                  // the file of data_folder that a runner runs; empty: none
  std::filesystem::path granted_folder, python_path;  // of a model in Python: python_modules(); empty: none
  std::string given_path;  // what the plugin is called by where that is not the library's path
  // Perturbations that an embedding should know. Empty: some well-known human genes by symbol and Ensembl id.
  std::vector<std::string> known_ids;
  std::function<void(const CheckResult&)> on_result;  // called after each check; may be empty
};

// A plugin that takes longer to answer a request of a few rows hangs.
inline constexpr double kSmallRequestWall_s = 60;

struct Conformance {
  std::string path, sha256;
  std::optional<PluginDescription> description;  // empty if the plugin could not be loaded and opened
  ConfinementReport confinement;                 // of the workers that the checks ran in
  std::vector<CheckResult> checks;

  bool conforms() const;  // no check failed, and at least one was tried
  int count(CheckOutcome outcome) const;
};

// Errors: the file cannot be opened, a name is not that of a check, an option is not the plugin's (bad_input); the
// sandbox that was asked for is not to be had (sandbox_unavailable); no worker can be started (harness_fault).
// Everything that the plugin does wrong is a result.
Result<Conformance> check_plugin(const std::filesystem::path& library, const CheckOptions& options);

}  // namespace headroom
