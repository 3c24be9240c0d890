// The C++ layer over plugin.h, header-only: text and matrix views, the host's services, errors, and the registration of
// plugins. Include headroom/embedding.hpp or headroom/predictor.hpp to write one. Whatever version of these headers a
// plugin was built with, it reads no field that the worker that it meets did not fill (plugin.h, "Growth").
//
// Nothing here crosses the boundary: only the plain structs of the C headers do. A plugin may therefore be built with
// any compiler, standard library and Eigen version, whatever the worker was built with. Needs C++17 and Eigen 3.4.
#pragma once

#include "headroom/fit_facts.h"
#include "headroom/plugin.h"
#include "headroom/progress.h"

#if defined(__has_include)
#if !__has_include(<Eigen/Core>)
#error "headroom/plugin.hpp needs Eigen 3.4 on the include path (Debian: libeigen3-dev); the C headers need nothing"
#endif
#endif
#include <Eigen/Core>

#include <cstdint>
#include <exception>
#include <initializer_list>
#include <locale>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headroom::sdk {

// Row-major doubles: one row is one perturbation. Maps view the worker's memory without a copy and end with the call.
using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using MatrixMap = Eigen::Map<Matrix, Eigen::Unaligned, Eigen::OuterStride<>>;
using ConstMatrixMap = Eigen::Map<const Matrix, Eigen::Unaligned, Eigen::OuterStride<>>;
using ConstRowMap = Eigen::Map<const Eigen::RowVectorXd>;

inline ConstMatrixMap map(const headroom_matrix& m) {
  return ConstMatrixMap(m.data, m.rows, m.cols, Eigen::OuterStride<>(m.row_stride));
}
inline MatrixMap map(const headroom_matrix_mut& m) {
  return MatrixMap(m.data, m.rows, m.cols, Eigen::OuterStride<>(m.row_stride));
}

inline std::string_view view(headroom_string s) {
  return s.size > 0 ? std::string_view(s.data, static_cast<std::size_t>(s.size)) : std::string_view();
}
inline headroom_string c_string(std::string_view s) {
  return headroom_string{s.data(), static_cast<std::int64_t>(s.size())};
}

// Throw these (or anything else) from a plugin's functions: the message reaches the user as the reason of failure.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
// This plugin does not do what was asked for: a task kind, a number of blocks.
class Unsupported : public Error {
 public:
  using Error::Error;
};

// Whether the struct that the other side filled reaches as far as `member`. Needed for every field that was added after
// ABI 1.0.
template <class Struct, class Field>
bool has_field(const Struct& s, Field Struct::*member) {
  const auto begin = reinterpret_cast<const char*>(&s);
  const auto end = reinterpret_cast<const char*>(&(s.*member)) + sizeof(Field);
  return end - begin <= s.struct_size;
}

// The worker's services and the settings of this run; see headroom_host. Valid during the call that received it.
class Host {
 public:
  explicit Host(const headroom_host& host) : host_(host) {}

  // The value in effect of an option that the plugin declared. Throws Error for a key that it did not declare, and
  // where the value does not parse.
  std::string text(std::string_view key) const {
    const headroom_string value = host_.option(host_.handle, c_string(key));
    if (value.data == nullptr) throw Error("option '" + std::string(key) + "' was not declared by the plugin");
    return std::string(view(value));
  }
  double number(std::string_view key) const { return parse<double>(key, "a number"); }
  std::int64_t integer(std::string_view key) const { return parse<std::int64_t>(key, "a whole number"); }
  bool flag(std::string_view key) const {
    const std::string value = text(key);
    if (value == "true" || value == "1" || value == "yes" || value == "on") return true;
    if (value == "false" || value == "0" || value == "no" || value == "off") return false;
    throw Error("option '" + std::string(key) + "' is '" + value + "', not true or false");
  }

  void info(std::string_view line) const { host_.log(host_.handle, HEADROOM_LOG_INFO, c_string(line)); }
  void warn(std::string_view line) const { host_.log(host_.handle, HEADROOM_LOG_WARNING, c_string(line)); }

  std::uint64_t seed() const { return host_.seed; }  // of everything random in the plugin
  int n_threads() const { return host_.n_threads; }  // how many threads the plugin may use, at least 1
  std::string data_folder() const { return std::string(view(host_.data_folder)); }  // empty if it has none

