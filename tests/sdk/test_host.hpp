// The worker's side of the ABI, in the test's own process: options, log and errors, and libraries opened from a file.
#pragma once

#include <dlfcn.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "headroom/fit_facts.h"
#include "headroom/plugin.h"
#include "headroom/progress.h"

namespace headroom::testing {

inline std::string_view text_of(headroom_string s) {
  return std::string_view(s.data, static_cast<std::size_t>(s.size));
}
inline headroom_string c_text(std::string_view s) { return {s.data(), static_cast<std::int64_t>(s.size())}; }

// The context of requests that tests make by hand.
inline const headroom_string kTestContext = c_text("K562");

class TestHost {
 public:
  TestHost() {
    host_.struct_size = sizeof(headroom_host);
    host_.handle = this;
    host_.set_error = [](void* handle, headroom_string message) { self(handle).error = text_of(message); };
    host_.log = [](void* handle, std::int32_t level, headroom_string line) {
      self(handle).lines.push_back(std::to_string(level) + " " + std::string(text_of(line)));
    };
    host_.option = [](void* handle, headroom_string key) {
      const auto found = self(handle).options.find(std::string(text_of(key)));
      return found == self(handle).options.end() ? headroom_string{nullptr, 0} : c_text(found->second);
    };
    host_.extension = [](void* handle, headroom_string id) -> const void* {
      static const headroom_progress progress = [] {
        headroom_progress service{};
        service.struct_size = sizeof(service);
        service.report = [](void* told, std::int64_t done, std::int64_t total, headroom_string unit) {
          self(told).lines.push_back(std::to_string(done) + "/" + std::to_string(total) + " " +
                                     std::string(text_of(unit)));
        };
        return service;
      }();
      static const headroom_fit_facts fit_facts = [] {
        headroom_fit_facts service{};
        service.struct_size = sizeof(service);
        service.weight = [](void* told, std::int64_t block, headroom_string kernel, double weight) {
          self(told).facts[std::to_string(block) + " " + std::string(text_of(kernel))] = weight;
        };
        service.value = [](void* told, headroom_string name, double value) {
          self(told).facts[std::string(text_of(name))] = value;
        };
        return service;
      }();
      if (self(handle).listens_to_facts && text_of(id) == HEADROOM_FIT_FACTS) return &fit_facts;
      return self(handle).listens_to_progress && text_of(id) == HEADROOM_PROGRESS ? &progress : nullptr;
    };
    host_.n_threads = 1;
  }
  TestHost(const TestHost&) = delete;
  TestHost& operator=(const TestHost&) = delete;

  // Options that the plugin declared, at their defaults.
  void take_defaults(const headroom_plugin& plugin) {
    for (std::int64_t i = 0; i < plugin.n_options; ++i) {
      options[std::string(text_of(plugin.options[i]->key))] = text_of(plugin.options[i]->default_value);
    }
  }

  headroom_host* c() { return &host_; }

  std::map<std::string, std::string> options;
  std::vector<std::string> lines;
  std::string error;
  std::map<std::string, double> facts;  // of a fit: "0 rbf" (block and kernel), "lambda"
  bool listens_to_progress = false, listens_to_facts = false;

 private:
  static TestHost& self(void* handle) { return *static_cast<TestHost*>(handle); }
  headroom_host host_{};
};

using Entry = decltype(&headroom_plugin_entry);

// The entry of a library; null, with dlerror() set, if it cannot be opened. Never closed: a plugin stays until the end.
inline Entry open_entry(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  return library ? reinterpret_cast<Entry>(dlsym(library, HEADROOM_ENTRY_SYMBOL)) : nullptr;
}

}  // namespace headroom::testing
