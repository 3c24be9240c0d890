// Which columns of the cells' matrix are genes, which of them are kept, and their table.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cells/cell_source.hpp"
#include "io/annotation_column.hpp"
#include "outcome/outcome.hpp"
#include "review/review.hpp"

namespace headroom {

struct GeneOptions {
  // One gene a line; only these are kept. Cells are scaled by all their genes nevertheless.
  std::optional<std::filesystem::path> genes_file;
  // Guides, antibodies and peaks that lie in the same matrix are kept as if they were genes.
  bool all_features = false;
};

struct GeneChoice {
  // In `map`: a gene that is not kept but counts in a cell's total; a feature that is no gene and counts nowhere.
  static constexpr std::uint32_t kDropped = UINT32_MAX;
  static constexpr std::uint32_t kNoGene = UINT32_MAX - 1;

  std::vector<std::string> ids;     // source
  std::vector<std::uint32_t> map;   // source → kept, ascending where kept; else one of the above
  std::vector<std::uint32_t> kept;  // kept → source
  std::string index_name;
  std::vector<AnnotationColumn> columns;  // kept
};

// Feature types other than gene expression are left out and raise features.not_genes. Errors: no genes, none of the
// listed ones is there.
Result<GeneChoice> choose_genes(const CellSource& source, const GeneOptions& options, Review& review,
                                std::vector<std::string>& notes);

// What a feature type of 10x and its kin says of a feature: "CRISPR Guide Capture", "Antibody Capture", "Peaks", … are
// no genes. A biotype (protein_coding, lncRNA) says nothing of it.
bool names_other_feature(std::string_view type);
bool names_gene_expression(std::string_view type);

}  // namespace headroom
