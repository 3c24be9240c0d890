#include "cells/gene_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <unordered_set>

#include "io/text_file.hpp"
#include "review/condition_names.hpp"
#include "review/label_spelling.hpp"

namespace headroom {
namespace {

AnnotationColumn select_rows(const AnnotationColumn& column, const std::vector<std::uint32_t>& rows) {
  AnnotationColumn out{column.name, {}, {}, column.categorical};
  std::visit(
      [&](const auto& values) {
        std::decay_t<decltype(values)> chosen;
        chosen.reserve(rows.size());
        for (const std::uint32_t row : rows) chosen.push_back(values[row]);
        out.values = std::move(chosen);
      },
      column.values);
  if (!column.present.empty()) {
    for (const std::uint32_t row : rows) out.present.push_back(column.present[row]);
  }
  return out;
}

Result<std::unordered_set<std::string>> read_gene_list(const std::filesystem::path& path) {
  auto text = read_text_file(path);
  if (!text) return tl::unexpected(text.error());
  std::unordered_set<std::string> genes;
  for (std::size_t begin = 0; begin < text->size();) {
    const std::size_t end = std::min(text->find('\n', begin), text->size());
    std::string gene = text->substr(begin, end - begin);
    while (!gene.empty() && (gene.back() == '\r' || gene.back() == ' ' || gene.back() == '\t')) gene.pop_back();
    if (!gene.empty()) genes.insert(std::move(gene));
    begin = end + 1;
  }
  if (genes.empty()) return bad_input("the list of genes is empty", path.string(), "give one gene a line");
  return genes;
}

// Keeps what the list names. It may hold ids of the index or of a column: the one that knows most of them.
Result<void> keep_listed(const std::filesystem::path& list, const std::string& where,
                         const std::vector<std::string>& ids, const std::vector<AnnotationColumn>& columns,
                         std::vector<bool>& keep, std::vector<std::string>& notes) {
  auto wanted = read_gene_list(list);
  if (!wanted) return tl::unexpected(wanted.error());
  const std::size_t n = ids.size();
  std::vector<std::string> best = ids;
  const auto n_known = [&](const std::vector<std::string>& names) {
    return std::count_if(names.begin(), names.end(), [&](const std::string& name) { return wanted->contains(name); });
  };
  auto most = n_known(best);
  for (const AnnotationColumn& column : columns) {
    std::vector<std::string> names(n);
    for (std::size_t i = 0; i < n; ++i) names[i] = column.text(i);
    if (const auto known = n_known(names); known > most) {
      most = known;
      best = std::move(names);
    }
  }
  if (most == 0) {
    return bad_input("none of the listed genes is there", list.string(),
                     fmt::format("genes are called like '{}' in {}", ids[0], where));
  }
  for (std::size_t i = 0; i < n; ++i) keep[i] = keep[i] && wanted->contains(best[i]);
  const std::unordered_set<std::string> there(best.begin(), best.end());
  const auto absent =
      std::count_if(wanted->begin(), wanted->end(), [&](const std::string& gene) { return !there.contains(gene); });
  if (absent > 0) notes.push_back(fmt::format("{} of {} listed genes are not in the file", absent, wanted->size()));
  return {};
}

// A column that says of each feature what was measured: feature_types, featureType, modality.
bool names_feature_type(std::string_view column) {
  const std::vector<std::string> words = words_of(column);
  const auto has = [&](std::string_view word) { return std::find(words.begin(), words.end(), word) != words.end(); };
  return has("modality") || ((has("feature") || has("features")) && (has("type") || has("types"))) ||
         has("featuretype") || has("featuretypes");
}

// Features that are no genes, by the first column of types that knows of any.
std::vector<bool> other_features(const CellSource& source, const std::vector<AnnotationColumn>& columns, std::size_t n,
                                 Review& review) {
  std::vector<bool> is_other(n, false);
  for (const AnnotationColumn& column : columns) {
    if (!names_feature_type(column.name)) continue;
    bool knows_genes = false;
    for (std::size_t i = 0; i < n && !knows_genes; ++i) knows_genes = names_gene_expression(column.text(i));
    std::map<std::string, std::int64_t> n_of_type;
    std::int64_t n_others = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const std::string type = column.text(i);
      const bool is_gene = names_gene_expression(type) || trimmed(type).empty();
      is_other[i] = knows_genes ? !is_gene : names_other_feature(type);
      if (!is_other[i]) continue;
      ++n_others;
      ++n_of_type[type];
    }
    if (n_others == 0 || n_others == static_cast<std::int64_t>(n)) {
      is_other.assign(n, false);
      continue;
    }
    std::vector<std::string> types;
    for (const auto& [type, count] : n_of_type) types.push_back(fmt::format("{} ({})", type, count));
    review.left_out("features that are no genes", n_others);
    review.raise({"features.not_genes", fmt::format("{}, column '{}'", source.path(), column.name),
                  fmt::format("{} of {} features are no genes and are left out, also of a cell's total", n_others, n),
                  n_others, examples_of(types), "to keep them, give --features all"});
    return is_other;
  }
  return is_other;
}

std::string letters_of(std::string_view text) {
  std::string out;
  for (const char c : lower_case(text)) {
    if (c >= 'a' && c <= 'z') out += c;
  }
  return out;
}

}  // namespace

