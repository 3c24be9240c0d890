// headroom check: conformance of a plugin, one named check a line.
#include <fstream>

#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/installed_files.hpp"
#include "cli/terminal_streams.hpp"
#include "conformance/conformance_text.hpp"
#include "io/regular_file.hpp"
#include "plugin_host/host_process.hpp"
#include "plugin_host/named_runtime.hpp"
#include "plugin_host/own_files.hpp"
#include "plugin_host/plugin_place.hpp"
#include "plugin_host/python_modules.hpp"

namespace headroom::cli {
namespace {

Result<std::vector<std::string>> read_ids(const std::filesystem::path& path) {
  if (auto regular = require_regular_file(path); !regular) return tl::unexpected<Error>(regular.error());
  std::ifstream file(path);
  if (!file) return bad_input("cannot read the file of ids", path.string(), "check the path");
  std::vector<std::string> ids;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) ids.push_back(line);
  }
  if (ids.empty()) return bad_input("there are no ids", path.string(), "write one perturbation id a line");
  return ids;
}

}  // namespace

Result<int> check(const CheckArguments& arguments) {
  const bool as_json = arguments.common.format == TableFormat::json;
  const TerminalStyle style = stdout_style();
  if (arguments.list) {
    if (as_json) {
      results() << check_list_json();
    } else {
      write_check_list(results(), style);
    }
    return kExitEvaluated;
  }
  CheckOptions options = arguments.options;
  auto worker = find_worker_program();
  if (!worker) return tl::unexpected<Error>(worker.error());
  options.worker_program = *worker;
  if (arguments.ids_file) {
    auto ids = read_ids(*arguments.ids_file);
    if (!ids) return tl::unexpected<Error>(ids.error());
    options.known_ids = std::move(*ids);
  }
  std::filesystem::path library = arguments.plugin;
  std::shared_ptr<const PrivateFolder> own_files;  // of a model that is given as a file
  std::error_code ignored;
  if (std::filesystem::is_directory(library, ignored) || is_model_name(library.filename().string())) {
    const auto runners = find_shipped_plugins();
    if (!runners) return tl::unexpected<Error>(runners.error());
    auto place = place_of_plugin(arguments.plugin, *runners);
    if (!place) return tl::unexpected<Error>(place.error());
    if (place->library.empty()) {
      return bad_input("it holds a file of vectors and no plugin", arguments.plugin.string(),
                       "look at vectors with headroom inspect");
    }
    library = place->library;
    options.model = place->model;
    if (place->is_file) {
      auto own = own_files_of(*place, options.plugin_options);
      if (!own) return tl::unexpected<Error>(own.error());
      own_files = std::move(*own);
    }
    options.data_folder = own_files ? own_files->path() : place->data_folder;
    options.given_path = arguments.plugin.string();
    auto runtime = take_named_runtime(library, options.plugin_options);
    if (!runtime) return tl::unexpected<Error>(runtime.error());
    if (*runtime) {
      options.data_file = std::move(*runtime);
      options.data_file_option = kRuntimeOption;
    }
  }
  if (!arguments.python_path.empty()) {
    if (library.filename() != kPythonRunner) {
      return bad_input("it is no model in Python", arguments.plugin.string(), "leave --python-path out");
    }
    const auto modules = python_modules(arguments.python_path);
    if (!modules) return tl::unexpected<Error>(modules.error());
    options.granted_folder = modules->environment;
    options.python_path = modules->folder;
  }
  if (!as_json)
    options.on_result = [&](const CheckResult& result) { results() << check_line(result, style) << std::endl; };
  const auto conformance = check_plugin(library, options);
  if (!conformance) return tl::unexpected<Error>(conformance.error());
  results() << (as_json ? conformance_json(*conformance) : check_summary(*conformance, style) + "\n");
  return conformance->conforms() ? kExitEvaluated : kExitPluginFailed;
}

}  // namespace headroom::cli
