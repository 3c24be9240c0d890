// Flags that several commands take, declared to CLI11, and how a flag is declared that takes words or may be left out.
// What is declared fills the arguments it is given, which must outlive the command.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "cli/command_line.hpp"

namespace headroom::cli {

// Flags that are added from here on stand under this heading of --help.
void begin_group(CLI::App& command, const std::string& heading);

// Heading "Output and machine", of every command.
void add_common_flags(CLI::App& command, CommonArguments& common);

// How the labels of perturbations are read.
void add_label_flags(CLI::App& command, LabelOptions& labels);

// Of every command that reads data. A code that does not exist is a mistake on the command line.
void add_review_flags(CLI::App& command, ReviewOptions& review);

// --where COLUMN=VALUE: which rows are read.
void add_where_flag(CLI::App& command, std::vector<RowFilter>& where, const std::string& help);

// Of a folder of results.
void add_target_flag(CLI::App& command, std::string& target);

// A time that is limited, in seconds: 600 or 1.5e3, and with a unit 90s, 10min, 4h.
CLI::Option* add_time_flag(CLI::App& command, const std::string& flag, double& seconds, const std::string& help);

// --config, which is the program's and every command's.
inline constexpr const char* kConfigHelp = "Read flags from this TOML file, under [COMMAND]; the command line wins";

inline constexpr const char* kTestValueHelp =
    "The label of the folds that is tested, where they are words such as train, val and test: all others are trained "
    "on";

// A flag that takes one of these words; the first is the default. The word is kept as it was given.
template <class T>
CLI::Option* add_choice(CLI::App& command, const std::string& flag, T& value,
                        const std::vector<std::pair<std::string, T>>& choices, const std::string& help) {
  std::vector<std::string> words;
  for (const auto& choice : choices) words.push_back(choice.first);
  const auto take = [&value, choices](const std::string& given) {
    for (const auto& [word, meaning] : choices) {
      if (word == given) value = meaning;
    }
  };
  return command.add_option_function<std::string>(flag, take, help)
      ->type_name(CLI::detail::join(words, "|"))
      ->check(CLI::IsMember(words))
      ->default_str(words.front());
}

// A flag that may be left out, and then leaves `value` as it is.
template <class T>
CLI::Option* add_optional(CLI::App& command, const std::string& flags, std::optional<T>& value,
                          const std::string& help) {
  if constexpr (std::is_same_v<T, std::filesystem::path>) {
    return command
        .add_option_function<std::string>(
            flags, [&value](const std::string& given) { value = given; }, help)
        ->type_name("FILE");
  } else {
    return command.add_option_function<T>(
        flags, [&value](const T& given) { value = given; }, help);
  }
}

}  // namespace headroom::cli
