// headroom report: the page and figures of a run that has ended.
#include <fmt/format.h>

#include "cli/command_line.hpp"
#include "cli/terminal_streams.hpp"
#include "io/own_file.hpp"
#include "report/figures.hpp"
#include "report/report.hpp"
#include "report/report_model.hpp"

namespace headroom::cli {

namespace fs = std::filesystem;

Result<int> report(const ReportArguments& arguments) {
  auto chapters = read_report_models(arguments.out, arguments.target);
  if (!chapters) return tl::unexpected<Error>(chapters.error());
  std::error_code ignored;
  const fs::path folder = fs::is_directory(arguments.out, ignored) ? arguments.out : arguments.out.parent_path();
  const fs::path page = arguments.page.value_or(folder / "report.html");
  if (!may_replace(page, kReportMark)) {
    return tl::unexpected<Error>(
        Doubt{"output.not_ours", page.string(), "Headroom did not write this file", 1, {}, "give another one with -o"}
            .error());
  }
  if (auto written = write_report(page, *chapters); !written) return tl::unexpected<Error>(written.error());
  results() << page.string() << '\n';
  if (arguments.figures) {
    if (auto written = write_figures(*arguments.figures, chapters->front().summary); !written) {
      return tl::unexpected<Error>(written.error());
    }
    results() << arguments.figures->string() << '\n';
  }
  return 0;
}

}  // namespace headroom::cli
