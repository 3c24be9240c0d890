#include "task/deg_labels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "io/column_names.hpp"
#include "io/sha256.hpp"

namespace headroom {
namespace {

std::uint8_t code_of(std::int8_t label) { return label == 0 ? 0 : label > 0 ? 1 : 2; }

// Four labels a byte.
using Unpacked = std::array<std::int8_t, 4>;
std::array<Unpacked, 256> unpacking() {
  constexpr std::array<std::int8_t, 4> kLabelOfCode{0, 1, -1, 0};
  std::array<Unpacked, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (unsigned i = 0; i < 4; ++i) table[byte][i] = kLabelOfCode[(byte >> (2 * i)) & 3];
  }
  return table;
}

}  // namespace

DegTrials::DegTrials(int n_trials, Eigen::Index n_perturbations, Eigen::Index n_genes)
    : n_trials_(n_trials),
      n_genes_(n_genes),
      packed_(ByteMatrix::Zero(n_perturbations, n_trials * ((n_genes + 3) / 4))) {}

void DegTrials::get(int trial, Eigen::Index perturbation, std::int8_t* labels) const {
  static const std::array<Unpacked, 256> kUnpacked = unpacking();
  const std::uint8_t* bytes = packed_.data() + perturbation * packed_.cols() + trial * n_bytes();
  const Eigen::Index n_whole = n_genes_ / 4;
  for (Eigen::Index b = 0; b < n_whole; ++b) std::memcpy(labels + 4 * b, kUnpacked[bytes[b]].data(), 4);
  for (Eigen::Index g = 4 * n_whole; g < n_genes_; ++g) {
    labels[g] = kUnpacked[bytes[n_whole]][static_cast<std::size_t>(g - 4 * n_whole)];
  }
}

void DegTrials::set(int trial, Eigen::Index perturbation, const std::int8_t* labels) {
  std::uint8_t* bytes = packed_.data() + perturbation * packed_.cols() + trial * n_bytes();
  for (Eigen::Index b = 0; b < n_bytes(); ++b) {
    std::uint8_t byte = 0;
    const Eigen::Index n = std::min<Eigen::Index>(4, n_genes_ - 4 * b);
    for (Eigen::Index i = 0; i < n; ++i) byte = static_cast<std::uint8_t>(byte | code_of(labels[4 * b + i]) << (2 * i));
    bytes[b] = byte;
  }
}

LabelMatrix DegTrials::labels(int trial) const {
  LabelMatrix out(n_perturbations(), n_genes_);
  for (Eigen::Index row = 0; row < out.rows(); ++row) get(trial, row, out.data() + row * n_genes_);
  return out;
}

LabelMatrix DegTrials::labels(int trial, const RowIndex& rows) const {
  LabelMatrix out(static_cast<Eigen::Index>(rows.size()), n_genes_);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    get(trial, rows[i], out.data() + static_cast<Eigen::Index>(i) * n_genes_);
  }
  return out;
}

bool DegTrials::is_valid(Eigen::Index perturbation) const {
  const std::uint8_t* bytes = packed_.data() + perturbation * packed_.cols();
  for (int trial = 0; trial < n_trials_; ++trial) {
    for (Eigen::Index b = 0; b < n_bytes(); ++b) {
      const unsigned byte = *bytes++;
      if ((byte & (byte >> 1) & 0x55u) != 0) return false;  // 3 means nothing
      const Eigen::Index n = n_genes_ - 4 * b;
      if (n < 4 && byte >> (2 * n) != 0) return false;
    }
  }
  return true;
}

Result<std::string> axes_digest(std::span<const std::string> obs_index, std::span<const std::string> var_index) {
  Sha256 hash;
  for (const std::span<const std::string> axis : {obs_index, var_index}) {
    hash.add(fmt::format("{}\n", axis.size()));
    for (const std::string& id : axis) hash.add(fmt::format("{} {}\n", id.size(), id));
  }
  return hash.finish();
}

