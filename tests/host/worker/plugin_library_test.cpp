// Descriptors as plugins of other versions, or of no care, would give them. Loading itself is tested with real
// libraries and workers (plugin_host).
#include "worker/plugin_library.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <functional>
#include <string_view>

namespace headroom {
namespace {

using testing::HasSubstr;

template <std::size_t n>
headroom_string text(const char (&literal)[n]) {
  return {literal, static_cast<std::int64_t>(n) - 1};
}

headroom_status predict(const headroom_host*, const headroom_predictor_request*, headroom_predictor_output*) {
  return HEADROOM_OK;
}

// A sound predictor; tests spoil one thing each.
struct Sound {
  double grid[3] = {1, 2, 3};
  headroom_hyperparameter parameter{
      sizeof(headroom_hyperparameter), text("k"), text("neighbours"), 1, 0, 1, INFINITY, grid, 3};
  const headroom_hyperparameter* parameters[1] = {&parameter};
  headroom_predictor predictor{
      sizeof(headroom_predictor), HEADROOM_SUPPORTS_REGRESSION, 1, 0, 0, parameters, 1, predict};
  headroom_option option{sizeof(headroom_option), text("metric"), text("l2"), text("distance")};
  const headroom_option* options[1] = {&option};
  headroom_string datasets[1] = {text("atlas")};
  headroom_plugin plugin{sizeof(headroom_plugin),
                         HEADROOM_ABI_MAJOR,
                         0,
                         HEADROOM_KIND_PREDICTOR,
                         0,
                         text("knn"),
                         text("1"),
                         text("Nachbarn, gemittelt — ünïcode"),
                         text("MIT"),
                         datasets,
                         1,
                         options,
                         1,
                         &predictor,
                         nullptr};
};

const headroom_plugin* given = nullptr;
std::uint32_t spoken_major = HEADROOM_ABI_MAJOR;
const headroom_plugin* entry(std::uint32_t major, std::uint32_t index) {
  return major == spoken_major && index == 0 ? given : nullptr;
}

tl::expected<LoadedPlugin, LoadFault> read(const Sound& sound) {
  given = &sound.plugin;
  return read_descriptor(entry, 0);
}

TEST(PluginLibrary, ReadsASoundDescriptor) {
  const Sound sound;
  const auto loaded = read(sound);
  ASSERT_TRUE(loaded) << loaded.error().message;
  const PluginDescription& description = loaded->description;
  EXPECT_EQ(description.name(), "knn");
  EXPECT_EQ(description.description(), "Nachbarn, gemittelt — ünïcode");
  EXPECT_EQ(description.options(0).default_value(), "l2");
  EXPECT_EQ(description.hyperparameters(0).grid_size(), 3);
  EXPECT_TRUE(description.hyperparameters(0).is_integer());
  EXPECT_EQ(description.task_kinds_size(), 1);
  EXPECT_EQ(loaded->predictor.predict, predict);
  EXPECT_FALSE(read_descriptor(entry, 1));
}

TEST(PluginLibrary, ReadsDescriptorsOfOlderAndNewerMinors) {
  // Older: ends before the last field. The byte behind it must not be read.
  Sound sound;
  sound.plugin.struct_size = offsetof(headroom_plugin, extension);
  EXPECT_TRUE(read(sound));
  // Newer: fields that this host does not know follow.
  struct Newer {
    headroom_plugin plugin;
    std::array<std::uint64_t, 4> more;
  } newer{sound.plugin, {1, 2, 3, 4}};
  newer.plugin.struct_size = sizeof(newer);
  newer.plugin.abi_minor = 9;
  given = &newer.plugin;
  const auto loaded = read_descriptor(entry, 0);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->description.abi_minor(), 9u);
}

headroom_needs needs{sizeof(headroom_needs), 1, 0, 7200, std::int64_t{12} << 30};
const void* needing(headroom_string id) {
  return std::string_view(id.data, static_cast<std::size_t>(id.size)) == HEADROOM_NEEDS ? &needs : nullptr;
}

TEST(PluginLibrary, ReadsWhatAPluginNeeds) {
  Sound sound;
  EXPECT_FALSE(read(sound)->description.wants_raw_features());
  EXPECT_EQ(read(sound)->description.own_wall_time_s(), 0);
  sound.plugin.extension = needing;
  const auto loaded = read(sound);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_TRUE(loaded->description.wants_raw_features());
  EXPECT_EQ(loaded->description.own_wall_time_s(), 7200);
  EXPECT_EQ(loaded->description.own_address_space_bytes(), std::uint64_t{12} << 30);
  for (const double wall_s : {-1.0, 1e9, static_cast<double>(NAN)}) {
    needs.wall_time_s = wall_s;
    const auto refused = read(sound);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("headroom_needs.wall_time_s"));
  }
  needs.wall_time_s = 0;
  needs.memory_bytes = -5;
  EXPECT_FALSE(read(sound));
  needs.memory_bytes = 0;
  needs.struct_size = 16;
  EXPECT_FALSE(read(sound));
  needs.struct_size = sizeof(needs);
}

