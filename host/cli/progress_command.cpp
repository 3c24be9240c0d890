// headroom progress: the gap closed, from score tables that others published.
#include "cli/command_line.hpp"
#include "cli/notes.hpp"
#include "cli/review_output.hpp"
#include "cli/summary_output.hpp"
#include "summary/published_scores.hpp"

namespace headroom::cli {

Result<int> progress(const ProgressArguments& arguments) {
  auto summary = summarise_score_table(arguments.scores, arguments.options);
  if (!summary) return tl::unexpected<Error>(summary.error());
  for (const ContextResult& context : summary->contexts()) {
    print_notes({context.notes().begin(), context.notes().end()}, arguments.common.quiet);
  }
  Review review(arguments.review);
  if (auto settled = settle_review(review, arguments.common.quiet); !settled) {
    return tl::unexpected<Error>(settled.error());
  }
  keep_doubts(review, &*summary);
  auto printed = print_summary(*summary, arguments.scores.stem().string(), arguments.common);
  if (!printed) return tl::unexpected<Error>(printed.error());
  return 0;
}

}  // namespace headroom::cli
