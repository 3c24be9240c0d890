#include "review/row_numbers.hpp"

#include <algorithm>
#include <unordered_set>

namespace headroom {

bool are_row_numbers(std::span<const std::string> ids) {
  if (ids.size() < 2 || (ids[0] != "0" && ids[0] != "1")) return false;
  const std::size_t first = ids[0] == "0" ? 0 : 1;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] != std::to_string(first + i)) return false;
  }
  return true;
}

std::size_t n_ids_by_chance(std::span<const std::string> perturbations, std::span<const std::string> gene_ids) {
  if (!are_row_numbers(gene_ids)) return 0;
  const std::unordered_set<std::string> genes(gene_ids.begin(), gene_ids.end());
  return static_cast<std::size_t>(std::count_if(perturbations.begin(), perturbations.end(),
                                                [&](const std::string& id) { return genes.contains(id); }));
}

}  // namespace headroom
