// A plugin's description as it came out of a worker: by then the plugin may have forged it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plugin.pb.h"

namespace headroom {

// The most that a plugin may declare. The worker refuses more with the same numbers when it reads a descriptor, but by
// the time that its word arrives the plugin may have forged it.
inline constexpr int kMostDeclaredNameBytes = 64;                      // of names, keys and the version
inline constexpr int kMostDeclaredTextBytes = 4096;                    // of a description, a licence, a help text
inline constexpr int kMostDeclaredItems = 64;                          // options, hyperparameters, data sets
inline constexpr int kMostGridValues = 512;                            // of one hyperparameter
inline constexpr std::int64_t kMostDimension = std::int64_t{1} << 20;  // columns of an embedding
// Of all combinations of a grid: each is predicted on every inner split, and its scores are kept.
inline constexpr std::int64_t kMostGridPoints = 1024;
inline constexpr std::int64_t kMostGridNumbers = 8192;  // points × hyperparameters

// Whether a plugin may give something this name: letters, digits and `further_characters`, at most
// kMostDeclaredNameBytes, not empty.
bool is_declared_name(std::string_view text, std::string_view further_characters);

// What is wrong with it, or an empty string: more of anything than is allowed, names of other characters than the
// headers allow, text with control characters, a grid with values that are not finite or out of range, no kind, no
// number of blocks.
std::string fault_of(const PluginDescription& description);

// How many combinations there are of so many values each; none where they are more than a grid may have. One for no
// hyperparameters.
template <class Counts>
std::optional<std::int64_t> grid_points(const Counts& n_values) {
  std::int64_t points = 1, parameters = 0;
  for (const auto n : n_values) {
    if (n < 1 || static_cast<std::int64_t>(n) > kMostGridPoints / points) return std::nullopt;
    points *= static_cast<std::int64_t>(n);
    ++parameters;
  }
  if (points * parameters > kMostGridNumbers) return std::nullopt;
  return points;
}

// Why a sound plugin cannot be used for this kind of task and one embedding at a time, which is all that a run asks of
// what is no fusion predictor; empty if it can.
std::string unsuited_because(const PluginDescription& description, TaskKind asked = TaskKind::REGRESSION);

// Why a sound predictor cannot be used in a fusion for this kind of task, and why not with so many blocks; empty if it
// can.
std::string unsuited_for_fusion(const PluginDescription& description, TaskKind asked);
std::string unsuited_for_blocks(const PluginDescription& description, std::size_t n_blocks);

}  // namespace headroom
