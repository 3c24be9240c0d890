// A model in ONNX: what goes in, what comes out, and rows run through it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "matrix/matrix.hpp"
#include "onnx/runtime.hpp"

namespace headroom::onnx {

// An input or output as the model declares it.
struct Port {
  std::string name;
  ElementType element = ElementType::float32;
  std::vector<std::int64_t> shape;  // -1: of any size; the first dimension is that of the rows
};

class Model {
 public:
  // `runtime` outlives the model. `output`: the name of the one that is wanted; empty: the first. Throws sdk::Error:
  // the file is no model that the runtime runs, an input or the output is no tensor of numbers, no output has the name.
  Model(const Runtime& runtime, const std::string& path, const std::string& output);

  const std::vector<Port>& inputs() const { return inputs_; }
  const Port& output() const { return output_; }

  // How many rows one run must have; none: any number.
  std::optional<std::int64_t> fixed_rows() const;

  // Runs rows through the model: of each input, in its order, rows × columns of the vocabulary, which fill the input's
  // dimensions beyond the first. Returns rows × width: what the output's dimensions beyond the first hold, side by
  // side. May be called from several threads at once; one run uses the calling thread alone. Throws sdk::Error: columns
  // do not fill the input, an integer input gets a fraction or too large a number, the output has another number of
  // rows.
  Matrix run(const std::vector<Matrix>& rows) const;

 private:
  Port describe(OrtTypeInfo* info, const std::string& name) const;
  Matrix read_output(OrtValue& value, Eigen::Index n_rows) const;

  const Runtime& runtime_;
  Owned<OrtEnv> env_;
  Owned<OrtSession> session_;
  Owned<OrtMemoryInfo> memory_;
  std::vector<Port> inputs_;
  Port output_;
};

}  // namespace headroom::onnx
