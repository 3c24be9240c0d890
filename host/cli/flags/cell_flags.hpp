// How a file of cells is read: of prepare, and of inspect, which tells what prepare would understand.
#pragma once

#include <CLI/CLI.hpp>

#include "cells/prepare.hpp"

namespace headroom::cli {

// Under the heading that stands; begins "Which cells are what".
void add_cell_flags(CLI::App& command, PrepareOptions& options);

}  // namespace headroom::cli
