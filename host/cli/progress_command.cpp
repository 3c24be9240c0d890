// headroom progress: the gap closed, from score tables that others published.
#include <iostream>

#include "cli/command_line.hpp"
#include "cli/notes.hpp"
#include "cli/terminal_streams.hpp"
#include "results/method_bars.hpp"
#include "results/published_scores.hpp"
#include "results/scores_csv.hpp"
#include "results/summary_json.hpp"

namespace headroom::cli {

Result<int> progress(const ProgressArguments& arguments) {
  auto summary = summarise_score_table(arguments.scores, arguments.options);
  if (!summary) return tl::unexpected<Error>(summary.error());
  for (const ContextResult& context : summary->contexts()) {
    print_notes({context.notes().begin(), context.notes().end()}, arguments.common.quiet);
  }
  switch (arguments.common.format) {
    case TableFormat::json:
      std::cout << summary_json(*summary);
      break;
    case TableFormat::csv:
      std::cout << scores_csv(*summary);
      break;
    default:
      draw_method_bars(std::cout, *summary, primary_metric(*summary), stdout_style());
  }
  return 0;
}

}  // namespace headroom::cli
