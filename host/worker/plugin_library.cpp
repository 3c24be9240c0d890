// std::vector is missing from Boost.DLL's own includes.
#include <vector>

#define BOOST_DLL_USE_STD_FS
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <system_error>

#include "plugin_host/description_check.hpp"
#include "sandbox/file_descriptor.hpp"
#include "worker/bundled_libraries.hpp"
#include "worker/plugin_library.hpp"

namespace headroom {
namespace {

constexpr std::int64_t kMostStructBytes = std::int64_t{1} << 20;  // beyond it, struct_size is garbage

tl::unexpected<LoadFault> load_failed(std::string message) {
  return tl::unexpected<LoadFault>(LoadFault{WorkerVerdict::LOAD_FAILED, std::move(message)});
}

// Malformed descriptors are found deep in nested fields; caught in read_descriptor().
struct Malformed {
  std::string what;
};

// The bytes of one UTF-8 character at `text`, of at most `left` bytes; 0 if there is none.
std::size_t utf8_length(const unsigned char* text, std::size_t left) {
  if (text[0] < 0x80) return 1;
  const auto continues = [&](std::size_t i) { return i < left && (text[i] & 0xC0) == 0x80; };
  if (text[0] >= 0xC2 && text[0] <= 0xDF) return continues(1) ? 2 : 0;
  if ((text[0] & 0xF0) == 0xE0) {
    if (!continues(1) || !continues(2)) return 0;
    if (text[0] == 0xE0 && text[1] < 0xA0) return 0;  // overlong
    if (text[0] == 0xED && text[1] > 0x9F) return 0;  // surrogates
    return 3;
  }
  if (text[0] >= 0xF0 && text[0] <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if (text[0] == 0xF0 && text[1] < 0x90) return 0;
    if (text[0] == 0xF4 && text[1] > 0x8F) return 0;
    return 4;
  }
  return 0;
}

bool is_utf8(const char* text, std::int64_t size) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text);
  std::size_t left = static_cast<std::size_t>(size);
  while (left > 0) {
    const std::size_t length = utf8_length(bytes, left);
    if (length == 0) return false;
    bytes += length;
    left -= length;
  }
  return true;
}

std::string read_text(const headroom_string& text, const char* field,
                      std::int64_t most_bytes = kMostDeclaredTextBytes) {
  if (text.size < 0 || text.size > most_bytes) {
    throw Malformed{std::string(field) + " is longer than " + std::to_string(most_bytes) + " bytes"};
  }
  if (text.size == 0) return {};
  if (!text.data) throw Malformed{std::string(field) + " is a null pointer with a size"};
  if (!is_utf8(text.data, text.size)) throw Malformed{std::string(field) + " is not UTF-8"};
  std::string copy(text.data, static_cast<std::size_t>(text.size));
  if (std::any_of(copy.begin(), copy.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; })) {
    throw Malformed{std::string(field) + " has a control character"};
  }
  return copy;
}

std::string read_name(const headroom_string& text, const char* field, bool is_plugin_name) {
  std::string name = read_text(text, field, kMostDeclaredNameBytes);
  const bool is_valid = !name.empty() && std::all_of(name.begin(), name.end(), [&](unsigned char c) {
    const bool is_alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return is_alphanumeric || c == '_' || (is_plugin_name && (c == '-' || c == '.'));
  });
  if (!is_valid) {
    throw Malformed{std::string(field) + " must be letters, digits, '_'" + (is_plugin_name ? ", '-' or '.'" : "")};
  }
  return name;
}

// Copies as much of a growing struct as both sides know. `needed` is the end of the last field of the first version
// that a host cannot do without.
template <class Struct>
Struct read_struct(const void* at, std::size_t needed, const char* name) {
  if (!at) throw Malformed{std::string(name) + " is a null pointer"};
  std::int64_t size;
  std::memcpy(&size, at, sizeof(size));
  if (size < static_cast<std::int64_t>(needed) || size > kMostStructBytes) {
    throw Malformed{std::string(name) + ".struct_size is " + std::to_string(size)};
  }
  Struct copy{};
  std::memcpy(&copy, at, std::min(sizeof(Struct), static_cast<std::size_t>(size)));
  return copy;
}

