#include "worker/plugin_host_services.hpp"

#include <unistd.h>

#include <bit>
#include <string_view>
#include <utility>

#include "headroom/fit_facts.h"
#include "headroom/progress.h"
#include "plugin_host/description_check.hpp"
#include "sandbox/sandbox.hpp"
#include "worker/plugin_library.hpp"

namespace headroom {
namespace {

constexpr std::size_t kMostErrorBytes = 4096;
constexpr std::size_t kMostLogLineBytes = 4096;
constexpr std::size_t kMostUnitBytes = 64;

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

const void* PluginHostServices::extension(void*, headroom_string id) {
  static const headroom_progress progress{sizeof(headroom_progress), report_progress};
  static const headroom_fit_facts fit_facts{sizeof(headroom_fit_facts), keep_weight, keep_value};
  if (id.size < 0 || (id.size > 0 && !id.data)) return nullptr;
  const std::string_view asked(id.data, static_cast<std::size_t>(id.size));
  if (asked == HEADROOM_PROGRESS) return &progress;
  return asked == HEADROOM_FIT_FACTS ? &fit_facts : nullptr;
}

void PluginHostServices::keep_weight(void* handle, std::int64_t block, headroom_string kernel, double weight) {
  FitFacts& facts = static_cast<PluginHostServices*>(handle)->fit_facts_;
  if (facts.weights_size() > HEADROOM_MOST_FITTED_WEIGHTS) return;
  FitFacts::Weight& kept = *facts.add_weights();
  kept.set_block(block);
  kept.set_kernel(as_utf8(kernel.data, kernel.size, kMostDeclaredNameBytes + 1));
  kept.set_weight(weight);
}

void PluginHostServices::keep_value(void* handle, headroom_string name, double value) {
  FitFacts& facts = static_cast<PluginHostServices*>(handle)->fit_facts_;
  if (facts.values_size() > HEADROOM_MOST_FITTED_VALUES) return;
  FitFacts::Value& kept = *facts.add_values();
  kept.set_name(as_utf8(name.data, name.size, kMostDeclaredNameBytes + 1));
  kept.set_value(value);
}

void PluginHostServices::report_progress(void* handle, std::int64_t done, std::int64_t total, headroom_string unit) {
  auto* self = static_cast<PluginHostServices*>(handle);
  if (done < 0 || total < 0) return;
  const std::string name = as_utf8(unit.data, unit.size, kMostUnitBytes);
  std::string progress_of = name + " " + std::to_string(total);
  // Hundredths where the end is known; else a step for each doubling.
  const std::int64_t step =
      total > 0 ? static_cast<std::int64_t>(100.0 * static_cast<double>(done) / static_cast<double>(total))
                : std::bit_width(static_cast<std::uint64_t>(done));
  if (progress_of == self->progress_of_ && step == self->told_progress_) return;
  self->progress_of_ = std::move(progress_of);
  self->told_progress_ = step;
  const std::string of = total > 0 ? " of " + std::to_string(total) : "";
  const std::string line = "progress: " + std::to_string(done) + of + (name.empty() ? "" : " " + name);
  log(handle, HEADROOM_LOG_INFO, {line.data(), static_cast<std::int64_t>(line.size())});
}

}  // namespace headroom