TEST(PluginLibrary, NamesTheMajorThatALibrarySpeaks) {
  Sound sound;
  spoken_major = 3;
  const auto loaded = read(sound);
  spoken_major = HEADROOM_ABI_MAJOR;
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().verdict, WorkerVerdict::ABI_MISMATCH);
  EXPECT_EQ(loaded.error().message, "it speaks ABI major 3, this host 1");
}

TEST(PluginLibrary, RefusesEverythingThatIsNotSound) {
  static const std::string long_text(5000, 'x');
  struct Spoiler {
    const char* message;
    std::function<void(Sound&)> spoil;
  };
  const Spoiler spoilers[] = {
      {"built for ABI major 2", [](Sound& s) { s.plugin.abi_major = 2; }},
      {"headroom_plugin.struct_size is 0", [](Sound& s) { s.plugin.struct_size = 0; }},
      {"headroom_plugin.struct_size is -8", [](Sound& s) { s.plugin.struct_size = -8; }},
      {"headroom_plugin.struct_size", [](Sound& s) { s.plugin.struct_size = std::int64_t{1} << 40; }},
      {"kind is 3", [](Sound& s) { s.plugin.kind = 3; }},
      {"the plugin's name must be", [](Sound& s) { s.plugin.name = text("a b"); }},
      {"the plugin's name must be",
       [](Sound& s) {
         s.plugin.name = {nullptr, 0};
       }},
      {"null pointer with a size",
       [](Sound& s) {
         s.plugin.version = {nullptr, 3};
       }},
      {"the version is longer", [](Sound& s) { s.plugin.version.size = -1; }},
      {"the description is longer",
       [](Sound& s) {
         s.plugin.description = {long_text.data(), 5000};
       }},
      {"the description is not UTF-8", [](Sound& s) { s.plugin.description = text("\xc3"); }},
      {"the licence has a control character", [](Sound& s) { s.plugin.licence = text("MIT\n"); }},
      {"number of options is -1", [](Sound& s) { s.plugin.n_options = -1; }},
      {"number of options is 65", [](Sound& s) { s.plugin.n_options = 65; }},
      {"list of options is a null pointer", [](Sound& s) { s.plugin.options = nullptr; }},
      {"headroom_option is a null pointer", [](Sound& s) { s.options[0] = nullptr; }},
      {"an option's key must be", [](Sound& s) { s.option.key = text("a-b"); }},
      {"headroom_option.struct_size", [](Sound& s) { s.option.struct_size = 8; }},
      {"training data sets is a null", [](Sound& s) { s.plugin.training_datasets = nullptr; }},
      {"headroom_predictor is a null pointer", [](Sound& s) { s.plugin.capability = nullptr; }},
      {"predict is a null pointer", [](Sound& s) { s.predictor.predict = nullptr; }},
      {"no number of blocks", [](Sound& s) { s.predictor.min_blocks = 0; }},
      {"no number of blocks", [](Sound& s) { s.predictor.min_blocks = 3, s.predictor.max_blocks = 2; }},
      {"no kind of task", [](Sound& s) { s.predictor.task_kinds = 0x80; }},
      {"must have a grid", [](Sound& s) { s.parameter.n_grid = 0; }},
      {"must have a grid", [](Sound& s) { s.parameter.grid = nullptr; }},
      {"must have a grid", [](Sound& s) { s.parameter.n_grid = std::int64_t{1} << 40; }},
      {"not finite", [](Sound& s) { s.grid[1] = NAN; }},
      {"out of its range", [](Sound& s) { s.grid[1] = 0; }},
      {"with a fraction", [](Sound& s) { s.grid[1] = 1.5; }},
      {"has no range", [](Sound& s) { s.parameter.minimum = NAN; }},
      {"has no range", [](Sound& s) { s.parameter.maximum = -1; }},
  };
  for (std::size_t i = 0; i < std::size(spoilers); ++i) {
    Sound sound;
    spoilers[i].spoil(sound);
    const auto loaded = read(sound);
    ASSERT_FALSE(loaded) << i << ": " << spoilers[i].message;
    EXPECT_EQ(loaded.error().verdict, WorkerVerdict::ABI_MISMATCH);
    EXPECT_THAT(loaded.error().message, HasSubstr(spoilers[i].message));
  }
}

