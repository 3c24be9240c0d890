#include "onnx/vocabulary.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <headroom/plugin.hpp>
#include <system_error>

#include "io/vector_file.hpp"

namespace headroom::onnx {
namespace {

constexpr std::array<const char*, 6> kEndings = {".csv", ".tsv", ".npz", ".h5ad", ".csv.gz", ".tsv.gz"};

}  // namespace

Vocabulary::Input Vocabulary::read(const std::string& folder, const std::string& stem) {
  std::vector<std::string> found;
  for (const char* ending : kEndings) {
    std::error_code ignored;
    if (std::filesystem::exists(folder + "/" + stem + ending, ignored)) found.push_back(stem + ending);
  }
  if (found.empty()) {
    throw sdk::Error("there is no " + stem +
                     ".csv beside the model: write a line 'id,x0,x1,…' for each perturbation, "
                     "its id and the numbers of its input row (also as .tsv, .npz or .h5ad)");
  }
  if (found.size() > 1) throw sdk::Error("both " + found[0] + " and " + found[1] + " lie beside the model: keep one");
  auto file = read_vector_file(folder + "/" + found.front(), found.front());
  if (!file) throw sdk::Error(file.error().line());
  Input input{std::move(file->ids), std::move(file->vectors), {}};
  for (std::size_t i = 0; i < input.ids.size(); ++i) input.row_of.emplace(input.ids[i], static_cast<Eigen::Index>(i));
  return input;
}

Vocabulary::Vocabulary(const std::string& folder, const std::string& stem, const std::vector<Port>& inputs) {
  inputs_.reserve(inputs.size());  // the maps view the ids
  for (const Port& input : inputs) {
    inputs_.push_back(read(folder, inputs.size() == 1 ? stem : stem + "." + input.name));
  }
  if (inputs_.empty()) throw sdk::Error("the model has no input, so that nothing tells one perturbation from another");
}

bool Vocabulary::knows(std::string_view id) const {
  return std::all_of(inputs_.begin(), inputs_.end(), [&](const Input& input) { return input.row_of.contains(id); });
}

std::vector<Matrix> Vocabulary::rows_of(const std::vector<std::string_view>& ids) const {
  std::vector<Matrix> rows;
  for (const Input& input : inputs_) {
    Matrix& of_input = rows.emplace_back(static_cast<Eigen::Index>(ids.size()), input.rows.cols());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      of_input.row(static_cast<Eigen::Index>(i)) = input.rows.row(input.row_of.at(ids[i]));
    }
  }
  return rows;
}

std::optional<std::string_view> Vocabulary::any_id() const {
  const auto& ids = inputs_.front().ids;
  const auto known = std::find_if(ids.begin(), ids.end(), [this](const std::string& id) { return knows(id); });
  return known == ids.end() ? std::nullopt : std::optional<std::string_view>(*known);
}

}  // namespace headroom::onnx