template <class Pointer>
void check_list(Pointer items, std::int64_t n, const char* name) {
  if (n < 0 || n > kMostDeclaredItems)
    throw Malformed{std::string("the number of ") + name + " is " + std::to_string(n)};
  if (n > 0 && !items) throw Malformed{std::string("the list of ") + name + " is a null pointer"};
}

#define HEADROOM_END_OF(type, field) (offsetof(type, field) + sizeof(type::field))

void read_hyperparameter(const headroom_hyperparameter* at, Hyperparameter& to) {
  const auto parameter = read_struct<headroom_hyperparameter>(at, HEADROOM_END_OF(headroom_hyperparameter, n_grid),
                                                              "headroom_hyperparameter");
  to.set_name(read_name(parameter.name, "a hyperparameter's name", false));
  const std::string called = "hyperparameter '" + to.name() + "'";
  to.set_help(read_text(parameter.help, "a hyperparameter's help"));
  to.set_is_integer(parameter.is_integer != 0);
  if (std::isnan(parameter.minimum) || std::isnan(parameter.maximum) || parameter.minimum > parameter.maximum) {
    throw Malformed{called + " has no range: its minimum is not below its maximum"};
  }
  to.set_minimum(parameter.minimum);
  to.set_maximum(parameter.maximum);
  if (parameter.n_grid < 1 || parameter.n_grid > kMostGridValues || !parameter.grid) {
    throw Malformed{called + " must have a grid of 1 to " + std::to_string(kMostGridValues) + " values"};
  }
  for (std::int64_t i = 0; i < parameter.n_grid; ++i) {
    const double value = parameter.grid[i];
    if (!std::isfinite(value)) throw Malformed{called + " has a grid value that is not finite"};
    if (value < parameter.minimum || value > parameter.maximum)
      throw Malformed{called + " has a grid value out of its range"};
    if (to.is_integer() && value != std::floor(value))
      throw Malformed{called + " is an integer with a fraction in its grid"};
    to.add_grid(value);
  }
}

headroom_embedding read_embedding(const void* at, PluginDescription& to) {
  const auto embedding =
      read_struct<headroom_embedding>(at, HEADROOM_END_OF(headroom_embedding, embed), "headroom_embedding");
  if (!embedding.dimension || !embedding.embed) throw Malformed{"dimension or embed is a null pointer"};
  to.set_wants_training(embedding.wants_training != 0);
  to.set_wants_control_profiles(embedding.wants_control_profiles != 0);
  return embedding;
}

headroom_predictor read_predictor(const void* at, PluginDescription& to) {
  const auto predictor =
      read_struct<headroom_predictor>(at, HEADROOM_END_OF(headroom_predictor, predict), "headroom_predictor");
  if (!predictor.predict) throw Malformed{"predict is a null pointer"};
  if (predictor.min_blocks < 1 || (predictor.max_blocks != 0 && predictor.max_blocks < predictor.min_blocks)) {
    throw Malformed{"min_blocks and max_blocks allow no number of blocks"};
  }
  to.set_min_blocks(predictor.min_blocks);
  to.set_max_blocks(predictor.max_blocks);
  if (predictor.task_kinds & HEADROOM_SUPPORTS_REGRESSION) to.add_task_kinds(TaskKind::REGRESSION);
  if (predictor.task_kinds & HEADROOM_SUPPORTS_CLASSES) to.add_task_kinds(TaskKind::CLASSES);
  if (to.task_kinds().empty()) throw Malformed{"task_kinds names no kind of task that this host knows"};
  to.set_uses_contexts(predictor.uses_contexts != 0);
  check_list(predictor.hyperparameters, predictor.n_hyperparameters, "hyperparameters");
  for (std::int64_t i = 0; i < predictor.n_hyperparameters; ++i) {
    Hyperparameter& added = *to.add_hyperparameters();
    read_hyperparameter(predictor.hyperparameters[i], added);
    for (int other = 0; other + 1 < to.hyperparameters_size(); ++other) {
      if (to.hyperparameters(other).name() == added.name())
        throw Malformed{"two hyperparameters are called '" + added.name() + "'"};
    }
  }
  std::vector<int> n_values;
  for (const Hyperparameter& parameter : to.hyperparameters()) n_values.push_back(parameter.grid_size());
  if (!grid_points(n_values)) {
    throw Malformed{"its grids have more than " + std::to_string(kMostGridPoints) + " combinations, or more than " +
                    std::to_string(kMostGridNumbers) + " values in all of them"};
  }
  return predictor;
}

