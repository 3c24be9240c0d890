// How fusions tell the host the weights that they found (headroom/fit_facts.h).
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "headroom/fit_facts.h"
#include "headroom/plugin.hpp"

namespace headroom::fusion {

// Of parts with a block and a weight; kernel_of(part) names by what the block counts. Of more than may be told the
// largest, the earlier of equals, in their order.
template <class Part, class KernelOf>
void tell_weights(const sdk::Host& host, const std::vector<Part>& parts, const KernelOf& kernel_of) {
  std::vector<std::size_t> numbers(parts.size());
  for (std::size_t p = 0; p < parts.size(); ++p) numbers[p] = p;
  if (parts.size() > HEADROOM_MOST_FITTED_WEIGHTS) {
    std::stable_sort(numbers.begin(), numbers.end(),
                     [&](std::size_t a, std::size_t b) { return parts[a].weight > parts[b].weight; });
    numbers.resize(HEADROOM_MOST_FITTED_WEIGHTS);
    std::sort(numbers.begin(), numbers.end());
  }
  for (const std::size_t p : numbers) {
    host.tell_weight(parts[p].block, std::string_view(kernel_of(parts[p])), parts[p].weight);
  }
}

}  // namespace headroom::fusion
