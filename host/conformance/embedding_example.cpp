#include "conformance/embedding_example.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <unordered_set>
#include <utility>

namespace headroom {
namespace {

constexpr Eigen::Index kGenes = 40;

constexpr const char* kGeneIds[] = {"TP53",   "ENSG00000141510",
                                    "MYC",    "ENSG00000136997",
                                    "EGFR",   "ENSG00000146648",
                                    "BRCA1",  "ENSG00000012048",
                                    "KRAS",   "ENSG00000133703",
                                    "PTEN",   "ENSG00000171862",
                                    "GAPDH",  "ENSG00000111640",
                                    "ACTB",   "ENSG00000075624",
                                    "BRAF",   "ENSG00000157764",
                                    "RB1",    "ENSG00000139687",
                                    "CDKN1A", "ENSG00000124762",
                                    "BRCA2",  "ENSG00000139618",
                                    "GATA1",  "ENSG00000102145",
                                    "JAK2",   "ENSG00000096968",
                                    "STAT3",  "ENSG00000168610",
                                    "MTOR",   "ENSG00000198793",
                                    "STAT1",  "ENSG00000115415",
                                    "IRF1",   "ENSG00000125347",
                                    "CD274",  "ENSG00000120217",
                                    "RPL3",   "RPL4",
                                    "RPL5",   "RPS3",
                                    "RPS6",   "EIF3A",
                                    "EIF4A3", "POLR2A",
                                    "POLR2B", "PSMA1",
                                    "PSMB1",  "PSMD1",
                                    "MCM2",   "MCM3",
                                    "PCNA",   "CDK1",
                                    "AURKA",  "PLK1",
                                    "HSPA5",  "HSPA9",
                                    "SF3B1",  "SNRPD1",
                                    "COPA",   "MED1",
                                    "KAT2A",  "DNMT1"};

Result<SharedMatrix> deltas_of(const std::vector<std::string>& ids) {
  auto deltas = SharedMatrix::create(static_cast<Eigen::Index>(ids.size()), kGenes);
  if (!deltas) return deltas;
  MatrixMap values = deltas->view();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    std::seed_seq seed(ids[i].begin(), ids[i].end());
    std::mt19937_64 bits(seed);
    std::normal_distribution<double> normal(0, 0.3);
    for (Eigen::Index g = 0; g < kGenes; ++g) values(static_cast<Eigen::Index>(i), g) = normal(bits);
  }
  if (auto sealed = deltas->seal(); !sealed) return tl::unexpected<Error>(sealed.error());
  return deltas;
}

}  // namespace

std::vector<std::string> example_ids(const CheckOptions& options, std::size_t n) {
  const std::vector<std::string> genes(std::begin(kGeneIds), std::end(kGeneIds));
  std::vector<std::string> ids;
  std::unordered_set<std::string> taken;
  for (const std::string& id : options.known_ids.empty() ? genes : options.known_ids) {
    if (ids.size() < n && taken.insert(id).second) ids.push_back(id);
  }
  for (std::size_t number = 1; ids.size() < n; ++number) {
    std::string id = fmt::format("ENSG00000{:06d}", 900000 + number);
    if (taken.insert(id).second) ids.push_back(std::move(id));
  }
  return ids;
}

std::vector<std::string> unknown_ids() { return {"no such perturbation", "unknown_id_17", "not-a-gene", "xyzzy"}; }

std::vector<std::string> odd_ids() {
  const std::string greek = "\xCE\xB4\xCE\xB5\xCE\xBB\xCF\x84\xCE\xB1";  // "delta" in UTF-8
  return {"", "?", greek, std::string(10000, 'X')};
}

std::vector<std::string> training_part_of(std::vector<std::string> ids) {
  constexpr std::size_t kOneIn = 4;
  std::sort(ids.begin(), ids.end());
  std::vector<std::string> part;
  for (std::size_t i = 0; i < ids.size(); i += kOneIn) part.push_back(ids[i]);
  return part;
}

Answer<EmbeddingQuestion> embedding_question(const Specimen& specimen, std::vector<std::string> ids,
                                             std::vector<std::string> training_ids) {
  EmbeddingQuestion question;
  question.context = "example";
  question.ids = std::move(ids);
  if (specimen.description().wants_training() && !training_ids.empty()) {
    auto deltas = deltas_of(training_ids);
    if (!deltas) return tl::unexpected<WorkerFault>(host_fault(deltas.error()));
    EmbeddingTraining training;
    training.ids = std::move(training_ids);
    training.deltas = *deltas;
    for (Eigen::Index g = 0; g < kGenes; ++g) training.gene_ids.push_back(fmt::format("GENE{}", g + 1));
    question.training = std::move(training);
  }
  return question;
}

}  // namespace headroom