headroom_held_out_errors read_held_out_errors(const headroom_plugin& plugin, PluginDescription& to) {
  constexpr std::string_view kId = HEADROOM_HELD_OUT_ERRORS;
  const void* at = plugin.extension ? plugin.extension({kId.data(), static_cast<std::int64_t>(kId.size())}) : nullptr;
  if (!at) return {};
  const auto offered = read_struct<headroom_held_out_errors>(at, HEADROOM_END_OF(headroom_held_out_errors, errors),
                                                             "headroom_held_out_errors");
  if (!offered.errors) throw Malformed{"errors is a null pointer"};
  to.set_gives_errors(true);
  return offered;
}

void read_needs(const headroom_plugin& plugin, PluginDescription& to) {
  constexpr std::string_view kId = HEADROOM_NEEDS;
  const void* at = plugin.extension ? plugin.extension({kId.data(), static_cast<std::int64_t>(kId.size())}) : nullptr;
  if (!at) return;
  const auto needs = read_struct<headroom_needs>(at, HEADROOM_END_OF(headroom_needs, memory_bytes), "headroom_needs");
  if (!(needs.wall_time_s >= 0 && needs.wall_time_s <= HEADROOM_MOST_NEEDED_WALL_S)) {
    throw Malformed{"headroom_needs.wall_time_s is no time from 0 to a week"};
  }
  if (needs.memory_bytes < 0 || needs.memory_bytes > HEADROOM_MOST_NEEDED_MEMORY_BYTES) {
    throw Malformed{"headroom_needs.memory_bytes is no size from 0 to 64 TiB"};
  }
  to.set_wants_raw_features(needs.raw_features != 0 && to.kind() == PluginKind::PREDICTOR);
  to.set_own_wall_time_s(needs.wall_time_s);
  to.set_own_address_space_bytes(static_cast<std::uint64_t>(needs.memory_bytes));
}

void read_options(const headroom_plugin& plugin, PluginDescription& to) {
  check_list(plugin.options, plugin.n_options, "options");
  for (std::int64_t i = 0; i < plugin.n_options; ++i) {
    const auto option =
        read_struct<headroom_option>(plugin.options[i], HEADROOM_END_OF(headroom_option, help), "headroom_option");
    const std::string key = read_name(option.key, "an option's key", false);
    for (const PluginOption& other : to.options()) {
      if (other.key() == key) throw Malformed{"two options are called '" + key + "'"};
    }
    PluginOption& added = *to.add_options();
    added.set_key(key);
    added.set_default_value(read_text(option.default_value, "an option's default value"));
    added.set_help(read_text(option.help, "an option's help"));
  }
}

// A library of another major answers NULL; it is asked for others, so that the message can name what it speaks.
std::string spoken_majors(PluginEntry entry) {
  constexpr std::uint32_t kFurthestMajor = 16;
  std::string majors;
  for (std::uint32_t major = 0; major <= kFurthestMajor; ++major) {
    if (major != HEADROOM_ABI_MAJOR && entry(major, 0)) majors += (majors.empty() ? "" : ", ") + std::to_string(major);
  }
  return majors;
}

}  // namespace

std::string as_utf8(const char* text, std::int64_t size, std::size_t most_bytes) {
  std::string valid;
  if (!text || size <= 0) return valid;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text);
  std::size_t left = static_cast<std::size_t>(size);
  while (left > 0) {
    const std::size_t length = utf8_length(bytes, left);
    if (valid.size() + std::max<std::size_t>(length, 1) > most_bytes) break;
    if (length == 0) {
      valid += '?';
    } else {
      valid.append(reinterpret_cast<const char*>(bytes), length);
    }
    bytes += std::max<std::size_t>(length, 1);
    left -= std::max<std::size_t>(length, 1);
  }
  return valid;
}

