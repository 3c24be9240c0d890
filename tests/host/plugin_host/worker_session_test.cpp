// Sessions with real workers: answers equal what the plugin computes, and every way of failing has its own verdict.
#include "plugin_host/worker_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <thread>

namespace headroom {
namespace worker_session_test {

using ::testing::HasSubstr;

const std::filesystem::path kPlugins = HEADROOM_TEST_PLUGINS;

// Workers in tests have little to do; a hang must not cost minutes.
WorkerSettings settings_for_tests() {
  WorkerSettings settings;
  settings.worker_program = HEADROOM_WORKER_PROGRAM;
  settings.limits.set_wall_time_s(20);
  settings.limits.set_address_space_bytes(std::uint64_t{1} << 30);
  return settings;
}

PluginFile open_test_plugin(const std::string& name) {
  auto file = open_plugin_file(kPlugins / (name + ".so"));
  EXPECT_TRUE(file) << file.error().line();
  return file ? std::move(*file) : PluginFile{};
}

SharedMatrix sealed(const Matrix& values) {
  auto matrix = SharedMatrix::create(values.rows(), values.cols());
  EXPECT_TRUE(matrix);
  matrix->view() = values;
  EXPECT_TRUE(matrix->seal());
  return *matrix;
}

Answer<std::unique_ptr<WorkerSession>> start(const std::string& plugin,
                                             const WorkerSettings& settings = settings_for_tests()) {
  return WorkerSession::start(open_test_plugin(plugin), settings);
}

// A question that suits every predictor of the tests: 3 training rows, 2 query rows, 2 genes.
struct SmallQuestion {
  Matrix training = Matrix::Zero(3, 2), query = Matrix::Zero(2, 2);
  SharedMatrix deltas = sealed(Matrix::Ones(3, 2));
  PredictorQuestion question{deltas};
  SmallQuestion() {
    question.add_block("embedding", training, query);
    question.n_query = 2;
    question.settings.resize(1, 0);
  }
};

// How predict() of the faulty plugin ends when it does `deed`.
WorkerFault fault_after(const std::string& deed, WorkerSettings settings = settings_for_tests()) {
  settings.options = {{"deed", deed}};
  auto session = start("faulty_predictor", settings);
  if (!session) return session.error();
  SmallQuestion small;
  const auto answer = (*session)->predict(small.question);
  return answer ? WorkerFault{WorkerVerdict::COMPLETED, ""} : answer.error();
}

TEST(WorkerSession, PredictsWhatThePluginComputes) {
  auto session = start("steady_predictor");
  ASSERT_TRUE(session) << session.error().message;
  const PluginDescription& description = (*session)->description();
  EXPECT_EQ(description.name(), "steady-predictor");
  EXPECT_EQ(description.version(), "1.2.0");
  EXPECT_EQ(description.training_datasets(0), "atlas");
  ASSERT_EQ(description.hyperparameters_size(), 1);
  EXPECT_EQ(description.hyperparameters(0).grid(1), 2);

  Matrix deltas(4, 3);
  deltas << 1, 2, 3, 10, 20, 30, 100, 200, 300, 5, 6, 7;
  const Matrix training = Matrix::Zero(2, 2);
  Matrix query(2, 2);
  query << 0.5, 9, -0.5, 9;
  PredictorQuestion question(sealed(deltas));
  question.add_block("embedding", training, query);
  question.training_rows = {0, 3};
  question.n_query = 2;
  question.settings.resize(3, 1);
  question.settings << 1, -1, 3;
  auto answer = (*session)->predict(question);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->feasible, (std::vector<std::uint8_t>{1, 0, 1}));
  ASSERT_EQ(answer->predictions.size(), 3u);
  Matrix expected(2, 3);
  expected << 3.5, 4.5, 5.5, 2.5, 3.5, 4.5;
  EXPECT_EQ(Matrix(answer->predictions[0]), expected);
  expected << 9.5, 12.5, 15.5, 8.5, 11.5, 14.5;
  EXPECT_EQ(Matrix(answer->predictions[2]), expected);

