// The headroom program.
#include "cli/command_line.hpp"

int main(int argc, char** argv) { return headroom::cli::run_command_line(argc, argv); }
