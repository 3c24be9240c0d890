// Ctrl-C and SIGTERM as a stop request: the first asks the work to end with what it has, the second ends it at once.
#pragma once

#include <stop_token>

namespace headroom::cli {

class Interruption {
 public:
  // Installs the handlers; call once, from main, before any thread is started.
  static void install();
  // Asked to stop by the first signal.
  static std::stop_token token();
  // The signal that asked, SIGINT if none did.
  static int signal();
};

}  // namespace headroom::cli
