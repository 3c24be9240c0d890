// The C++ layer as the worker meets it: through the C functions that it registers.
#include <gtest/gtest.h>

#include <new>
#include <optional>

#include "headroom/embedding.hpp"
#include "headroom/held_out_errors.hpp"
#include "headroom/predictor.hpp"
#include "plugins/predictor_call.hpp"
#include "sdk/test_host.hpp"

namespace headroom::testing {
namespace cpp_layer_test {

// What the test plugins do next; set by each test.
enum class Act { answer, throw_error, throw_unsupported, throw_bad_alloc, throw_number, misshape };
Act act = Act::answer;
int living_embeddings = 0;

void perform() {
  switch (act) {
    case Act::answer:
      return;
    case Act::throw_error:
      throw sdk::Error("the weights are missing");
    case Act::throw_unsupported:
      throw sdk::Unsupported("not this");
    case Act::throw_bad_alloc:
      throw std::bad_alloc();
    case Act::throw_number:
      throw 7;
    case Act::misshape:
      return;  // not here
  }
}

class Lengths final : public sdk::Embedding {
 public:
  static sdk::About about() {
    return {
        "lengths",
        "0.1.0",
        "Length of the id",
        "MIT",
        {"Replogle 2022", "Norman 2019"},
        {{"scale", "2.5", "a number"}, {"whole", "3", "a whole number"}, {"on", "yes", "a flag"}, {"none", "", ""}}};
  }
  static bool wants_training() { return true; }
  explicit Lengths(const sdk::Host& host) : scale_(host.number("scale")) {
    perform();
    ++living_embeddings;
  }
  ~Lengths() override { --living_embeddings; }
  std::int64_t dimension(const sdk::Host&, const sdk::EmbeddingRequest& request) override {
    perform();
    return 1 + request.n_genes();
  }
  void embed(const sdk::Host& host, const sdk::EmbeddingRequest& request, sdk::EmbeddingOutput& output) override {
    perform();
    host.info("embedding " + std::string(request.context()));
    for (std::int64_t i = 0; i < request.size(); ++i) {
      if (request.id(i).empty()) continue;
      Eigen::VectorXd row = Eigen::VectorXd::Zero(1 + request.n_genes());
      row(0) = scale_ * static_cast<double>(request.id(i).size());
      if (request.has_training()) row.tail(request.n_genes()) = request.training_deltas().row(0).transpose();
      output.set(i, row);
    }
  }

 private:
  double scale_;
};

class Sums final : public sdk::Predictor {
 public:
  static sdk::About about() { return {"sums", "2.0.0", "Sums of the training deltas", "MIT"}; }
  static std::vector<sdk::Hyperparameter> hyperparameters() { return {{"factor", "scale", {1, 2}, 0, 10, false}}; }
  static sdk::BlockCount blocks() { return {1, 2}; }
  void predict(const sdk::Host&, const sdk::PredictorRequest& request, sdk::PredictorOutput& output) const override {
    perform();
    for (std::int64_t s = 0; s < request.n_settings(); ++s) {
      if (request.setting(s, 0) == 0.0) {
        output.set_infeasible(s);
        continue;
      }
      if (act == Act::misshape) output.prediction(s) = sdk::Matrix::Zero(request.n_genes(), 3);
      output.prediction(s).rowwise() = request.setting(s, 0) * request.training_deltas().colwise().sum();
    }
  }
  // Not its errors, but what tells that each argument arrived.
  static const void* extension(std::string_view id) { return sdk::held_out_errors<Sums>(id); }
  void errors(const sdk::Host&, const sdk::ErrorsRequest& request, sdk::ErrorsOutput& output) const {
    for (std::int64_t q = 0; q < request.predictor().n_query(); ++q) {
      const std::int64_t row = request.query_row(q);
      output.errors().col(q).setConstant(request.gram()(row, row));
    }
  }
};

}  // namespace cpp_layer_test
}  // namespace headroom::testing

