// A config file (config_file.hpp) as flags of a command: are its keys flags, and what CLI11 is handed of it.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cli/config_file.hpp"

namespace headroom::cli {

// Every key must be a flag of the section's command, or above the first section of any command. Errors name `path` and
// the line.
Result<void> check_config(const std::vector<ConfigEntry>& entries, const CLI::App& app, const std::string& path);

// Hands the entries of a config file to CLI11, which takes them where the command line gave nothing.
class ConfigFlags final : public CLI::ConfigBase {
 public:
  ConfigFlags(const CLI::App& app, std::vector<ConfigEntry> entries) : app_(app), entries_(std::move(entries)) {}

  std::vector<CLI::ConfigItem> from_config(std::istream&) const override;

 private:
  const CLI::App& app_;
  std::vector<ConfigEntry> entries_;
};

}  // namespace headroom::cli
