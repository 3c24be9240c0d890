#include "worker/plugin_host_services.hpp"

#include <unistd.h>

#include <string_view>

#include "sandbox/sandbox.hpp"
#include "worker/plugin_library.hpp"

namespace headroom {
namespace {

constexpr std::size_t kMostErrorBytes = 4096;
constexpr std::size_t kMostLogLineBytes = 4096;

}  // namespace

PluginHostServices::PluginHostServices() {
  host_.struct_size = sizeof(host_);
  host_.handle = this;
  host_.set_error = set_error;
  host_.log = log;
  host_.option = option;
  host_.extension = extension;
  host_.n_threads = 1;
}

void PluginHostServices::configure(const PluginDescription& description, const Configure& settings) {
  options_.clear();
  for (const PluginOption& declared : description.options()) options_[declared.key()] = declared.default_value();
  for (const OptionValue& given : settings.options()) {
    if (const auto found = options_.find(given.key()); found != options_.end()) found->second = given.value();
  }
  data_folder_ = settings.data_folder();
  host_.seed = settings.seed();
  host_.n_threads = static_cast<std::int32_t>(settings.n_threads());
  host_.data_folder = {data_folder_.data(), static_cast<std::int64_t>(data_folder_.size())};
}

void PluginHostServices::set_error(void* handle, headroom_string message) {
  static_cast<PluginHostServices*>(handle)->error_ = as_utf8(message.data, message.size, kMostErrorBytes);
}

void PluginHostServices::log(void*, std::int32_t level, headroom_string message) {
  std::string line = level == HEADROOM_LOG_WARNING ? "warning: " : "";
  line += as_utf8(message.data, message.size, kMostLogLineBytes);
  line += '\n';
  // A log that nobody takes is no reason to fail.
  if (write(kLogFd, line.data(), line.size()) < 0) return;
}

headroom_string PluginHostServices::option(void* handle, headroom_string key) {
  const auto* self = static_cast<PluginHostServices*>(handle);
  if (key.size < 0 || (key.size > 0 && !key.data)) return {};
  const auto found = self->options_.find(std::string_view(key.data, static_cast<std::size_t>(key.size)));
  if (found == self->options_.end()) return {};
  // Empty text is still a value: only an undeclared key gives a null pointer.
  return {found->second.c_str(), static_cast<std::int64_t>(found->second.size())};
}

const void* PluginHostServices::extension(void*, headroom_string) { return nullptr; }

}  // namespace headroom
