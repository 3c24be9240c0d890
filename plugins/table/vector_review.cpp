#include "table/vector_review.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_set>

#include "review/id_kind.hpp"

namespace headroom {
namespace {

// Constant, zero or counts: what stands in X where the vectors lie elsewhere. Fingerprints of 0 and 1 are vectors.
const char* no_vectors(const Matrix& values) {
  if (values.size() == 0) return nullptr;
  const double first = values(0, 0);
  if ((values.array() == 0).all()) return "zero everywhere";
  if ((values.array() == first).all()) return "constant";
  const bool are_counts =
      (values.array() >= 0).all() && values.maxCoeff() > 1 && (values.array() == values.array().round()).all();
  return are_counts ? "counts" : nullptr;
}

std::size_t n_distinct_rows(const Matrix& vectors) {
  std::unordered_set<std::string_view> rows;
  const auto bytes = static_cast<std::size_t>(vectors.cols()) * sizeof(double);
  for (Eigen::Index i = 0; i < vectors.rows(); ++i) {
    rows.insert({reinterpret_cast<const char*>(vectors.data() + i * vectors.cols()), bytes});
  }
  return rows.size();
}

std::size_t n_asked_for(const std::vector<std::string>& ids, const std::set<std::string>& perturbations) {
  const std::set<std::string> distinct(ids.begin(), ids.end());
  return static_cast<std::size_t>(std::count_if(distinct.begin(), distinct.end(),
                                                [&](const std::string& id) { return perturbations.count(id) > 0; }));
}

}  // namespace

std::vector<Doubt> vector_doubts(const VectorFile& file, const std::set<std::string>& perturbations,
                                 bool part_was_chosen, const std::string& where) {
  std::vector<Doubt> doubts;
  const auto n_ids = static_cast<std::int64_t>(file.ids.size());
  const char* what_it_is = no_vectors(file.vectors);
  if (!part_was_chosen && what_it_is != nullptr && !file.other_arrays.empty()) {
    const std::string& other = file.other_arrays.front();
    doubts.push_back(
        {"vectors.elsewhere", fmt::format("{}, {}", where, file.array),
         fmt::format("{} is {}, and other arrays of the file may hold the vectors", file.array, what_it_is),
         static_cast<std::int64_t>(file.other_arrays.size()), examples_of(file.other_arrays),
         fmt::format("choose with NAME=PATH#{}", other.substr(0, other.rfind(" (")))});
  }
  const std::size_t n_own = n_asked_for(file.ids, perturbations);
  for (const auto& [name, ids] : file.other_ids) {
    const std::size_t n_other = n_asked_for(ids, perturbations);
    if (n_other == 0 || n_other < n_own) continue;
    doubts.push_back({"vectors.row_numbers", where,
                      fmt::format("the ids are a counting of rows, of which {} are perturbations of the task, and of "
                                  "column '{}' {} are",
                                  n_own, name, n_other),
                      n_ids, examples_of(ids), fmt::format("choose the ids with NAME=PATH#{}", name)});
    break;
  }
  constexpr std::size_t kFewest = 10;  // a tenth of fewer is less than one
  const std::size_t n_distinct = n_distinct_rows(file.vectors);
  if (file.ids.size() > 1 && (n_distinct == 1 || (file.ids.size() >= kFewest && n_distinct * 10 < file.ids.size()))) {
    doubts.push_back({"vectors.flat",
                      where,
                      fmt::format("the {} ids have {} distinct vector{}: they cannot tell the perturbations apart",
                                  file.ids.size(), n_distinct, n_distinct == 1 ? "" : "s"),
                      n_ids,
                      {},
                      "check what made the file"});
  }
  return doubts;
}

std::string no_vector_in_common(const VectorFile& file, const std::set<std::string>& perturbations,
                                const std::string& where) {
  const std::vector<std::string> asked(perturbations.begin(), perturbations.end());
  return fmt::format("it has a vector for none of the task's {} perturbations, which {}; its own {} ids {} ({}): {}",
                     asked.size(), ids_in_words(asked), file.ids.size(), ids_in_words(file.ids), where,
                     id_remedy(id_kind_of(file.ids), id_kind_of(asked)));
}

}  // namespace headroom
