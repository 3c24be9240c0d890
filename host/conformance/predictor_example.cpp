#include "conformance/predictor_example.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace headroom {
namespace {

constexpr Eigen::Index kMostCombinations = 64;
constexpr double kNoise = 0.2;            // of a delta, beside a signal of standard deviation 1
constexpr double kResponseThreshold = 1;  // beyond it a gene counts as responding, up or down
constexpr int kThreeClassPlanes = 3;

Matrix normal_matrix(Eigen::Index rows, Eigen::Index cols, std::mt19937_64& bits) {
  std::normal_distribution<double> normal;
  Matrix values(rows, cols);
  for (Eigen::Index i = 0; i < values.size(); ++i) values.data()[i] = normal(bits);
  return values;
}

// 1 but for each fifth row.
std::vector<std::uint8_t> gaps(Eigen::Index rows) {
  std::vector<std::uint8_t> present(static_cast<std::size_t>(rows), 1);
  for (std::size_t i = 0; i < present.size(); i += 5) present[i] = 0;
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

}  // namespace

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
    if (b > 0) {
      block.training_present = gaps(shape.n_training);
      block.query_present = gaps(shape.n_query);
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
    example.task_kind = TaskKind::THREE_CLASS;
    example.n_planes = kThreeClassPlanes;
    example.deltas = example.deltas.unaryExpr([](double delta) {
      return delta > kResponseThreshold ? 1.0 : delta < -kResponseThreshold ? -1.0 : 0.0;
    });
  }
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
      for (int plane = 0; plane < example.n_planes; ++plane) {
        const ConstMatrixMap& prediction = view->predictions[static_cast<std::size_t>(s * example.n_planes + plane)];
        if (!prediction.allFinite()) {
          return tl::unexpected<WorkerFault>(WorkerFault{
              WorkerVerdict::BAD_OUTPUT, "a prediction has a value that is not finite, at " +
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

}  // namespace headroom
