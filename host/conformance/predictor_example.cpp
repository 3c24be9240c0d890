#include "conformance/predictor_example.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <span>

#include "headroom/plugin.h"
#include "plugin_host/class_planes.hpp"

namespace headroom {
namespace {

constexpr Eigen::Index kMostCombinations = 64;
constexpr double kNoise = 0.2;     // of a delta, beside a signal of standard deviation 1
constexpr double kClassWidth = 1;  // of the range of deltas that is one class

Matrix normal_matrix(Eigen::Index rows, Eigen::Index cols, std::mt19937_64& bits) {
  std::normal_distribution<double> normal;
  Matrix values(rows, cols);
  for (Eigen::Index i = 0; i < values.size(); ++i) values.data()[i] = normal(bits);
  return values;
}

// 1 but for each fifth row, other ones in each block.
std::vector<std::uint8_t> gaps(Eigen::Index rows, int block) {
  std::vector<std::uint8_t> present(static_cast<std::size_t>(rows), 1);
  for (std::size_t i = static_cast<std::size_t>(block % 5); i < present.size(); i += 5) present[i] = 0;
  return present;
}

void clear_absent(Matrix& features, const std::vector<std::uint8_t>& present) {
  for (std::size_t i = 0; i < present.size(); ++i) {
    if (!present[i]) features.row(static_cast<Eigen::Index>(i)).setZero();
  }
}

Answer<SharedMatrix> shared_copy(const Matrix& values) {
  auto shared = SharedMatrix::create(values.rows(), values.cols());
  if (!shared) return tl::unexpected<WorkerFault>(host_fault(shared.error()));
  shared->view() = values;
  if (auto sealed = shared->seal(); !sealed) return tl::unexpected<WorkerFault>(host_fault(sealed.error()));
  return *shared;
}

// "k=20, alpha=0.1"
std::string setting_text(const PluginDescription& description, const Matrix& settings, Eigen::Index setting) {
  std::string text;
  for (int h = 0; h < description.hyperparameters_size(); ++h) {
    text += fmt::format("{}{}={}", h ? ", " : "", description.hyperparameters(h).name(), settings(setting, h));
  }
  return text.empty() ? "the one setting" : text;
}

// Perturbation p is measured in every context but p % n; every other query asks for one of these there, the rest are
// perturbations that are measured nowhere.
void spread_over_contexts(PredictorExample& example, const ExampleShape& shape, std::mt19937_64& bits) {
  const std::int32_t n = shape.n_contexts;
  for (std::int32_t c = 0; c < n; ++c) example.contexts.push_back(fmt::format("line_{}", c + 1));
  for (std::int32_t row = 0; row < shape.n_training; ++row) {
    const std::int32_t perturbation = row / (n - 1), nth = row % (n - 1);
    example.perturbations.training.push_back(perturbation);
    example.training_contexts.push_back(nth + (nth >= perturbation % n ? 1 : 0));
  }
  for (std::int32_t row = 0; row < shape.n_query; ++row) {
    const std::int32_t perturbation = row / 2;
    const bool is_measured = row % 2 == 0 && perturbation < shape.n_training / (n - 1);
    example.perturbations.query.push_back(is_measured ? perturbation
                                                      : static_cast<std::int32_t>(shape.n_training) + row);
    example.query_contexts.push_back(perturbation % n);
  }
  example.control_profiles = normal_matrix(n, shape.n_genes, bits).cwiseAbs();
}

}  // namespace

PredictorExample with_contexts_reversed(PredictorExample example) {
  const auto last = static_cast<std::int32_t>(example.contexts.size()) - 1;
  std::reverse(example.contexts.begin(), example.contexts.end());
  for (std::int32_t& context : example.training_contexts) context = last - context;
  for (std::int32_t& context : example.query_contexts) context = last - context;
  example.control_profiles = example.control_profiles.colwise().reverse().eval();
  return example;
}

Matrix declared_grid(const PluginDescription& description, Eigen::Index most) {
  const auto n_parameters = static_cast<Eigen::Index>(description.hyperparameters_size());
  Eigen::Index n_combinations = 1, n_values = 0;
  for (const Hyperparameter& parameter : description.hyperparameters()) {
    n_combinations = std::min(n_combinations * parameter.grid_size(), most + 1);
    n_values += parameter.grid_size();
  }
  Matrix grid(n_combinations <= most ? n_combinations : n_values, n_parameters);
  if (n_combinations <= most) {
    for (Eigen::Index row = 0; row < grid.rows(); ++row) {
      Eigen::Index left = row;
      for (Eigen::Index h = n_parameters - 1; h >= 0; --h) {
        const auto& values = description.hyperparameters(static_cast<int>(h)).grid();
        grid(row, h) = values[static_cast<int>(left % values.size())];
        left /= values.size();
      }
    }
    return grid;
  }
  for (Eigen::Index h = 0; h < n_parameters; ++h) {
    grid.col(h).setConstant(description.hyperparameters(static_cast<int>(h)).grid(0));
  }
  Eigen::Index row = 0;
  for (Eigen::Index h = 0; h < n_parameters; ++h) {
    for (const double value : description.hyperparameters(static_cast<int>(h)).grid()) grid(row++, h) = value;
  }
  return grid;
}

PredictorExample predictor_example(const PluginDescription& description, const ExampleShape& shape,
                                   std::uint64_t seed) {
  std::mt19937_64 bits(seed);
  PredictorExample example;
  example.n_query = shape.n_query;
  example.deltas = kNoise * normal_matrix(shape.n_training, shape.n_genes, bits);
  for (int b = 0; b < shape.n_blocks; ++b) {
    ExampleBlock block;
    block.name = fmt::format("block_{}", b + 1);
    block.training = normal_matrix(shape.n_training, shape.n_features, bits);
    block.query = normal_matrix(shape.n_query, shape.n_features, bits);
    if (shape.n_blocks > 1) {
      block.training_present = gaps(shape.n_training, b);
      block.query_present = gaps(shape.n_query, b);
      clear_absent(block.training, block.training_present);
      clear_absent(block.query, block.query_present);
    }
    const double scale = 1 / std::sqrt(static_cast<double>(shape.n_features * shape.n_blocks));
    example.deltas.noalias() += scale * block.training * normal_matrix(shape.n_features, shape.n_genes, bits);
    example.blocks.push_back(std::move(block));
  }
  example.settings = declared_grid(description, kMostCombinations);
  const auto& kinds = description.task_kinds();
  if (std::find(kinds.begin(), kinds.end(), TaskKind::REGRESSION) == kinds.end()) {
    example.task_kind = TaskKind::CLASSES;
    example.n_planes = shape.n_classes;
    if (shape.n_classes == 3) {
      example.classes = {"down", "not_de", "up"};
    } else {
      for (int c = 0; c < shape.n_classes; ++c) example.classes.push_back(fmt::format("class_{}", c + 1));
    }
    const double middle = shape.n_classes / 2.0, last = shape.n_classes - 1;
    example.deltas = example.deltas.unaryExpr(
        [=](double delta) { return std::clamp(std::floor(delta / kClassWidth + middle), 0.0, last); });
  }
  if (shape.n_contexts > 1) spread_over_contexts(example, shape, bits);
  return example;
}

namespace {

// All but the settings.
PredictorQuestion question_of(const PredictorExample& example, const SharedMatrix& deltas) {
  PredictorQuestion question(deltas);
  question.context = "example";
  for (const ExampleBlock& block : example.blocks) {
    question.add_block(block.name, block.training, block.query);
    question.blocks.back().training_present = block.training_present;
    question.blocks.back().query_present = block.query_present;
  }
  question.training_rows = example.training_rows;
  question.n_query = example.n_query;
  question.task_kind = example.task_kind;
  question.n_planes = example.n_planes;
  question.classes = example.classes;
  question.training_labelled = example.training_labelled;
  question.contexts.names = example.contexts;
  question.training_contexts = example.training_contexts;
  question.query_contexts = example.query_contexts;
  question.perturbations = example.perturbations;
  if (example.control_profiles.rows() > 0) {
    const Matrix& profiles = example.control_profiles;
    question.contexts.blocks.push_back(
        {HEADROOM_CONTROL_PROFILE,
         ConstMatrixMap(profiles.data(), profiles.rows(), profiles.cols(), Eigen::OuterStride<>(profiles.cols())),
         {}});
  }
  return question;
}

}  // namespace

Answer<ErrorsAnswer> ask_errors(WorkerSession& session, const PredictorExample& example, const RowIndex& query_rows) {
  auto deltas = shared_copy(example.deltas);
  if (!deltas) return tl::unexpected<WorkerFault>(deltas.error());
  auto gram = shared_copy(example.deltas * example.deltas.transpose());
  if (!gram) return tl::unexpected<WorkerFault>(gram.error());
  PredictorQuestion question = question_of(example, *deltas);
  question.settings = example.settings;
  return session.errors(question, query_rows, *gram);
}

Answer<std::vector<std::uint8_t>> ask(WorkerSession& session, const PredictorExample& example,
                                      const VisitPrediction& visit) {
  auto deltas = shared_copy(example.deltas);
  if (!deltas) return tl::unexpected<WorkerFault>(deltas.error());
  PredictorQuestion question = question_of(example, *deltas);

  const Eigen::Index most =
      WorkerSession::max_settings_per_call(example.n_query, example.deltas.cols(), example.n_planes);
  std::vector<std::uint8_t> feasible;
  for (Eigen::Index first = 0; first < example.settings.rows(); first += most) {
    const Eigen::Index n = std::min(most, example.settings.rows() - first);
    question.settings = example.settings.middleRows(first, n);
    auto view = session.predict(question);
    if (!view) return tl::unexpected<WorkerFault>(view.error());
    for (Eigen::Index s = 0; s < n; ++s) {
      feasible.push_back(view->feasible[static_cast<std::size_t>(s)]);
      if (!feasible.back()) continue;
      const auto planes =
          std::span<const ConstMatrixMap>(view->predictions)
              .subspan(static_cast<std::size_t>(s * example.n_planes), static_cast<std::size_t>(example.n_planes));
      if (const std::string wrong = example.classes.empty() ? "" : fault_of_planes(planes); !wrong.empty()) {
        return tl::unexpected<WorkerFault>(
            WorkerFault{WorkerVerdict::BAD_OUTPUT,
                        wrong + ", at " + setting_text(session.description(), example.settings, first + s)});
      }
      for (int plane = 0; plane < example.n_planes; ++plane) {
        const ConstMatrixMap& prediction = view->predictions[static_cast<std::size_t>(s * example.n_planes + plane)];
        if (!prediction.allFinite()) {
          return tl::unexpected<WorkerFault>(WorkerFault{
              WorkerVerdict::BAD_OUTPUT, "a prediction has a value that was not written or is not finite, at " +
                                             setting_text(session.description(), example.settings, first + s)});
        }
        if (visit) visit(first + s, plane, prediction);
      }
    }
  }
  return feasible;
}

Answer<Predictions> predict(WorkerSession& session, const PredictorExample& example) {
  Predictions answer;
  answer.values.resize(static_cast<std::size_t>(example.settings.rows() * example.n_planes));
  auto feasible = ask(session, example, [&](Eigen::Index setting, int plane, const ConstMatrixMap& prediction) {
    answer.values[static_cast<std::size_t>(setting * example.n_planes + plane)] = prediction;
  });
  if (!feasible) return tl::unexpected<WorkerFault>(feasible.error());
  answer.feasible = std::move(*feasible);
  return answer;
}

Answer<Predictions> predict_afresh(const Specimen& specimen, const PredictorExample& example, std::uint64_t seed,
                                   int n_threads) {
  auto session = specimen.start(seed, n_threads);
  if (!session) return tl::unexpected<WorkerFault>(session.error());
  return predict(**session, example);
}

Answer<Predictions> predict_afresh(const Specimen& specimen, const PredictorExample& example) {
  return predict_afresh(specimen, example, specimen.options().seed);
}

}  // namespace headroom
