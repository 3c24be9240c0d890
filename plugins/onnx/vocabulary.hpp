// Which rows go into a model for an id: files that lie beside it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "matrix/matrix.hpp"
#include "onnx/model.hpp"

namespace headroom::onnx {

class Vocabulary {
 public:
  // Reads STEM.csv, or .tsv (both also gzipped), .npz or .h5ad, in `folder`, where the model has one input, and one
  // file STEM.INPUT.csv an input where it has several: ids, and for each the numbers of its input row. Throws
  // sdk::Error: a file is missing, there are two of one, or it is not as read_vector_file() wants it.
  Vocabulary(const std::string& folder, const std::string& stem, const std::vector<Port>& inputs);

  std::size_t size() const { return inputs_.front().row_of.size(); }
  // Where the id stands, if every input has a row for it.
  bool knows(std::string_view id) const;
  // Of each input, the rows of these ids, which it knows.
  std::vector<Matrix> rows_of(const std::vector<std::string_view>& ids) const;
  // An id that it knows, if there is one.
  std::optional<std::string_view> any_id() const;

 private:
  struct Input {
    std::vector<std::string> ids;
    Matrix rows;                                                // ids × numbers of an input row
    std::unordered_map<std::string_view, Eigen::Index> row_of;  // keys view `ids`
  };
  static Input read(const std::string& folder, const std::string& stem);

  std::vector<Input> inputs_;
};

}  // namespace headroom::onnx