  // Planes, all rows, and a larger answer in the same session.
  const Matrix all_training = Matrix::Zero(4, 1), many_queries = Matrix::Zero(5000, 1);
  PredictorQuestion larger(question.deltas);
  larger.add_block("a", all_training, many_queries);
  larger.add_block("b", all_training, many_queries);
  larger.n_query = 5000;
  larger.n_planes = 3;
  larger.task_kind = TaskKind::CLASSES;
  larger.classes = {"down", "not_de", "up"};
  larger.settings = Matrix::Constant(4, 1, 1.0);
  auto second = (*session)->predict(larger);
  ASSERT_TRUE(second) << second.error().message;
  ASSERT_EQ(second->predictions.size(), 12u);
  EXPECT_EQ(second->predictions[4](4999, 2), 85.0 + 1);  // mean of gene 2 is 85; plane 1 of setting 1
}

TEST(WorkerSession, PassesOnWhatAPredictorSaysThatItFitted) {
  WorkerSettings settings = settings_for_tests();
  settings.options = {{"deed", "facts"}};
  auto session = start("faulty_predictor", settings);
  ASSERT_TRUE(session) << session.error().message;
  SmallQuestion small;
  auto answer = (*session)->predict(small.question);
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_TRUE(answer->facts);
  ASSERT_EQ(answer->facts->blocks.size(), 2u);
  EXPECT_EQ(answer->facts->blocks[0].name, "embedding");
  EXPECT_EQ(answer->facts->blocks[0].kernel, "rbf");
  EXPECT_EQ(answer->facts->blocks[0].weight, 0.25);
  EXPECT_EQ(answer->facts->blocks[1].kernel, "");
  EXPECT_EQ(answer->facts->blocks[1].weight, 0.75);
  ASSERT_EQ(answer->facts->values.size(), 1u);
  EXPECT_EQ(answer->facts->values[0].name, "lambda");
  EXPECT_EQ(answer->facts->values[0].value, 1e-3);
  // The next call's facts are its own.
  answer = (*session)->predict(small.question);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->facts->blocks.size(), 2u);
  // Of a grid there is no one fit.
  small.question.settings.resize(2, 0);
  answer = (*session)->predict(small.question);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer->facts);

  settings.options = {{"deed", "none"}};
  session = start("faulty_predictor", settings);
  ASSERT_TRUE(session) << session.error().message;
  small.question.settings.resize(1, 0);
  answer = (*session)->predict(small.question);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer->facts);
}

TEST(WorkerSession, RefusesFactsThatAreNotSound) {
  const std::pair<const char*, const char*> deeds[] = {
      {"facts-twice", "a block's weight twice"},
      {"facts-of-no-block", "the weight of block 1 of 1"},
      {"facts-of-block-minus-one", "the weight of block -1 of 1"},
      {"facts-not-finite", "a weight that is not finite"},
      {"facts-of-null-kernel", "a block's weight twice"},
      {"facts-in-markup", "kernel is not letters"},
      {"facts-long", "kernel is not letters"},
      {"facts-many-weights", "more than 512 weights"},
      {"facts-many-values", "more than 64 values"},
      {"facts-value-twice", "the value 'lambda' twice"},
      {"facts-value-unnamed", "a value's name is not"},
      {"facts-value-infinite", "'loss' that is not finite"},
  };
  for (const auto& [deed, words] : deeds) {
    const WorkerFault fault = fault_after(deed);
    EXPECT_EQ(WorkerVerdict_Name(fault.verdict), "BAD_OUTPUT") << deed << ": " << fault.message;
    EXPECT_THAT(fault.message, HasSubstr(words)) << deed;
  }
  const WorkerFault failed = fault_after("facts-then-error");
  EXPECT_EQ(failed.verdict, WorkerVerdict::PLUGIN_ERROR);
  EXPECT_EQ(failed.message, "after the facts");
}

