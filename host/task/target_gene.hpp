// Which measured gene a perturbation aims at, through the spellings in which labs write it: several metrics leave that
// gene out (protocol section 4).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "matrix/matrix.hpp"

namespace headroom {

struct TargetGenes {
  std::vector<std::optional<Eigen::Index>>
      column;  // one a label; none: the target is not measured, or there are several
  // Labels whose target was not found although a gene of that name is measured.
  std::vector<std::string> unknown;
};

// `gene_columns`: every naming of the genes that the file has (index, symbols, …), each genes long. A label means a
// gene if it is that gene's id; or is so without regard to case or to a version (ENSG….7); or is a combination whose
// only part that is no control is one gene (A+ctrl), or parts of which all those that are genes are one and the same
// (A_P1P2, A|sg1, 12_A_P1_ENSG…). A label of two genes is a combination: no target.
TargetGenes find_target_genes(std::span<const std::string> labels,
                              std::span<const std::vector<std::string>> gene_columns);

}  // namespace headroom
