// The headroom program.
#include <cstdio>
#include <new>

#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"

int main(int argc, char** argv) {
  try {
    return headroom::cli::run_command_line(argc, argv);
  } catch (const std::bad_alloc&) {
    // Without a further allocation.
    std::fputs("headroom: error: out of memory: free some, or use fewer --threads or a smaller --limit-memory\n",
               stderr);
    return headroom::cli::kExitHarnessFault;
  }
}