TEST(WorkerSession, EmbedsWhatThePluginComputes) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "headroom-weights";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "weights") << "12345";
  const auto vectors = folder / "vectors.csv";
  std::ofstream(vectors) << "id,1,2\n";
  auto data_file = open_data_file(vectors);
  ASSERT_TRUE(data_file) << data_file.error().line();

  WorkerSettings settings = settings_for_tests();
  settings.seed = 42;
  settings.data_folder = folder;
  settings.data_file = &*data_file;
  settings.data_file_option = "path";
  settings.options = {{"greeting", "bonjour"}};
  auto session = start("steady_embedding", settings);
  ASSERT_TRUE(session) << session.error().message;

  EmbeddingQuestion question;
  question.context = "K562";
  question.ids = {"TP53", "?unknown", "", "MYC"};
  question.training = EmbeddingTraining{{"MYC"}, sealed(Matrix::Constant(1, 2, 3.5)), {"G1", "G2"}};
  auto dimension = (*session)->dimension(question);
  ASSERT_TRUE(dimension) << dimension.error().message;
  EXPECT_EQ(*dimension, 5);
  for (int round = 0; round < 2; ++round) {
    auto answer = (*session)->embed(question);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->present, (std::vector<std::uint8_t>{1, 0, 0, 1}));
    RowVector expected(5);
    expected << 4, 42, 5, 7, 7;
    EXPECT_EQ(RowVector(answer->vectors.row(0)), expected);
    EXPECT_TRUE(answer->vectors.row(1).isZero(0));
  }
  (*session)->finish();
  EXPECT_THAT((*session)->log(), HasSubstr("opened with greeting bonjour"));
  EXPECT_GT((*session)->usage().peak_memory_bytes, std::uint64_t{1} << 20);
  EXPECT_FALSE((*session)->embed(question));
}

TEST(WorkerSession, ReachesAtLeastTheStrongLevel) {
  auto session = start("steady_predictor");
  ASSERT_TRUE(session) << session.error().message;
  const ConfinementReport& report = (*session)->confinement();
  EXPECT_GE(report.level(), ConfinementLevel::STRONG);
  EXPECT_GT(report.landlock_abi(), 0u);
  // Generous: the machine may be busy. The measured figure is some 12 ms.
  EXPECT_LT(report.start_to_ready_s(), 1.0);
  for (const ConfinementLayer& layer : report.layers())
    EXPECT_EQ(layer.enforced(), layer.missing().empty()) << layer.name();
}

// How each deed of the faulty plugin is told: verdict, and a part of the message.
struct Deed {
  const char* name;
  WorkerVerdict verdict;
  const char* message;
};
std::ostream& operator<<(std::ostream& out, const Deed& deed) { return out << deed.name; }

class WorkerVerdicts : public ::testing::TestWithParam<Deed> {};

