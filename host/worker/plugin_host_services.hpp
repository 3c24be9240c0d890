// What the worker does for the plugin during a call: the headroom_host of plugin.h, and the extensions of it that this
// host has (headroom.progress/1, headroom.fit-facts/1).
#pragma once

#include <map>
#include <string>
#include <utility>

#include "headroom/plugin.h"
#include "plugin.pb.h"
#include "worker.pb.h"

namespace headroom {

class PluginHostServices {
 public:
  PluginHostServices();
  PluginHostServices(const PluginHostServices&) = delete;
  PluginHostServices& operator=(const PluginHostServices&) = delete;

  // Options take the declared default unless `settings` names them.
  void configure(const PluginDescription& description, const Configure& settings);

  const headroom_host* host() const { return &host_; }
  // The plugin's last words, cut to 4 KiB of valid UTF-8; forgotten by the call.
  std::string take_error() { return std::exchange(error_, {}); }
  // What a predictor told of its fit since the last call; forgotten by the call. Cut to one fact and one byte of a name
  // more than may be told: whether the facts are sound is for the host to judge (plugin_host/fit_facts.hpp).
  FitFacts take_fit_facts() { return std::exchange(fit_facts_, {}); }

 private:
  static void set_error(void* handle, headroom_string message);
  static void log(void* handle, std::int32_t level, headroom_string message);
  static headroom_string option(void* handle, headroom_string key);
  static const void* extension(void* handle, headroom_string id);
  static void report_progress(void* handle, std::int64_t done, std::int64_t total, headroom_string unit);
  static void keep_weight(void* handle, std::int64_t block, headroom_string kernel, double weight);
  static void keep_value(void* handle, headroom_string name, double value);

  headroom_host host_{};
  std::map<std::string, std::string, std::less<>> options_;
  std::string data_folder_;
  std::string error_;
  FitFacts fit_facts_;
  std::string progress_of_;         // unit and total of the progress that is being told
  std::int64_t told_progress_ = 0;  // the step of it that was logged last
};

}  // namespace headroom
