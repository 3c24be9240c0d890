// Ctrl-C and SIGTERM as a stop request: the first asks the work to end with what it has, the second ends it at once.
#pragma once

#include <stop_token>

namespace headroom::cli {

class Interruption {
 public:
  // Installs the handlers; call once, from main, before any thread is started.
  static void install();
  // In the place of a signal, for a process that handles its own: asks the command that runs to stop; and forgets that
  // it was asked, before the next one.
  static void request();
  static void forget();
  // Asked to stop by the first signal.
  static std::stop_token token();
  // The signal that asked, SIGINT if none did.
  static int signal();
};

}  // namespace headroom::cli