HEADROOM_PLUGINS(headroom::testing::cpp_layer_test::Lengths, headroom::testing::cpp_layer_test::Sums)

namespace headroom::testing {
namespace cpp_layer_test {

class CppLayer : public ::testing::Test {
 protected:
  CppLayer() {
    act = Act::answer;
    host.take_defaults(*headroom_plugin_entry(HEADROOM_ABI_MAJOR, 0));
  }
  const headroom_embedding& embedding() {
    return *static_cast<const headroom_embedding*>(headroom_plugin_entry(HEADROOM_ABI_MAJOR, 0)->capability);
  }
  const headroom_predictor& predictor() {
    return *static_cast<const headroom_predictor*>(headroom_plugin_entry(HEADROOM_ABI_MAJOR, 1)->capability);
  }
  TestHost host;
};

TEST_F(CppLayer, EntryGivesEachPluginOfThisMajorOnly) {
  EXPECT_EQ(text_of(headroom_plugin_entry(HEADROOM_ABI_MAJOR, 0)->name), "lengths");
  EXPECT_EQ(text_of(headroom_plugin_entry(HEADROOM_ABI_MAJOR, 1)->name), "sums");
  EXPECT_EQ(headroom_plugin_entry(HEADROOM_ABI_MAJOR, 2), nullptr);
  EXPECT_EQ(headroom_plugin_entry(HEADROOM_ABI_MAJOR + 1, 0), nullptr);
  EXPECT_EQ(headroom_plugin_entry(0, 0), nullptr);
  EXPECT_EQ(headroom_plugin_entry(HEADROOM_ABI_MAJOR, 0), headroom_plugin_entry(HEADROOM_ABI_MAJOR, 0));
}

TEST_F(CppLayer, DescriptorSaysWhatTheClassSays) {
  const headroom_plugin& lengths = *headroom_plugin_entry(HEADROOM_ABI_MAJOR, 0);
  EXPECT_EQ(lengths.struct_size, static_cast<std::int64_t>(sizeof(headroom_plugin)));
  EXPECT_EQ(lengths.abi_major, HEADROOM_ABI_MAJOR);
  EXPECT_EQ(lengths.kind, HEADROOM_KIND_EMBEDDING);
  EXPECT_EQ(text_of(lengths.version), "0.1.0");
  EXPECT_EQ(text_of(lengths.licence), "MIT");
  ASSERT_EQ(lengths.n_training_datasets, 2);
  EXPECT_EQ(text_of(lengths.training_datasets[1]), "Norman 2019");
  ASSERT_EQ(lengths.n_options, 4);
  EXPECT_EQ(text_of(lengths.options[0]->key), "scale");
  EXPECT_EQ(text_of(lengths.options[0]->default_value), "2.5");
  EXPECT_EQ(embedding().wants_training, 1);

  const headroom_plugin& sums = *headroom_plugin_entry(HEADROOM_ABI_MAJOR, 1);
  EXPECT_EQ(sums.kind, HEADROOM_KIND_PREDICTOR);
  EXPECT_EQ(sums.options, nullptr);
  EXPECT_EQ(sums.training_datasets, nullptr);
  ASSERT_EQ(predictor().n_hyperparameters, 1);
  const headroom_hyperparameter& factor = *predictor().hyperparameters[0];
  EXPECT_EQ(text_of(factor.name), "factor");
  EXPECT_EQ(factor.n_grid, 2);
  EXPECT_EQ(factor.grid[1], 2.0);
  EXPECT_EQ(factor.minimum, 0.0);
  EXPECT_EQ(factor.maximum, 10.0);
  EXPECT_EQ(predictor().task_kinds, HEADROOM_SUPPORTS_REGRESSION);
  EXPECT_EQ(predictor().max_blocks, 2);
}

TEST_F(CppLayer, EmbeddingLivesFromOpenToClose) {
  void* state = nullptr;
  ASSERT_EQ(embedding().open(host.c(), &state), HEADROOM_OK) << host.error;
  EXPECT_EQ(living_embeddings, 1);

  const headroom_string ids[] = {c_text("TP53"), c_text(""), c_text("MYC")};
  const sdk::Matrix deltas = random_matrix(2, 3, 1);
  headroom_embedding_request request{};
  request.struct_size = sizeof(request);
  request.context = c_text("K562");
  request.ids = ids;
  request.n_ids = 3;
  request.training_ids = ids;
  request.n_training = 2;
  request.training_deltas = {deltas.data(), 2, 3, 3};
  request.n_genes = 3;
  request.contexts = &request.context;
  request.n_contexts = 1;
  std::int64_t dimension = 0;
  ASSERT_EQ(embedding().dimension(host.c(), state, &request, &dimension), HEADROOM_OK);
  ASSERT_EQ(dimension, 4);

  sdk::Matrix vectors = sdk::Matrix::Zero(3, 6);
  std::vector<std::uint8_t> present(3, 0);
  headroom_embedding_output output{sizeof(headroom_embedding_output), {vectors.data(), 3, 4, 6}, present.data()};
  ASSERT_EQ(embedding().embed(host.c(), state, &request, &output), HEADROOM_OK) << host.error;
  EXPECT_EQ(present, (std::vector<std::uint8_t>{1, 0, 1}));
  EXPECT_EQ(vectors(0, 0), 10.0);
  EXPECT_EQ(vectors(2, 0), 7.5);
  EXPECT_EQ(vectors(2, 3), deltas(0, 2));
  EXPECT_EQ(vectors(1, 0), 0.0);
  EXPECT_EQ(host.lines, std::vector<std::string>{"0 embedding K562"});

  output.vectors.cols = 2;  // not what dimension() said for this request
  EXPECT_EQ(embedding().embed(host.c(), state, &request, &output), HEADROOM_ERROR);

  embedding().close(state);
  EXPECT_EQ(living_embeddings, 0);
}

TEST_F(CppLayer, NothingThatIsThrownCrosses) {
  void* state = nullptr;
  const std::pair<Act, std::pair<headroom_status, std::string>> expected[] = {
      {Act::throw_error, {HEADROOM_ERROR, "the weights are missing"}},
      {Act::throw_unsupported, {HEADROOM_UNSUPPORTED, "not this"}},
      {Act::throw_bad_alloc, {HEADROOM_ERROR, "out of memory"}},
      {Act::throw_number, {HEADROOM_ERROR, "an exception that is not a std::exception"}}};
  for (const auto& [what, answer] : expected) {
    act = what;
    host.error.clear();
    EXPECT_EQ(embedding().open(host.c(), &state), answer.first);
    EXPECT_EQ(host.error, answer.second);
  }
  EXPECT_EQ(living_embeddings, 0);
  EXPECT_TRUE(noexcept(sdk::detail::Registration<Lengths>::embed(nullptr, nullptr, nullptr, nullptr)));
  EXPECT_TRUE(noexcept(sdk::detail::Registration<Sums>::predict(nullptr, nullptr, nullptr)));
}

TEST_F(CppLayer, OptionsParseOrSayWhatIsWrong) {
  const sdk::Host view(*host.c());
  EXPECT_EQ(view.number("scale"), 2.5);
  EXPECT_EQ(view.integer("whole"), 3);
  EXPECT_TRUE(view.flag("on"));
  EXPECT_EQ(view.text("none"), "");
  host.options["scale"] = "1e-3";
  EXPECT_EQ(view.number("scale"), 1e-3);
  host.options["on"] = "0";
  EXPECT_FALSE(view.flag("on"));

  const auto message = [&](auto&& ask) -> std::string {
    try {
      ask();
    } catch (const sdk::Error& error) {
      return error.what();
    }
    return "no error";
  };
  host.options["scale"] = "1.5x";
  EXPECT_EQ(message([&] { view.number("scale"); }), "option 'scale' is '1.5x', not a number");
  EXPECT_EQ(message([&] { view.integer("scale"); }), "option 'scale' is '1.5x', not a whole number");
  EXPECT_EQ(message([&] { view.number("none"); }), "option 'none' is '', not a number");
  EXPECT_EQ(message([&] { view.flag("scale"); }), "option 'scale' is '1.5x', not true or false");
  EXPECT_EQ(message([&] { view.text("else"); }), "option 'else' was not declared by the plugin");
}

// One request of `sums`: 3 training rows out of 4 shared ones, 2 queries, 2 genes.
struct SumsRequest {
  sdk::Matrix training = random_matrix(3, 2, 1);
  sdk::Matrix query = random_matrix(2, 2, 2);
  sdk::Matrix deltas = (sdk::Matrix(4, 2) << 1, 10, 2, 20, 4, 40, 8, 80).finished();
  std::vector<std::int32_t> rows = {3, 0, 1};
  sdk::Matrix settings = column({2, 0, 1});
  headroom_string contexts[2] = {c_text("K562"), c_text("RPE1")};
  std::int32_t numbers[5] = {3, 0, 4, 1, 3};
  headroom_block block{};
  const headroom_block* blocks[3] = {&block, &block, &block};
  headroom_predictor_request request{};
  std::vector<sdk::Matrix> predictions{3, sdk::Matrix::Zero(2, 2)};
  std::vector<headroom_matrix_mut> views;
  std::vector<std::uint8_t> feasible{1, 1, 1};
  headroom_predictor_output output{};