TEST_P(WorkerVerdicts, AreToldApart) {
  WorkerSettings settings = settings_for_tests();
  const std::string name = GetParam().name;
  if (name == "sleep" || name == "close") settings.limits.set_wall_time_s(0.3);
  if (name == "spin" || name == "spin-on") settings.limits.set_cpu_time_s(1);
  const WorkerFault fault = fault_after(name, settings);
  EXPECT_EQ(WorkerVerdict_Name(fault.verdict), WorkerVerdict_Name(GetParam().verdict)) << fault.message;
  EXPECT_THAT(fault.message, HasSubstr(GetParam().message));
  EXPECT_EQ(fault.message.find('\n'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Deeds, WorkerVerdicts,
    ::testing::Values(Deed{"none", COMPLETED, ""}, Deed{"segfault", CRASHED, "SIGSEGV while it predicted"},
                      Deed{"abort", CRASHED, "SIGABRT"}, Deed{"stack", CRASHED, "SIGSEGV"},
                      Deed{"exit", EARLY_EXIT, "exit code 7"}, Deed{"throw", PLUGIN_ERROR, "thrown on purpose"},
                      Deed{"sleep", WALL_LIMIT, "no answer within 0.3 s"}, Deed{"spin", CPU_LIMIT, "1 s of CPU time"},
                      Deed{"spin-on", CPU_LIMIT, "1 s of CPU time"}, Deed{"new", MEMORY_LIMIT, "bad_alloc"},
                      Deed{"malloc", MEMORY_LIMIT, "1024 MiB"}, Deed{"caught", MEMORY_LIMIT, "bad_alloc"},
                      Deed{"error", PLUGIN_ERROR, "the weights are not there ?"},
                      Deed{"silent", PLUGIN_ERROR, "without saying why"},
                      Deed{"unsupported", PLUGIN_ERROR, "does not support"}, Deed{"fork", POLICY, "'clone'"},
                      Deed{"system", POLICY, "'clone'"}, Deed{"mark", BAD_OUTPUT, "feasible with 7"},
                      Deed{"close", PROTOCOL_ERROR, "closed its channel"}, Deed{"babble", COMPLETED, ""},
                      Deed{"write-input", CRASHED, "inputs are read-only, and it wrote into one while it predicted"}),
    [](const auto& deed) {
      std::string name = deed.param.name;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

// The same for errors() of held-out rows.
WorkerFault fault_of_errors(const std::string& deed) {
  WorkerSettings settings = settings_for_tests();
  settings.options = {{"deed", deed}};
  auto session = start("faulty_predictor", settings);
  if (!session) return session.error();
  SmallQuestion small;
  const auto n = static_cast<std::size_t>(small.question.n_query);
  const Matrix gram = Matrix::Zero(small.question.deltas.rows, small.question.deltas.rows);
  const auto answer = (*session)->errors(small.question, RowIndex(n, 0), sealed(gram));
  return answer ? WorkerFault{WorkerVerdict::COMPLETED, ""} : answer.error();
}

TEST(WorkerSession, ChecksTheErrorsThatAPredictorTells) {
  EXPECT_EQ(fault_of_errors("none").verdict, COMPLETED) << fault_of_errors("none").message;
  for (const char* deed : {"negative-error", "nan-error", "infinite-error", "writes-nothing"}) {
    const WorkerFault fault = fault_of_errors(deed);
    EXPECT_EQ(fault.verdict, BAD_OUTPUT) << deed;
    EXPECT_THAT(fault.message, HasSubstr("an error that is negative or not finite"));
  }
  EXPECT_EQ(fault_of_errors("mark").verdict, BAD_OUTPUT);
  const WorkerFault crash = fault_of_errors("segfault");
  EXPECT_EQ(crash.verdict, CRASHED);
  EXPECT_THAT(crash.message, HasSubstr("while it told its errors"));
}

TEST(WorkerSession, AsksForErrorsOnlyWhereTheyAreOffered) {
  SmallQuestion small;
  const Matrix square = Matrix::Zero(small.question.deltas.rows, small.question.deltas.rows);
  const RowIndex rows(static_cast<std::size_t>(small.question.n_query), 0);
  auto without = start("steady_predictor");
  ASSERT_TRUE(without);
  EXPECT_FALSE((*without)->description().gives_errors());
  small.question.settings = Matrix::Ones(1, 1);
  auto refused = (*without)->errors(small.question, rows, sealed(square));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("gives no errors"));

  auto with = start("faulty_predictor");
  ASSERT_TRUE(with);
  EXPECT_TRUE((*with)->description().gives_errors());
  SmallQuestion own;
  EXPECT_FALSE((*with)->errors(own.question, RowIndex(rows.size(), 10'000), sealed(square)));
  EXPECT_FALSE((*with)->errors(own.question, RowIndex(rows.size() + 1, 0), sealed(square)));
  EXPECT_FALSE((*with)->errors(own.question, rows, sealed(Matrix::Zero(1, 1))));
  EXPECT_TRUE((*with)->errors(own.question, rows, sealed(square))) << "mistakes of the caller do no harm";
}

TEST(WorkerSession, ShowsWhatAPredictorDoesNotWrite) {
  WorkerSettings settings = settings_for_tests();
  settings.options = {{"deed", "writes-nothing"}};
  auto session = start("faulty_predictor", settings);
  ASSERT_TRUE(session);
  SmallQuestion small;
  for (int call = 0; call < 2; ++call) {
    const auto answer = (*session)->predict(small.question);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_TRUE(answer->predictions[0].array().isNaN().all()) << "call " << call;
  }
}

struct BadLibrary {
  const char* name;
  WorkerVerdict verdict;
  const char* message;
};
std::ostream& operator<<(std::ostream& out, const BadLibrary& library) { return out << library.name; }

class BadLibraries : public ::testing::TestWithParam<BadLibrary> {};

TEST_P(BadLibraries, AreRefusedByName) {
  auto session = start(GetParam().name);
  if (GetParam().verdict == COMPLETED) {
    EXPECT_TRUE(session) << session.error().message;
    return;
  }
  ASSERT_FALSE(session);
  EXPECT_EQ(WorkerVerdict_Name(session.error().verdict), WorkerVerdict_Name(GetParam().verdict))
      << session.error().message;
  EXPECT_THAT(session.error().message, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Libraries, BadLibraries,
    ::testing::Values(BadLibrary{"malformed_none", COMPLETED, ""},
                      BadLibrary{"malformed_size", ABI_MISMATCH, "struct_size is 12"},
                      BadLibrary{"malformed_other_major", ABI_MISMATCH, "built for ABI major 7, this host speaks 1"},
                      BadLibrary{"malformed_speaks_two", ABI_MISMATCH, "speaks ABI major 2, this host 1"},
                      BadLibrary{"malformed_kind", ABI_MISMATCH, "kind is 9"},
                      BadLibrary{"malformed_name", ABI_MISMATCH, "name must be letters"},
                      BadLibrary{"malformed_grid", ABI_MISMATCH, "not finite"}),
    [](const auto& library) { return std::string(library.param.name); });

TEST(WorkerSession, RefusesFilesThatAreNoLibraries) {
  const auto folder = std::filesystem::path(::testing::TempDir());
  std::ofstream(folder / "text.so") << "this is no library";
  std::ifstream whole(kPlugins / "steady_embedding.so", std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(whole)), {});
  std::ofstream(folder / "half.so", std::ios::binary) << bytes.substr(0, bytes.size() / 4);
  for (const auto& [name, message] :
       {std::pair{"text.so", "not an ELF file"}, std::pair{"half.so", "truncated"},
        std::pair{"/usr/lib/x86_64-linux-gnu/libm.so.6", "does not export headroom_plugin_entry"},
        std::pair{"/bin/true", ""}}) {
    auto file = open_plugin_file(folder / name);
    ASSERT_TRUE(file) << file.error().line();
    auto session = WorkerSession::start(*file, settings_for_tests());
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().verdict, LOAD_FAILED) << session.error().message;
    EXPECT_THAT(session.error().message, HasSubstr(message));
  }
}

TEST(WorkerSession, KeepsOnlySoMuchOfTheLog) {
  WorkerSettings settings = settings_for_tests();
  settings.options = {{"deed", "babble"}};
  settings.limits.set_log_bytes(1000);
  auto session = start("faulty_predictor", settings);
  ASSERT_TRUE(session);
  SmallQuestion small;
  ASSERT_TRUE((*session)->predict(small.question));
  (*session)->finish();
  const std::string log = (*session)->log();
  EXPECT_LT(log.size(), 1100u);
  EXPECT_THAT(log, HasSubstr("babble"));
  // 100,000 lines of 56 bytes were written.
  EXPECT_THAT(log, HasSubstr("[5599000 more bytes were cut]"));
  const std::size_t cut = log.find("more bytes were cut]");
  EXPECT_NEAR(static_cast<double>(cut), 750, 60) << "three quarters are its first words";
  EXPECT_GT(log.find("babble", cut), cut) << "and the last ones follow";
}

TEST(WorkerSession, RepeatsItsFaultAndStaysUsableByTheHost) {
  WorkerSettings settings = settings_for_tests();
  settings.options = {{"deed", "segfault"}};
  auto session = start("faulty_predictor", settings);
  ASSERT_TRUE(session);
  SmallQuestion small;
  for (int i = 0; i < 3; ++i) {
    const auto answer = (*session)->predict(small.question);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().verdict, CRASHED);
  }
}

TEST(WorkerSession, RefusesTheCallersMistakesWithoutHarm) {
  auto session = start("steady_predictor");
  ASSERT_TRUE(session);
  SmallQuestion small;
  const auto expect_refusal = [&](const char* message, const std::function<void(PredictorQuestion&)>& spoil) {
    PredictorQuestion question = small.question;
    spoil(question);
    const auto answer = (*session)->predict(question);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().verdict, HOST_FAULT);
    EXPECT_THAT(answer.error().message, HasSubstr(message));
  };
  expect_refusal("another number of columns", [](PredictorQuestion&) {});
  small.question.settings = Matrix::Ones(1, 1);
  expect_refusal("not a row of the deltas", [](PredictorQuestion& q) { q.training_rows = {0, 1, 3}; });
  expect_refusal("another shape", [](PredictorQuestion& q) { q.training_rows = {0, 1}; });
  expect_refusal("no query rows", [](PredictorQuestion& q) { q.n_query = 0; });
  expect_refusal("blocks than 0", [](PredictorQuestion& q) { q.blocks.clear(); });
  expect_refusal("mask of another length", [](PredictorQuestion& q) { q.blocks[0].query_present = {1}; });
  expect_refusal("does not name", [](PredictorQuestion& q) { q.query_contexts = {0, 1}; });
  expect_refusal("do not say theirs", [](PredictorQuestion& q) { q.contexts.names = {"K562", "RPE1"}; });
  expect_refusal("two contexts have one name", [](PredictorQuestion& q) { q.contexts.names = {"K562", "K562"}; });
  expect_refusal("perturbations than rows", [](PredictorQuestion& q) { q.perturbations.training = {1, 2, 3}; });
  expect_refusal("planes, classes or labels", [](PredictorQuestion& q) { q.n_planes = 3; });
  expect_refusal("planes than classes", [](PredictorQuestion& q) { q.task_kind = TaskKind::CLASSES; });
  expect_refusal("marks of labelled rows", [](PredictorQuestion& q) {
    q.task_kind = TaskKind::CLASSES;
    q.classes = {"no", "yes"};
    q.n_planes = 2;
    q.training_labelled = {0, 0, 0};
  });
  expect_refusal("not sealed", [](PredictorQuestion& q) { q.deltas = SharedMatrix::create(3, 2).value(); });
  EXPECT_TRUE((*session)->predict(small.question));
}

TEST(WorkerSession, NamesOptionsThatThePluginDoesNotHave) {
  WorkerSettings settings = settings_for_tests();
  settings.options = {{"depth", "3"}};
  auto session = start("steady_embedding", settings);
  ASSERT_FALSE(session);
  EXPECT_THAT(session.error().message, HasSubstr("declares no option 'depth'"));
}

TEST(WorkerSession, RefusesLimitsThatMakeLibrariesHang) {
  WorkerSettings settings = settings_for_tests();
  settings.limits.set_address_space_bytes(std::uint64_t{256} << 20);
  auto session = start("steady_predictor", settings);
  ASSERT_FALSE(session);
  EXPECT_THAT(session.error().message, HasSubstr("too small"));
}

TEST(WorkerSession, SaysWhereTheWorkerProgramIsMissing) {
  WorkerSettings settings = settings_for_tests();
  settings.worker_program = "/nowhere/headroom-worker";
  auto session = start("steady_predictor", settings);
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().verdict, HOST_FAULT);
  EXPECT_THAT(session.error().message, HasSubstr("/nowhere/headroom-worker"));
}

// Levels and modes, with layers left out as on a machine that lacks them.
TEST(WorkerSession, HoldsEveryModeToItsLevel) {
  const auto level_of_start = [](SandboxMode mode, std::vector<std::string> without) -> std::string {
    WorkerSettings settings = settings_for_tests();
    settings.mode = mode;
    settings.disabled_layers = std::move(without);
    auto session = start("steady_predictor", settings);
    if (!session) return session.error().message;
    SmallQuestion small;
    small.question.settings = Matrix::Ones(1, 1);
    if (auto answer = (*session)->predict(small.question); !answer) return answer.error().message;
    return ConfinementLevel_Name((*session)->confinement().level());
  };
  EXPECT_EQ(level_of_start(SandboxMode::STRICT, {"namespaces"}), "STRONG");
  EXPECT_THAT(level_of_start(SandboxMode::STRICT, {"landlock"}),
              HasSubstr("missing: landlock (switched off for a test)"));
  EXPECT_THAT(level_of_start(SandboxMode::STRICT, {"landlock"}), HasSubstr("--sandbox relaxed"));
  EXPECT_EQ(level_of_start(SandboxMode::RELAXED, {"landlock", "namespaces"}), "DEGRADED");
  EXPECT_THAT(level_of_start(SandboxMode::RELAXED, {"seccomp"}), HasSubstr("missing: seccomp"));
  EXPECT_THAT(level_of_start(SandboxMode::RELAXED, {"seccomp"}), HasSubstr("--sandbox off"));
  EXPECT_EQ(level_of_start(SandboxMode::OFF, {}), "NONE");
}

TEST(ProbeSandbox, SaysWhatIsToBeHad) {
  WorkerSettings settings = settings_for_tests();
  auto report = probe_sandbox(settings);
  ASSERT_TRUE(report) << report.error().line();
  EXPECT_GE(report->level(), ConfinementLevel::STRONG);
  settings.disabled_layers = {"landlock"};
  report = probe_sandbox(settings);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind, ErrorKind::sandbox_unavailable);
  // Whoever asks what would grant more is told of the least as well.
  settings.disabled_layers = {"seccomp"};
  report = granted_sandbox(settings);
  ASSERT_TRUE(report) << report.error().line();
  EXPECT_EQ(report->level(), ConfinementLevel::NONE);
}

std::set<std::string> open_descriptors() {
  std::set<std::string> descriptors;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    descriptors.insert(entry.path().filename());
  return descriptors;
}

// Processes that run a program of this name.
int processes_called(const std::string& name) {
  int n = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "comm");
    std::string text;
    if (file && std::getline(file, text) && text == name) ++n;
  }
  return n;
}

