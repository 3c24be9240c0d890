#include "numerics/average_linkage.hpp"

#include <limits>

namespace headroom {
namespace {

using Cluster = std::vector<std::size_t>;  // in the order of its leaves

double mean_distance(const ConstMatrixRef& distances, const Cluster& a, const Cluster& b) {
  double sum = 0;
  for (const std::size_t i : a) {
    for (const std::size_t j : b) sum += distances(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j));
  }
  return sum / static_cast<double>(a.size() * b.size());
}

}  // namespace

std::vector<std::size_t> order_of_average_linkage(const ConstMatrixRef& distances) {
  std::vector<Cluster> clusters;  // in the order of their earliest members, which stand first
  for (Eigen::Index i = 0; i < distances.rows(); ++i) clusters.push_back({static_cast<std::size_t>(i)});
  while (clusters.size() > 1) {
    std::size_t first = 0, second = 1;
    double nearest = std::numeric_limits<double>::infinity();
    for (std::size_t a = 0; a < clusters.size(); ++a) {
      for (std::size_t b = a + 1; b < clusters.size(); ++b) {
        const double distance = mean_distance(distances, clusters[a], clusters[b]);
        if (distance >= nearest) continue;
        nearest = distance;
        first = a;
        second = b;
      }
    }
    clusters[first].insert(clusters[first].end(), clusters[second].begin(), clusters[second].end());
    clusters.erase(clusters.begin() + static_cast<std::ptrdiff_t>(second));
  }
  return clusters.empty() ? std::vector<std::size_t>{} : clusters.front();
}

}  // namespace headroom
