// The library of ONNX Runtime that a user names by an option of the runner `onnx`: a worker cannot read it where it
// lies, so it is handed over as a file of its own, as vectors are.
#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "outcome/outcome.hpp"
#include "plugin_host/plugin_file.hpp"

namespace headroom {

inline constexpr const char* kRuntimeOption = "runtime";

// Takes the option out of `options` and opens the file that it names, for WorkerSettings::data_file with
// kRuntimeOption for data_file_option. Nothing where `library` is another than the runner, or the option is not given
// or empty. Errors (bad_input): the file cannot be read.
Result<std::shared_ptr<const DataFile>> take_named_runtime(const std::filesystem::path& library,
                                                           std::vector<std::pair<std::string, std::string>>& options,
                                                           const std::stop_token& stop = {});

}  // namespace headroom