TEST(WorkerSession, LeavesNothingBehind) {
  // A name of its own tells this test's workers from those of others that run at the same time.
  const std::string name = "hw-" + std::to_string(getpid());
  const auto program = std::filesystem::path(::testing::TempDir()) / name;
  std::filesystem::copy_file(HEADROOM_WORKER_PROGRAM, program, std::filesystem::copy_options::overwrite_existing);
  start("steady_predictor");  // whatever libraries open once
  const auto before = open_descriptors();
  const PluginFile plugin = open_test_plugin("faulty_predictor");
  const auto during = open_descriptors();
  SmallQuestion small;
  for (const char* deed : {"none", "segfault", "exit", "sleep", "fork", "babble"}) {
    WorkerSettings settings = settings_for_tests();
    settings.worker_program = program;
    settings.limits.set_wall_time_s(1);
    settings.options = {{"deed", deed}};
    auto session = WorkerSession::start(plugin, settings);
    ASSERT_TRUE(session) << session.error().message;
    EXPECT_GE(processes_called(name), 2);
    (*session)->predict(small.question);
  }
  EXPECT_EQ(open_descriptors().size(), during.size() + 1);  // the sealed deltas of the question
  EXPECT_EQ(during.size(), before.size() + 1);
  EXPECT_EQ(processes_called(name), 0);
  std::filesystem::remove(program);
}

