// Man pages of section 1 in roff's man macros: one of the program, one a command.
#pragma once

#include <string>

#include "cli/command_description.hpp"

namespace headroom::cli {

// `page`: `program` itself or one of its commands.
std::string man_page(const CommandDescription& program, const CommandDescription& page, const std::string& version);

}  // namespace headroom::cli