  // `done` of `total` units ("epochs") of a long call are done; total 0: unknown. For every step, if it suits.
  void progress(std::int64_t done, std::int64_t total, std::string_view unit) const {
    const auto* service = static_cast<const headroom_progress*>(extension(HEADROOM_PROGRESS));
    if (service != nullptr) service->report(host_.handle, done, total, c_string(unit));
  }
  // What a predictor fitted, for the results to show (fit_facts.h): told in predict() of one setting, lost elsewhere and
  // on a host that does not listen. The weight of a block of the request, `kernel` being the part of the predictor by
  // which it counts, or empty; and a named number.
  void tell_weight(std::int64_t block, std::string_view kernel, double weight) const {
    const auto* service = static_cast<const headroom_fit_facts*>(extension(HEADROOM_FIT_FACTS));
    if (service != nullptr) service->weight(host_.handle, block, c_string(kernel), weight);
  }
  void tell_value(std::string_view name, double value) const {
    const auto* service = static_cast<const headroom_fit_facts*>(extension(HEADROOM_FIT_FACTS));
    if (service != nullptr) service->value(host_.handle, c_string(name), value);
  }
  // A service by versioned id, or nullptr where this host does not have it.
  const void* extension(std::string_view id) const { return host_.extension(host_.handle, c_string(id)); }
  const headroom_host& c() const { return host_; }

 private:
  template <class T>
  T parse(std::string_view key, const char* what) const {
    const std::string value = text(key);
    std::istringstream stream(value);
    stream.imbue(std::locale::classic());
    T parsed{};
    if (!(stream >> parsed) || !(stream >> std::ws).eof()) {
      throw Error("option '" + std::string(key) + "' is '" + value + "', not " + what);
    }
    return parsed;
  }

  const headroom_host& host_;
};

// Features of the contexts of a request. Views; valid during the call.
class ContextBlock {
 public:
  explicit ContextBlock(const headroom_context_block& block) : block_(block) {}

  std::string_view name() const { return view(block_.name); }
  ConstMatrixMap features() const { return map(block_.features); }  // contexts × features; zero where absent
  bool present(std::int64_t context) const { return !block_.present || block_.present[context] != 0; }
  const headroom_context_block& c() const { return block_; }

 private:
  const headroom_context_block& block_;
};

// The contexts (cell lines) of a request: names, and features by block.
class Contexts {
 public:
  Contexts(const headroom_string* names, std::int64_t n, const headroom_context_block* const* blocks,
           std::int64_t n_blocks)
      : names_(names), n_(n), blocks_(blocks), n_blocks_(n_blocks) {}

  std::int64_t size() const { return n_; }
  std::string_view name(std::int64_t c) const { return view(names_[c]); }
  std::int64_t n_blocks() const { return n_blocks_; }
  ContextBlock block(std::int64_t b) const { return ContextBlock(*blocks_[b]); }
  // The mean profile of each context's control cells, contexts × genes; no rows where the task has none.
  ConstMatrixMap control_profiles() const {
    for (std::int64_t b = 0; b < n_blocks_; ++b) {
      if (block(b).name() == HEADROOM_CONTROL_PROFILE) return block(b).features();
    }
    return ConstMatrixMap(nullptr, 0, 0, Eigen::OuterStride<>(0));
  }

 private:
  const headroom_string* names_;
  std::int64_t n_;
  const headroom_context_block* const* blocks_;
  std::int64_t n_blocks_;
};

// A setting that users give as --set PLUGIN.KEY=VALUE.
struct Option {
  std::string key;            // letters, digits, '_'
  std::string default_value;  // text, as a user would write it
  std::string help;           // one line: meaning, unit, range
};

// What a plugin says of itself; shown in results.
struct About {
  std::string name;         // letters, digits, '_', '-', '.'
  std::string version;      // of the plugin: "1.2.0"
  std::string description;  // one line
  std::string licence;      // SPDX identifier of code and weights
  std::vector<std::string> training_datasets = {};  // what the weights were trained on; empty if nothing was trained
  std::vector<Option> options = {};
};

