// Which columns of a table of rows say more of a perturbation than its label does, by their names.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headroom {

// The words of a column's name in lower case: "doseValue", "dose_value" and "Dose value" are "dose", "value".
std::vector<std::string> words_of(std::string_view column);

// dose, concentration, time or cell type (cell line): what would be averaged over if it is not told apart.
bool names_condition(std::string_view column);
// target or gene: what a guide or construct aims at.
bool names_target(std::string_view column);

// Groups of rows that take more than one value of a column, ascending. Rows of kNoGroup and codes below 0 are passed
// over. A column that has another value in nearly every row is a measurement, no condition: none.
inline constexpr std::uint32_t kNoGroup = UINT32_MAX;
std::vector<std::uint32_t> groups_of_several_values(std::span<const std::uint32_t> group_of_row, std::size_t n_groups,
                                                    std::span<const std::int32_t> code_of_row);

// Targets that several of the labels share although each is a guide or construct against one gene. `target_of[l]`: the
// one target of label l, empty where it has none or several. A label is a guide if it holds its target's name beside
// something that is no other target (A_sg1, A_P1P2), or looks like one (sgA-1, a sequence), or if `pert_column` says
// so. Drugs that share a target are none: their names do not hold it. Ascending.
std::vector<std::string> targets_of_several_guides(std::span<const std::string> labels,
                                                   std::span<const std::string> target_of,
                                                   std::string_view pert_column);

}  // namespace headroom
