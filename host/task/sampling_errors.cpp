#include "task/sampling_errors.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "io/column_names.hpp"
#include "task/task.hpp"

namespace headroom {
namespace {

constexpr std::size_t kErrorRowsAtOnce = 256;  // of doubles, before they are kept in less
constexpr int kMostHalfCode = 127;

std::string layer_path(const std::string& layer) { return "layers/" + layer; }

// Rows of a layer, context by context; `take` gets a context's number, the perturbation's place and its genes.
using TakeErrorRow = std::function<Result<void>(std::size_t context, Eigen::Index place, const RowVector& row)>;
Result<void> for_each_row_of_layer(const H5adFile& file, const std::string& layer,
                                   const std::vector<std::vector<std::size_t>>& source_rows, const TakeErrorRow& take) {
  const auto matrix = file.matrix(layer_path(layer));
  if (!matrix) return tl::unexpected(matrix.error());
  for (std::size_t c = 0; c < source_rows.size(); ++c) {
    for (std::size_t begin = 0; begin < source_rows[c].size(); begin += kErrorRowsAtOnce) {
      const std::size_t end = std::min(source_rows[c].size(), begin + kErrorRowsAtOnce);
      RowIndex rows;
      for (std::size_t i = begin; i < end; ++i) rows.push_back(static_cast<std::int32_t>(source_rows[c][i]));
      const auto block = matrix->read_rows(rows);
      if (!block) return tl::unexpected(block.error());
      for (std::size_t i = begin; i < end; ++i) {
        const RowVector row = block->row(static_cast<Eigen::Index>(i - begin));
        if (auto taken = take(c, static_cast<Eigen::Index>(i), row); !taken) return taken;
      }
    }
  }
  return {};
}

tl::unexpected<Error> damaged_errors(const H5adFile& file, const std::string& where, const std::string& what) {
  return bad_input("the sampling errors that the task keeps are damaged: " + what,
                   fmt::format("{}, {}", file.path(), where),
                   "make the task again with headroom prepare, or take the layer '" + std::string(kSamplingErrorLayer) +
                       "' out of it");
}

Result<RowVector> numbers_of_genes(const H5adFile& file, const std::string& column, bool are_errors) {
  const auto read = file.read_column(H5adAxis::var, column);
  if (!read) return tl::unexpected(read.error());
  const auto* values = std::get_if<std::vector<double>>(&read->values);
  const bool usable = values != nullptr && read->present.empty() &&
                      std::all_of(values->begin(), values->end(),
                                  [&](double value) { return std::isfinite(value) && (!are_errors || value >= 0); });
  if (!usable) return damaged_errors(file, "var column '" + column + "'", "it holds what is no such number");
  return RowVector(Eigen::Map<const RowVector>(values->data(), static_cast<Eigen::Index>(values->size())));
}

int n_splits_of(const H5adFile& file) {
  int n = 0;
  while (n < kMostHalfCode && file.has_key(layer_path(kHalfLayerPrefix + std::to_string(n)))) ++n;
  return n;
}

Result<void> read_control(const H5adFile& file, int n_splits, TaskContext& context) {
  auto error = numbers_of_genes(file, control_error_column(context.name), true);
  if (!error) return tl::unexpected(error.error());
  context.sampling->control_error = std::move(*error);
  context.sampling->control_halves.resize(n_splits, static_cast<Eigen::Index>(file.n_vars()));
  for (int split = 0; split < n_splits; ++split) {
    const auto half = numbers_of_genes(file, control_half_column(split, context.name), false);
    if (!half) return tl::unexpected(half.error());
    context.sampling->control_halves.row(split) = *half;
  }
  return {};
}

}  // namespace

double SamplingErrors::whole_error(Eigen::Index perturbation, Eigen::Index gene) const {
  const double own = error(perturbation, gene);
  return with_control ? own : std::hypot(own, control_error[gene]);
}

RowVector SamplingErrors::half_difference(std::size_t split, Eigen::Index perturbation) const {
  RowVector difference(error.cols());
  for (Eigen::Index g = 0; g < difference.size(); ++g) {
    difference[g] = half_of_code(halves[split](perturbation, g), whole_error(perturbation, g));
  }
  return difference;
}

std::int8_t half_code(double difference, double whole_error) {
  if (!(whole_error > 0)) return 0;
  const double steps = std::round(difference / (kHalfStep * whole_error));
  return static_cast<std::int8_t>(std::clamp(steps, -static_cast<double>(kMostHalfCode), kMostHalfCode * 1.0));
}

std::string control_error_column(const std::string& context) {
  return std::string(kControlErrorPrefix) + control_profile_column(context).substr(kControlProfilePrefix.size());
}

std::string control_half_column(int split, const std::string& context) {
  return fmt::format("{}{}:{}", kControlHalfPrefix, split,
                     control_profile_column(context).substr(kControlProfilePrefix.size()));
}

bool has_sampling_errors(const H5adFile& file, const std::string& deltas_layer) {
  return (deltas_layer.empty() || deltas_layer == "X") && file.has_key(layer_path(kSamplingErrorLayer)) &&
         file.uns_text(kSamplingErrorKey).has_value();
}

Result<void> read_sampling_errors(const H5adFile& file, const std::vector<std::vector<std::size_t>>& source_rows,
                                  Task* task) {
  const int n_splits = n_splits_of(file);
  const bool with_control = file.uns_text(kSamplingErrorKey) == kErrorsWithControl;
  const auto n_genes = static_cast<Eigen::Index>(file.n_vars());
  for (std::size_t c = 0; c < task->contexts.size(); ++c) {
    TaskContext& context = task->contexts[c];
    const auto n_rows = static_cast<Eigen::Index>(source_rows[c].size());
    context.sampling.emplace();
    context.sampling->with_control = with_control;
    context.sampling->error.resize(n_rows, n_genes);
    context.sampling->halves.assign(static_cast<std::size_t>(n_splits), LabelMatrix(n_rows, n_genes));
    context.sampling->has_halves.assign(source_rows[c].size(), n_splits > 0);
    if (with_control) continue;
    if (auto done = read_control(file, n_splits, context); !done) return done;
  }
  auto done = for_each_row_of_layer(file, kSamplingErrorLayer, source_rows,
                                    [&](std::size_t c, Eigen::Index place, const RowVector& row) -> Result<void> {
                                      if (!row.allFinite() || row.minCoeff() < 0) {
                                        return damaged_errors(
                                            file, layer_path(kSamplingErrorLayer),
                                            fmt::format("the row of '{}' holds what is no standard error",
                                                        task->contexts[c].pert_ids[static_cast<std::size_t>(place)]));
                                      }
                                      task->contexts[c].sampling->error.row(place) = row.cast<float>();
                                      return {};
                                    });
  for (int split = 0; done && split < n_splits; ++split) {
    const std::string layer = kHalfLayerPrefix + std::to_string(split);
    done = for_each_row_of_layer(
        file, layer, source_rows, [&](std::size_t c, Eigen::Index place, const RowVector& row) -> Result<void> {
          const bool has_none = (row.array() == kNoHalves).all();
          if (!has_none && !(row.array().abs() <= kMostHalfCode).all()) {
            return damaged_errors(file, layer_path(layer), "it holds what is no difference of halves");
          }
          if (has_none) {
            task->contexts[c].sampling->has_halves[static_cast<std::size_t>(place)] = 0;
          }
          task->contexts[c].sampling->halves[static_cast<std::size_t>(split)].row(place) = row.cast<std::int8_t>();
          return {};
        });
  }
  return done;
}

Result<std::string> find_weights(const H5adFile& file, const std::string& named) {
  if (!named.empty()) {
    if (file.has_key(layer_path(named))) return named;
    return bad_input(fmt::format("there is no layer '{}' of weights", named), file.path(),
                     fmt::format("its layers are: {}", fmt::join(file.keys("layers"), ", ")));
  }
  for (const char* layer : {kWeightsLayer, kPreparedWeightsLayer}) {
    if (file.has_key(layer_path(layer))) return std::string(layer);
  }
  return std::string();
}

Result<void> read_weights(const H5adFile& file, const std::string& layer,
                          const std::vector<std::vector<std::size_t>>& source_rows, Task* task) {
  for (std::size_t c = 0; c < task->contexts.size(); ++c) {
    task->contexts[c].weights.emplace(static_cast<Eigen::Index>(source_rows[c].size()),
                                      static_cast<Eigen::Index>(file.n_vars()));
  }
  return for_each_row_of_layer(
      file, layer, source_rows, [&](std::size_t c, Eigen::Index place, const RowVector& row) -> Result<void> {
        const bool usable = row.allFinite() && row.minCoeff() >= 0 && row.sum() > 0;
        if (!usable) {
          return bad_input(
              fmt::format("the weights of perturbation '{}' in context '{}' are {}",
                          task->contexts[c].pert_ids[static_cast<std::size_t>(place)], task->contexts[c].name,
                          row.allFinite() && row.minCoeff() >= 0 ? "all 0" : "not all finite and 0 or more"),
              fmt::format("{}, {}", file.path(), layer_path(layer)),
              "give weights of 0 and more, or another layer with --weights");
        }
        task->contexts[c].weights->row(place) = row.cast<float>();
        return {};
      });
}

}  // namespace headroom
