#include "cli/exit_code.hpp"

#include "cli/interruption.hpp"

namespace headroom::cli {

int exit_code(const Error& error) {
  switch (error.kind) {
    case ErrorKind::bad_input:
      return kExitBadInput;
    case ErrorKind::plugin_fault:
      return kExitPluginFailed;
    case ErrorKind::harness_fault:
      return kExitHarnessFault;
    case ErrorKind::sandbox_unavailable:
      return kExitHarnessFault;
    case ErrorKind::interrupted:
      return 128 + Interruption::signal();
  }
  return kExitHarnessFault;
}

}  // namespace headroom::cli
