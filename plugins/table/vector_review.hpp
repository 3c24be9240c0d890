// What is doubtful about a file of vectors, once it is known which perturbations are asked for.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "io/vector_file.hpp"
#include "review/doubt.hpp"

namespace headroom {

// `part_was_chosen`: the user said which array and ids to take. `where` names the file.
std::vector<Doubt> vector_doubts(const VectorFile& file, const std::set<std::string>& perturbations,
                                 bool part_was_chosen, const std::string& where);

// Why none of the perturbations has a vector: how many ids there are on each side, and what they are like.
std::string no_vector_in_common(const VectorFile& file, const std::set<std::string>& perturbations,
                                const std::string& where);

}  // namespace headroom
