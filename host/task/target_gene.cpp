#include "task/target_gene.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>

namespace headroom {
namespace {

constexpr Eigen::Index kSeveral = -1;
// Shorter names are too often a part of something else.
constexpr std::size_t kLeastAffixed = 3;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return out;
}

// "ENSG00000141510.7" without its version; other ids as they are.
std::string_view unversioned(std::string_view id) {
  const std::size_t dot = id.rfind('.');
  if (dot == std::string_view::npos || dot + 1 == id.size() || !(id.starts_with("ENS") || id.starts_with("ens")))
    return id;
  const bool is_number = id.find_first_not_of("0123456789", dot + 1) == std::string_view::npos;
  return is_number ? id.substr(0, dot) : id;
}

class GeneNames {
 public:
  explicit GeneNames(std::span<const std::vector<std::string>> columns) {
    for (const auto& genes : columns) {
      for (std::size_t g = 0; g < genes.size(); ++g) {
        const auto column = static_cast<Eigen::Index>(g);
        exact_.emplace(genes[g], column);  // of a repeated id the first, as ever
        const auto [at, is_new] = plain_.emplace(lower(unversioned(genes[g])), column);
        if (!is_new && at->second != column) at->second = kSeveral;
      }
    }
  }

  std::optional<Eigen::Index> exact(std::string_view name) const {
    const auto found = exact_.find(std::string(name));
    return found == exact_.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<Eigen::Index> find(std::string_view name) const {
    if (const auto column = exact(name)) return column;
    const auto found = plain_.find(lower(unversioned(name)));
    return found == plain_.end() || found->second == kSeveral ? std::nullopt : std::optional(found->second);
  }

 private:
  std::unordered_map<std::string, Eigen::Index> exact_, plain_;
};

std::vector<std::string_view> parts_of(std::string_view label) {
  constexpr std::string_view kSeparators = "+|;,_ :/";
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= label.size();) {
    const std::size_t end = std::min(label.find_first_of(kSeparators, begin), label.size());
    if (end > begin) parts.push_back(label.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// "TP53-1" is a guide of TP53.
std::string_view without_number(std::string_view part) {
  const std::size_t dash = part.find_last_of("-.");
  if (dash == std::string_view::npos || dash == 0 || dash + 1 == part.size()) return part;
  return part.find_first_not_of("0123456789", dash + 1) == std::string_view::npos ? part.substr(0, dash) : part;
}

// Whether something like "sgTP53", "TP53KO" or "TP53-g2" is in it: a measured gene beside an affix of constructs.
bool holds_gene(std::string_view part, const GeneNames& genes) {
  constexpr std::array<std::string_view, 9> kAffixes{"sg", "si", "sh", "g", "ko", "kd", "oe", "crispri", "crispra"};
  const std::string plain = lower(part);
  const auto is_gene = [&](std::string_view rest) {
    while (!rest.empty() && (rest.front() == '-' || rest.front() == '.')) rest.remove_prefix(1);
    while (!rest.empty() && (rest.back() == '-' || rest.back() == '.')) rest.remove_suffix(1);
    return rest.size() >= kLeastAffixed && genes.find(rest).has_value();
  };
  for (const std::string_view affix : kAffixes) {
    if (plain.starts_with(affix) && is_gene(part.substr(affix.size()))) return true;
    if (plain.ends_with(affix) && is_gene(part.substr(0, part.size() - affix.size()))) return true;
  }
  // A guide's own name behind a dash: TP53-sg2, TP53-A1.
  const std::size_t dash = part.find('-');
  return dash != std::string_view::npos && is_gene(part.substr(0, dash));
}

}  // namespace

TargetGenes find_target_genes(std::span<const std::string> labels,
                              std::span<const std::vector<std::string>> gene_columns) {
  const GeneNames genes(gene_columns);
  TargetGenes targets;
  for (const std::string& label : labels) {
    auto& column = targets.column.emplace_back(genes.find(label));
    if (column) continue;
    bool several = false, holds = false;
    // Numbers are mostly a counting ("12_A_P1"): they are looked at where no other part is a gene.
    for (const bool numbers : {false, true}) {
      if (numbers && column) break;
      for (const std::string_view part : parts_of(label)) {
        if ((part.find_first_not_of("0123456789") == std::string_view::npos) != numbers) continue;
        auto found = genes.find(part);
        if (!found) found = genes.find(without_number(part));
        holds = holds || (!found && holds_gene(part, genes));
        if (!found) continue;
        several = several || (column && *column != *found);
        column = found;
      }
    }
    if (several) column.reset();
    if (!several && !column && holds) targets.unknown.push_back(label);
  }
  return targets;
}

}  // namespace headroom
