#include "cli/flags/help_formatter.hpp"

#include "cli/flags/describe_command.hpp"
#include "cli/help_text.hpp"

namespace headroom::cli {

std::string HelpFormatter::make_help(const CLI::App* command, std::string, CLI::AppFormatMode) const {
  return help_text(describe(*command), kProgram);
}

}  // namespace headroom::cli
