#include "summary/similarity_csv.hpp"

#include "io/csv_writer.hpp"

namespace headroom {

std::string similarity_csv(const RunSummary& summary) {
  if (summary.similarity().empty()) return {};
  CsvWriter csv;
  for (const char* column : {"context", "first", "second", "n_shared", "mean_canonical_correlation"}) csv.text(column);
  csv.end_row();
  for (const EmbeddingSimilarity& similarity : summary.similarity()) {
    for (const SimilarPair& pair : similarity.pairs()) {
      csv.text(similarity.context()).text(pair.first()).text(pair.second()).number(std::int64_t{pair.n_shared()});
      pair.has_mean_canonical_correlation() ? csv.number(pair.mean_canonical_correlation()) : csv.nothing();
      csv.end_row();
    }
  }
  return csv.str();
}

}  // namespace headroom