bool names_gene_expression(std::string_view type) {
  constexpr std::array<std::string_view, 11> kTypes = {
      "gene", "genes", "gex", "rna", "mrna", "expression", "transcript", "transcripts", "genex", "geneexp", "rnaseq"};
  const std::string letters = letters_of(type);
  return letters.find("geneexpression") != std::string::npos ||
         std::find(kTypes.begin(), kTypes.end(), letters) != kTypes.end();
}

bool names_other_feature(std::string_view type) {
  constexpr std::array<std::string_view, 14> kParts = {"crispr",   "guide",     "grna",           "antibody", "hashtag",
                                                       "peak",     "multiplex", "antigen",        "custom",   "barcode",
                                                       "cellplex", "surface",   "featurecapture", "atac"};
  constexpr std::array<std::string_view, 9> kWhole = {"adt",  "hto", "cmo",  "protein", "proteins",
                                                      "prot", "tag", "tags", "ab"};
  const std::string letters = letters_of(type);
  return std::any_of(kParts.begin(), kParts.end(),
                     [&](std::string_view part) { return letters.find(part) != std::string::npos; }) ||
         std::find(kWhole.begin(), kWhole.end(), letters) != kWhole.end();
}

Result<GeneChoice> choose_genes(const CellSource& source, const GeneOptions& options, Review& review,
                                std::vector<std::string>& notes) {
  GeneChoice genes;
  auto ids = source.gene_ids();
  if (!ids) return tl::unexpected(ids.error());
  auto columns = source.gene_columns();
  if (!columns) return tl::unexpected(columns.error());
  genes.ids = std::move(*ids);
  genes.index_name = source.gene_index_name();
  const std::size_t n = genes.ids.size();
  if (n == 0) return bad_input("there are no genes", source.path(), "give a matrix of cells × genes");
  const std::size_t n_distinct = std::unordered_set<std::string>(genes.ids.begin(), genes.ids.end()).size();
  if (n_distinct < n) notes.push_back(fmt::format("{} gene names repeat; told apart by position", n - n_distinct));

  std::vector<bool> is_other(n, false);
  if (!options.all_features) is_other = other_features(source, *columns, n, review);
  std::vector<bool> keep = is_other;
  keep.flip();
  if (options.genes_file) {
    auto listed = keep_listed(*options.genes_file, source.path(), genes.ids, *columns, keep, notes);
    if (!listed) return tl::unexpected(listed.error());
  }
  genes.map.assign(n, GeneChoice::kDropped);
  for (std::uint32_t i = 0; i < n; ++i) {
    if (is_other[i]) genes.map[i] = GeneChoice::kNoGene;
    if (!keep[i]) continue;
    genes.map[i] = static_cast<std::uint32_t>(genes.kept.size());
    genes.kept.push_back(i);
  }
  for (const AnnotationColumn& column : *columns) genes.columns.push_back(select_rows(column, genes.kept));
  return genes;
}

}  // namespace headroom
