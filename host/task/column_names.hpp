// The column names that labs use, in the order in which they are tried (contract, "Column names differ").
#pragma once

#include <array>
#include <string_view>

namespace headroom {

inline constexpr std::array<std::string_view, 5> kPertColumns{"pert_id", "gene_id", "target_gene", "perturbation",
                                                              "condition"};
inline constexpr std::array<std::string_view, 3> kContextColumns{"context", "cell_line", "cell_type"};
inline constexpr std::array<std::string_view, 3> kFoldColumns{"test_split", "fold", "split"};
inline constexpr std::string_view kControlColumn = "is_control";

}  // namespace headroom