namespace {

Result<void> add_control_cells(std::span<const DegLabels> of_contexts, std::span<const std::string> contexts,
                               H5adContent& content) {
  UnsTable table;
  const auto add_line = [&](const char* key, std::string_view line) {
    const auto [text, is_first] = table.texts.try_emplace(key);
    if (!is_first) text->second += '\n';
    text->second += line;
  };
  const auto view = [](const Matrix& matrix) {
    return ConstMatrixMap(matrix.data(), matrix.rows(), matrix.cols(), Eigen::OuterStride<>(matrix.cols()));
  };
  for (std::size_t c = 0; c < of_contexts.size(); ++c) {
    if (!of_contexts[c].control) continue;
    const DegControlCells& control = *of_contexts[c].control;
    const auto n_plates = static_cast<Eigen::Index>(control.plates.size());
    if (control.n_cells.size() != control.plates.size() || control.mean.rows() != n_plates ||
        control.squared_error.rows() != n_plates || control.mean.cols() != of_contexts[c].labels.cols() ||
        control.squared_error.cols() != of_contexts[c].labels.cols()) {
      return harness_fault("moments of control cells differ in shape");
    }
    for (std::size_t p = 0; p < control.plates.size(); ++p) {
      add_line(kControlContextsKey, contexts[c]);
      add_line(kControlPlatesKey, control.plates[p]);
      add_line(kControlCountsKey, fmt::format("{:.0f}", control.n_cells[p]));
    }
    table.numbers[kControlMeanKey].push_back(view(control.mean));
    table.numbers[kControlErrorKey].push_back(view(control.squared_error));
  }
  if (table.numbers.empty()) return {};
  auto digest = axes_digest({}, content.var_index);
  if (!digest) return tl::unexpected(digest.error());
  table.texts[kControlVersionKey] = kControlVersion;
  table.texts[kControlGenesKey] = std::move(*digest);
  content.uns_tables[kDegControlKey] = std::move(table);
  return {};
}

}  // namespace

Result<void> add_deg_labels(std::span<const DegLabels> of_contexts, std::span<const std::string> contexts,
                            H5adContent& content) {
  if (contexts.size() != of_contexts.size()) return harness_fault("labels and the contexts that have them differ");
  DenseLabels labels;
  std::vector<bool> has_labels;
  std::vector<ConstByteMap> trials, halves;
  int n_trials = 0;
  for (const DegLabels& context : of_contexts) {
    const auto n_rows = static_cast<Eigen::Index>(context.has_labels.size());
    const bool trials_fit = !context.trials || (context.trials->n_perturbations() == n_rows &&
                                                context.trials->n_genes() == context.labels.cols() &&
                                                (trials.empty() || context.trials->n_trials() == n_trials));
    if (context.labels.rows() != n_rows || !trials_fit ||
        context.trials.has_value() != of_contexts.front().trials.has_value() ||
        (context.halves && (context.halves->n_trials() != 2 || context.halves->n_perturbations() != n_rows ||
                            context.halves->n_genes() != context.labels.cols()))) {
      return harness_fault("labels, their trials and the rows that have them differ in shape");
    }
    labels.row_blocks.emplace_back(context.labels.data(), context.labels.rows(), context.labels.cols());
    has_labels.insert(has_labels.end(), context.has_labels.begin(), context.has_labels.end());
    if (!context.trials) continue;
    n_trials = context.trials->n_trials();
    const ByteMatrix& packed = context.trials->packed();
    trials.emplace_back(packed.data(), packed.rows(), packed.cols());
    if (!context.halves) continue;
    const ByteMatrix& of_halves = context.halves->packed();
    halves.emplace_back(of_halves.data(), of_halves.rows(), of_halves.cols());
  }
  content.layers[kDegLayer] = std::move(labels);
  content.obs_columns.push_back({kHasDegColumn, std::move(has_labels), {}, false});
  if (auto added = add_control_cells(of_contexts, contexts, content); !added) return added;
  if (trials.empty()) return {};
  auto digest = axes_digest(content.obs_index, content.var_index);
  if (!digest) return tl::unexpected(digest.error());
  UnsTable& table = content.uns_tables[kDegTrialsKey];
  table.texts.emplace(kTrialsVersionKey, kTrialsVersion);
  table.texts[kTrialsCountKey] = std::to_string(n_trials);
  table.texts[kTrialsAxesKey] = std::move(*digest);
  if (halves.size() == trials.size()) table.bytes[kHalvesBytesKey] = std::move(halves);
  table.bytes[kTrialsBytesKey] = std::move(trials);
  return {};
}

}  // namespace headroom