tl::expected<PluginEntry, LoadFault> open_library(const std::string& path, const std::string& data_folder) {
  FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (const std::string wrong = malformed_elf(file.get()); !wrong.empty()) return load_failed(wrong);
  if (!data_folder.empty()) {
    if (const std::string wrong = open_bundled_libraries(file.get(), data_folder); !wrong.empty()) {
      return load_failed(wrong);
    }
  }
  file.reset();
  // Never destroyed: its destructor would unload the library.
  auto* library = new boost::dll::shared_library;
  std::error_code failed;
  dlerror();
  library->load(path, failed, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  if (failed || !library->is_loaded()) {
    const char* why = dlerror();
    return load_failed("the loader refuses it: " +
                       (why ? as_utf8(why, static_cast<std::int64_t>(std::strlen(why)), 1024) : failed.message()));
  }
  void* entry = dlsym(library->native(), HEADROOM_ENTRY_SYMBOL);
  if (!entry) return load_failed("it is no Headroom plugin: it does not export " HEADROOM_ENTRY_SYMBOL);
  return reinterpret_cast<PluginEntry>(entry);
}

tl::expected<LoadedPlugin, LoadFault> read_descriptor(PluginEntry entry, std::uint32_t index) {
  const auto abi_mismatch = [](std::string message) {
    return tl::unexpected<LoadFault>(LoadFault{WorkerVerdict::ABI_MISMATCH, std::move(message)});
  };
  const std::string ours = std::to_string(HEADROOM_ABI_MAJOR);
  const headroom_plugin* at = entry(HEADROOM_ABI_MAJOR, index);
  if (!at) {
    const std::string majors = spoken_majors(entry);
    if (!majors.empty()) return abi_mismatch("it speaks ABI major " + majors + ", this host " + ours);
    return abi_mismatch("it has no plugin " + std::to_string(index) + " for ABI major " + ours);
  }
  try {
    // The major comes first: under another one the rest of the struct may mean anything.
    const auto start = read_struct<headroom_plugin>(at, HEADROOM_END_OF(headroom_plugin, abi_minor), "headroom_plugin");
    if (start.abi_major != HEADROOM_ABI_MAJOR) {
      return abi_mismatch("it was built for ABI major " + std::to_string(start.abi_major) + ", this host speaks " +
                          ours);
    }
    const auto plugin =
        read_struct<headroom_plugin>(at, HEADROOM_END_OF(headroom_plugin, capability), "headroom_plugin");
    LoadedPlugin loaded;
    PluginDescription& description = loaded.description;
    description.set_abi_major(plugin.abi_major);
    description.set_abi_minor(plugin.abi_minor);
    description.set_name(read_name(plugin.name, "the plugin's name", true));
    description.set_version(read_text(plugin.version, "the version", kMostDeclaredNameBytes));
    description.set_description(read_text(plugin.description, "the description"));
    description.set_licence(read_text(plugin.licence, "the licence"));
    check_list(plugin.training_datasets, plugin.n_training_datasets, "training data sets");
    for (std::int64_t i = 0; i < plugin.n_training_datasets; ++i) {
      description.add_training_datasets(read_text(plugin.training_datasets[i], "the name of a training data set"));
    }
    read_options(plugin, description);
    if (plugin.kind == HEADROOM_KIND_EMBEDDING) {
      description.set_kind(PluginKind::EMBEDDING);
      loaded.embedding = read_embedding(plugin.capability, description);
    } else if (plugin.kind == HEADROOM_KIND_PREDICTOR) {
      description.set_kind(PluginKind::PREDICTOR);
      loaded.predictor = read_predictor(plugin.capability, description);
      loaded.held_out_errors = read_held_out_errors(plugin, description);
    } else {
      throw Malformed{"kind is " + std::to_string(plugin.kind) + ", neither an embedding nor a predictor"};
    }
    read_needs(plugin, description);
    return loaded;
  } catch (const Malformed& malformed) {
    return abi_mismatch("its descriptor is malformed: " + malformed.what);
  }
}

}  // namespace headroom
