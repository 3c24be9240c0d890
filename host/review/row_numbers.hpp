// Ids that are no names but a counting of rows: a table that was written without its index.
#pragma once

#include <span>
#include <string>

namespace headroom {

// 0 … n−1 or 1 … n in order, written without sign, point or leading zeros; at least two.
bool are_row_numbers(std::span<const std::string> ids);

// How many of the perturbations are whole numbers that are row numbers among the gene ids: matches by chance
// (genes.ids_by_chance). 0 unless the gene ids are row numbers. Entrez ids are none: they do not count in order.
std::size_t n_ids_by_chance(std::span<const std::string> perturbations, std::span<const std::string> gene_ids);

}  // namespace headroom