namespace detail {

// Runs a plugin function at the boundary: whatever it throws becomes a status and a message.
template <class Function>
headroom_status guarded(const headroom_host* host, Function&& function) noexcept {
  const auto fail = [host](headroom_status status, std::string_view message) noexcept {
    host->set_error(host->handle, c_string(message));
    return status;
  };
  try {
    function();
    return HEADROOM_OK;
  } catch (const Unsupported& error) {
    return fail(HEADROOM_UNSUPPORTED, error.what());
  } catch (const std::bad_alloc&) {
    return fail(HEADROOM_ERROR, "out of memory");
  } catch (const std::exception& error) {
    return fail(HEADROOM_ERROR, error.what());
  } catch (...) {
    return fail(HEADROOM_ERROR, "an exception that is not a std::exception");
  }
}

inline void require_that(bool holds, const char* what) {
  if (!holds) throw Error(std::string("the worker's request is inconsistent: ") + what);
}

// A struct that ends before `last_of_1_0`, the last field that ABI 1.0 has, was never valid. The size of the struct here
// says nothing: these headers may be newer than the worker's.
template <class Struct, class Field>
void require_1_0(const Struct& s, Field Struct::*last_of_1_0, const char* name) {
  if (!has_field(s, last_of_1_0)) {
    throw Error(std::string(name) + " is smaller than in ABI 1.0: the worker is broken or not Headroom's");
  }
}

inline void check(const headroom_host& host) { require_1_0(host, &headroom_host::data_folder, "headroom_host"); }

inline void check_contexts(const headroom_string* names, std::int64_t n, const headroom_context_block* const* blocks,
                           std::int64_t n_blocks) {
  require_that(n >= 1 && names != nullptr, "there is no context");
  for (std::int64_t b = 0; b < n_blocks; ++b) {
    require_1_0(*blocks[b], &headroom_context_block::present, "headroom_context_block");
    require_that(blocks[b]->features.rows == n, "a context block's rows are not n_contexts");
  }
}

// `numbers`: one per row, below n; NULL stands for zeros where that is allowed.
inline void check_numbers(const std::int32_t* numbers, std::int64_t n_rows, std::int64_t n, const char* what) {
  for (std::int64_t i = 0; numbers != nullptr && i < n_rows; ++i) require_that(numbers[i] >= 0 && numbers[i] < n, what);
}

// Owns what a headroom_plugin points to.
class Descriptor {
 public:
  using Extension = const void* (*)(headroom_string id);

  Descriptor(About about, std::int32_t kind, const void* capability, Extension extension) : about_(std::move(about)) {
    for (const std::string& name : about_.training_datasets) datasets_.push_back(c_string(name));
    options_.reserve(about_.options.size());
    for (const Option& o : about_.options) {
      options_.push_back({sizeof(headroom_option), c_string(o.key), c_string(o.default_value), c_string(o.help)});
      option_pointers_.push_back(&options_.back());
    }
    plugin_.struct_size = sizeof(headroom_plugin);
    plugin_.abi_major = HEADROOM_ABI_MAJOR;
    plugin_.abi_minor = HEADROOM_ABI_MINOR;
    plugin_.kind = kind;
    plugin_.name = c_string(about_.name);
    plugin_.version = c_string(about_.version);
    plugin_.description = c_string(about_.description);
    plugin_.licence = c_string(about_.licence);
    plugin_.training_datasets = datasets_.empty() ? nullptr : datasets_.data();
    plugin_.n_training_datasets = static_cast<std::int64_t>(datasets_.size());
    plugin_.options = option_pointers_.empty() ? nullptr : option_pointers_.data();
    plugin_.n_options = static_cast<std::int64_t>(option_pointers_.size());
    plugin_.capability = capability;
    plugin_.extension = extension;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  const headroom_plugin* c() const { return &plugin_; }

 private:
  About about_;
  std::vector<headroom_string> datasets_;
  std::vector<headroom_option> options_;
  std::vector<const headroom_option*> option_pointers_;
  headroom_plugin plugin_{};
};

// What the class offers by versioned id.
template <class Plugin>
const void* extension_of(headroom_string id) noexcept {
  try {
    return Plugin::extension(view(id));
  } catch (...) {  // to a worker, not offered
    return nullptr;
  }
}

// descriptor<Plugin>() is defined in embedding.hpp and predictor.hpp, for classes derived from their base classes.
template <class Plugin, class Enable = void>
struct Registration;

template <class... Plugins>
const headroom_plugin* entry(std::uint32_t abi_major, std::uint32_t index) noexcept {
  if (abi_major != HEADROOM_ABI_MAJOR || index >= sizeof...(Plugins)) return nullptr;
  using Maker = const headroom_plugin* (*)();
  static constexpr Maker makers[] = {&Registration<Plugins>::descriptor...};
  try {
    return makers[index]();
  } catch (...) {  // out of memory while the descriptor was put together
    return nullptr;
  }
}

}  // namespace detail
}  // namespace headroom::sdk

// Exports the plugins of this library, once, in one source file: HEADROOM_PLUGINS(MyEmbedding) or several, by class.
#define HEADROOM_PLUGINS(...)                                                                             \
  extern "C" HEADROOM_EXPORT const headroom_plugin* headroom_plugin_entry(uint32_t abi_major, uint32_t index) { \
    return ::headroom::sdk::detail::entry<__VA_ARGS__>(abi_major, index);                                 \
  }
