// Has CLI11 print the help of help_text.hpp.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace headroom::cli {

inline constexpr const char* kProgram = "headroom";

class HelpFormatter final : public CLI::FormatterBase {
 public:
  // `command` may be the program itself.
  std::string make_help(const CLI::App* command, std::string, CLI::AppFormatMode) const override;
};

}  // namespace headroom::cli
