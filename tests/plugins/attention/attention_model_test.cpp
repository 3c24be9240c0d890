#include "attention/attention_model.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/grad_mode.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

namespace headroom::testing {
namespace attention_model_test {

using attention::AttentionModel;
using attention::AttentionOptions;
using attention::AttentionRows;
using attention::ModelAnswer;
using attention::ModelShape;
using attention::Size;

// The reference is in double precision, the model in single.
constexpr double kSinglePrecision = 5e-5;
constexpr std::int64_t kRows = 5, kGenes = 3, kLines = 2;

nlohmann::json reference(const char* model) {
  std::ifstream file(HEADROOM_SOURCE_DIR "/tests/reference/fusion/attention.json");
  return nlohmann::json::parse(file).at(model);
}

ModelShape small_shape(Size size, bool of_classes, std::int64_t n_heads, std::int64_t n_layers) {
  ModelShape shape;
  shape.options = attention::published_options(size, of_classes);
  shape.options.width = 8;
  shape.options.n_heads = n_heads;
  shape.options.n_layers = n_layers;
  shape.block_features = {4, 3};
  shape.n_lines = kLines;
  shape.n_genes = kGenes;
  shape.n_outputs = of_classes ? 3 * kGenes : kGenes;
  return shape;
}

// As make_attention.py fills them.
void fill_by_place(AttentionModel& model) {
  for (std::size_t i = 0; i < model.values().size(); ++i) {
    model.values()[i] = static_cast<float>(0.4 * std::sin(0.37 * static_cast<double>(i * i % 1009)));
  }
}

AttentionRows reference_rows() {
  AttentionRows rows;
  rows.absent = at::zeros({kRows, 2}, at::kBool);
  rows.absent.index_put_({at::tensor({1, 4}, at::kLong), at::tensor({0, 1}, at::kLong)}, true);
  for (std::int64_t b = 0; b < 2; ++b) {
    at::Tensor input = at::zeros({kRows, b == 0 ? 4 : 3});
    for (std::int64_t r = 0; r < kRows; ++r) {
      for (std::int64_t f = 0; f < input.size(1); ++f) {
        if (rows.absent[r][b].item<bool>()) continue;
        input[r][f] = std::cos(1.0 + 3.0 * static_cast<double>(r) + 0.5 * static_cast<double>(f) + static_cast<double>(b));
      }
    }
    rows.inputs.push_back(input);
  }
  rows.lines = at::tensor({0, 1, 1, 0, 1}, at::kLong);
  return rows;
}

at::Tensor reference_profiles() {
  at::Tensor profiles = at::zeros({kLines, kGenes});
  for (std::int64_t c = 0; c < kLines; ++c) {
    for (std::int64_t g = 0; g < kGenes; ++g)
      profiles[c][g] = 0.5 + 0.1 * static_cast<double>(g) + 0.7 * static_cast<double>(c);
  }
  return profiles;
}

at::Tensor reference_targets() {
  at::Tensor targets = at::zeros({kRows, kGenes});
  for (std::int64_t r = 0; r < kRows; ++r) {
    for (std::int64_t g = 0; g < kGenes; ++g) targets[r][g] = std::sin(2.0 * static_cast<double>(r) + static_cast<double>(g));
  }
  return targets;
}

void expect_values(const at::Tensor& values, const nlohmann::json& expected) {
  ASSERT_EQ(values.size(0), static_cast<std::int64_t>(expected.size()));
  for (std::int64_t i = 0; i < values.size(0); ++i) {
    const auto& row = expected.at(static_cast<std::size_t>(i));
    ASSERT_EQ(values.size(1), static_cast<std::int64_t>(row.size()));
    for (std::int64_t j = 0; j < values.size(1); ++j) {
      EXPECT_NEAR(values[i][j].item<double>(), row.at(static_cast<std::size_t>(j)).get<double>(), kSinglePrecision)
          << i << ", " << j;
    }
  }
}

// The gradient of `loss` by all parameters, along make_attention.py's wave, and its norm.
void expect_gradient(const AttentionModel& model, const at::Tensor& loss, const nlohmann::json& expected) {
  EXPECT_NEAR(loss.item<double>(), expected.at("loss").get<double>(), kSinglePrecision);
  const auto slopes = torch::autograd::grad({loss}, model.parameters());
  std::vector<at::Tensor> flat;
  for (const at::Tensor& slope : slopes) flat.push_back(slope.reshape({-1}).to(at::kDouble));
  const at::Tensor gradient = at::cat(flat);
  const at::Tensor wave = at::cos(at::arange(gradient.numel(), at::kDouble));
  const double norm = expected.at("gradient_norm").get<double>();
  EXPECT_NEAR(gradient.norm().item<double>(), norm, kSinglePrecision * norm);
  EXPECT_NEAR(at::dot(gradient, wave).item<double>(), expected.at("gradient_along_wave").get<double>(),
              kSinglePrecision * norm);
}

TEST(AttentionModel, IsPyTorchsEncoderInTheSimpleSize) {
  const nlohmann::json expected = reference("simple");
  AttentionModel model(small_shape(Size::simple, false, 2, 2), 1);
  ASSERT_EQ(model.values().size(), expected.at("n_parameters").get<std::size_t>());
  fill_by_place(model);
  const ModelAnswer answer = model.forward(reference_rows(), {}, nullptr);
  expect_values(answer.outputs, expected.at("outputs"));
  expect_gradient(model, (answer.outputs - reference_targets()).norm(2, {1}).mean(), expected);
}

TEST(AttentionModel, NormalisesInputsForClasses) {
  const nlohmann::json expected = reference("classes");
  AttentionModel model(small_shape(Size::simple, true, 4, 3), 1);
  ASSERT_EQ(model.values().size(), expected.at("n_parameters").get<std::size_t>());
  fill_by_place(model);
  const ModelAnswer answer = model.forward(reference_rows(), {}, nullptr);
  expect_values(answer.outputs, expected.at("outputs"));
}

TEST(AttentionModel, GatesReconstructsAndEncodesProfilesInTheFullSize) {
  const nlohmann::json expected = reference("full");
  AttentionModel model(small_shape(Size::full, false, 2, 2), 1);
  ASSERT_EQ(model.values().size(), expected.at("n_parameters").get<std::size_t>());
  fill_by_place(model);
  const ModelAnswer answer = model.forward(reference_rows(), reference_profiles(), nullptr);
  expect_values(answer.outputs, expected.at("outputs"));
  expect_values(answer.reconstructions.at(0), expected.at("reconstruction"));
  expect_values(answer.profiles, expected.at("profile"));
}

TEST(AttentionModel, LooksAtNothingOfABlockThatIsAbsent) {
  AttentionModel model(small_shape(Size::simple, false, 2, 2), 7);
  AttentionRows rows = reference_rows();
  const at::Tensor before = model.forward(rows, {}, nullptr).outputs;
  rows.inputs[0][1].fill_(100);
  const at::Tensor after = model.forward(rows, {}, nullptr).outputs;
  EXPECT_TRUE(at::equal(before, after));
  rows.absent[1][0] = false;
  EXPECT_FALSE(at::allclose(before[1], model.forward(rows, {}, nullptr).outputs[1]));
}

TEST(AttentionModel, GivesRowsOfAnUnseenLineTheMeanOfTheTrainedOnes) {
  ModelShape shape = small_shape(Size::simple, false, 2, 2);
  shape.n_lines = 3;
  AttentionModel model(shape, 7);
  AttentionRows rows = reference_rows();
  const at::Tensor trained = at::tensor({1, 1, 0}).to(at::kBool);
  const at::Tensor seen = model.forward(rows, {}, nullptr).outputs;
  EXPECT_TRUE(at::equal(model.forward(rows, {}, nullptr, trained).outputs, seen)) << "all rows are of trained lines";
  rows.lines.fill_(2);
  const at::Tensor unseen = model.forward(rows, {}, nullptr, trained).outputs;
  EXPECT_FALSE(at::allclose(unseen, model.forward(rows, {}, nullptr).outputs)) << "its own vector is as it began";
  // Whatever the vector of the third line is, it has no part.
  for (const at::Tensor& parameter : model.parameters()) {
    if (parameter.dim() == 2 && parameter.size(0) == 3 && parameter.size(1) == 8) {
      const at::NoGradGuard quiet;
      parameter[2].fill_(5);
      break;  // what follows of that shape is the head
    }
  }
  EXPECT_TRUE(at::equal(model.forward(rows, {}, nullptr, trained).outputs, unseen));
}

TEST(AttentionModel, BeginsBySeed) {
  const ModelShape shape = small_shape(Size::full, false, 2, 2);
  EXPECT_EQ(AttentionModel(shape, 1).values(), AttentionModel(shape, 1).values());
  EXPECT_NE(AttentionModel(shape, 1).values(), AttentionModel(shape, 2).values());
}

}  // namespace attention_model_test
}  // namespace headroom::testing
