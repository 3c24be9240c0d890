// The order in which a dendrogram of average linkage lists its leaves: what is alike stands side by side.
#pragma once

#include <vector>

#include "matrix/matrix.hpp"

namespace headroom {

// `distances`: n × n, symmetric, at least 0. Joins the two nearest clusters again and again, their distance being the
// mean over all pairs of members (Sokal and Michener 1958); ties go to the clusters with the earliest members. Of two
// joined clusters the one with the earlier member stands first. Returns every number from 0 to n − 1 once.
std::vector<std::size_t> order_of_average_linkage(const ConstMatrixRef& distances);

}  // namespace headroom