  SumsRequest() {
    block.struct_size = sizeof(block);
    block.training = {training.data(), 3, 2, 2};
    block.query = {query.data(), 2, 2, 2};
    request.struct_size = sizeof(request);
    request.n_planes = 1;
    request.blocks = blocks;
    request.n_blocks = 1;
    request.delta_rows = {deltas.data(), 4, 2, 2};
    request.training_rows = rows.data();
    request.n_training = 3;
    request.n_query = 2;
    request.settings = {settings.data(), 3, 1, 1};
    request.contexts = contexts;
    request.n_contexts = 1;
    request.training_perturbations = numbers;
    request.query_perturbations = numbers + 3;
    request.n_perturbations = 5;
    for (auto& p : predictions) views.push_back({p.data(), 2, 2, 2});
    output.struct_size = sizeof(output);
    output.predictions = views.data();
    output.feasible = feasible.data();
  }
};

TEST_F(CppLayer, PredictorSeesTheNamedRowsAndTheGrid) {
  SumsRequest call;
  ASSERT_EQ(predictor().predict(host.c(), &call.request, &call.output), HEADROOM_OK) << host.error;
  EXPECT_EQ(call.feasible, (std::vector<std::uint8_t>{1, 0, 1}));
  EXPECT_EQ(call.predictions[0](1, 1), 220.0);
  EXPECT_EQ(call.predictions[2](0, 0), 11.0);

  call.request.training_rows = nullptr;  // training row i is row i
  ASSERT_EQ(predictor().predict(host.c(), &call.request, &call.output), HEADROOM_OK) << host.error;
  EXPECT_EQ(call.predictions[2](0, 0), 7.0);
}

TEST_F(CppLayer, APredictionOfAnotherShapeIsRefusedByName) {
  SumsRequest call;
  act = Act::misshape;
  EXPECT_EQ(predictor().predict(host.c(), &call.request, &call.output), HEADROOM_ERROR);
  EXPECT_EQ(host.error, "a prediction has 2 x 3 values, asked for are 2 x 2 (query rows x genes)");
}

TEST_F(CppLayer, RequestsThatWereNotDeclaredOrDoNotFitAreRefused) {
  const auto refusal = [&](headroom_status status, auto&& change) {
    SumsRequest call;
    change(call);
    host.error = "no error";
    EXPECT_EQ(predictor().predict(host.c(), &call.request, &call.output), status) << host.error;
    return host.error;
  };
  EXPECT_EQ(refusal(HEADROOM_UNSUPPORTED, [](SumsRequest& c) { c.request.task_kind = HEADROOM_TASK_CLASSES; }),
            "this predictor does not do tasks of kind 1");
  EXPECT_EQ(refusal(HEADROOM_UNSUPPORTED, [](SumsRequest& c) { c.request.n_blocks = 3; }),
            "this predictor does not take 3 blocks of features");
  EXPECT_EQ(refusal(HEADROOM_UNSUPPORTED, [](SumsRequest& c) { c.request.n_blocks = 0; }),
            "this predictor does not take 0 blocks of features");
  const std::string broken = "the worker's request is inconsistent: ";
  EXPECT_EQ(refusal(HEADROOM_ERROR, [](SumsRequest& c) { c.rows[1] = 4; }),
            broken + "a training row lies outside delta_rows");
  EXPECT_EQ(refusal(HEADROOM_ERROR, [](SumsRequest& c) { c.rows[1] = -1; }),
            broken + "a training row lies outside delta_rows");
  EXPECT_EQ(refusal(HEADROOM_ERROR, [](SumsRequest& c) { c.request.n_query = 1; }),
            broken + "a block's query rows are not n_query");
  EXPECT_EQ(refusal(HEADROOM_ERROR, [](SumsRequest& c) { c.request.settings.cols = 2; }),
            broken + "settings do not match the hyperparameters");
  EXPECT_EQ(refusal(HEADROOM_ERROR, [](SumsRequest& c) { c.request.n_planes = 2; }),
            broken + "planes and classes differ in number");
  EXPECT_EQ(refusal(HEADROOM_ERROR, [](SumsRequest& c) { c.request.n_contexts = 0; }), broken + "there is no context");
  EXPECT_EQ(refusal(HEADROOM_ERROR, [](SumsRequest& c) { c.request.query_contexts = c.numbers; }),
            broken + "a query row's context is none of the contexts");
  EXPECT_EQ(refusal(HEADROOM_ERROR, [](SumsRequest& c) { c.request.query_perturbations = nullptr; }),
            broken + "rows have no perturbation numbers");
  EXPECT_EQ(refusal(HEADROOM_ERROR, [](SumsRequest& c) { c.numbers[0] = 5; }),
            broken + "a training row's perturbation has no such number");
  EXPECT_EQ(refusal(HEADROOM_ERROR, [](SumsRequest& c) { c.request.struct_size = 8; }),
            "headroom_predictor_request is smaller than in ABI 1.0: the worker is broken or not Headroom's");
}

TEST_F(CppLayer, ContextsAndNumbersOfRowsAreRead) {
  SumsRequest call;
  const std::int32_t contexts[] = {1, 0, 1, 0, 1};
  const sdk::Matrix profiles = (sdk::Matrix(2, 2) << 1, 2, 3, 4).finished();
  headroom_context_block profile{};
  profile.struct_size = sizeof(profile);
  profile.name = c_text(HEADROOM_CONTROL_PROFILE);
  profile.features = {profiles.data(), 2, 2, 2};
  const headroom_context_block* blocks[] = {&profile};
  call.request.n_contexts = 2;
  call.request.training_contexts = contexts;
  call.request.query_contexts = contexts + 3;
  call.request.context_blocks = blocks;
  call.request.n_context_blocks = 1;
  EXPECT_EQ(predictor().predict(host.c(), &call.request, &call.output), HEADROOM_OK) << host.error;

  const sdk::PredictorRequest view(call.request);
  EXPECT_EQ(view.contexts().size(), 2);
  EXPECT_EQ(view.training_context_number(2), 1);
  EXPECT_EQ(view.training_context_of(1), "K562");
  EXPECT_EQ(view.query_context_of(1), "RPE1");
  EXPECT_EQ(view.training_perturbation(0), view.query_perturbation(1));
  EXPECT_EQ(view.contexts().control_profiles()(view.query_context_number(1), 1), 4.0);
  EXPECT_TRUE(view.contexts().block(0).present(1));
  EXPECT_TRUE(view.training_labelled(0));
  call.request.n_context_blocks = 0;
  EXPECT_EQ(view.contexts().control_profiles().rows(), 0);

  profile.features.rows = 1;
  call.request.n_context_blocks = 1;
  EXPECT_EQ(predictor().predict(host.c(), &call.request, &call.output), HEADROOM_ERROR);
}

TEST_F(CppLayer, ExtensionsAreFoundByTheirId) {
  const headroom_plugin& sums = *headroom_plugin_entry(HEADROOM_ABI_MAJOR, 1);
  const headroom_plugin& lengths = *headroom_plugin_entry(HEADROOM_ABI_MAJOR, 0);
  EXPECT_EQ(sums.extension(c_text("headroom.held-out-errors/2")), nullptr);
  EXPECT_EQ(lengths.extension(c_text(HEADROOM_HELD_OUT_ERRORS)), nullptr);
  const auto* offered = static_cast<const headroom_held_out_errors*>(sums.extension(c_text(HEADROOM_HELD_OUT_ERRORS)));
  ASSERT_NE(offered, nullptr);

  SumsRequest call;
  const sdk::Matrix gram = call.deltas * call.deltas.transpose();
  const std::int32_t query_rows[] = {2, 2};
  headroom_errors_request request{sizeof(request), &call.request, query_rows, {gram.data(), 4, 4, 4}};
  sdk::Matrix errors = sdk::Matrix::Constant(3, 2, -1);
  headroom_errors_output output{sizeof(output), {errors.data(), 3, 2, 2}, call.feasible.data()};
  ASSERT_EQ(offered->errors(host.c(), &request, &output), HEADROOM_OK) << host.error;
  EXPECT_EQ(errors(2, 1), gram(2, 2));
  request.gram.rows = 3;
  EXPECT_EQ(offered->errors(host.c(), &request, &output), HEADROOM_ERROR);
  EXPECT_EQ(host.error, "the worker's request is inconsistent: gram is not delta_rows × delta_rows");
}

TEST_F(CppLayer, ProgressGoesToAHostThatListensAndIsLostOnOthers) {
  const sdk::Host view(*host.c());
  view.progress(1, 10, "epochs");
  host.listens_to_progress = true;
  view.progress(2, 10, "epochs");
  EXPECT_EQ(host.lines, std::vector<std::string>{"2/10 epochs"});
}

TEST_F(CppLayer, FactsOfAFitGoToAHostThatListensAndAreLostOnOthers) {
  const sdk::Host view(*host.c());
  view.tell_weight(0, "rbf", 1);
  view.tell_value("lambda", 1);
  host.listens_to_facts = true;
  view.tell_weight(1, "linear", 0.25);
  view.tell_value("loo_L2", 7);
  EXPECT_EQ(host.facts, (std::map<std::string, double>{{"1 linear", 0.25}, {"loo_L2", 7}}));
}

TEST_F(CppLayer, LargerStructsOfALaterMinorAreFine) {
  SumsRequest call;
  call.request.struct_size += 64;
  call.output.struct_size += 8;
  host.c()->struct_size += 16;
  EXPECT_EQ(predictor().predict(host.c(), &call.request, &call.output), HEADROOM_OK) << host.error;
}

// The headers of a plugin may be newer than the worker: what counts is how far the worker's structs reach.
TEST_F(CppLayer, HasFieldFollowsTheSizeThatWasGiven) {
  headroom_block block{};
  block.struct_size = sizeof(block);
  EXPECT_TRUE(sdk::has_field(block, &headroom_block::query_present));
  EXPECT_TRUE(HEADROOM_HAS_FIELD(&block, query_present));
  block.struct_size = sizeof(block) - 1;
  EXPECT_FALSE(sdk::has_field(block, &headroom_block::query_present));
  EXPECT_FALSE(HEADROOM_HAS_FIELD(&block, query_present));
  EXPECT_TRUE(sdk::has_field(block, &headroom_block::training_present));
}

}  // namespace cpp_layer_test
}  // namespace headroom::testing