TEST(WorkerSession, ManyThreadsHoldSessionsAtOnce) {
  PluginFile plugin = open_test_plugin("steady_predictor");
  plugin.shipped = true;  // workers of foreign plugins do not share slots
  auto slots = std::make_shared<OutputSlots>();
  const SharedMatrix deltas = sealed(Matrix::Constant(4, 40, 2.0));
  std::vector<std::thread> threads;
  std::vector<std::string> failures(4);
  for (std::size_t t = 0; t < failures.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 5; ++round) {
        WorkerSettings settings = settings_for_tests();
        settings.output_slots = slots;
        auto session = WorkerSession::start(plugin, settings);
        if (!session) {
          failures[t] = session.error().message;
          return;
        }
        const Matrix training = Matrix::Zero(4, 1), query = Matrix::Constant(3, 1, static_cast<double>(t));
        PredictorQuestion question(deltas);
        question.add_block("embedding", training, query);
        question.n_query = 3;
        question.settings = Matrix::Constant(1, 1, 1.0);
        auto answer = (*session)->predict(question);
        if (!answer)
          failures[t] = answer.error().message;
        else if (answer->predictions[0](2, 39) != 2.0 + static_cast<double>(t))
          failures[t] = "another session's numbers";
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& failure : failures) EXPECT_EQ(failure, "");
  EXPECT_GT(slots->idle_bytes(), 0u);
}

}  // namespace worker_session_test
}  // namespace headroom
