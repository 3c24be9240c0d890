#include "plugin_host/description_check.hpp"

#include <headroom/needs.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

namespace headroom {

bool is_declared_name(std::string_view text, std::string_view further_characters) {
  return !text.empty() && text.size() <= kMostDeclaredNameBytes &&
         std::all_of(text.begin(), text.end(), [&](unsigned char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  further_characters.find(static_cast<char>(c)) != std::string_view::npos;
         });
}

namespace {

bool is_plain(std::string_view text) {
  return text.size() <= kMostDeclaredTextBytes &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

std::string fault_of(const Hyperparameter& parameter) {
  if (!is_declared_name(parameter.name(), "_")) return "a hyperparameter has no proper name";
  if (!is_plain(parameter.help())) return "a hyperparameter's help has control characters or is too long";
  const double low = parameter.minimum(), high = parameter.maximum();
  if (std::isnan(low) || std::isnan(high) || low > high) return "a hyperparameter has no range";
  if (parameter.grid().empty()) return "a hyperparameter has no grid";
  if (parameter.grid_size() > kMostGridValues) return "a hyperparameter's grid has too many values";
  for (const double value : parameter.grid()) {
    if (!std::isfinite(value) || value < low || value > high) return "a grid value is out of range";
    if (parameter.is_integer() && value != std::floor(value)) return "a grid value is not whole";
  }
  return {};
}

}  // namespace

std::string fault_of(const PluginDescription& description) {
  if (description.kind() != PluginKind::EMBEDDING && description.kind() != PluginKind::PREDICTOR)
    return "it has no kind";
  if (!is_declared_name(description.name(), "_-.")) return "the plugin has no proper name";
  for (const std::string* text : {&description.version(), &description.description(), &description.licence()}) {
    if (!is_plain(*text)) return "a text has control characters or is too long";
  }
  if (description.version().size() > kMostDeclaredNameBytes) return "its version is too long";
  for (const int n :
       {description.training_datasets_size(), description.options_size(), description.hyperparameters_size()}) {
    if (n > kMostDeclaredItems) return "it declares " + std::to_string(n) + " items of one kind";
  }
  if (description.task_kinds_size() > TaskKind_ARRAYSIZE) return "it names a kind of task twice";
  for (const std::string& name : description.training_datasets()) {
    if (!is_plain(name)) return "the name of a data set has control characters or is too long";
  }
  std::set<std::string> names;
  for (const PluginOption& option : description.options()) {
    if (!is_declared_name(option.key(), "_") || !names.insert(option.key()).second)
      return "an option has no proper key";
    if (!is_plain(option.default_value()) || !is_plain(option.help()))
      return "an option's text has control characters or is too long";
  }
  names.clear();
  for (const Hyperparameter& parameter : description.hyperparameters()) {
    if (std::string fault = fault_of(parameter); !fault.empty()) return fault;
    if (!names.insert(parameter.name()).second) return "two hyperparameters have one name";
  }
  std::vector<int> n_values;
  for (const Hyperparameter& parameter : description.hyperparameters()) n_values.push_back(parameter.grid_size());
  if (!grid_points(n_values)) {
    return "its grids have too many combinations: there may be " + std::to_string(kMostGridPoints) + ", and " +
           std::to_string(kMostGridNumbers) + " values in all of them";
  }
  const double wall_s = description.own_wall_time_s();
  if (!(wall_s >= 0 && wall_s <= HEADROOM_MOST_NEEDED_WALL_S)) return "it needs a time that is none";
  if (description.own_address_space_bytes() > HEADROOM_MOST_NEEDED_MEMORY_BYTES) return "it needs too much memory";
  if (description.kind() == PluginKind::PREDICTOR) {
    const int most = description.max_blocks();
    if (description.min_blocks() < 1 || (most != 0 && most < description.min_blocks()))
      return "it takes no number of blocks";
    if (description.task_kinds().empty()) return "it does no kind of task";
  }
  return {};
}

namespace {

std::string unsuited_for_task(const PluginDescription& description, TaskKind asked) {
  const auto& kinds = description.task_kinds();
  if (std::find(kinds.begin(), kinds.end(), asked) != kinds.end()) return {};
  return asked == TaskKind::REGRESSION ? "it predicts classes, and a run asks for deltas"
                                       : "it predicts deltas, and a run of the target deg asks for classes";
}

}  // namespace

std::string unsuited_because(const PluginDescription& description, TaskKind asked) {
  if (description.kind() != PluginKind::PREDICTOR) return {};
  if (description.min_blocks() > 1) {
    return "it takes at least " + std::to_string(description.min_blocks()) +
           " blocks of features, and a run gives it one embedding";
  }
  return unsuited_for_task(description, asked);
}

std::string unsuited_for_fusion(const PluginDescription& description, TaskKind asked) {
  if (description.kind() != PluginKind::PREDICTOR) return {};
  if (description.max_blocks() == 1) return "it takes one block of features, and a fusion has several";
  return unsuited_for_task(description, asked);
}

std::string unsuited_for_blocks(const PluginDescription& description, std::size_t n_blocks) {
  const auto n = static_cast<std::int64_t>(n_blocks);
  if (n < description.min_blocks()) {
    return "it takes at least " + std::to_string(description.min_blocks()) + " blocks of features, and there " +
           (n == 1 ? "is 1" : "are " + std::to_string(n));
  }
  if (description.max_blocks() != 0 && n > description.max_blocks()) {
    return "it takes at most " + std::to_string(description.max_blocks()) + " blocks of features, and there are " +
           std::to_string(n);
  }
  return {};
}

}  // namespace headroom
