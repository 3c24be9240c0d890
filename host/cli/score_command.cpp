// headroom score: finished predictions in the table of a run. The evaluation and everything that is written are run's.
#include "cli/command_line.hpp"
#include "cli/shared_columns.hpp"

namespace headroom::cli {

Result<int> score(const RunArguments& given) {
  RunArguments arguments = given;
  if (auto shared = share_columns(arguments); !shared) return tl::unexpected<Error>(shared.error());
  return run(arguments);
}

}  // namespace headroom::cli
