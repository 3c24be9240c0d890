// The names that a source of cells has for its genes, as the review of labels asks for them.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <variant>
#include <vector>

#include "cells/cell_source.hpp"

namespace headroom {

// Whether a name is exactly that of a measured gene; read once it is asked for.
class MeasuredGenes {
 public:
  explicit MeasuredGenes(const CellSource& source) : source_(source) {}
  bool operator()(std::string_view name) {
    if (!read_) {
      read_ = true;
      if (auto ids = source_.gene_ids()) names_.insert(ids->begin(), ids->end());
      if (auto columns = source_.gene_columns()) {
        for (const AnnotationColumn& column : *columns) {
          if (const auto* texts = std::get_if<std::vector<std::string>>(&column.values)) {
            names_.insert(texts->begin(), texts->end());
          }
        }
      }
    }
    return names_.contains(std::string(name));
  }

 private:
  const CellSource& source_;
  bool read_ = false;
  std::unordered_set<std::string> names_;
};

}  // namespace headroom
