#include "cli/summary_options.hpp"

#include <optional>
#include <string_view>
#include <utility>

#include "summary/strata.hpp"

namespace headroom::cli {

Result<SummaryOptions> summary_options(const RunArguments& arguments, const NoiseTable* noise) {
  SummaryOptions options;
  options.inner_scores = arguments.keep_inner_scores;
  if (noise != nullptr) {
    options.cell_count = [noise](std::string_view context, std::string_view pert_id) {
      return noise->reference(context, pert_id, "n_cells");
    };
  }
  if (arguments.strata) {
    auto table = read_strata_file(*arguments.strata);
    if (!table) return tl::unexpected<Error>(table.error());
    options.strata = std::move(*table);
  }
  return options;
}

}  // namespace headroom::cli
