// Opens the plugin library and reads what it says of itself, trusting nothing: sizes before fields, bounds before text.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>

#include "confinement.pb.h"
#include "headroom/embedding.h"
#include "headroom/held_out_errors.h"
#include "headroom/needs.h"
#include "headroom/plugin.h"
#include "headroom/predictor.h"
#include "plugin.pb.h"

namespace headroom {

struct LoadFault {
  WorkerVerdict verdict = WorkerVerdict::LOAD_FAILED;  // or ABI_MISMATCH
  std::string message;
};

using PluginEntry = const headroom_plugin* (*)(std::uint32_t abi_major, std::uint32_t index);

// Loads the library and finds its entry, after what it brings in its data folder (worker/bundled_libraries.hpp; empty: it
// has none). It stays loaded for the life of the process: unloading a library that has started threads crashes.
tl::expected<PluginEntry, LoadFault> open_library(const std::string& path, const std::string& data_folder = {});

// A plugin as this worker can call it: its structs copied as far as they reach, missing fields zero.
struct LoadedPlugin {
  PluginDescription description;
  headroom_embedding embedding{};  // by description.kind()
  headroom_predictor predictor{};
  headroom_held_out_errors held_out_errors{};  // its function is null where the plugin offers none
};

// Asks the entry for plugin `index` and checks everything that the headers say of a descriptor: major, kind, sizes,
// names, that texts are short UTF-8, that grids are finite and within their bounds, that functions are there.
tl::expected<LoadedPlugin, LoadFault> read_descriptor(PluginEntry entry, std::uint32_t index);

// `text` with every byte that is not valid UTF-8 replaced by '?', cut to at most `most_bytes` at a character's end.
std::string as_utf8(const char* text, std::int64_t size, std::size_t most_bytes);

}  // namespace headroom