headroom_status errors(const headroom_host*, const headroom_errors_request*, headroom_errors_output*) {
  return HEADROOM_OK;
}
headroom_held_out_errors offered{sizeof(headroom_held_out_errors), errors};
const void* offers_errors(headroom_string id) {
  const std::string asked(id.data, static_cast<std::size_t>(id.size));
  return asked == HEADROOM_HELD_OUT_ERRORS ? &offered : nullptr;
}

TEST(PluginLibrary, AsksAPredictorForHeldOutErrors) {
  Sound sound;
  EXPECT_FALSE(read(sound)->description.gives_errors());
  sound.plugin.extension = offers_errors;
  const auto loaded = read(sound);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_TRUE(loaded->description.gives_errors());
  EXPECT_EQ(loaded->held_out_errors.errors, errors);
  sound.predictor.uses_contexts = 1;
  EXPECT_TRUE(read(sound)->description.uses_contexts());

  offered.errors = nullptr;
  const auto broken = read(sound);
  offered.errors = errors;
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().message, HasSubstr("errors is a null pointer"));
}

TEST(PluginLibrary, RefusesTwoOfOneName) {
  Sound sound;
  const headroom_hyperparameter* twice[] = {&sound.parameter, &sound.parameter};
  sound.predictor.hyperparameters = twice;
  sound.predictor.n_hyperparameters = 2;
  const auto loaded = read(sound);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, HasSubstr("two hyperparameters are called 'k'"));
}

TEST(AsUtf8, ReplacesWhatIsNotAndCutsAtACharacter) {
  const auto cleaned = [](const std::string& bytes, std::size_t most = 100) {
    return as_utf8(bytes.data(), static_cast<std::int64_t>(bytes.size()), most);
  };
  EXPECT_EQ(cleaned("plain"), "plain");
  EXPECT_EQ(cleaned("ü€😀"), "ü€😀");
  EXPECT_EQ(cleaned("a\xff"
                    "b\xc3"),
            "a?b?");
  EXPECT_EQ(cleaned("\xc0\x80"), "??");            // overlong
  EXPECT_EQ(cleaned("\xed\xa0\x80"), "???");       // a surrogate
  EXPECT_EQ(cleaned("\xf4\x90\x80\x80"), "????");  // beyond the last code point
  EXPECT_EQ(cleaned("aü", 2), "a");
  EXPECT_EQ(cleaned("aü", 3), "aü");
  EXPECT_EQ(as_utf8(nullptr, 5, 10), "");
  EXPECT_EQ(as_utf8("x", -1, 10), "");
}

}  // namespace
}  // namespace headroom
